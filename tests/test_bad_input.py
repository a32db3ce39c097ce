"""All that a user can get wrong: one message, what it is and the cure, and nothing half done."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_world import CommandResult, RunCommand, WriteRecipe, listens_to_ctrl_c

from kdzoo.results import Store

RESULTS = ("record.json", "study.json", "table.md", "table.csv")
FINISHED = {"fine_tune": None}  # lays over the tiny recipe's teacher: the model is a classifier

pytestmark = pytest.mark.usefixtures("own_registries")


def refused(outcome: CommandResult, *words: str) -> None:
    """Asserts exit code 2 and one message, without a traceback, that has these words."""
    assert outcome.code == 2, outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    lines = f"\n{outcome.err}".split("\nError: ")
    assert len(lines) == 2, outcome.err
    for word in words:
        assert word in lines[1]


def nothing_written() -> None:
    """Asserts that no result of any kind lies below the working folder."""
    assert [path for path in Path().rglob("*") if path.name in RESULTS] == []
    assert [path for path in Path("runs").rglob("*") if path.is_file()] == []


def refused_and_nothing_written(outcome: CommandResult, *words: str) -> None:
    """Asserts both."""
    refused(outcome, *words)
    nothing_written()


@pytest.fixture
def finished_recipe(write_recipe: WriteRecipe, tiny_teacher: Path) -> Callable[..., Path]:
    """Writes the tiny recipe with a teacher that needs no fine-tuning."""

    def write(**sections: Any) -> Path:
        teacher = {"model": str(tiny_teacher), **FINISHED, **sections.pop("teacher", {})}
        return write_recipe(teacher=teacher, **sections)

    return write


@pytest.fixture
def study(finished_study: Path, tmp_path: Path) -> Path:
    """A copy of a finished study that a test may damage."""
    return shutil.copytree(finished_study, tmp_path / "runs" / "tiny")


class TestRecipes:
    @pytest.mark.parametrize(
        ("sections", "words"),
        [
            ({"trainig": {}}, ["trainig: unknown key", "did you mean 'training'?"]),
            ({"training": {"stpes": 5}}, ["training.stpes: unknown key", "mean 'steps'?"]),
            ({"student": {"dmi": 5}}, ["student.dmi: unknown key", "did you mean 'dim'?"]),
            ({"training": {"steps": "many"}}, ["training.steps", "a whole number", "'many'"]),
            ({"training": {"steps": 0}}, ["training.steps", "greater than 0"]),
            ({"student": {"dim": 1.5}}, ["student.dim", "got 1.5"]),
            (
                {"student": {"kind": "fastext"}},
                ["unknown kind 'fastext'", "mean 'fasttext'?", "--students FILE"],
            ),
            ({"objective": {"kind": "kld"}}, ["unknown kind 'kld'", "did you mean 'kl'?"]),
            ({"transfer": {"augment": {"kind": "masc"}}}, ["unknown kind 'masc'", "'mask'?"]),
            ({"data": {"files": None, "embedded": "asistant"}}, ["'asistant'", "'assistant'?"]),
            ({"data": {"oos_label": "ooss"}}, ["data.oos_label", "'ooss'", "mean 'oos'?"]),
            ({"objective": {"temperature": 0}}, ["objective.temperature", "or equal to 0.01"]),
            ({"objective": {"temperature": 1e-30}}, ["objective.temperature", "or equal to 0.01"]),
            ({"seeds": [0, 0]}, ["seeds", "distinct"]),
        ],
    )
    @pytest.mark.parametrize("command", ["run", "check"])
    def test_that_say_something_wrong(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        command: str,
        sections: dict[str, Any],
        words: list[str],
    ) -> None:
        """A misspelt key or option, a wrong type, an unknown student, objective, dataset, ..."""
        refused_and_nothing_written(kdzoo(command, write_recipe(**sections)), *words)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", ["the file is empty", "kdzoo new"]),
            (b"name: [\n", ["line 2", "not valid YAML"]),
            (b"name: caf\xe9\n", ["line 1", "not UTF-8", "save the file as UTF-8"]),
            (b"- a\n", ["line 1", "a mapping of keys"]),
            (b"name: a\nname: b\n", ["line 2", "'name' is given twice", "keep one"]),
        ],
    )
    def test_that_cannot_be_read(self, kdzoo: RunCommand, content: bytes, words: list[str]) -> None:
        """Empty, broken or undecodable YAML, with the file and the line."""
        Path("mine.yaml").write_bytes(content)

        refused_and_nothing_written(kdzoo("run", "mine.yaml"), "mine.yaml", *words)

    @pytest.mark.parametrize("command", ["run", "check", "show", "new"])
    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("qickstart", ["no recipe 'qickstart'", "did you mean 'quickstart'?"]),
            ("mine.yaml", ["no such recipe file: mine.yaml"]),
            ("[/bold]", ["no recipe '[/bold]'"]),
        ],
    )
    def test_that_are_not_there(
        self, kdzoo: RunCommand, command: str, target: str, words: list[str]
    ) -> None:
        files = ["out.yaml"] if command == "new" else []

        refused_and_nothing_written(kdzoo(command, target, *files), *words)
        assert not Path("out.yaml").exists()

    def test_of_several_files_are_told_together(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        write_recipe("zoo/a.yaml", name="a", trainig={})
        write_recipe("zoo/b.yaml", name="b", objective={"kind": "kld"})
        outcome = kdzoo("run", "zoo")

        refused_and_nothing_written(
            outcome, "zoo: 2 problems", "zoo/a.yaml line", "zoo/b.yaml line"
        )


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--seeds", "abc"], ["--seeds abc", "0,1,2"]),
            (["--seeds", "1,1"], ["--seeds", "distinct"]),
            (["--seeds", "0,99999999999"], ["--seeds  seeds.1", "less than 2147483648"]),
            (["--set", "seeds=[99999999999]"], ["--set  seeds.0", "less than 2147483648"]),
            (["--only", "3-1"], ["--only 3-1: a range goes up, as in 1-3"]),
            (["--set", "training.steps"], ["--set training.steps", "key.path=value"]),
            (["--set", "training.steps=many"], ["--set  training.steps", "'many'"]),
            (["--set", "training.stpes=3"], ["--set  training.stpes", "mean 'steps'?"]),
            (["--data", "nowhere"], ["no such file or folder of data", "nowhere"]),
            (["--students", "nowhere.py"], ["no such file or folder of students: nowhere.py"]),
            (["--out", "tiny.yaml"], ["tiny.yaml is a file", "--out"]),
        ],
    )
    def test_of_run(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        arguments: list[str],
        words: list[str],
    ) -> None:
        refused_and_nothing_written(kdzoo("run", write_recipe(), *arguments), *words)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["list", "student"], ["'student'", "did you mean 'students'?"]),
            (["cache", "clean"], ["cache clean", "the only action is clear"]),
            (["new", "quickstart", "out.yaml"], ["a folder of recipes", "quickstart/bilstm"]),
            (["new", "quickstart/bilstm", "there.yaml"], ["there.yaml is there already"]),
            (["new", "quickstart/bilstm", "there.yaml/out.yaml"], ["there.yaml: ", "another path"]),
            (["report", "nowhere"], ["nowhere is no folder of results", "study.json"]),
            (["report", "there.yaml"], ["there.yaml is no folder of results"]),
            (["predict", "nowhere", "a text"], ["no such model folder: nowhere"]),
            (
                ["predict", "folder", "a text"],
                ["folder is no model", "config.json nor export.json"],
            ),
            (["init", "--data", "nowhere", "-o", "out"], ["no such file or folder of data"]),
        ],
    )
    def test_of_other_commands(
        self, kdzoo: RunCommand, arguments: list[str], words: list[str]
    ) -> None:
        """What is there stays as it was, and nothing comes to it."""
        Path("there.yaml").write_text("precious", encoding="utf-8")
        Path("folder").mkdir()

        refused(kdzoo(*arguments), *words)
        assert sorted(path.name for path in Path().rglob("*")) == ["folder", "there.yaml"]
        assert Path("there.yaml").read_text(encoding="utf-8") == "precious"

    @pytest.mark.parametrize(
        "arguments", [["bogus"], ["run"], ["predict", "m", "t", "--top", "0"], ["run", "a", "--no"]]
    )
    def test_that_no_command_has(self, kdzoo: RunCommand, arguments: list[str]) -> None:
        """The usage is shown, and where there is more of it."""
        outcome = kdzoo(*arguments)

        assert outcome.code == 2
        assert "Usage:" in outcome.err
        assert "--help" in outcome.err
        assert "Traceback" not in outcome.err


class TestData:
    @pytest.mark.parametrize(
        ("file", "content", "words"),
        [
            (
                "train.csv",
                b"utterance,label\nplay,music\n",
                [
                    "train.csv",
                    "no column 'text'",
                    "in a recipe (data.text",
                    "Known: label, utterance",
                ],
            ),
            ("train.csv", b"text,label\n", ["train.csv holds no rows"]),
            ("train.csv", b"", ["train.csv holds no rows"]),
            ("train.csv", b"text,label\na,b,c\n", ["line 2", "more cells", "quote"]),
            ("train.csv", b"text,label\ncaf\xe9,music\n", ["line 2", "not UTF-8", "save the file"]),
            ("train.jsonl", b'{"text": "a"\n', ["train.jsonl", "line 1", "not JSON"]),
            ("train.parquet", b"PAR", ["train.parquet is not a parquet file"]),
            ("other.csv", b"text,label\n", ["holds no train file", "train.jsonl"]),
        ],
    )
    def test_that_cannot_be_read(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, file: str, content: bytes,
        words: list[str],
    ) -> None:  # fmt: skip
        Path("own").mkdir()
        Path("own", file).write_bytes(content)

        refused_and_nothing_written(kdzoo("run", write_recipe(), "--data", "own"), *words)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (
                {"text": "a song", "label": "musik"},
                ["test", "labels that train lacks: musik", "did you mean 'music'?"],
            ),
            ({"text": "", "label": "music"}, ["test, line 49", "texts are empty", "fill them in"]),
            ({"text": "a song", "label": ""}, ["test, line 49", "labels are empty"]),
        ],
    )
    def test_that_cannot_be_learnt_from(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_data: Path,
        row: dict[str, str],
        words: list[str],
    ) -> None:
        """One bad row among the test split's is enough."""
        shutil.copytree(tiny_data, "own")
        with Path("own/test.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

        refused_and_nothing_written(kdzoo("run", write_recipe(), "--data", "own"), *words)

    def test_that_are_not_split(self, kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
        """The message has the lines that split them."""
        Path("own.csv").write_text("text,label\na,b\nc,d\n", encoding="utf-8")
        outcome = kdzoo("run", write_recipe(), "--data", "own.csv")

        refused_and_nothing_written(
            outcome, "no validation and no test split", "split: {validation:"
        )


class TestTeachers:
    @pytest.mark.parametrize(
        ("model", "words"),
        [
            ("./nowhere", ["no such model folder: ./nowhere"]),
            ("/nowhere/at/all", ["no such model folder: /nowhere/at/all"]),
            ("a/b/c", ["no such model folder: a/b/c"]),
            ("not a hub id", ["'not a hub id' is neither a folder nor a hub id"]),
            ("empty", ["is not a model folder: it has no config.json"]),
            (
                "package:no_such_package/model",
                ["'no_such_package' is not installed", "pip install"],
            ),
            ("package:kdzoo/nowhere", ["the package holds no model folder 'nowhere'"]),
            ("package:__main__/model", ["package:__main__/model"]),
            ("package:../kdzoo/data", ["package '..' is not installed"]),
        ],
    )
    def test_that_are_not_there(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        model: str,
        words: list[str],
    ) -> None:
        Path("empty").mkdir()

        refused_and_nothing_written(kdzoo("run", write_recipe(teacher={"model": model})), *words)

    def test_that_escape_their_package(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_teacher: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A model that is there, beside the package and not in it, is not taken."""
        package = Path("site/brings_a_model")
        shutil.copytree(tiny_teacher, package / "model")
        shutil.copytree(tiny_teacher, package.parent / "other")
        (package / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(package.parent.resolve()))
        inside, outside = "package:brings_a_model/model", "package:brings_a_model/../other"
        quick = {"training": {"steps": 1}, "controls": {"baseline": False, "hard_labels": False}}

        refused_and_nothing_written(
            kdzoo("run", write_recipe(teacher={"model": outside, **FINISHED})), "no model folder"
        )
        outcome = kdzoo("run", write_recipe(teacher={"model": inside, **FINISHED}, **quick))
        assert outcome.code == 0, outcome.err

    @pytest.mark.parametrize(
        ("labels", "words"),
        [
            (
                ["alarm", "music", "rain", "oos"],
                ["does not know the data's label 'weather'", "has the label 'rain'"],
            ),
            (
                ["Alarm", "Music", "Weather", "oos"],
                ["label 'alarm'", "did you mean 'Alarm'?", "label 'weather'", "mean 'Weather'?"],
            ),
            (["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"], ["LABEL_0, LABEL_1", "labels: ["]),
        ],
    )
    def test_whose_labels_are_not_the_datas(
        self,
        kdzoo: RunCommand,
        finished_recipe: Callable[..., Path],
        tiny_teacher: Path,
        labels: list[str],
        words: list[str],
    ) -> None:
        """The differences are listed; outputs without names can be named in the recipe."""
        other = Path(shutil.copytree(tiny_teacher, "other"))
        config = json.loads((other / "config.json").read_text(encoding="utf-8"))
        config |= {"id2label": dict(enumerate(labels)), "label2id": None}
        (other / "config.json").write_text(json.dumps(config), encoding="utf-8")
        outcome = kdzoo("run", finished_recipe(teacher={"model": str(other.resolve())}))

        refused_and_nothing_written(outcome, "teacher other", *words)

    @pytest.mark.parametrize(
        ("labels", "words"),
        [
            (["alarm", "music"], ["teacher.labels has 2 names", "4 outputs"]),
            (["wether", "oos", "music", "alarm"], ["'weather'", "did you mean 'wether'?"]),
            (["alarm", "music", "oos", "weather"], ["output 0", "'alarm'", "calls output 3 so"]),
        ],
    )
    def test_whose_outputs_are_misnamed(
        self,
        kdzoo: RunCommand,
        finished_recipe: Callable[..., Path],
        labels: list[str],
        words: list[str],
    ) -> None:
        outcome = kdzoo("run", finished_recipe(teacher={"labels": labels}))

        refused_and_nothing_written(outcome, *words)

    def test_that_are_no_classifiers_yet(
        self, kdzoo: RunCommand, finished_recipe: Callable[..., Path], tiny_encoder: Path
    ) -> None:
        """A pretrained encoder without fine_tune: the message says that it can be fitted."""
        outcome = kdzoo("run", finished_recipe(teacher={"model": str(tiny_encoder)}))

        refused_and_nothing_written(outcome, "not a finished classifier", "fine_tune: {}")

    def test_with_other_weights_than_named(
        self, kdzoo: RunCommand, finished_recipe: Callable[..., Path]
    ) -> None:
        """The message has both hashes."""
        outcome = kdzoo("run", finished_recipe(teacher={"sha256": "0" * 64}))

        refused_and_nothing_written(outcome, "weights are not", "0" * 64, "found  sha256")

    @pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
    @pytest.mark.parametrize("damage", ["damaged", "missing"])
    @pytest.mark.parametrize("fine_tune", [None, {"epochs": 1}], ids=["finished", "to fit"])
    def test_that_are_not_whole(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_teacher: Path,
        file: str,
        damage: str,
        fine_tune: dict[str, int] | None,
    ) -> None:
        """A file of the folder is cut off or not there."""
        broken = Path(shutil.copytree(tiny_teacher, "broken"))
        if damage == "damaged":
            (broken / file).write_text("{", encoding="utf-8")
        else:
            (broken / file).unlink()
        teacher = {"model": str(broken.resolve()), "fine_tune": fine_tune}
        before = set(broken.rglob("*"))
        outcome = kdzoo("run", write_recipe(teacher=teacher))

        refused(outcome, "broken")
        assert set(broken.rglob("*")) == before
        shutil.rmtree(broken)
        nothing_written()


class TestWithoutAHub:
    def test_a_teacher_that_is_not_cached(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """Says that no hub is in reach, and what to do instead."""
        outcome = kdzoo("run", write_recipe(teacher={"model": "nobody/nothing"}))

        refused_and_nothing_written(
            outcome, "'nobody/nothing'", "no hub is in reach", "name a folder that holds it"
        )

    def test_a_fallback_that_is_not_cached(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        """Both ways are named, the package's and the hub's."""
        teacher = {"model": "package:no_such_package/model", "fallback": "nobody/nothing"}
        outcome = kdzoo("run", write_recipe(teacher=teacher))

        refused_and_nothing_written(outcome, "'nobody/nothing'", "package:no_such_package/model")

    def test_a_dataset_that_is_not_cached(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        data = {"files": None, "hub": "nobody/nothing"}
        outcome = kdzoo("run", write_recipe(data=data))

        refused_and_nothing_written(outcome, "'nobody/nothing'", "--data FOLDER")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("sections", "words"),
        [
            ({"teacher": {"model": "nobody/nothing"}}, "name a folder that holds it"),
            ({"data": {"files": None, "hub": "nobody/nothing"}}, "--data FOLDER"),
        ],
        ids=["teacher", "dataset"],
    )
    def test_is_found_out_without_being_told(
        self,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        sections: dict[str, Any],
        words: str,
    ) -> None:
        """With HF_HUB_OFFLINE unset and nothing listening, there are no minutes of retries."""
        hub = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "empty")}
        environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"} | hub
        done = subprocess.run(
            [sys.executable, "-I", "-m", "kdzoo", "run", write_recipe(**sections)],
            capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip

        refused(CommandResult(done.returncode, done.stdout, done.stderr), "'nobody/nothing'", words)


def student_source(
    init: str = "self.table = nn.Embedding(vocab_size, num_labels)",
    forward: str = "return self.table(input_ids).mean(1)",
    options: str = "",
    base: str = "super().__init__()",
) -> str:
    """Returns a file that registers the student `own` on its line 4."""
    return textwrap.dedent(
        f"""\
        from torch import nn
        from kdzoo.registry import register_student

        @register_student("own", road="change")
        class Own(nn.Module):
            def __init__(self, vocab_size, num_labels{options}):
                {base}
                {init}

            def forward(self, input_ids, attention_mask):
                {forward}
        """
    )


class TestStudents:
    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("1 / 0\n", ["own.py fails on import", "line 1: ZeroDivisionError", "1 / 0"]),
            ("import os\ndef own(:\n", ["own.py fails on import", "line 2: SyntaxError"]),
            ("import no_such_module\n", ["fails on import", "line 1", "no_such_module"]),
            (
                student_source().replace('"change"', '"sideways"'),
                ["student 'own'", "'compression' or 'change'", "'sideways'"],
            ),
            (
                student_source().replace('"own"', '"fasttext"'),
                ["'fasttext' is registered twice", "fasttext.py:", "own.py:4", "rename one"],
            ),
            (
                student_source(options=", *, width=3"),
                ["own.py:4", "option 'width' of 'own' has no type", "annotate it"],
            ),
        ],
        ids=["raises", "syntax", "import", "road", "name", "untyped option"],
    )
    def test_whose_file_does_not_load(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, source: str, words: list[str]
    ) -> None:
        Path("own.py").write_text(source, encoding="utf-8")
        outcome = kdzoo("run", write_recipe(), "--students", "own.py")

        refused_and_nothing_written(outcome, *words)

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            (
                student_source(forward="return self.table(input_ids)"),
                ["breaks its contract", "gave [2, 12, 3] for 2 texts and 3 labels, wanted [2, 3]"],
            ),
            (
                student_source(forward="return [self.table(input_ids).mean(1)]"),
                ["breaks its contract", "gave list", "wanted [2, 3]"],
            ),
            (
                student_source(forward="raise KeyError('no such part')"),
                ["fails on two texts, of 12 tokens and of 1", "KeyError: 'no such part'"],
            ),
            (
                student_source(forward="return self.table(input_ids).mean(1) / 0 * 0"),
                ["logits that are not finite"],
            ),
            (
                student_source(
                    init="self.table, self.norm = "
                    "nn.Embedding(vocab_size, num_labels), nn.BatchNorm1d(num_labels)",
                    forward="return self.norm(self.table(input_ids).mean(1))",
                ),
                ["fails while it trains on one text", "put LayerNorm in their place"],
            ),
            (
                student_source(forward="return self.table(input_ids).mean(1).squeeze()"),
                ["breaks its contract", "gave [3] for 1 text and 3 labels, wanted [1, 3]"],
            ),
            (
                student_source(
                    forward="answer = self.table(input_ids).mean(1); "
                    "return (answer, answer) if self.training else answer"
                ),
                ["while it trains, breaks its contract", "gave tuple for 1 text"],
            ),
            (student_source(init="raise KeyError('boom')"), ["cannot be built: KeyError: 'boom'"]),
            (student_source(base="pass"), ["cannot be built", "before Module.__init__() call"]),
            (
                student_source().replace(", num_labels)", ")"),
                ["cannot be built: TypeError", "positional argument"],
            ),
            (
                "from kdzoo.registry import register_student\n\n\n"
                "@register_student('own', road='compression')\ndef own(context):\n    return 5\n",
                ["returned int", "wanted a Hugging Face model"],
            ),
            (
                "from kdzoo.registry import register_student\n\n\n"
                "@register_student('own', road='compression')\ndef own(context):\n    1 / 0\n",
                ["cannot be built: ZeroDivisionError"],
            ),
        ],
        ids=[
            "shape", "type", "forward raises", "not finite", "norm of a batch", "no batch",
            "type in training",
            "init raises", "no super", "arguments", "builds nothing", "builder raises",
        ],
    )  # fmt: skip
    def test_that_break_their_contract(
        self,
        kdzoo: RunCommand,
        finished_recipe: Callable[..., Path],
        source: str,
        words: list[str],
    ) -> None:
        """Before any of their training, with the line at which they are written."""
        Path("own.py").write_text(source, encoding="utf-8")
        chosen = ["--students", "own.py", "--set", "student.kind=own"]
        outcome = kdzoo("run", finished_recipe(), *chosen)

        refused(outcome, "student 'own'", "own.py:4", *words)
        assert not list(Path().rglob("tiny*/record.json"))
        assert not list(Path().rglob("study.json"))

    @pytest.mark.parametrize(
        "body", ["return (student - teacher) ** 2", "raise KeyError('no such part')"]
    )
    def test_with_an_objective_that_fails(
        self, kdzoo: RunCommand, finished_recipe: Callable[..., Path], body: str
    ) -> None:
        """It gives no scalar, or raises: the message names it and its line."""
        Path("own.py").write_text(
            "from kdzoo.registry import register_objective\n\n\n"
            f"@register_objective('own')\ndef own(student, teacher):\n    {body}\n",
            encoding="utf-8",
        )
        chosen = ["--students", "own.py", "--set", "objective.kind=own"]

        refused(kdzoo("run", finished_recipe(), *chosen), "objective 'own'", "own.py:4")


class TestTraining:
    NAN = (
        "from kdzoo.registry import register_objective\n\n"
        "@register_objective('nan')\n"
        "def nan(student, teacher):\n"
        "    return (student - teacher).sum() * float('nan')\n"
    )

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--set", "training.learning_rate=1e10"],
            ["--set", "objective={kind: nan}", "--students", "nan.py"],
        ],
        ids=["learning rate", "objective"],
    )
    def test_whose_loss_is_no_number(
        self, kdzoo: RunCommand, finished_recipe: Callable[..., Path], arguments: list[str]
    ) -> None:
        """Stops, says at which step and what to try, and leaves no student behind."""
        Path("nan.py").write_text(self.NAN, encoding="utf-8")
        outcome = kdzoo("run", finished_recipe(), *arguments)

        refused(outcome, "tiny, seed 0: the loss is", "at step", "lower training.learning_rate")
        assert not list(Path().rglob("tiny*/record.json"))
        assert not list(Path().rglob("tiny*/*.safetensors"))
        assert not list(Path().rglob("study.json"))

    def test_of_the_teacher_whose_loss_is_no_number(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        outcome = kdzoo("run", write_recipe(teacher={"fine_tune": {"learning_rate": 1e30}}))

        refused_and_nothing_written(outcome, "fine-tuning the teacher: the loss is", "lower")


def rewrite(path: Path, **changes: Any) -> Path:
    """Changes a JSON file's top-level values."""
    data = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


class TestStores:
    FILES = ("study.json", "models/*/record.json", "measurements/*.json")

    @pytest.mark.parametrize("file", FILES)
    def test_of_a_newer_kdzoo(self, kdzoo: RunCommand, study: Path, file: str) -> None:
        """Are not guessed at: the message says to upgrade."""
        path = rewrite(next(study.glob(file)), schema_version=99)
        before = (study / "table.md").stat().st_mtime_ns
        outcome = kdzoo("report", "runs/tiny")

        refused(
            outcome, str(path.relative_to(study)), "a newer kdzoo (schema 99", "pip install --upgr"
        )
        assert (study / "table.md").stat().st_mtime_ns == before

    @pytest.mark.parametrize("file", FILES)
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"{", "is damaged"),
            (b"", "is damaged"),
            (b"\xff\xfe\x00", "is damaged"),
            (b"[]", "is not what kdzoo writes"),
            (b"{}", "is not what kdzoo writes"),
        ],
    )
    def test_that_are_damaged(
        self, kdzoo: RunCommand, study: Path, file: str, content: bytes, words: str
    ) -> None:
        """The file is named; removing it and running again makes it anew."""
        path = next(study.glob(file))
        path.write_bytes(content)
        outcome = kdzoo("report", "runs/tiny")

        refused(outcome, str(path.relative_to(study)), words, "remove it", "run the recipe again")

    @pytest.mark.parametrize("file", FILES)
    def test_are_mended_as_the_message_says(
        self, kdzoo: RunCommand, study: Path, finished_study: Path, file: str
    ) -> None:
        """Nothing else is lost: the other models are not trained again."""
        next(study.glob(file)).unlink()
        weights = {path: path.stat().st_mtime_ns for path in study.rglob("*.safetensors")}
        recipe = finished_study.parent.parent / "tiny.yaml"
        ran, reported = kdzoo("run", recipe), kdzoo("report", "runs/tiny")
        kept = [path for path, time in weights.items() if path.stat().st_mtime_ns == time]

        assert ran.code == reported.code == 0, ran.err + reported.err
        assert len(kept) >= len(weights) - 1

    @pytest.mark.parametrize(
        ("damage", "words"), [(b"PAR1", "is damaged"), (None, "holds no predictions of model")]
    )
    @pytest.mark.parametrize("publish", [[], ["--publish", "results/tiny"]])
    def test_whose_predictions_are_not_whole(
        self,
        kdzoo: RunCommand,
        study: Path,
        damage: bytes | None,
        words: str,
        publish: list[str],
    ) -> None:
        """Nothing is published of them, not even the half that is there."""
        for path in study.rglob("predictions.parquet"):
            path.unlink()
            if damage is not None:
                path.write_bytes(damage)
        outcome = kdzoo("report", "runs/tiny", *publish)

        refused(outcome, words, "run")
        assert not Path("results").exists()

    def test_that_lack_a_model(self, kdzoo: RunCommand, study: Path) -> None:
        shutil.rmtree(next(study.glob("models/teacher*")))

        refused(kdzoo("report", "runs/tiny"), "holds no finished model")

    def test_without_a_single_row(self, kdzoo: RunCommand, study: Path) -> None:
        rewrite(study / "study.json", rows=[])

        refused(kdzoo("report", "runs/tiny"), "holds no finished model", "run its recipe again")


