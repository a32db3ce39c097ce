"""Commands whose files cannot be written or read: refused before the work, nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import transformers
from tiny_machine import NAMELESS, user
from tiny_results import one_student
from tiny_world import CommandResult, RunCommand, WriteRecipe

from kdzoo import report
from kdzoo.bench import BENCH, FORMS, check_folder
from kdzoo.cli import main
from kdzoo.cli.encoding import write_any_text
from kdzoo.errors import KdzooError
from kdzoo.files import alone_in
from kdzoo.results import Store, publish

Command = list[str | Path]
Writes = Callable[[Path], Command]


@pytest.fixture
def study(tmp_path: Path) -> Store:
    return one_student(tmp_path / "runs" / "study").finish()


@pytest.fixture
def writes(
    tmp_path: Path, tiny_data: Path, tiny_teacher: Path, write_recipe: WriteRecipe, study: Store
) -> dict[str, Writes]:
    """Every command that writes, by name: what to call so that it writes there."""
    texts = tmp_path / "texts.txt"
    texts.write_text("play a song\nwake me\n", encoding="utf-8")
    recipe = write_recipe()
    return {
        "run": lambda to: ["run", recipe, "--out", to],
        "bench": lambda to: ["bench", tiny_teacher, "--texts", texts, "--out", to],
        "export": lambda to: ["export", tiny_teacher, "--out", to],
        "report": lambda to: ["report", study.root, "--publish", to],
        "init": lambda to: ["init", "--data", tiny_data, "--teacher", tiny_teacher, "-o", to],
        "new": lambda to: ["new", "quickstart/bilstm", to / "mine.yaml"],
        "predict": lambda to: ["predict", tiny_teacher, texts, "-o", to / "out.csv"],
        "label": lambda to: ["label", tiny_teacher, texts, "-o", to / "out.parquet"],
        "texts": lambda to: ["texts", recipe, "-o", to / "out.jsonl"],
    }


NAMES = ("run", "bench", "export", "report", "init", "new", "predict", "label", "texts")


def refused(outcome: CommandResult, *words: str) -> None:
    """Sees one message, exit code 2, no traceback."""
    assert outcome.code == 2, outcome.err
    assert "Traceback" not in outcome.err
    assert all(word in outcome.err for word in words), outcome.err
    assert "labelling" not in outcome.err
    assert "epoch" not in outcome.err


class TestADisk:
    @pytest.mark.parametrize("name", NAMES)
    def test_that_can_only_be_read_is_told_before_the_work(
        self, kdzoo: RunCommand, writes: dict[str, Writes], read_only_disk: Path, name: str
    ) -> None:
        refused(kdzoo(*writes[name](read_only_disk / "out")), str(read_only_disk), "give ")

    @pytest.mark.parametrize("name", NAMES)
    def test_that_is_full_is_told_and_keeps_nothing_half(
        self, kdzoo: RunCommand, writes: dict[str, Writes], full_disk: Path, name: str
    ) -> None:
        refused(kdzoo(*writes[name](full_disk / "out")), str(full_disk))

        assert [path for path in full_disk.rglob("*") if path.is_file()] == [full_disk / "other"]

    def test_that_holds_a_study_and_can_only_be_read_is_reported_elsewhere(
        self, kdzoo: RunCommand, small_disk: Path, study: Store
    ) -> None:
        """The message has the command; its folder's name has a blank."""
        shutil.copytree(study.root, small_disk / "a study")
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

        outcome = kdzoo("report", small_disk / "a study")

        refused(outcome, "cannot be written")
        assert f"kdzoo report '{small_disk / 'a study'}' --publish FOLDER" in outcome.err
        assert kdzoo("report", small_disk / "a study", "--publish", "mine").code == 0


