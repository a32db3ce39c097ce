"""Each command is one call of the Python API: same choices, same defaults, same deed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO, TextIOBase
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from tiny_results import two_students
from tiny_world import RunCommand

import kdzoo as package
from kdzoo import api
from kdzoo.cli import app
from kdzoo.console import ConsoleProgress
from kdzoo.errors import KdzooError
from kdzoo.recipe.csv import Csv

ROOT = Path(__file__).resolve().parent.parent
COMMANDS: dict[str, click.Command] = typer.main.get_group(app).commands  # type: ignore[attr-defined]
CSV = Csv(separator=";")
BAR = 'data.csv.separator=";"'
EXIT_CODE = "decides the exit code, by figures that the function returns"
WAY = "tells which function it is"
OF_A_CASCADE = "of a student that asks a teacher"


@dataclass(frozen=True)
class Pair:
    """A way to call a command, and the one call of the API that it makes.

    Attributes:
        line: the command with all options that lead to this function, none at its default.
        function: its name in the API.
        call: what the function is called with, beside ``progress``.
        own: options of the command that the function lacks, and why.
        named: parameters of the function by the option that has another name.
    """

    line: list[str]
    function: str
    call: dict[str, Any]
    own: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        return self.line[0]

    def __str__(self) -> str:
        return f"{self.command}-{self.function}"


RECIPE_LINE = ["--set", "a.b=1", "--data", "d", "--csv", "separator=;", "--students", "s.py"]
RECIPE_CALL = {"overrides": ["a.b=1", BAR], "data": "d", "students": "s.py"}
OF_CSV = {"csv": "stands among the overrides, as data.csv.KEY=VALUE"}
FILE_LINE = ["--text", "t", "--text-pair", "p", "--csv", "separator=;"]
FILE_CALL = {"text": "t", "text_pair": "p", "csv": CSV}
MODEL_LINE = ["--calibrated", "--reject", "--model", "m", "--seed", "3", "--students", "s.py"]
MODEL_CALL = {"calibrated": True, "reject": True, "model": "m", "seed": 3, "students": "s.py"}

PAIRS = [
    Pair(
        ["run", "T", *RECIPE_LINE, "--seeds", "3,4", "--out", "o", "--no-test",
         "--track", "wandb,mlflow", "--track", "trackio", "--max-noise", "0.1", "--workers", "2",
         "--engine", "ray", "--threads", "3", "--label-parts", "4", "--measure-again"],
        "run",
        {"target": "T", **RECIPE_CALL, "seeds": [3, 4], "out": Path("o"), "read_test": False,
         "track": ["wandb", "mlflow", "trackio"], "workers": 2, "engine": "ray", "threads": 3,
         "label_parts": 4, "measure_again": True},
        own={**OF_CSV, "max_noise": EXIT_CODE, "plan": WAY, "only": WAY},
        named={"no_test": "read_test"},
    ),
    Pair(
        ["run", "T", *RECIPE_LINE, "--seeds", "3,4", "--out", "o", "--no-test",
         "--track", "wandb", "--workers", "2", "--engine", "ray", "--threads", "3",
         "--label-parts", "4", "--plan", "--only", "student 3-7"],
        "list_steps",
        {"target": "T", "only": "student 3-7", **RECIPE_CALL, "seeds": [3, 4], "out": Path("o"),
         "read_test": False, "track": ["wandb"], "workers": 2, "engine": "ray", "threads": 3,
         "label_parts": 4},
        own={**OF_CSV, "max_noise": EXIT_CODE, "plan": WAY, "measure_again": "for the report"},
        named={"no_test": "read_test"},
    ),
    Pair(
        ["run", "T", *RECIPE_LINE, "--seeds", "3,4", "--out", "o", "--no-test",
         "--track", "wandb", "--workers", "2", "--engine", "ray", "--threads", "3",
         "--label-parts", "4", "--only", "student 3-7"],
        "make_steps",
        {"target": "T", "only": "student 3-7", **RECIPE_CALL, "seeds": [3, 4], "out": Path("o"),
         "read_test": False, "track": ["wandb"], "workers": 2, "engine": "ray", "threads": 3,
         "label_parts": 4},
        own={**OF_CSV, "max_noise": EXIT_CODE, "plan": WAY, "measure_again": "for the report"},
        named={"no_test": "read_test"},
    ),
    Pair(
        ["report", "F", "--examples", "--data", "d"],
        "make_report",
        {"folder": Path("F"), "publish": None, "examples": True, "data": "d"},
        own={"check": WAY, "out": "several folders: merge", "readme": "belongs to --check"},
        named={"folders": "folder"},
    ),
    Pair(
        ["report", "F", "--publish", "P"],
        "make_report",
        {"folder": Path("F"), "publish": Path("P"), "examples": False, "data": None},
        own={"check": WAY, "out": "several folders: merge", "readme": "belongs to --check"},
        named={"folders": "folder"},
    ),
    Pair(
        ["report", "A", "B", "--out", "C"],
        "merge",
        {"folders": [Path("A"), Path("B")], "out": Path("C")},
        own=dict.fromkeys(("check", "publish", "examples", "data", "readme"), "of one folder"),
    ),
    Pair(
        ["report", "F", "--check", "--readme", "R"],
        "check_report",
        {"folder": Path("F"), "readme": Path("R")},
        own={"check": WAY, **dict.fromkeys(("publish", "out", "examples", "data"), "for writing")},
        named={"folders": "folder"},
    ),
    Pair(
        ["pick", "F", "--max-latency-ms", "1", "--max-size-mb", "2", "--max-memory-mb", "3",
         "--min-accuracy", "0.4", "--students", "s.py"],
        "pick",
        {"folder": Path("F"), "max_latency_ms": 1.0, "max_size_mb": 2.0, "max_memory_mb": 3.0,
         "min_accuracy": 0.4, "students": "s.py"},
        own={"escalate_to": WAY, **dict.fromkeys(
            ("max_loss", "max_escalated", "price_per_1000_texts", "model"), OF_A_CASCADE)},
    ),
    Pair(
        ["pick", "F", "--escalate-to", "teacher", "--max-loss", "0.01", "--max-escalated", "0.2",
         "--price-per-1000-texts", "3", "--model", "m"],
        "pick_cascade",
        {"folder": Path("F"), "escalate_to": "teacher", "max_loss": 0.01, "max_escalated": 0.2,
         "price_per_1000_texts": 3.0, "model": "m"},
        own=dict.fromkeys(("max_latency_ms", "max_size_mb", "max_memory_mb", "min_accuracy",
                           "students"), "of a model that answers alone"),
    ),
    Pair(
        ["predict", "M", "a text", "--pair", "another", *FILE_LINE, "--top", "3", *MODEL_LINE],
        "predict",
        {"folder": Path("M"), "texts": [("a text", "another")], **FILE_CALL, "top": 3,
         **MODEL_CALL},
        own={"pair": "stands beside its text", "output": WAY},
        named={"run": "folder", "text": "texts", "column": "text", "column_pair": "text_pair"},
    ),
    Pair(
        ["predict", "M", "f.csv", *FILE_LINE, "-o", "o.csv", *MODEL_LINE],
        "write_predictions",
        {"folder": Path("M"), "texts": Path("f.csv"), "output": Path("o.csv"), **FILE_CALL,
         **MODEL_CALL},
        own={"pair": "is for a single text", "top": "a row holds one label"},
        named={"run": "folder", "text": "texts", "column": "text", "column_pair": "text_pair"},
    ),
    Pair(
        ["export", "R", "--out", "o", "--runtime", "onnx", "--model", "m", "--seed", "3",
         "--int8", "static", "--texts", "f.csv", *FILE_LINE, "--students", "s.py"],
        "export",
        {"run": "R", "out": Path("o"), "runtime": "onnx", "model": "m", "seed": 3, "int8": "static",
         "texts": Path("f.csv"), **FILE_CALL, "students": "s.py"},
        own={"escalate_to": WAY,
             **dict.fromkeys(("max_loss", "max_escalated", "among"), OF_A_CASCADE)},
    ),
    Pair(
        ["export", "R", "--out", "o", "--runtime", "onnx", "--model", "m", "--escalate-to",
         "teacher", "--max-loss", "0.01", "--max-escalated", "0.2", "--among", "4"],
        "export_cascade",
        {"run": "R", "out": Path("o"), "escalate_to": "teacher", "model": "m", "runtime": "onnx",
         "max_loss": 0.01, "max_escalated": 0.2, "among": 4},
        own=dict.fromkeys(("seed", "int8", "texts", "text", "text_pair", "csv", "students"),
                          "takes the form that the study measured"),
    ),
    Pair(
        ["push", "R", "me/it", "--model", "m", "--seed", "3", "--private", "--runtime", "onnx",
         "--license", "mit", "--language", "en", "--language", "de"],
        "push",
        {"run": Path("R"), "repository": "me/it", "model": "m", "seed": 3, "private": True,
         "runtimes": ["onnx"], "license": "mit", "language": ["en", "de"]},
        named={"runtime": "runtimes", "license_id": "license"},
    ),
    Pair(
        ["bench", "A", "B", "--texts", "f.csv", *FILE_LINE, "--labels", "l", "--runtimes",
         "torch, onnx", "--threads", "2", "--rounds", "3", "--per-visit", "4", "--cold-starts", "5",
         "--no-isolation", "--out", "o", "--max-noise", "0.1", "--students", "s.py"],
        "benchmark",
        {"models": ["A", "B"], "texts": Path("f.csv"), **FILE_CALL, "labels": "l",
         "runtimes": ["torch", "onnx"], "threads": 2, "rounds": 3, "per_visit": 4, "cold_starts": 5,
         "isolation": False, "out": Path("o"), "students": "s.py"},
        own={"max_noise": EXIT_CODE},
    ),
    Pair(
        ["init", "--data", "d", "-o", "o", *FILE_LINE, "--label", "l", "--label-separator", "|",
         "--label-columns", "joy, anger", "--task", "multi-label", "--oos-label", "x",
         "--teacher", "T", "--teacher-labels", "[a, b]", "--fine-tune", "--students", "cnn, s.py",
         "--unlabelled", "u.txt", "--encoder", "E"],
        "init",
        {"data": Path("d"), "output": Path("o"), **FILE_CALL, "label": "l", "label_separator": "|",
         "label_columns": ["joy", "anger"], "task": "multi-label", "oos_label": "x",
         "teacher": "T", "teacher_labels": "[a, b]", "fine_tune": True,
         "students": ["cnn", "s.py"], "unlabelled": Path("u.txt"), "encoder": "E"},
    ),
    Pair(["list", "students", "--students", "s.py"], "list_choices",
         {"what": "students", "students": "s.py"}),
    Pair(["show", "T", "--students", "s.py"], "show", {"target": "T", "students": "s.py"}),
    Pair(["check", "T", *RECIPE_LINE], "check", {"target": "T", **RECIPE_CALL}, own=OF_CSV),
    Pair(["new", "R", "f.yaml"], "new", {"recipe": "R", "file": Path("f.yaml")}),
    Pair(["schema", "--students", "s.py"], "schema", {"students": "s.py"}),
    Pair(
        ["label", "T", "f.csv", "-o", "o.parquet", *FILE_LINE, "--max-length", "64",
         "--batch-size", "7", "--students", "s.py"],
        "label",
        {"teacher": "T", "file": Path("f.csv"), "output": Path("o.parquet"), **FILE_CALL,
         "max_length": 64, "batch_size": 7, "students": "s.py"},
    ),
    Pair(
        ["texts", "T", "-o", "o.csv", *RECIPE_LINE, "--seeds", "3", "--evaluation"],
        "texts",
        {"target": "T", "output": Path("o.csv"), **RECIPE_CALL, "seeds": [3], "evaluation": True},
        own=OF_CSV,
    ),
    Pair(
        ["tune", "R", *RECIPE_LINE, "--trials", "3", "--hours", "2", "--seeds", "3,4", "--goals",
         "accuracy, latency", "--out", "o", "-o", "b.yaml", "--workers", "2", "--runtime", "onnx"],
        "tune",
        {"recipe": "R", **RECIPE_CALL, "trials": 3, "hours": 2.0, "seeds": [3, 4],
         "goals": ["accuracy", "latency"], "out": Path("o"), "output": Path("b.yaml"),
         "workers": 2, "runtime": "onnx"},
        own=OF_CSV,
    ),
    Pair(["cache", "clear"], "cache", {"clear": True}, named={"action": "clear"}),
]  # fmt: skip
ALONE = {
    "load": "gives a model that stays in memory: predict loads one for each call",
    "read_results": "gives what report writes as table.csv, as a frame",
    "read_verdicts": "gives what report writes into the page, as a frame",
}
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=str)


class CalledError(KdzooError):
    """Ends a command where it has called the API."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the API is called with, from now on; nothing is done."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def listening(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def heard_call(*arguments: Any, **options: Any) -> None:
            bound = inspect.signature(function).bind(*arguments, **options)
            heard.append((name, dict(bound.arguments)))
            raise CalledError("heard")

        return heard_call

    for name in functions():
        monkeypatch.setattr(api, name, listening(name, getattr(api, name)))
    return heard


def functions() -> list[str]:
    return [name for name in api.__all__ if inspect.isfunction(getattr(api, name))]


def parameters(function: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(api, function)).parameters)


