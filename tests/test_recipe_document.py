"""YAML read as it looks: 1.2's scalars, no key twice, no aliases, and the line of everything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdzoo.errors import FileError, RecipeError
from kdzoo.recipe.document import Document, parse_scalar, read_document

Read = Callable[[str | bytes], Document]

SCALARS = [
    ("no", "no"),
    ("yes", "yes"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("nothing", "nothing"),
    ("5e-4", 5e-4),
    ("5.0e-4", 5e-4),
    ("1E3", 1000.0),
    (".5", 0.5),
    ("5.", 5.0),
    ("-1.5", -1.5),
    ("1.10", 1.1),
    ("0.0", 0.0),
    ("12:30", "12:30"),
    ("1:20:30", "1:20:30"),
    ("2024-01-02", "2024-01-02"),
    ("0", 0),
    ("0123", 123),
    ("+7", 7),
    ("-7", -7),
    ("1_000", 1000),
    ("1.2.3", "1.2.3"),
    ("0x1F", "0x1F"),
    ("-_", "-_"),
    ("._", "._"),
    (".", "."),
    ("e5", "e5"),
    (".inf", math.inf),
    ("-.inf", -math.inf),
    ("'5'", "5"),
    ('"no"', "no"),
    ("=", "="),
    ("<<", "<<"),
]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads text, or bytes, as the file ``recipe.yaml``."""

    def reader(content: str | bytes) -> Document:
        path = tmp_path / "recipe.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_document(path, "recipe.yaml")

    return reader


def refused(read: Read, content: str | bytes) -> RecipeError:
    """Returns the error with which the content is refused; its title is the file."""
    with pytest.raises(RecipeError) as caught:
        read(content)
    assert caught.value.title == "recipe.yaml"
    return caught.value


class TestScalars:
    @pytest.mark.parametrize(("text", "value"), SCALARS)
    def test_are_what_they_look_like(self, read: Read, text: str, value: Any) -> None:
        """As YAML 1.2 reads them: `no` is a word, `0123` decimal, `12:30` no number."""
        found = read(f"key: {text}\n").data["key"]

        assert found == value
        assert type(found) is type(value)

    def test_not_a_number_is_one_of_them(self, read: Read) -> None:
        assert math.isnan(read("key: .nan\n").data["key"])

    @pytest.mark.parametrize(("text", "value"), SCALARS)
    def test_are_read_alike_from_the_command_line(self, text: str, value: Any) -> None:
        """`--set key=TEXT` gives what the file would."""
        found = parse_scalar(text)

        assert found == value
        assert type(found) is type(value)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("[0, 1]", [0, 1]),
            ("{kind: mse}", {"kind": "mse"}),
            ("[no, 5e-4]", ["no", 5e-4]),
            ("- 3", [3]),
        ],
    )
    def test_lists_and_mappings_come_from_the_command_line_too(self, text: str, value: Any) -> None:
        assert parse_scalar(text) == value

    @pytest.mark.parametrize("text", ["[1, 2", "a: b: c", "!!int five", "*name", "{", "[" * 5000])
    def test_what_is_no_yaml_is_text_on_the_command_line(self, text: str) -> None:
        assert parse_scalar(text) == text

    @settings(deadline=None, max_examples=50)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(
                st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cn", "Zl", "Zp"))
            ),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text("abcdef", max_size=5), inner, max_size=3)
            ),
            max_leaves=10,
        )
    )
    def test_json_is_yaml(self, value: Any) -> None:
        """As YAML 1.2 promises: whatever JSON says is read as JSON reads it."""
        assert parse_scalar(json.dumps(value, ensure_ascii=False)) == value

    @settings(deadline=None, max_examples=50)
    @given(st.text("-+._0123456789eE:", min_size=1, max_size=8))
    def test_nothing_that_looks_like_a_number_fails(self, text: str) -> None:
        """It is a number, a text or a list, and a number is the one that Python reads."""
        found = parse_scalar(text)

        if isinstance(found, int | float):
            assert found == float(text.replace("_", "")) or math.isnan(found)


