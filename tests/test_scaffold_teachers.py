"""``kdzoo init`` and ``check`` know the teacher: recipes fit it, cures work as written."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_sentences import sentence_folder
from tiny_teachers import save_teacher
from tiny_world import LABELS, RunCommand, WriteRecipe, save_tiny_bert

from kdzoo import api
from kdzoo.errors import RegistryError, TeacherError
from kdzoo.recipe import load_study
from kdzoo.registry import students
from kdzoo.teacher.labels import align


def written(data: Path, teacher: Path, output: Path, **options: Any) -> dict[str, Any]:
    """Returns the recipes that init writes for a teacher, by name."""
    api.init(data, output, teacher=str(teacher), **options)
    load_study(str(output))
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in output.glob("*.yaml")}


SHIPPED = {
    "bert",
    "bilstm",
    "cnn",
    "distilbert",
    "phrases",
    "static",
}  # a later one may have a recipe too


class TestRecipes:
    @pytest.mark.parametrize(
        ("name", "students"),
        [
            ("xlm-roberta", {"distilbert", "bilstm", "cnn", "phrases", "static"}),
            ("longformer", {"bert", "bilstm", "cnn", "phrases", "static"}),
            ("deberta", {"bert", "bilstm", "cnn", "phrases", "static"}),
            ("mpnet", {"bert", "bilstm", "cnn", "phrases", "static"}),
            ("gpt2 without padding", {"bilstm", "cnn", "phrases", "static"}),
            ("t5", {"bilstm", "cnn", "phrases", "static"}),
            ("xlm", {"bilstm", "cnn", "phrases", "static"}),
        ],
    )
    def test_are_those_that_the_teacher_allows(
        self, tiny_data: Path, tmp_path: Path, name: str, students: set[str]
    ) -> None:
        """Whatever its width is called, and whether or not it has a mask token."""
        teacher = save_teacher(name, tmp_path / "teacher")

        recipes = written(tiny_data, teacher, tmp_path / "mine")

        assert {*recipes} & SHIPPED == students
        masked = "gpt2" not in name and name != "t5"
        for recipe in recipes.values():
            assert recipe["transfer"]["augment"]["kind"] == ("mask" if masked else "ngram")
        assert {recipes[each]["student"]["dim"] for each in ("bilstm", "cnn")} == {32}

    @pytest.mark.parametrize(("words", "limit"), [(3, 64), (100, 128), (300, 128)])
    def test_cut_where_nearly_all_texts_have_ended(
        self, tiny_data: Path, tmp_path: Path, words: int, limit: int
    ) -> None:
        """As far as the teacher reads."""
        rows = [{"text": f"{'play ' * words}{number}", "label": LABELS[number % 2]}
                for number in range(80)]  # fmt: skip
        data = tmp_path / "long.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        teacher = save_teacher("bert", tmp_path / "teacher")

        recipes = written(data, teacher, tmp_path / "mine", fine_tune=True)

        assert {each["teacher"]["max_length"] for each in recipes.values()} == {limit}

    @pytest.mark.parametrize(("fine_tune", "limit"), [(False, 20), (True, 64)])
    def test_cut_no_later_than_a_frozen_encoder_was_made_for(
        self, tiny_data: Path, tmp_path: Path, tiny_encoder: Path, fine_tune: bool, limit: int
    ) -> None:
        """As sentence-transformers would; one that is fine-tuned learns to read on."""
        rows = [{"text": f"{'play ' * 100}{number}", "label": LABELS[number % 2]}
                for number in range(20)]  # fmt: skip
        data = tmp_path / "long.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        encoder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling",))
        settings = json.dumps({"max_seq_length": 20})
        (encoder / "sentence_bert_config.json").write_text(settings, encoding="utf-8")

        recipes = written(data, encoder, tmp_path / "mine", fine_tune=fine_tune)

        assert {each["teacher"]["max_length"] for each in recipes.values()} == {limit}

    @pytest.mark.parametrize("limit", [0, -1, 3, True, "512"])
    @pytest.mark.parametrize(
        ("file", "name"),
        [("tokenizer_config.json", "model_max_length"),
         ("sentence_bert_config.json", "max_seq_length")],
    )  # fmt: skip
    def test_are_not_written_for_a_model_that_says_to_read_next_to_nothing(
        self, tiny_data: Path, tmp_path: Path, tiny_encoder: Path, file: str, name: str, limit: Any
    ) -> None:
        encoder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling",))
        path = encoder / file
        said = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**said, name: limit}), encoding="utf-8")

        with pytest.raises(TeacherError, match=rf"{file}: {name} is .*write a number of tokens"):
            written(tiny_data, encoder, tmp_path / "mine")
        assert not (tmp_path / "mine").exists()

    def test_fine_tune_a_finished_classifier_where_that_is_asked_for(
        self, tiny_data: Path, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        recipes = written(tiny_data, tiny_teacher, tmp_path / "mine", fine_tune=True)

        assert all("fine_tune" in each["teacher"] for each in recipes.values())

    def test_keep_a_head_that_the_configuration_does_not_name(
        self, tiny_data: Path, tmp_path: Path
    ) -> None:
        teacher = save_teacher("without architectures", tmp_path / "teacher")

        recipes = written(tiny_data, teacher, tmp_path / "mine")

        assert all("fine_tune" not in each["teacher"] for each in recipes.values())


class TestOrigin:
    """What a finished classifier was fine-tuned from."""

    def test_is_named_in_every_recipe_which_then_runs(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_teacher: Path, tiny_encoder: Path
    ) -> None:
        """With few classes words begin with what the fine-tuned model makes of them, as ever."""
        outcome = kdzoo(
            "init", "--data", tiny_data, "--teacher", tiny_teacher, "--encoder", tiny_encoder,
            "--students", "static", "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert "gains are understated" not in outcome.out
        (recipe,) = (yaml.safe_load(path.read_text("utf-8")) for path in Path("mine").iterdir())
        assert recipe["teacher"]["encoder"] == str(tiny_encoder.resolve())
        assert recipe["student"]["embeddings"] == "fine-tuned"
        run = kdzoo("run", "mine", "--seeds", "0", "--set", "training.steps=2", "--no-test",
                    "--only", "teacher labels student")  # fmt: skip
        assert run.code == 0, run.err
        assert "gains are understated" not in run.out + run.err

    def test_that_is_not_named_is_asked_for(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_teacher: Path
    ) -> None:
        outcome = kdzoo("init", "--data", tiny_data, "--teacher", tiny_teacher, "-o", "mine")

        assert outcome.code == 0, outcome.err
        assert "--encoder NAME says what the classifier was fine-tuned from" in outcome.out

    @pytest.mark.parametrize("options", [[], ["--fine-tune"]])
    def test_is_not_asked_for_where_the_teacher_is_fitted_here(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path, options: list[str]
    ) -> None:
        outcome = kdzoo(
            "init", "--data", tiny_data, "--teacher", tiny_encoder, *options, "-o", "mine"
        )

        assert outcome.code == 0, outcome.err
        assert "--encoder" not in outcome.out

    def test_that_cannot_be_read_leaves_nothing_behind(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_teacher: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "hollow").mkdir()

        outcome = kdzoo("init", "--data", tiny_data, "--teacher", tiny_teacher,
                        "--encoder", tmp_path / "hollow", "-o", "mine")  # fmt: skip

        assert outcome.code == 2
        assert "hollow" in outcome.err
        assert not Path("mine").exists()


class TestCures:
    NAMELESS = tuple(f"LABEL_{number}" for number in range(len(LABELS)))

    @pytest.mark.parametrize("own", [NAMELESS, ("Weather", "Alarm", "Out", "Music")])
    def test_of_init_are_options_that_it_takes(
        self, kdzoo: RunCommand, tiny_data: Path, tmp_path: Path, own: tuple[str, ...]
    ) -> None:
        teacher = save_tiny_bert(tmp_path / "teacher", own)
        command = ["init", "--data", tiny_data, "--teacher", teacher]
        refused = kdzoo(*command, "-o", "mine")
        assert refused.code == 2
        (labels,) = re.findall(r"--teacher-labels '\[.*?\]'", refused.err)
        for number, label in enumerate(LABELS):
            labels = labels.replace(f"<LABEL_{number}>", label)

        named = kdzoo(*command, "-o", "named", *shlex.split(labels))
        fitted = kdzoo(*command, "-o", "fitted", "--fine-tune")

        assert (named.code, fitted.code) == (0, 0), named.err + fitted.err
        assert "--fine-tune" in refused.err
        assert kdzoo("check", "named").code == 0
        (each, *_) = load_study("named").variants
        names = LABELS if own == self.NAMELESS else ("weather", "alarm", "oos", "music")
        assert tuple(each.recipe.teacher.labels or ()) == names

    def test_name_numbers_by_their_size(self) -> None:
        """Outputs of labels 0 to 11 stand as 0, 1, 2 and not as 0, 1, 10."""
        labels = sorted(map(str, range(12)))
        own = [f"LABEL_{number}" for number in range(12)]

        with pytest.raises(TeacherError) as caught:
            align(own, labels, "it")

        wanted = ", ".join(f'"{number}"' for number in range(12))
        assert f"name them in the order of the outputs: teacher: {{labels: [{wanted}]}}" in str(
            caught.value
        )

    @pytest.mark.parametrize("own", [NAMELESS, (*LABELS, "taxi"), LABELS[:-1]])
    def test_of_check_are_lines_that_a_recipe_takes(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        own: tuple[str, ...],
    ) -> None:
        teacher = {"model": str(save_tiny_bert(tmp_path / "teacher", own)), "fine_tune": None}
        refused = kdzoo("check", write_recipe(teacher=teacher))
        assert refused.code == 2
        lines = re.findall(r"teacher: \{(?:labels: \[.*?\]|fine_tune: \{\})\}", refused.err)
        cures = [yaml.safe_load(line)["teacher"] for line in lines]
        assert len(cures) == (2 if own == self.NAMELESS else 1)

        for cure in cures:
            if "labels" in cure:
                assert cure["labels"] == [f"<{name}>" for name in own]
                cure["labels"] = list(LABELS)
            outcome = kdzoo("check", write_recipe(teacher={**teacher, **cure}))
            assert outcome.code == 0, outcome.err


class TestCheck:
    @pytest.mark.parametrize(
        ("teacher", "student", "said"),
        [
            ("gpt2", {"kind": "fasttext"}, "needs a mask token"),
            ("mpnet", {"kind": "distilbert"}, "cannot be cut from a mpnet"),
            ("electra", {"kind": "distilbert"}, "cannot be cut from a electra"),
            ("gpt2", {"kind": "bert"}, "cannot be cut from a gpt2"),
            ("xlm", {"kind": "cnn", "dim": 64, "embeddings": "teacher"}, "are 32 wide"),
            ("bart", {"kind": "bilstm", "dim": 64, "embeddings": "teacher"}, "are 32 wide"),
            ("no tokenizer", {"kind": "cnn"}, "tokenizer.json"),
            ("setfit", {"kind": "cnn"}, "a SetFit model"),
        ],
    )
    @pytest.mark.parametrize("command", ["check", "run"])
    def test_refuses_what_the_teacher_cannot_give_before_it_is_trained(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        teacher: str,
        student: dict[str, Any],
        said: str,
        command: str,
    ) -> None:
        folder = save_teacher(teacher, tmp_path / "teacher")
        path = write_recipe(teacher={"model": str(folder)})
        recipe = yaml.safe_load(path.read_text("utf-8"))
        if student["kind"] == "fasttext":
            recipe["transfer"] = {"augment": {"kind": "mask"}}
        path.write_text(yaml.safe_dump({**recipe, "student": student}), encoding="utf-8")

        outcome = kdzoo(command, path)

        assert outcome.code == 2
        assert said in outcome.err
        assert "fine-tuning" not in outcome.err
        assert not Path("runs/tiny/models").exists()


OWN = '''
from kdzoo.registry import register_student
from torch import nn


@register_student("{name}", road="change")
class Own(nn.Module):
    """A student of one's own."""

    def __init__(self, vocab_size, num_labels, *, width: int = 8) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, width)
        self.out = nn.Linear(width, num_labels)

    def forward(self, input_ids, attention_mask):
        mask = attention_mask.unsqueeze(-1)
        return self.out((self.table(input_ids) * mask).sum(1) / mask.sum(1).clamp(min=1))