def options(command: str) -> dict[str, click.Parameter]:
    return {str(each.name): each for each in COMMANDS[command].params if each.name != "help"}


def test_every_command_and_every_function_has_its_other_side() -> None:
    assert {pair.command for pair in PAIRS} == COMMANDS.keys()
    assert {pair.function for pair in PAIRS} | ALONE.keys() == {*functions()}
    assert {*functions()} <= {*package.__all__}


@pytest.mark.parametrize("name", functions())
def test_a_function_of_the_api_is_kdzoos_own_and_says_what_it_takes(name: str) -> None:
    function = getattr(package, name)
    doc = inspect.getdoc(function) or ""

    assert function is getattr(api, name)
    assert all(f"    {each}:" in doc for each in parameters(name) if name not in FRAMES)
    assert "Raises:" in doc or name == "cache"


@pytest.mark.parametrize("name", functions())
def test_what_the_system_says_of_a_file_is_a_message_of_every_function(name: str) -> None:
    lines = inspect.getsource(getattr(api, name)).splitlines()
    decorators = takewhile(lambda line: line.startswith("@"), lines)

    assert "@as_file_errors()" in decorators


FRAMES = ("read_results", "read_verdicts")  # of whatever folders


@every_pair
def test_a_command_and_its_function_can_be_told_the_same(pair: Pair) -> None:
    """An option that one has and the other lacks is listed above with its reason, and no other."""
    theirs = {pair.named.get(name, name) for name in options(pair.command) if name not in pair.own}
    assert theirs == parameters(pair.function).keys() - {"progress"}
    assert pair.own.keys() <= options(pair.command).keys()
    assert not pair.own.keys() & {*pair.named}


