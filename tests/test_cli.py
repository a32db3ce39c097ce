"""The command line: help at once, every command does what it says, published results hold up."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml
from tiny_world import LABELS, RunCommand, WriteRecipe

from kdzoo.recipe import shipped_recipes
from kdzoo.results import Store

COMMANDS = ("bench", "cache", "check", "export", "init", "label", "list", "new", "pick", "predict",
            "push", "report", "run", "schema", "show", "texts", "tune")  # fmt: skip
HEAVY = ("torch", "transformers", "numpy", "pandas", "scipy", "sklearn", "datasets",
         "accelerate", "matplotlib", "pyarrow")  # fmt: skip

ALL_HELPS = """
import contextlib, io, json, sys
from kdzoo.cli import app

shown = {}
names = [command.name or command.callback.__name__ for command in app.registered_commands]
for name in ["", *names]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            app([name, "--help"] if name else ["--help"])
        except SystemExit as stop:
            assert not stop.code, name
    shown[name] = out.getvalue()
print(json.dumps({"shown": shown, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def helps() -> dict[str, dict[str, str]]:
    """What `--help` of every command prints, and which modules that took, in one process."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALL_HELPS], capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


class TestHelp:
    def test_imports_nothing_heavy(self, helps: dict[str, dict[str, str]]) -> None:
        """So it answers at once, whichever command is asked about: no room of work is entered."""
        own = {module for module in helps["modules"] if module.startswith("kdzoo")}

        assert set(helps["modules"]) & set(HEAVY) == set()
        assert own == {
            "kdzoo",
            "kdzoo.amounts",
            "kdzoo.api",
            "kdzoo.api.choosing",
            "kdzoo.api.exports",
            "kdzoo.api.models",
            "kdzoo.api.plans",
            "kdzoo.api.reading",
            "kdzoo.api.recipes",
            "kdzoo.api.search",
            "kdzoo.api.studies",
            "kdzoo.api.teachers",
            "kdzoo.cli",
            "kdzoo.cli.app",
            "kdzoo.cli.bench",
            "kdzoo.cli.cache",
            "kdzoo.cli.cascade",
            "kdzoo.cli.command",
            "kdzoo.cli.encoding",
            "kdzoo.cli.models",
            "kdzoo.cli.pick",
            "kdzoo.cli.predict",
            "kdzoo.cli.recipes",
            "kdzoo.cli.report",
            "kdzoo.cli.run",
            "kdzoo.cli.shown",
            "kdzoo.cli.steps",
            "kdzoo.cli.texts",
            "kdzoo.cli.tune",
            "kdzoo.console",
            "kdzoo.digest",
            "kdzoo.entries",
            "kdzoo.errors",
            "kdzoo.exporting",
            "kdzoo.extensions",
            "kdzoo.files",
            "kdzoo.arguments",
            "kdzoo.lists",
            "kdzoo.plain",
            "kdzoo.progress",
            "kdzoo.registering",
            "kdzoo.registry",
        }

    def test_knows_all_commands(self, helps: dict[str, dict[str, str]]) -> None:
        assert set(helps["shown"]) == {"", *COMMANDS}
        assert all(command in helps["shown"][""] for command in COMMANDS)

    def test_tells_its_version(self, kdzoo: RunCommand) -> None:
        outcome = kdzoo("--version")

        assert (outcome.code, outcome.out) == (0, f"kdzoo {version('kdzoo')}\n")

    def test_begins_with_one_command(self, helps: dict[str, dict[str, str]]) -> None:
        assert "kdzoo run quickstart" in helps["shown"][""]

    @pytest.mark.parametrize("command", COMMANDS)
    def test_shows_an_example(self, helps: dict[str, dict[str, str]], command: str) -> None:
        shown = helps["shown"][command]

        assert "Example" in shown
        assert f"kdzoo {command}" in shown.partition("Example")[2]

    def test_is_what_no_command_gives(self, kdzoo: RunCommand) -> None:
        outcome = kdzoo()

        assert outcome.code == 2
        assert all(command in outcome.out + outcome.err for command in COMMANDS)

    def test_of_the_module_is_the_commands(self) -> None:
        """`python -m kdzoo` is kdzoo."""
        done = subprocess.run(
            [sys.executable, "-I", "-m", "kdzoo", "--help"],
            capture_output=True,
            text=True,
            check=True,
        )

        assert "kdzoo run quickstart" in done.stdout


class TestList:
    @pytest.mark.parametrize(
        ("section", "wanted"),
        [
            ("students", ["bilstm", "[change]", "distilbert", "[compression]", "hidden=150"]),
            ("objectives", ["kl", "temperature=2.0", "mse"]),
            ("augmenters", ["mask", "p_mask=0.1"]),
            ("datasets", ["assistant"]),
            ("recipes", ["clinc150/bilstm", "quickstart/cnn", "Model change"]),
        ],
    )
    def test_shows_what_recipes_can_choose(
        self, kdzoo: RunCommand, section: str, wanted: list[str]
    ) -> None:
        """One section alone, or all of them: names, what they are, options with defaults."""
        one, everything = kdzoo("list", section), kdzoo("list")

        assert one.code == everything.code == 0
        assert one.out.startswith(section)
        assert all(word in one.out for word in wanted)
        assert one.out in everything.out

    def test_shows_the_users_own(
        self, kdzoo: RunCommand, own_registries: None, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.py").write_text(
            textwrap.dedent(
                '''\
                from torch import nn
                from kdzoo import register_student

                @register_student("mine", road="change")
                class Mine(nn.Module):
                    """My very own."""
                    def __init__(self, v: int, c: int, *, width: int, depth: int = 3) -> None:
                        super().__init__()
                '''
            ),
            encoding="utf-8",
        )
        outcome = kdzoo("list", "students", "--students", "mine.py")

        (line,) = [line for line in outcome.out.splitlines() if line.startswith("mine")]
        assert "My very own. [change]" in line
        assert "width=required, depth=3" in line


class TestShow:
    @pytest.mark.parametrize("name", ["quickstart/bilstm", "clinc150/cnn"])
    def test_prints_the_file(self, kdzoo: RunCommand, name: str) -> None:
        """Comments, brackets and all, so that it can be redirected into a file."""
        outcome = kdzoo("show", name)

        assert outcome.code == 0
        assert outcome.out.rstrip() == shipped_recipes()[name].read_text(encoding="utf-8").rstrip()

    def test_prints_all_files_of_a_folder(self, kdzoo: RunCommand) -> None:
        outcome = kdzoo("show", "quickstart")

        members = [name for name in shipped_recipes() if name.startswith("quickstart/")]
        assert outcome.out.count("version: 1") == len(members) > 1


class TestNew:
    def test_copies_a_recipe_out(self, kdzoo: RunCommand) -> None:
        """What it writes runs as it stands, and it says so."""
        outcome = kdzoo("new", "quickstart/bilstm", "deep/mine.yaml")

        assert outcome.code == 0
        assert "kdzoo run deep/mine.yaml" in outcome.out
        shipped = shipped_recipes()["quickstart/bilstm"].read_text(encoding="utf-8")
        copied = Path("deep/mine.yaml").read_text(encoding="utf-8")
        own = shipped.partition("\n")[2].replace("run quickstart/bilstm", "run deep/mine.yaml")
        assert copied.partition("\n")[2] == own
        assert kdzoo("check", "deep/mine.yaml").code == 0

    @pytest.mark.parametrize("name", sorted(shipped_recipes()))
    def test_writes_commands_and_a_schema_of_the_copy(self, kdzoo: RunCommand, name: str) -> None:
        """Who follows them runs what was edited, not what comes with kdzoo."""
        assert kdzoo("new", name, "my own.yaml").code == 0
        copied = Path("my own.yaml").read_text(encoding="utf-8")

        assert "# Run:  kdzoo run 'my own.yaml' " in copied
        assert f"kdzoo run {name}" not in copied
        assert "$schema=recipe.schema.json   (kdzoo schema > recipe.schema.json)\n" in copied


class TestCheck:
    def test_reads_recipe_and_data(self, kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
        """All variants, and what the data is; trains and writes nothing."""
        recipe = write_recipe(variants={"mse": {"objective": {"kind": "mse"}}})
        outcome = kdzoo("check", recipe)

        assert outcome.code == 0
        assert "ok: tiny\nok: tiny/mse\n" in outcome.out
        assert "160 labelled, 32 validation, 48 test texts; 4 classes" in outcome.out
        assert outcome.out.count("data:") == 1
        assert [path.name for path in Path().iterdir()] == ["tiny.yaml"]

    def test_overrides_as_run_does(self, kdzoo: RunCommand, tiny_data: Path) -> None:
        """Whether or not this machine has the teacher: the few texts allow no rejections."""
        outcome = kdzoo(
            "check", "clinc150/cnn", "--data", tiny_data, "--set", "data.label=label",
            "--set", "student.kind=bilstm", "--set", "measure.reject=null",
        )  # fmt: skip

        assert outcome.code == 0
        assert "160 labelled" in outcome.out

    def test_tells_what_is_odd_about_the_data(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        leaking = shutil.copytree(tiny_data, Path("leaking_data"))
        shutil.copyfile(leaking / "validation.jsonl", leaking / "test.jsonl")
        outcome = kdzoo("check", write_recipe(), "--data", "leaking_data")

        assert outcome.code == 0
        assert "note: texts that stand in two splits: validation and test 32" in outcome.out


class TestSchema:
    def test_is_json_schema_that_tells_right_from_wrong(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        printed = json.loads(kdzoo("schema").out)
        jsonschema.Draft202012Validator.check_schema(printed)
        validator = jsonschema.Draft202012Validator(printed)
        variants = {"variants": {"a": {"training": {"steps": 3}}}, "grid": {"seeds": [[0], [1]]}}
        recipe = yaml.safe_load(write_recipe(**variants).read_text(encoding="utf-8"))

        assert validator.is_valid(recipe)
        assert not validator.is_valid({**recipe, "trainig": {}})

    def test_knows_the_users_own_students(
        self, kdzoo: RunCommand, own_registries: None, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.py").write_text(
            "from kdzoo import register_student\n\n"
            "@register_student('mine', road='compression')\n"
            "def mine(context: object, *, width: int = 3) -> None: ...\n",
            encoding="utf-8",
        )

        assert "_Student_mine" not in json.loads(kdzoo("schema").out)["$defs"]
        printed = json.loads(kdzoo("schema", "--students", "mine.py").out)
        assert printed["$defs"]["_Student_mine"]["properties"]["width"]["default"] == 3


class TestCache:
    def test_is_shown_and_cleared(
        self, kdzoo: RunCommand, monkeypatch: pytest.MonkeyPatch, finished_study: Path
    ) -> None:
        """A line per teacher, then nothing is left of it."""
        monkeypatch.setenv("KDZOO_CACHE", "own_cache")
        assert kdzoo("cache").out == "0.0 MB in own_cache\n"
        recipe = finished_study.parent.parent / "tiny.yaml"
        out = shutil.copytree(finished_study, "runs/tiny")
        kdzoo("run", recipe, "--out", out, "--set", "objective.kind=mse")
        shown, cleared = kdzoo("cache"), kdzoo("cache", "clear")

        assert re.match(r"[0-9a-f]{16} +logits +240 texts +0\.\d MB\n", shown.out)
        assert "freed in own_cache" in cleared.out
        assert kdzoo("cache").out == "0.0 MB in own_cache\n"
        assert not list(Path("own_cache").rglob("*.npy"))


def model_folder(study: Path, role: str) -> Path:
    """Returns the folder of the study's first model in that role."""
    store = Store(study)
    return next(
        store.finished(row.members[0].key) for row in store.manifest().rows if row.role == role
    )


class TestPredict:
    @pytest.mark.parametrize("role", ["student", "teacher", "baseline"])
    def test_labels_one_text(self, kdzoo: RunCommand, finished_study: Path, role: str) -> None:
        """With the most probable labels, best first; every kind of model answers alike."""
        outcome = kdzoo("predict", model_folder(finished_study, role), "play that song")
        lines = [line.split("  ") for line in outcome.out.splitlines()]

        assert outcome.code == 0
        assert {label for _, label in lines} == set(LABELS)
        probabilities = [float(number) for number, _ in lines]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-3)

    @pytest.mark.parametrize("role", ["student", "teacher", "baseline"])
    def test_takes_a_model_of_a_study_by_its_name_in_the_table(
        self, kdzoo: RunCommand, finished_study: Path, role: str
    ) -> None:
        rows = Store(finished_study).manifest().rows
        row = next(row for row in rows if row.role == role)
        seed = str(row.members[-1].seed)
        folder = Store(finished_study).finished(row.members[-1].key)

        named = kdzoo("predict", finished_study, "--model", row.name, "--seed", seed, "a song")

        assert named.code == 0
        assert named.out == kdzoo("predict", folder, "a song").out

    def test_of_a_study_asks_for_the_name_of_a_model(
        self, kdzoo: RunCommand, finished_study: Path
    ) -> None:
        outcome = kdzoo("predict", finished_study, "play")
        student = next(r for r in Store(finished_study).manifest().rows if r.role == "student")

        assert outcome.code == 2
        assert "choose one with --model NAME: " in outcome.err
        assert {"teacher", student.name, "tf-idf + svm"} <= set(
            re.split(r"NAME: |, |\n", outcome.err)
        )

    def test_of_a_models_own_folder_refuses_a_name(
        self, kdzoo: RunCommand, finished_study: Path
    ) -> None:
        folder = model_folder(finished_study, "student")

        outcome = kdzoo("predict", folder, "play", "--model", "tiny")

        assert outcome.code == 2
        assert "is no study; remove them" in " ".join(outcome.err.split())

    @pytest.mark.parametrize("command", ["predict", "export"])
    def test_of_a_study_that_is_not_there_names_the_one_beside_it(
        self, kdzoo: RunCommand, command: str
    ) -> None:
        """A mistyped folder is told as one; where nothing is like it, it is just not there."""
        Path("runs/quickstart").mkdir(parents=True)
        rest = ["hi"] if command == "predict" else ["--out", "deployed"]

        mistyped = kdzoo(command, "runs/quickstrat", "--model", "bilstm", *rest)
        elsewhere = kdzoo(command, "nowhere/else", "--seed", "1", *rest)

        assert (mistyped.code, elsewhere.code) == (2, 2)
        said = " ".join(mistyped.err.split())
        assert "no such folder: runs/quickstrat; did you mean runs/quickstart?" in said
        assert "no such folder: nowhere/else" in elsewhere.err
        assert "did you mean" not in elsewhere.err

    def test_shows_as_many_labels_as_asked_for(
        self, kdzoo: RunCommand, finished_study: Path
    ) -> None:
        model = model_folder(finished_study, "student")

        assert len(kdzoo("predict", model, "play", "--top", "2").out.splitlines()) == 2
        assert len(kdzoo("predict", model, "play", "--top", "99").out.splitlines()) == len(LABELS)

    def test_labels_a_text_a_line_from_standard_input(
        self, kdzoo: RunCommand, finished_study: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In order, each with what the text alone would get; the line's end is no part of it."""
        model = model_folder(finished_study, "student")
        texts = ["play that song", "wake me at seven", "rain tomorrow"] * 100
        monkeypatch.setattr(sys, "stdin", io.StringIO("\r\n".join(texts)))
        outcome = kdzoo("predict", model, "-")
        alone = [kdzoo("predict", model, text, "--top", "1").out.split() for text in texts[:3]]

        assert outcome.code == 0
        rows = [line.split("\t") for line in outcome.out.splitlines()]
        assert len(rows) == len(texts)
        assert [row[0] for row in rows] == [label for _, label in alone] * 100
        assert [float(row[1]) for row in rows] == pytest.approx(
            [float(number) for number, _ in alone] * 100, abs=2e-4
        )

    def test_of_no_lines_is_nothing(
        self, kdzoo: RunCommand, finished_study: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        outcome = kdzoo("predict", model_folder(finished_study, "student"), "-")

        assert (outcome.code, outcome.out) == (0, "")


class TestInit:
    def test_writes_recipes_that_check(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path
    ) -> None:
        """A recipe per student of the zoo for the user's data, and the command that comes next."""
        outcome = kdzoo(
            "init", "--data", tiny_data, "--teacher", tiny_encoder, "--oos-label", "oos",
            "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert "next: kdzoo run mine" in outcome.out
        written = sorted(path.stem for path in Path("mine").glob("*.yaml"))
        assert {"bilstm", "cnn", "distilbert"} <= {*written}
        checked = kdzoo("check", "mine")
        assert checked.code == 0
        assert all(f"ok: {name}" in checked.out for name in written)

    def test_splits_what_is_not_split(self, kdzoo: RunCommand, tiny_teacher: Path) -> None:
        """One file is enough; a finished classifier over its labels is not fitted again."""
        with Path("my.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["request", "intent"])
            writer.writerows([f"words {i} of {label}", label] for label in LABELS for i in range(9))
        outcome = kdzoo(
            "init", "--data", "my.csv", "--text", "request", "--label", "intent",
            "--teacher", tiny_teacher, "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert "a finished classifier over these labels" in outcome.out
        assert "from my.csv, kdzoo draws validation and test: if the teacher was" in outcome.out
        assert kdzoo("check", "mine").code == 0

    @pytest.mark.parametrize(
        ("kept", "says"),
        [(("train", "validation", "test"), []), (("train", "validation"), ["test"])],
    )
    def test_says_what_a_finished_teacher_may_have_seen(
        self,
        kdzoo: RunCommand,
        tiny_teacher: Path,
        tiny_data: Path,
        kept: tuple[str, ...],
        says: list[str],
    ) -> None:
        """Of a split that is drawn from train; a teacher that is made here sees none of it."""
        Path("data").mkdir()
        for split in kept:
            shutil.copy(tiny_data / f"{split}.jsonl", "data")

        outcome = kdzoo("init", "--data", "data", "--teacher", tiny_teacher, "-o", "mine")
        here = kdzoo(
            "init", "--data", "data", "--teacher", tiny_teacher, "-o", "other", "--fine-tune"
        )

        assert (outcome.code, here.code) == (0, 0), outcome.err + here.err
        assert re.findall(r"kdzoo draws (.+?):", outcome.out) == says
        assert "kdzoo draws" not in here.out


class TestReport:
    @pytest.fixture
    def study(self, finished_study: Path, tmp_path: Path) -> Path:
        """A copy of a finished study that a test may change."""
        return shutil.copytree(finished_study, tmp_path / "runs" / "tiny")

    @pytest.fixture
    def published(self, kdzoo: RunCommand, study: Path) -> Path:
        """What was published of a finished study."""
        outcome = kdzoo("report", "runs/tiny", "--publish", "results/tiny")
        assert outcome.code == 0, outcome.err
        return Path("results/tiny")

    @pytest.mark.pictures
    def test_makes_table_and_picture_again(self, kdzoo: RunCommand, study: Path) -> None:
        """From the records alone, and the same as before."""
        names = ("table.md", "table.csv", "accuracy_vs_latency.png", "accuracy_vs_latency.svg")
        before = {name: (study / name).read_bytes() for name in names}
        for name in names:
            (study / name).unlink()
        outcome = kdzoo("report", "runs/tiny")

        assert outcome.code == 0
        assert "runs/tiny/table.md" in outcome.out
        assert {name: (study / name).read_bytes() for name in names[:2]} == {
            name: before[name] for name in names[:2]
        }
        assert all((study / name).stat().st_size > 0 for name in names)

    def test_trains_nothing_and_needs_no_weights(self, kdzoo: RunCommand, study: Path) -> None:
        table = (study / "table.md").read_text(encoding="utf-8")
        for weights in [*study.rglob("*.safetensors"), *study.rglob("*.skops")]:
            weights.unlink()
        kdzoo("report", "runs/tiny")

        assert (study / "table.md").read_text(encoding="utf-8") == table

    def test_of_what_was_published_is_the_same_table(
        self, kdzoo: RunCommand, study: Path, published: Path
    ) -> None:
        """Even where nothing of the study is left."""
        wanted = (study / "table.md").read_bytes(), (study / "table.csv").read_bytes()
        assert (published / "table.md").read_bytes() == wanted[0]
        shutil.rmtree("runs")
        for name in ("table.md", "table.csv"):
            (published / name).unlink()
        outcome = kdzoo("report", published)

        assert outcome.code == 0, outcome.err
        assert ((published / "table.md").read_bytes(), (published / "table.csv").read_bytes()) == (
            wanted
        )

    def test_publishes_no_texts(self, published: Path, tiny_data: Path) -> None:
        """Neither in records nor in what is kept of every single text."""
        texts = [
            json.loads(line)["text"]
            for file in tiny_data.glob("*.jsonl")
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        written = "\n".join(published_texts(published))

        assert not [text for text in texts if len(text.split()) > 1 and text in written]
        for file in published.rglob("*.parquet"):
            assert not {"text", "text_pair"} & set(pd.read_parquet(file).columns)

    def test_publishes_no_weights(self, published: Path) -> None:
        suffixes = {path.suffix for path in published.rglob("*") if path.is_file()}

        assert suffixes == {
            ".json", ".parquet", ".md", ".csv", ".tex", ".html", ".png", ".svg", ".pdf"
        }  # fmt: skip

    def test_publishes_no_path_of_this_machine(
        self, published: Path, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """Neither of the data nor of the teacher, the tests' folder or the user's home."""
        written = "\n".join(published_texts(published))

        for path in (tmp_path, tiny_encoder.parent, Path.home()):
            assert str(path) not in written
        strings = [each for file in published.rglob("*.json") for each in strings_of(file)]
        assert tiny_encoder.name in strings
        assert not [each for each in strings if Path(each).is_absolute()]

    def test_publishes_again_over_itself(
        self, kdzoo: RunCommand, study: Path, published: Path
    ) -> None:
        """What is there no longer is gone from what is published, and notes beside it stay."""
        (published / "README.md").write_text("about these results", encoding="utf-8")
        (published / "models" / "left_over").mkdir()
        before = {p for p in published.rglob("*") if p.name != "left_over"}
        outcome = kdzoo("report", "runs/tiny", "--publish", "results/tiny")

        assert outcome.code == 0, outcome.err
        assert set(published.rglob("*")) == before

    @pytest.mark.parametrize("target", ["runs/tiny", "runs/other", "."])
    def test_publishes_over_nothing_else(
        self, kdzoo: RunCommand, study: Path, tmp_path: Path, target: str
    ) -> None:
        """Not over the study itself, another study's models, or any folder called models."""
        shutil.copytree(study, "runs/other")
        Path("models").mkdir()
        Path("models/precious.bin").write_bytes(b"weights")
        before = sorted(tmp_path.rglob("*"))
        outcome = kdzoo("report", "runs/tiny", "--publish", target)

        assert outcome.code == 2
        assert "would be lost" in outcome.err
        assert sorted(tmp_path.rglob("*")) == before


def published_texts(folder: Path) -> Iterator[str]:
    """Yields everything written in words below the folder."""
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".md", ".csv", ".tex", ".html", ".svg"):
            yield path.read_text(encoding="utf-8")
        elif path.suffix == ".parquet":
            yield pd.read_parquet(path).to_csv()


def strings_of(file: Path) -> list[str]:
    """Returns all texts in a JSON file."""

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)

    return list(walk(json.loads(file.read_text(encoding="utf-8"))))