'''


@pytest.fixture
def no_own_students() -> Iterator[None]:
    """Forgets the students of a test."""
    before = dict(students.entries())
    yield
    for name in set(students.entries()) - set(before):
        students.forget(students.get(name).value.__module__)


@pytest.mark.usefixtures("no_own_students")
class TestStudents:
    @pytest.mark.parametrize(
        "chosen",
        [
            ["cnn"],
            ["static", "bilstm"],
            ["bert"],
            ["bert", "distilbert"],
            ["fasttext"],
            ["cnn"] * 2,
        ],
        ids=",".join,
    )
    def test_that_are_chosen_are_those_that_recipes_are_written_of(
        self, tiny_data: Path, tiny_encoder: Path, tmp_path: Path, chosen: list[str]
    ) -> None:
        """Stand-ins beside those that they stand in for, and what no zoo begins with."""
        recipes = written(tiny_data, tiny_encoder, tmp_path / "mine", students=chosen)

        assert {*recipes} == {*chosen}

    @pytest.mark.parametrize("place", ["own.py", "folder/"])
    @pytest.mark.parametrize("others", [[], ["cnn"]])
    def test_of_ones_own_are_all_those_of_the_file(
        self, tiny_data: Path, tiny_encoder: Path, tmp_path: Path, place: str, others: list[str]
    ) -> None:
        """What is to be run then names the file."""
        target = tmp_path / place
        target = target if place.endswith(".py") else target / "some.py"
        target.parent.mkdir(exist_ok=True)
        name = f"own_{len(others)}_{len(place)}"
        target.write_text(OWN.format(name=name), encoding="utf-8")
        given = f"{tmp_path}/{place}"

        lines = api.init(
            tiny_data, tmp_path / "mine", teacher=str(tiny_encoder), students=[*others, given]
        )

        load_study(str(tmp_path / "mine"))
        assert {path.stem for path in (tmp_path / "mine").glob("*.yaml")} == {*others, name}
        assert lines[-1].endswith(f"kdzoo run {tmp_path / 'mine'} --students {given}")

    @pytest.mark.parametrize(
        ("chosen", "said"),
        [
            (["cn"], "unknown student 'cn'"),
            (["cnn", "bilstn"], "did you mean 'bilstm'?"),
            (["cnn", ""], "unknown student ''"),
            (["hf"], "needs model"),
            ([], "no student is named"),
            (["no/such"], "no such file or folder of students: no/such"),
            (["none.py", "other.py"], "takes one file or folder"),
        ],
        ids=str,
    )
    def test_that_cannot_be_chosen_are_refused_with_what_can(
        self, tmp_path: Path, chosen: list[str], said: str
    ) -> None:
        """Before data and teacher are looked at; nothing is written."""
        with pytest.raises(RegistryError) as refused:
            written(tmp_path / "none.csv", tmp_path, tmp_path / "mine", students=chosen)

        assert said in str(refused.value)
        if "unknown" in said:
            assert "Known: bert, bilstm, cnn, distilbert" in str(refused.value)
        assert not (tmp_path / "mine").exists()

    def test_of_a_file_that_registers_none_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "own.py").write_text("SIZE = 3\n", encoding="utf-8")

        with pytest.raises(RegistryError, match="registers no student"):
            written(tmp_path / "n.csv", tmp_path, tmp_path / "m", students=[f"{tmp_path}/own.py"])