class TestAHome:
    @pytest.mark.parametrize("name", [*NAMES, "merge", "tune"])
    def test_that_nobody_knows_is_refused_and_no_folder_of_its_name_made(
        self, kdzoo: RunCommand, writes: dict[str, Writes], study: Store, tmp_path: Path, name: str
    ) -> None:
        recipe = writes["run"](tmp_path)[1]
        every: dict[str, Writes] = {
            **writes,
            "merge": lambda to: ["report", study.root, study.root, "--out", to],
            "tune": lambda to: ["tune", recipe, "--out", to],
        }

        refused(kdzoo(*every[name](Path("~nobody-of-that-name"))), "write the whole path")

        assert not [path for path in tmp_path.rglob("*") if path.name.startswith("~")]

    def test_is_read_from_too(
        self, kdzoo: RunCommand, study: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in ``--out=~/runs``, which no shell expands."""
        monkeypatch.setenv("HOME", str(tmp_path))

        assert kdzoo("report", "~/runs/study", "--publish", "~/published").code == 0
        assert kdzoo("report", "~/published", "--check").code == 0


class TestAUsersOwnFiles:
    @pytest.mark.parametrize("name", ["table.md", "report.html", "bench.json", "gap_closed.png"])
    @pytest.mark.parametrize("command", ["run", "bench", "report"])
    def test_are_not_replaced_by_a_reports(
        self, kdzoo: RunCommand, writes: dict[str, Writes], tmp_path: Path, command: str, name: str
    ) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / name).write_text("precious", encoding="utf-8")

        refused(kdzoo(*writes[command](tmp_path / "mine")), "a folder of its own")

        assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
        assert (tmp_path / "mine" / name).read_text(encoding="utf-8") == "precious"

    @pytest.mark.parametrize("command", ["run", "bench", "export"])
    def test_are_not_taken_for_a_folder(
        self, kdzoo: RunCommand, writes: dict[str, Writes], tmp_path: Path, command: str
    ) -> None:
        """It is noticed before anything is measured."""
        (tmp_path / "file").write_text("precious", encoding="utf-8")

        refused(kdzoo(*writes[command](tmp_path / "file")), "is a file; give --out a folder")

    def test_of_other_names_may_stand_beside_a_bench(self, tmp_path: Path) -> None:
        (tmp_path / "README.md").write_text("mine", encoding="utf-8")

        check_folder(tmp_path)

    def test_among_the_exported_forms_are_not_removed(self, tmp_path: Path) -> None:
        (tmp_path / FORMS / "mine--onnx").mkdir(parents=True)

        with pytest.raises(KdzooError, match="mine--onnx, which kdzoo did not write"):
            check_folder(tmp_path)

    def test_called_as_a_bench_is_are_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / BENCH).write_text('{"runs": 3}', encoding="utf-8")

        with pytest.raises(KdzooError, match=r"holds bench\.json, which would be replaced"):
            check_folder(tmp_path)

    def test_are_told_by_every_name_that_a_report_has(self, study: Store, tmp_path: Path) -> None:
        """What the check knows is what is written."""
        report.write_report(study)
        names = {path.name for path in study.root.iterdir() if path.is_file()}
        for name in sorted(names):
            (tmp_path / "mine").mkdir()
            (tmp_path / "mine" / name).write_text("precious", encoding="utf-8")
            with pytest.raises(KdzooError, match=r"give --out|folder of its own"):
                check_folder(tmp_path / "mine")
            shutil.rmtree(tmp_path / "mine")

    def test_that_were_published_are_replaced(self, study: Store, tmp_path: Path) -> None:
        for _ in range(2):
            public = publish(study, tmp_path / "public", study.manifest().keys)
            (public.root / "table.md").write_text("a report of kdzoo's", encoding="utf-8")

        assert public.manifest() == study.manifest()


@pytest.mark.trains  # the models that tests share lie where another user may not look
class TestAnotherUsersFiles:
    @pytest.fixture
    def theirs(self, open_folder: Path) -> Store:
        """A study of another user's."""
        return one_student(open_folder / "study").finish()

    def test_that_may_not_be_read_are_not_called_damaged(self, theirs: Store) -> None:
        """Nor is it advised to remove a trained model's folder."""
        path = theirs.finished("s" * 16) / "predictions.parquet"
        path.chmod(0o600)
        theirs.outcomes("s" * 16)  # imports what it needs

        with user(), pytest.raises(PermissionError) as caught:
            theirs.outcomes("s" * 16)

        assert caught.value.filename == str(path)

    def test_are_not_taken_over_where_they_may_not_be_read(
        self, theirs: Store, open_folder: Path
    ) -> None:
        """The model is trained anew, as if there were none."""
        weights = theirs.finished("s" * 16) / "model.safetensors"
        mine = Store(open_folder / "mine")
        mine.root.mkdir()
        os.chown(mine.root, NAMELESS, NAMELESS)
        for mode, is_found in ((0o600, False), (0o644, True)):
            weights.chmod(mode)
            with user(NAMELESS):
                found = mine.find("s" * 16)
            assert (found is not None) == is_found

    def test_in_a_folder_that_may_not_be_looked_into_are_none(
        self, theirs: Store, open_folder: Path
    ) -> None:
        (theirs.root / "models").chmod(0o700)

        with user():
            assert Store(open_folder / "mine").find("s" * 16) is None


def test_the_second_bench_in_a_folder_says_so_and_stops(
    kdzoo: RunCommand, writes: dict[str, Writes], tmp_path: Path
) -> None:
    with alone_in(tmp_path / "out", "bench"):
        refused(kdzoo(*writes["bench"](tmp_path / "out")), "is at work there; wait until it ends")

    assert not (tmp_path / "out").exists()


def test_without_a_home_a_run_says_what_to_set_before_it_trains(
    kdzoo: RunCommand, writes: dict[str, Writes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "KDZOO_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where there is no user either

    refused(kdzoo(*writes["run"](tmp_path / "out")), "HOME is not set", "export KDZOO_CACHE=FOLDER")


def test_a_command_puts_the_libraries_back_before_python_ends(
    kdzoo: RunCommand, writes: dict[str, Writes], tmp_path: Path
) -> None:
    """At its very end there is nothing left to put them back with."""
    log = transformers.logging
    log.enable_progress_bar()

    refused(kdzoo(*writes["init"](tmp_path / "tiny.yaml")), "tiny.yaml is a file")

    assert log.is_progress_bar_enabled()


SIGNS = "−0.3 points, 15.0 × faster, 85.2 ± 0.4, 今日"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "shift_jis", "utf-8"])
def test_a_console_of_any_encoding_takes_any_text(encoding: str) -> None:
    """A minus stays a minus; what the console has is written as it is."""
    console = TextIOWrapper(BytesIO(), encoding=encoding)

    write_any_text(console)
    console.write(SIGNS)
    console.seek(0)

    written = console.read()
    assert written.replace("−", "-").startswith("-0.3 points, 15.0 ")
    assert written.endswith(("今日", r"\u4eca\u65e5"))
    if encoding == "utf-8":
        assert written == SIGNS


def test_a_command_writes_into_a_log_without_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `kdzoo pick results/quickstart > log` does where the console is cp1252."""
    results = Path(__file__).resolve().parent.parent / "results" / "quickstart"
    log = TextIOWrapper(BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", log)
    monkeypatch.setattr(sys, "argv", ["kdzoo", "pick", str(results), "--max-size-mb", "100"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert log.errors == "kdzoo"
    log.seek(0)
    assert "within your limits" in log.read()


@pytest.mark.slow
@pytest.mark.trains
def test_a_study_whose_disk_is_full_goes_on_when_there_is_room(
    kdzoo: RunCommand, write_recipe: WriteRecipe, small_disk: Path
) -> None:
    """Wherever in the work that is: one message, and the same command finishes the study."""
    recipe = write_recipe(measure={"runtimes": ["torch", "onnx", "onnx-int8"]})
    for size_kilobytes in (256, 600, 1200):
        grow = f"remount,size={size_kilobytes}k"
        subprocess.run(["mount", "-o", grow, str(small_disk)], check=True)
        refused(kdzoo("run", recipe, "--out", small_disk / "out"), "the disk is full")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    finished = kdzoo("run", recipe, "--out", small_disk / "out")

    assert finished.code == 0, finished.err


@pytest.mark.slow
def test_a_user_without_a_home_or_a_name_runs_a_study_where_the_cache_has_a_place(
    write_recipe: WriteRecipe, open_folder: Path
) -> None:
    """As in a container that is started as any number; all files are readable by others."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start a process as another user")
    recipe = write_recipe(measure={"runtimes": ["torch", "onnx", "onnx-int8"], "isolated": True})
    os.chown(open_folder, NAMELESS, NAMELESS)
    nameless = ["setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups"]
    reads_all = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    run = [sys.executable, "-m", "kdzoo", "run", str(recipe), "--out", str(open_folder / "out")]
    environment = {"PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [*nameless, *reads_all, *run],
        capture_output=True,
        text=True,
        cwd=open_folder,
        env={**environment, "KDZOO_CACHE": str(open_folder / "cache")},
    )

    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    files = [path for path in (open_folder / "out").rglob("*") if path.is_file()]
    assert {path.name for path in files} > {"model.safetensors", "model.onnx", "baseline.skops"}
    assert [path.name for path in files if path.stat().st_mode & 0o044 != 0o044] == []
