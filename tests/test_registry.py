"""Names: registered once, found or nearly found, brought by files, folders and packages."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kdzoo
from kdzoo import registry
from kdzoo.digest import file_sha256
from kdzoo.entries import Entry
from kdzoo.errors import RegistryError, did_you_mean
from kdzoo.extensions import load_extensions
from kdzoo.registering import Registry
from kdzoo.registry import register_student

WriteStudent = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("own_registries")


@pytest.fixture
def write_student(tmp_path: Path) -> WriteStudent:
    """Writes a file that registers a student on its line 5, and then runs more lines."""

    def write(file: str, name: str, then: str = "") -> Path:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            textwrap.dedent(
                f'''\
                from torch import nn

                from kdzoo.registry import register_student

                @register_student("{name}", road="change")
                class Own(nn.Module):
                    """A student of one's own."""
                '''
            )
            + textwrap.dedent(then),
            encoding="utf-8",
        )
        return path

    return write


@dataclass(frozen=True, kw_only=True)
class GadgetEntry(Entry):
    """A thing of another kind, and what it takes."""

    watts: int = 0


def gadgets() -> Registry[GadgetEntry]:
    """Returns an empty registry of another kind of thing."""
    return Registry("gadget", "kdzoo", "kdzoo.gadgets")


def gadget(name: str, watts: int = 0) -> Callable[[Any, Path, int, str], GadgetEntry]:
    """Returns what makes the entry of a gadget."""
    return partial(GadgetEntry, name, watts=watts)


class TestRegistering:
    def test_gives_the_thing_back_and_files_it(self) -> None:
        """The decorator changes nothing; the entry knows its place and what its kind tells."""

        def lamp() -> str:
            """Shines.

            All night.
            """
            return "light"

        found = gadgets()
        returned = found.register(gadget("lamp", 5))(lamp)
        entry = found.get("lamp")

        assert returned is lamp
        assert entry.value is lamp
        assert entry.file == Path(__file__)
        assert entry.summary == "Shines."
        assert entry.watts == 5

    def test_says_where_a_thing_was_written(self, write_student: WriteStudent) -> None:
        """The origin is file and line of the decorated definition."""
        path = write_student("mine.py", "mine")
        load_extensions(path)

        assert registry.students.get("mine").origin == f"{path}:5"

    def test_a_name_of_the_last_release_is_what_it_is_called_now(self) -> None:
        """It warns with the new name, and does the same."""
        with pytest.warns(DeprecationWarning, match=r"now kdzoo\.load_extensions"):
            old = kdzoo.load_students

        assert old is kdzoo.load_extensions

    def test_a_thing_without_docstring_has_no_summary(self) -> None:
        found = gadgets()
        found.register(gadget("silent"))(lambda: None)

        assert found.get("silent").summary == ""

    def test_a_thing_without_a_file_has_a_place_all_the_same(self) -> None:
        """What was made at run time is named by who registers it, in a file or at a prompt."""
        found = gadgets()
        found.register(gadget("made"))(type("Made", (), {"__module__": "typed"}))
        cell = "\nfound.register(gadget('typed'))(print)"
        exec(cell, {"found": found, "gadget": gadget, "__name__": "__main__"})  # noqa: S102

        assert found.get("made").origin.startswith(f"{__file__}:")
        assert found.get("typed").origin == "<__main__>:2"

    def test_a_name_is_given_once(self, write_student: WriteStudent) -> None:
        """The message names both places, and the first keeps the name."""
        first, second = write_student("a.py", "mine"), write_student("b.py", "mine")
        load_extensions(first)
        with pytest.raises(RegistryError) as caught:
            load_extensions(second)

        assert f"{first}:5" in str(caught.value)
        assert f"{second}:5" in str(caught.value)
        assert "rename one" in str(caught.value)
        assert registry.students.get("mine").file == first

    def test_a_built_in_name_is_taken(self, write_student: WriteStudent) -> None:
        path = write_student("mine.py", "bilstm")
        with pytest.raises(RegistryError, match=r"bilstm\.py:\d+ and in .*mine\.py:5"):
            load_extensions(path)

        assert registry.students.is_builtin("bilstm")

    @pytest.mark.parametrize(
        "name",
        ["", "a/b", "..", "../x", "a b", "a\nb", "own\n", "\x1b[1m", "_a", "\u00fc", "x" * 65, 3],
    )
    @pytest.mark.parametrize("known", registry.REGISTRIES, ids=lambda known: known.noun)
    def test_a_name_is_one_that_a_recipe_and_its_file_can_have(
        self, known: Registry[Any], name: Any
    ) -> None:
        """``init`` names a recipe after its student, and reports name files after rows."""
        with pytest.raises(
            RegistryError, match=rf"{known.noun} .*test_registry.*'my_{known.noun}'"
        ):
            known.register(gadget(name))(lambda: None)

        assert name not in known.entries()

    @pytest.mark.parametrize("name", ["a", "7", "my-own_student.v2", "X" * 64])
    def test_other_names_are_taken_as_they_are(self, name: str) -> None:
        found = gadgets()
        found.register(gadget(name))(lambda: None)

        assert [*found.entries()] == [name]

    def test_a_road_is_compression_or_change(self) -> None:
        with pytest.raises(RegistryError, match=r"'mine': road .* got 'sideways'"):
            register_student("mine", road="sideways")  # type: ignore[arg-type]


class TestLookingUp:
    @pytest.mark.parametrize(
        ("known", "names"),
        [
            (
                registry.students,
                {"bert", "bilstm", "cnn", "distilbert", "fasttext", "hf", "phrases", "static"},
            ),
            (registry.objectives, {"kl", "mse", "dkd", "dist"}),
            (registry.augmenters, {"mask"}),
            (registry.datasets, {"assistant"}),
        ],
        ids=["students", "objectives", "augmenters", "datasets"],
    )
    def test_finds_what_kdzoo_brings(self, known: Registry[Any], names: set[str]) -> None:
        """The built-ins are there without anything being loaded first, sorted by name."""
        entries = known.entries()

        assert names <= set(entries)
        assert list(entries) == sorted(entries)
        assert all(known.get(name) is entry for name, entry in entries.items())
        assert all(entry.summary for entry in entries.values())

    @pytest.mark.parametrize(
        ("known", "typed", "meant"),
        [
            (registry.students, "bilsmt", "bilstm"),
            (registry.students, "DistilBert", "distilbert"),
            (registry.students, "fast-text", "fasttext"),
            (registry.objectives, "kld", "kl"),
            (registry.augmenters, "masks", "mask"),
            (registry.datasets, "asistant", "assistant"),
        ],
    )
    def test_an_unknown_name_suggests_the_nearest(
        self, known: Registry[Any], typed: str, meant: str
    ) -> None:
        """And lists the rest, and says what kind of thing was looked for."""
        with pytest.raises(RegistryError) as caught:
            known.get(typed)

        message = str(caught.value)
        assert f"unknown {known.noun} '{typed}'" in message
        assert f"did you mean '{meant}'?" in message
        assert all(name in message for name in known.entries())

    def test_a_name_near_to_nothing_suggests_nothing(self) -> None:
        with pytest.raises(RegistryError, match=r"'qqq'; Known: .*bilstm") as caught:
            registry.students.get("qqq")

        assert "did you mean" not in str(caught.value)

    def test_an_empty_registry_says_so(self) -> None:
        with pytest.raises(RegistryError, match="unknown gadget 'lamp'; Known: none"):
            gadgets().get("lamp")

    @settings(deadline=None, max_examples=50)
    @given(data=st.data())
    def test_one_slip_of_the_finger_is_forgiven(self, data: st.DataObject) -> None:
        """A built-in name with one letter lost, doubled or swapped is still suggested.

        Of two letters, one is not enough to go by.
        """
        names = ["bert", "bilstm", "cnn", "distilbert", "fasttext", "hf", "phrases", "static"]
        name = data.draw(st.sampled_from([each for each in names if len(each) > 2]))
        at = data.draw(st.integers(0, len(name) - 2))
        typed = data.draw(
            st.sampled_from(
                [
                    name[:at] + name[at + 1 :],
                    name[:at] + name[at] + name[at:],
                    name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                ]
            )
        )

        assert did_you_mean(typed, names).startswith(f"did you mean '{name}'?")


class TestBuiltIns:
    def test_are_told_from_the_users_own(self, write_student: WriteStudent) -> None:
        load_extensions(write_student("mine.py", "mine"))

        assert registry.students.is_builtin("fasttext")
        assert not registry.students.is_builtin("mine")

    def test_an_unknown_name_is_neither(self) -> None:
        with pytest.raises(RegistryError, match="unknown student 'nobody'"):
            registry.students.is_builtin("nobody")

    def test_runtimes_have_a_form_of_their_own_or_read_what_was_trained(self) -> None:
        """One that results name and nobody registered here is left out."""
        names = ["onnx-int8", "of another machine", "torch", "onnx", "cascade", "sklearn"]

        assert registry.exported_runtimes(names) == ["onnx-int8", "onnx"]

    def test_only_a_runtime_with_a_form_of_its_own_has_an_exporter(self) -> None:
        for entry in registry.runtimes.entries().values():
            if entry.is_exported:
                assert callable(entry.exporter)
            else:
                with pytest.raises(TypeError, match=f"'{entry.name}' has no form of its own"):
                    entry.exporter  # noqa: B018 - looking is the test


class TestFiles:
    def test_a_file_brings_its_students(self, write_student: WriteStudent) -> None:
        load_extensions(write_student("mine.py", "mine"))

        assert registry.students.get("mine").summary == "A student of one's own."

    def test_a_folder_brings_the_students_of_all_its_files(
        self, write_student: WriteStudent
    ) -> None:
        """What is no Python file is passed over."""
        folder = write_student("zoo/one.py", "one").parent
        write_student("zoo/two.py", "two")
        (folder / "notes.txt").write_text("not Python", encoding="utf-8")
        load_extensions(folder)

        assert {"one", "two"} <= set(registry.students.entries())

    def test_a_file_is_loaded_once(self, write_student: WriteStudent) -> None:
        """Naming it twice, or by its folder too, is no clash."""
        path = write_student("zoo/one.py", "one")
        load_extensions(path)
        load_extensions(str(path))
        load_extensions(path.parent)

        assert registry.students.get("one").file == path

    def test_files_of_one_name_in_two_folders_are_two(self, write_student: WriteStudent) -> None:
        first, second = write_student("a/mine.py", "one"), write_student("b/mine.py", "two")
        load_extensions(first)
        load_extensions(second)

        assert registry.students.get("one").file == first
        assert registry.students.get("two").file == second

    def test_a_file_may_bring_other_things_too(self, tmp_path: Path) -> None:
        """Objectives, augmenters and datasets register from the same file."""
        path = tmp_path / "mine.py"
        path.write_text(
            textwrap.dedent(
                """\
                from kdzoo import register_augmenter, register_dataset, register_objective

                register_objective("own_loss")(lambda student, teacher: 0)
                register_augmenter("own_words")(lambda words, rng, context: words)
                register_dataset("own_data")(lambda: None)
                """
            ),
            encoding="utf-8",
        )
        load_extensions(path)

        assert registry.objectives.get("own_loss").origin == f"{path}:3"
        assert registry.augmenters.get("own_words").origin == f"{path}:4"
        assert registry.datasets.get("own_data").origin == f"{path}:5"

    @pytest.mark.parametrize(
        ("then", "line", "error", "code"),
        [
            ("1 / 0\n", 8, "ZeroDivisionError: division by zero", "1 / 0"),
            (
                "def fail():\n    raise ValueError('deep')\n\nfail()\n",
                9,
                "ValueError: deep",
                "raise ValueError('deep')",
            ),
            ("import json\njson.loads('{')\n", 9, "JSONDecodeError", "json.loads('{')"),
            ("import no_such_module\n", 8, "No module named 'no_such_module'", "import no_such"),
            ("def broken(:\n", 8, "SyntaxError: invalid syntax", "def broken(:"),
            ("import sys\nsys.exit(3)\n", 9, "SystemExit: 3", "sys.exit(3)"),
        ],
        ids=["at the top", "in a function", "in a library", "import", "syntax", "exit"],
    )
    def test_a_failing_file_shows_its_own_line(
        self, write_student: WriteStudent, then: str, line: int, error: str, code: str
    ) -> None:
        """Error, line number and the line itself: the deepest one that is the user's."""
        path = write_student("mine.py", "mine", then)
        with pytest.raises(RegistryError) as caught:
            load_extensions(path)

        (problem,) = caught.value.problems
        assert caught.value.title == f"{path} fails on import"
        assert problem.where == f"line {line}"
        assert error in problem.what
        assert problem.cure.startswith(code)

    def test_a_failing_file_leaves_nothing_behind(self, write_student: WriteStudent) -> None:
        """What it registered before it failed is forgotten, and the mended file loads."""
        path = write_student("mine.py", "mine", "1 / 0\n")
        with pytest.raises(RegistryError):
            load_extensions(path)
        assert "mine" not in registry.students.entries()

        load_extensions(write_student("mine.py", "mine", "# a longer line, mended\n"))
        assert registry.students.get("mine").file == path

    def test_an_edited_file_is_loaded_anew(self, write_student: WriteStudent) -> None:
        """A notebook need not be restarted: what a key stands for is the code that runs."""
        path = write_student("mine.py", "mine", "SCALE = 1\n")
        written = path.stat().st_mtime_ns
        load_extensions(path)
        before = registry.students.get("mine")
        load_extensions(path)
        assert registry.students.get("mine") is before

        write_student("mine.py", "mine", "SCALE = 0\n")  # as long, and in the same moment
        os.utime(path, ns=(written, written))
        assert before.digest != file_sha256(path)  # it is of what was run
        load_extensions(path)

        after = registry.students.get("mine")
        assert after.value is not before.value
        assert sys.modules[after.value.__module__].SCALE == 0
        assert after.digest == file_sha256(path)

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("nothing.py", "no such file or folder of students: nothing.py"),
            ("empty", "the folder empty holds no .py file"),
            ("data.json", "is not a Python file; give a .py file or a folder"),
        ],
    )
    def test_what_is_no_file_of_students_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "empty").mkdir()
        (tmp_path / "data.json").write_text("{}", encoding="utf-8")
        with pytest.raises(RegistryError, match=words):
            load_extensions(path)


@dataclass
class Installed:
    """Stands for the metadata of installed packages."""

    name: str
    load: Callable[[], object]
    dist: Any = None


def install(monkeypatch: pytest.MonkeyPatch, group: str, *points: Installed) -> None:
    """Lets ``importlib.metadata`` find these entry points in that group, and none elsewhere."""

    def entry_points(*, group: str) -> tuple[Installed, ...]:
        return points if group == wanted else ()

    wanted = group
    monkeypatch.setattr("kdzoo.registering.entry_points", entry_points)


class TestEntryPoints:
    def test_bring_the_things_of_installed_packages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are loaded at the first look-up and never again."""
        found, loads = gadgets(), []

        def load() -> None:
            loads.append("lamp")
            found.register(gadget("lamp"))(dict)

        install(monkeypatch, "kdzoo.gadgets", Installed("lamp", load))

        assert loads == []
        assert found.get("lamp").value is dict
        assert list(found.entries()) == ["lamp"]
        assert loads == ["lamp"]

    @pytest.mark.parametrize("broken_off", [KeyboardInterrupt, RegistryError("it is broken")])
    def test_that_were_broken_off_are_loaded_at_the_next_look(
        self, monkeypatch: pytest.MonkeyPatch, broken_off: Any
    ) -> None:
        """As by Ctrl-C while the first cell of a notebook loads what takes seconds."""
        found, loads = gadgets(), []

        def load() -> None:
            loads.append("lamp")
            if len(loads) == 1:
                raise broken_off
            found.register(gadget("lamp"))(dict)

        install(monkeypatch, "kdzoo.gadgets", Installed("lamp", load))
        with pytest.raises((KeyboardInterrupt, RegistryError)):
            found.entries()

        assert list(found.entries()) == ["lamp"]

    def test_are_those_of_the_registrys_own_group(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = gadgets()
        install(
            monkeypatch,
            "kdzoo.students",
            Installed("lamp", lambda: found.register(gadget("lamp"))(dict)),
        )

        assert found.entries() == {}

    @pytest.mark.parametrize(
        ("dist", "owner"),
        [(SimpleNamespace(name="their-lamps"), "their-lamps"), (None, "an installed package")],
    )
    def test_one_that_fails_names_its_package(
        self, monkeypatch: pytest.MonkeyPatch, dist: Any, owner: str
    ) -> None:
        point = Installed("lamp", lambda: json.loads("{"), dist)
        install(monkeypatch, "kdzoo.gadgets", point)
        with pytest.raises(RegistryError, match=f"gadget 'lamp' of {owner} does not load: .*mend"):
            gadgets().get("lamp")

    def test_one_that_takes_a_name_names_both_places(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = gadgets()
        found.register(gadget("lamp"))(lambda: 1)
        install(
            monkeypatch,
            "kdzoo.gadgets",
            Installed("lamp", lambda: found.register(gadget("lamp"))(lambda: 2)),
        )
        with pytest.raises(RegistryError, match="'lamp' is registered twice"):
            found.get("lamp")