class TestPredicting:
    @pytest.fixture
    def model(self, study: Path) -> Path:
        """A student's folder that a test may damage."""
        store = Store(study)
        (row,) = [row for row in store.manifest().rows if row.role == "student"]
        return store.finished(row.members[0].key)

    @pytest.mark.parametrize(
        ("text", "words"),
        [("", "text 1 is empty"), (" \t", "text 1 is empty"), ("\udcff", "not valid Unicode")],
    )
    def test_what_is_no_text(self, kdzoo: RunCommand, model: Path, text: str, words: str) -> None:
        outcome = kdzoo("predict", model, text)

        refused(outcome, words)
        assert outcome.out == ""

    def test_an_empty_line_among_texts(
        self, kdzoo: RunCommand, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message has its number."""
        monkeypatch.setattr(sys, "stdin", io.StringIO("play\n\nwake\n"))

        refused(kdzoo("predict", model, "-"), "text 2 is empty")

    def test_bytes_that_are_no_text(
        self, kdzoo: RunCommand, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stdin = io.TextIOWrapper(io.BytesIO(b"play\ncaf\xe9\n"), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stdin)

        refused(kdzoo("predict", model, "-"), "standard input is not UTF-8")

    @pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
    @pytest.mark.parametrize("damage", ["damaged", "missing"])
    def test_with_a_model_that_is_not_whole(
        self, kdzoo: RunCommand, model: Path, file: str, damage: str
    ) -> None:
        if damage == "damaged":
            (model / file).write_text("{", encoding="utf-8")
        else:
            (model / file).unlink()

        refused(kdzoo("predict", model, "play"), model.name)

    def test_with_a_student_that_is_not_here(self, kdzoo: RunCommand, model: Path) -> None:
        """The message names it and the option that brings it."""
        rewrite(model / "config.json", student="their_own")

        refused(kdzoo("predict", model, "play"), "'their_own'", "--students FILE.py")

    @pytest.mark.parametrize("damage", [b"not a zip", None])
    def test_with_a_baseline_that_is_not_whole(
        self, kdzoo: RunCommand, study: Path, damage: bytes | None
    ) -> None:
        folder = next(study.glob("models/baseline*"))
        (folder / "baseline.skops").unlink()
        if damage is not None:
            (folder / "baseline.skops").write_bytes(damage)

        refused(kdzoo("predict", folder, "play"), folder.name)


class TestInit:
    def test_over_recipes_that_are_there(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path
    ) -> None:
        """None of them is touched and none is added."""
        Path("mine").mkdir()
        Path("mine/cnn.yaml").write_text("precious", encoding="utf-8")
        outcome = kdzoo("init", "--data", tiny_data, "--teacher", tiny_encoder, "-o", "mine")

        refused(outcome, "mine holds cnn.yaml already", "another folder")
        assert [path.read_text(encoding="utf-8") for path in Path("mine").iterdir()] == ["precious"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--label", "intent"], ["no column 'intent'", "Known: label, text"]),
            (["--oos-label", "other"], ["no label is called 'other'"]),
            (["--teacher", "./nowhere"], ["no such model folder: ./nowhere"]),
            (["--teacher", "damaged"], ["damaged/config.json"]),
        ],
    )
    def test_with_what_does_not_fit(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_teacher: Path, arguments: list[str],
        words: list[str],
    ) -> None:  # fmt: skip
        """No recipe is written that could not run."""
        damaged = Path(shutil.copytree(tiny_teacher, "damaged"))
        (damaged / "config.json").write_text("{", encoding="utf-8")
        defaults = ["--data", str(tiny_data), "-o", "mine", "--teacher", str(tiny_teacher)]

        refused(kdzoo("init", *defaults, *arguments), *words)
        assert not Path("mine").exists()


class TestInterruption:
    def test_says_how_to_go_on(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ctrl-C is no error: exit code 130, and no traceback."""

        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("kdzoo.study.run_study", interrupted)
        outcome = kdzoo("run", write_recipe())

        assert outcome.code == 130
        assert "same command again" in outcome.err
        assert "Traceback" not in outcome.err
        nothing_written()

    def test_before_anything_is_measured_leaves_a_study_that_can_be_shown(
        self,
        kdzoo: RunCommand,
        finished_recipe: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Its table has dashes, and it is not published."""

        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("kdzoo.plan.perform.write_quality", interrupted)

        assert kdzoo("run", finished_recipe()).code == 130
        reported = kdzoo("report", "runs/tiny")
        assert reported.code == 0, reported.err
        assert "tiny " in reported.out
        assert "p50" not in reported.out
        assert "–" in Path("runs/tiny/table.md").read_text(encoding="utf-8")
        refused(kdzoo("report", "runs/tiny", "--publish", "results"), "holds no predictions")
        assert not Path("results").exists()

    @pytest.mark.slow
    def test_of_a_real_run_is_made_good_by_the_same_command(
        self, finished_recipe: Callable[..., Path], tmp_path: Path
    ) -> None:
        """Interrupted in the middle of a training, it leaves a checkpoint and no record."""
        slow = student_source(
            forward="time.sleep(0.02); return self.table(input_ids).mean(1)"
        ).replace("from torch", "import time\nfrom torch", 1)
        (tmp_path / "slow.py").write_text(slow, encoding="utf-8")
        recipe = finished_recipe(
            training={"steps": 300, "checkpoint_every": 20, "evaluations": 2},
            controls={"hard_labels": False, "baseline": False},
        )
        command = [
            sys.executable, "-I", "-m", "kdzoo", "run", str(recipe), "--students", "slow.py",
            "--set", "student.kind=own",
        ]  # fmt: skip
        running = subprocess.Popen(
            command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=listens_to_ctrl_c
        )
        while not list(tmp_path.glob("runs/*/models/*/checkpoint.safetensors")):
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, printed = running.communicate(timeout=60)

        assert running.returncode == 130
        assert "same command again" in printed
        assert "Traceback" not in printed
        assert not list(tmp_path.rglob("tiny*/record.json"))

        again = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert again.returncode == 0, again.stderr
        assert "resumed at step" in again.stderr
        assert "tiny" in (tmp_path / "runs/tiny/table.md").read_text(encoding="utf-8")