@every_pair
def test_what_is_not_said_is_the_same_on_both_sides(pair: Pair) -> None:
    known = parameters(pair.function)
    for name, option in options(pair.command).items():
        if name in pair.own or option.required or name in ("no_test", "action"):
            continue
        ours = known[pair.named.get(name, name)].default
        if ours is not inspect.Parameter.empty:
            wanted = ",".join(ours) if name in ("runtimes", "goals") else ours
            assert str(option.default or None) == str(wanted or None), name


@every_pair
def test_a_command_makes_one_call_with_what_it_was_told(
    pair: Pair, kdzoo: RunCommand, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    outcome = kdzoo(*pair.line)

    assert outcome.code == 2, outcome.err
    ((function, arguments),) = calls
    progress = arguments.pop("progress", None)
    assert progress is None or isinstance(progress, ConsoleProgress)
    assert function == pair.function
    assert arguments == pair.call


@pytest.mark.parametrize(
    ("line", "texts"),
    [(["a text"], ["a text"]), (["f.csv"], Path("f.csv")), (["-"], TextIOBase)],
    ids=["text", "file", "stream"],
)
def test_predict_hands_on_a_text_a_file_or_a_stream(
    line: list[str], texts: Any, kdzoo: RunCommand, calls: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", StringIO("a text"))
    kdzoo("predict", "M", *line)

    ((function, arguments),) = calls
    assert function == "predict"
    given = arguments["texts"]
    assert isinstance(given, texts) if isinstance(texts, type) else given == texts


def imported(file: Path) -> Iterator[str]:
    """Yields the rooms of kdzoo that a file imports, for type checkers too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("kdzoo."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "kdzoo":
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("file", sorted((ROOT / "kdzoo" / "cli").glob("*.py")), ids=str)
def test_a_command_does_nothing_beside_its_call(file: Path) -> None:
    """What trains, measures or writes is out of reach: commands parse, call and show."""
    does = {"steps", "checks", "study", "bench", "scaffold", "hub", "teacher", "training",
            "results", "measure", "transfer", "card", "model"}  # fmt: skip

    assert not {*imported(file)} & does


class TestTheSameDeed:
    """What both sides leave behind for the same input, where that is quickly seen."""

    @pytest.fixture
    def study(self, tmp_path: Path) -> Path:
        return two_students(tmp_path / "study").root

    def test_report_and_make_report(self, study: Path, tmp_path: Path, kdzoo: RunCommand) -> None:
        kdzoo("report", str(study), "--publish", "by_command")
        results = package.make_report(study, publish=tmp_path / "by_function")

        assert results.root == tmp_path / "by_function"
        assert files(tmp_path / "by_command") == files(tmp_path / "by_function") != {}

    def test_check_and_check_report(self, study: Path, kdzoo: RunCommand) -> None:
        package.make_report(study)
        assert package.check_report(study) == []
        assert kdzoo("report", str(study), "--check").code == 0
        (study / "table.md").write_text("another", encoding="utf-8")

        (stale,) = package.check_report(study)
        outcome = kdzoo("report", str(study), "--check")
        assert stale in outcome.err
        assert outcome.code == 1

    def test_pick(self, kdzoo: RunCommand) -> None:
        study = ROOT / "results" / "quickstart"
        picked = package.pick(study, max_latency_ms=1000)

        best = picked.chosen.best
        assert best is not None
        sentence = f"{best.name} in {best.runtime}: the most accurate"
        assert sentence in kdzoo("pick", str(study), "--max-latency-ms", "1000").out
        with pytest.raises(KdzooError, match="more than 0") as refused:
            package.pick(study, max_size_mb=0)
        outcome = kdzoo("pick", str(study), "--max-size-mb", "0")
        assert str(refused.value) in outcome.err

    def test_show_list_schema_and_new(self, tmp_path: Path, kdzoo: RunCommand) -> None:
        texts = package.show("quickstart")
        assert kdzoo("show", "quickstart").out == "".join(f"{text}\n" for text in texts.values())
        printed = kdzoo("list").out
        for section, rows in package.list_choices().items():
            assert section in printed
            assert all(next(iter(row.values())) in printed for row in rows)
        file = tmp_path / "mine.yaml"
        kdzoo("new", "quickstart/cnn", file)
        by_command = file.read_bytes()
        file.unlink()
        assert package.new("quickstart/cnn", file).read_bytes() == by_command

    @pytest.mark.parametrize(
        ("line", "call"),
        [
            (["show", "none"], lambda: package.show("none")),
            (["list", "none"], lambda: package.list_choices("none")),
            (["new", "quickstart", "f"], lambda: package.new("quickstart", "f")),
            (["check", "none"], lambda: package.check("none")),
            (["texts", "none", "-o", "f.csv"], lambda: package.texts("none", "f.csv")),
            (["texts", "quickstart", "-o", "f.x"], lambda: package.texts("quickstart", "f.x")),
            (["label", "none", "f.csv", "-o", "o"], lambda: package.label("none", "f.csv", "o")),
            (["export", "none", "--out", "o"], lambda: package.export("none", "o")),
            (["push", "none", "a/b"], lambda: package.push("none", "a/b")),
            (["report", "none"], lambda: package.make_report("none")),
            (["report", "none", "b", "--out", "c"], lambda: package.merge(["none", "b"], "c")),
            (["report", "none", "--check"], lambda: package.check_report("none")),
            (["pick", "none"], lambda: package.pick("none")),
            (["predict", "none", "text"], lambda: package.predict("none", "text")),
            (["predict", "none", "f.csv", "-o", "f.x"],
             lambda: package.write_predictions("none", Path("f.csv"), "f.x")),
            (["bench", "none", "--texts", "f.csv"], lambda: package.benchmark(["none"], "f.csv")),
            (["init", "--data", "none", "-o", "o"], lambda: package.init("none", "o")),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )  # fmt: skip
    def test_a_mistake_is_refused_in_the_same_words(
        self, line: list[str], call: Callable[[], Any], kdzoo: RunCommand
    ) -> None:
        outcome = kdzoo(*line)
        with pytest.raises(KdzooError) as refused:
            call()

        assert outcome.code == 2
        assert outcome.err.endswith(f"Error: {refused.value}\n")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