class TestPlaces:
    DOCUMENT = "# a comment\nname: tiny\nstudent:\n  kind: cnn\n\n  widths:\n    - 2\n    - 3\n"

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            (("name",), 2),
            (("student",), 3),
            (("student", "kind"), 4),
            (("student", "widths"), 6),
            (("student", "widths", 1), 8),
            (("student", "depth"), 3),
            (("student", "widths", 1, "deeper"), 8),
            (("nothing", "of", "this"), 2),
        ],
    )
    def test_a_key_has_its_line(self, read: Read, path: tuple[str | int, ...], line: int) -> None:
        """What the file does not say has the line of the nearest key above it."""
        assert read(self.DOCUMENT).place(path) == f"line {line}"

    def test_flow_style_has_lines_too(self, read: Read) -> None:
        assert read("a: {b: 1,\n    c: 2}\n").place(("a", "c")) == "line 2"


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "key", "line"),
        [
            ("name: a\nseeds: [0]\nname: b\n", "name", 3),
            ("student:\n  kind: cnn\n  dim: 3\n  dim: 3\n", "dim", 4),
            ("student: {dim: 3, dim: 3}\n", "dim", 1),
            ("list:\n  - {a: 1}\n  - {a: 1, a: 2}\n", "a", 3),
            ("1: a\n'1': b\n", "1", 2),
        ],
    )
    def test_a_key_given_twice(self, read: Read, content: str, key: str, line: int) -> None:
        """At any depth, with the line of the second."""
        (problem,) = refused(read, content).problems

        assert problem.what == f"the key '{key}' is given twice"
        assert problem.where == f"line {line}"
        assert problem.cure == "keep one of them"

    def test_all_keys_given_twice_at_once(self, read: Read) -> None:
        problems = refused(read, "a: 1\na: 2\nb: {c: 1, c: 2}\nb: 3\n").problems

        assert [problem.where for problem in problems] == ["line 2", "line 3", "line 4"]

    @pytest.mark.parametrize(
        ("content", "what", "where"),
        [
            ("a: &x 1\nb: *x\n", "aliases", "line 2, column 4"),
            ("a: &x {b: 1}\nc: {<<: *x}\n", "aliases", "line 2, column 9"),
            ("a: !!int five\n", "tags", "line 1, column 4"),
            ("a: !!python/object/apply:os.getcwd []\n", "tags", "line 1, column 4"),
            ("a: [1\nb: 2\n", "not valid YAML", "line 2, column 2"),
            ("a: 1\n  b: 2\n", "not valid YAML", "line 2, column 4"),
            ("a: 'open\n", "not valid YAML", "line 2, column 1"),
            ("a: 1\n---\nb: 2\n", "another document", "line 2, column 1"),
            ("a:\n\t- 1\n", "'\\t'", "line 2, column 1"),
        ],
    )
    def test_what_is_not_read_has_line_and_column(
        self, read: Read, content: str, what: str, where: str
    ) -> None:
        """Aliases, tags, broken YAML."""
        (problem,) = refused(read, content).problems

        assert what in problem.what
        assert problem.where == where

    @pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n"])
    def test_an_empty_file(self, read: Read, content: str) -> None:
        """The cure is a command that gives a whole one."""
        (problem,) = refused(read, content).problems

        assert problem.what == "the file is empty"
        assert "kdzoo new" in problem.cure

    @pytest.mark.parametrize(
        "content", ["---\n", "- a\n- b\n", "just a sentence\n", "42\n", "[]\n"]
    )
    def test_what_is_no_mapping(self, read: Read, content: str) -> None:
        (problem,) = refused(read, content).problems

        assert problem.what == "a recipe is a mapping of keys to values"
        assert problem.where == "line 1"

    @pytest.mark.parametrize(
        ("content", "line"),
        [(b"\xff\xfe", 1), (b"name: a\n# caf\xe9\n", 2), ("name: ü\n".encode("utf-16"), 1)],
    )
    def test_what_is_not_utf8(self, read: Read, content: bytes, line: int) -> None:
        (problem,) = refused(read, content).problems

        assert problem.what == "not UTF-8 text"
        assert problem.where == f"line {line}"
        assert problem.cure == "save the file as UTF-8"

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            ("a: \x00\n", "#x0000"),
            ("[" * 5000, "nested too deeply"),
            (f"a: {'1' * 5000}\n", "not a value"),
            ("? [1, 2]\n: 3\n", "unhashable key"),
        ],
    )
    def test_what_breaks_yaml_readers(self, read: Read, content: str, what: str) -> None:
        (problem,) = refused(read, content).problems

        assert what in problem.what

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(RecipeError, match=r"^no such recipe file: mine\.yaml$"):
            read_document(tmp_path / "mine.yaml", "mine.yaml")

    def test_a_folder_with_a_files_name(self, tmp_path: Path) -> None:
        (tmp_path / "mine.yaml").mkdir()
        with pytest.raises(FileError, match=r"mine\.yaml is a folder, and a file is wanted"):
            read_document(tmp_path / "mine.yaml", "mine.yaml")

    @settings(
        deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.text() | st.text("{}[]:,-?&*!|>'\"%@ \n#ab1", max_size=30) | st.binary())
    def test_nothing_else_can_happen(self, read: Read, content: str | bytes) -> None:
        """Any file at all is a document or a recipe's error."""
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        try:
            document = read(content)
        except RecipeError as error:
            assert error.problems
        except FileError as error:
            assert "Git LFS" in str(error)
        else:
            assert isinstance(document.data, dict)
