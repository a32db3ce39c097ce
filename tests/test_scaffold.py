"""``kdzoo init``: recipes for one's own data and teacher, which validate and run."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from pathlib import Path

import pytest
import yaml
from tiny_pairs import write_pair_data
from tiny_sentences import sentence_folder
from tiny_sets import save_sets
from tiny_tokens import save_tokens
from tiny_world import LABELS, RunCommand, save_tiny_bert, texts_of

from kdzoo.recipe import Study, load_study
from kdzoo.scaffold.proposals import copies_of_each
from kdzoo.scaffold.starters import rate_at, usual_starters
from kdzoo.scaffold.teacher import fine_tuning

NAMES = ("bilstm", "cnn", "distilbert", "phrases", "static")


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 300 rows in four labels, its columns named as somebody else names them."""
    rng = random.Random(11)
    rows = [(text, label) for label in LABELS for text in texts_of(label, 75, rng)]
    rng.shuffle(rows)
    path = tmp_path_factory.mktemp("mine") / "requests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("request", "intent"), *rows])
    return path


@pytest.fixture(scope="module")
def without_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished classifier of two classes that nobody named: its configuration says nothing."""
    folder = save_tiny_bert(tmp_path_factory.mktemp("nameless"), ("LABEL_0", "LABEL_1"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = {key: value for key, value in config.items() if key not in ("id2label", "label2id")}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def save_classes(classes: int, file: Path, *, several: bool = False, texts: int = 40) -> Path:
    """Writes so many texts of each of so many classes, each with one label or a list of them."""
    names = [f"label {label}" for label in range(classes)]
    lines = [
        json.dumps(
            {
                "text": f"say {label} number {number}",
                "label": [names[label], names[number % classes]] if several else names[label],
            }
        )
        for label in range(classes)
        for number in range(texts)
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def few_of_each(data: Path, folder: Path, count: int) -> Path:
    """Copies a data folder with so many training texts a label."""
    shutil.copytree(data, folder)
    lines = (data / "train.jsonl").read_text(encoding="utf-8").splitlines()
    by_label: dict[str, list[str]] = {}
    for line in lines:
        by_label.setdefault(json.loads(line)["label"], []).append(line)
    kept = [line for each in by_label.values() for line in each[:count]]
    (folder / "train.jsonl").write_text("\n".join(kept), encoding="utf-8")
    return folder


def columns() -> list[str]:
    """Returns the options that say what the CSV's columns are called."""
    return ["--text", "request", "--label", "intent"]


def written(folder: str) -> Study:
    """Returns the study that the folder's recipes make, each of them validated."""
    return load_study(folder)


class TestRecipes:
    def test_validate_and_know_the_data(
        self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path
    ) -> None:
        outcome = kdzoo(
            "init", "--data", requests, *columns(), "--oos-label", "oos",
            "--teacher", tiny_encoder, "-o", "mine",
        )  # fmt: skip
        study = written("mine")

        assert outcome.code == 0, outcome.err
        assert {*NAMES} <= {variant.name for variant in study.variants}
        for variant in study.variants:
            data = variant.recipe.data
            assert (data.files, data.text, data.label) == (str(requests), "request", "intent")
            assert data.oos_label == "oos"
            assert variant.recipe.student.kind == variant.name
            assert variant.recipe.teacher.model == str(tiny_encoder)
            assert variant.recipe.objective.alpha == 0.0

    def test_come_with_what_was_found_and_what_to_do_next(
        self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path
    ) -> None:
        outcome = kdzoo(
            "init", "--data", requests, *columns(), "--teacher", tiny_encoder, "-o", "mine"
        )

        assert "data: 180 labelled, 44 validation, 76 test texts; 4 classes" in outcome.out
        assert "to be fine-tuned on this data" in outcome.out
        assert all(str(Path("mine") / f"{name}.yaml") in outcome.out for name in NAMES)
        assert "next: kdzoo run mine" in outcome.out

    @pytest.mark.parametrize(
        ("a_class", "options", "expected"),
        [(15, [], ("linear", (1,))), (16, [], (None, ())), (15, ["--fine-tune"], (None, ()))],
    )
    def test_have_a_linear_head_up_to_fifteen_labels_a_class(
        self,
        kdzoo: RunCommand,
        tiny_data: Path,
        tiny_encoder: Path,
        tmp_path: Path,
        a_class: int,
        options: list[str],
        expected: tuple[str | None, tuple[int, ...]],
    ) -> None:
        """It reads the first and the middle layer too, which are one of the tiny encoder's two."""
        data = few_of_each(tiny_data, tmp_path / "few", a_class)

        outcome = kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine", *options)

        assert outcome.code == 0, outcome.err
        teachers = [each.recipe.teacher for each in written("mine").variants]
        assert {(each.head, tuple(each.lower_layers)) for each in teachers} == {expected}
        assert ("frozen, with a linear head" in outcome.out) == (expected[0] == "linear")

    @pytest.mark.parametrize("several", [False, True])
    @pytest.mark.parametrize(("classes", "expected"), [(20, "linear"), (19, None)])
    def test_have_a_linear_head_from_twenty_classes_on(
        self,
        kdzoo: RunCommand,
        tiny_encoder: Path,
        tmp_path: Path,
        classes: int,
        expected: str | None,
        several: bool,
    ) -> None:
        """However many labels each has, and whether a text may have several."""
        data = save_classes(classes, tmp_path / "many.jsonl", several=several)

        kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine")

        teachers = [each.recipe.teacher for each in written("mine").variants]
        assert {each.head for each in teachers} == {expected}

    def test_have_a_linear_head_however_rare_one_of_several_labels_is(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        data = save_classes(20, tmp_path / "many.jsonl", several=True)
        with data.open("a", encoding="utf-8") as file:
            file.write('\n{"text": "say it once", "label": ["label 1", "once"]}')

        outcome = kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine")

        assert "the rarest 'once' with 1" in outcome.out
        assert {each.recipe.teacher.head for each in written("mine").variants} == {"linear"}
        assert kdzoo("check", "mine/static.yaml").code == 0

    @pytest.mark.parametrize(
        ("options", "expected"), [(["--fine-tune"], "fine-tuned"), ([], "teacher")]
    )
    def test_start_from_the_words_of_a_teacher_that_is_fine_tuned(
        self,
        kdzoo: RunCommand,
        tiny_data: Path,
        tiny_encoder: Path,
        tmp_path: Path,
        options: list[str],
        expected: str,
    ) -> None:
        """Below a linear head the encoder stays as it is."""
        data = few_of_each(tiny_data, tmp_path / "few", 10)

        kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine", *options)

        students = [each.recipe.student for each in written("mine").variants]
        found = {each.embeddings for each in students if each.kind != "distilbert"}
        assert found == {expected}

    @pytest.mark.parametrize(("classes", "expected"), [(2, "fine-tuned"), (6, "teacher")])
    def test_start_from_such_words_where_classes_are_few(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path, classes: int, expected: str
    ) -> None:
        data = save_classes(classes, tmp_path / "some.jsonl")

        kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine")

        students = [each.recipe.student for each in written("mine").variants]
        assert {each.embeddings for each in students if each.kind != "distilbert"} == {expected}

    def test_say_that_an_encoder_pools_by_the_mean_where_its_files_do_not_say_how(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        data = few_of_each(tiny_data, tmp_path / "few", 10)
        folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling",), {})

        outcome = kdzoo("init", "--data", data, "--teacher", folder, "-o", "mine")

        assert outcome.code == 0, outcome.err
        teachers = [each.recipe.teacher for each in written("mine").variants]
        assert {(each.head, each.pooling) for each in teachers} == {("linear", "mean")}
        assert "pooled by the mean" in outcome.out

    def test_say_why_a_linear_head_cannot_be_had(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        data = few_of_each(tiny_data, tmp_path / "few", 10)
        folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling", "LSTM"))

        outcome = kdzoo("init", "--data", data, "--teacher", folder, "-o", "mine")

        assert outcome.code == 0, outcome.err
        assert "note: no linear head, the usual one for such data" in outcome.out
        assert all(each.recipe.teacher.fine_tune for each in written("mine").variants)

    def test_put_the_texts_of_pairs_together_anew(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """Nothing is asked of the teacher's mask token then."""
        data = write_pair_data(tmp_path / "pairs")

        outcome = kdzoo(
            "init", "--data", data, "--text", "text_a", "--text-pair", "text_b",
            "--teacher", tiny_encoder, "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        augments = [each.recipe.transfer.augment for each in written("mine").variants]
        assert {each and (each.kind, each.copies) for each in augments} == {("nearest", 10)}

    @pytest.mark.parametrize(
        ("classes", "texts", "expected"),
        [(20, 20, "ngram"), (20, 40, "mask"), (19, 20, "mask")],
        ids=["few of many", "many of many", "few of few"],
    )
    def test_take_ngrams_of_few_texts_where_classes_are_many_and_words_are_read_in_order(
        self,
        kdzoo: RunCommand,
        tiny_encoder: Path,
        tmp_path: Path,
        classes: int,
        texts: int,
        expected: str,
    ) -> None:
        """A mean of words, and fewer layers of the teacher, get masks."""
        data = save_classes(classes, tmp_path / "some.jsonl", texts=texts)

        outcome = kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 0, outcome.err
        recipes = [each.recipe for each in written("mine").variants]
        augments = {recipe.name: recipe.transfer.augment for recipe in recipes}
        kinds = {name: augment and augment.kind for name, augment in augments.items()}
        assert {kinds[name] for name in ("bilstm", "cnn", "phrases")} == {expected}
        assert {kinds[name] for name in kinds.keys() - {"bilstm", "cnn", "phrases"}} == {"mask"}

    @pytest.mark.parametrize(
        ("texts", "expected"), [(1000, 4), (50_000, 4), (70_000, 2), (200_000, 1), (200_001, 0)]
    )
    def test_make_no_more_new_texts_than_a_teacher_labels_in_minutes(
        self, texts: int, expected: int
    ) -> None:
        assert copies_of_each(texts, pairs=False) == expected

    @pytest.mark.parametrize(
        ("width", "texts", "expected"),
        [
            (384, 67_349, (2, 1.5e-4, 64)),
            (384, 4_500, (6, 1.5e-4, 32)),
            (768, 4_500, (6, 5.3e-5, 32)),
            (1024, 500, (15, 3.4e-5, 32)),
            (128, 20_000, (3, 3e-4, 32)),
        ],
    )
    def test_fine_tune_a_wide_encoder_in_smaller_steps_and_many_texts_less_often(
        self, width: int, texts: int, expected: tuple[int, float, int]
    ) -> None:
        assert tuple(fine_tuning(texts, width).values()) == expected

    @pytest.mark.parametrize(
        ("width", "expected"),
        [(384, 3e-4), (768, 1.1e-4), (1024, 6.9e-5), (128, 3e-4), (None, 3e-4)],
    )
    def test_train_fewer_layers_of_a_wide_encoder_in_smaller_steps(
        self, width: int | None, expected: float
    ) -> None:
        assert rate_at(width, 3e-4) == expected

    def test_train_longer_from_twenty_classes_on(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        steps = []
        for classes in (19, 20):
            data = save_classes(classes, tmp_path / f"{classes}.jsonl")
            kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", f"mine{classes}")
            steps.append(
                {
                    each.name: each.recipe.training.steps
                    for each in written(f"mine{classes}").variants
                }
            )

        assert all(steps[1][name] > 3 * steps[0][name] for name in steps[0])

    def test_mix_gold_labels_in_where_a_text_may_have_several(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """From the teacher alone students of GoEmotions were worse than from gold labels."""
        data = save_sets(tmp_path / "sets")

        outcome = kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 0, outcome.err
        assert {each.recipe.objective.alpha for each in written("mine").variants} == {0.5}

    def test_say_of_each_student_why_it_cannot_be_made(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        data = save_tokens(tmp_path / "tokens")

        outcome = kdzoo(
            "init", "--data", data, "--teacher", tiny_encoder, "--students", "static,phrases",
            "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 2
        assert all(f"- {name}: " in outcome.err for name in ("static", "phrases"))

    def test_say_how_they_are_run(
        self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path
    ) -> None:
        """In the comment at the head, as the recipes that come with kdzoo do."""
        kdzoo("init", "--data", requests, *columns(), "--teacher", tiny_encoder, "-o", "mine")

        for name in NAMES:
            head = (Path("mine") / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[:3]
            assert all(line.startswith("# ") for line in head)
            assert f"kdzoo run mine/{name}.yaml" in head[2]

    @pytest.mark.study
    def test_run_to_the_end(self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path) -> None:
        """The teacher's vectors are narrow and the words few; the recipes fit both."""
        kdzoo("init", "--data", requests, *columns(), "--teacher", tiny_encoder, "-o", "mine")
        short = [
            "training.steps=20", "training.evaluations=1", "teacher.fine_tune.epochs=1",
            "controls.baseline=false", "controls.hard_labels=false",
            "measure.rounds=1", "measure.texts=1", "measure.isolated=false",
            "measure.runtimes=[torch]",
        ]  # fmt: skip

        settings = [part for each in short for part in ("--set", each)]
        outcome = kdzoo("run", "mine", "--seeds", "0", *settings)

        assert outcome.code == 0, outcome.err
        table = Path("runs/mine/table.md").read_text(encoding="utf-8")
        assert all(f"| {name} " in table for name in ("teacher", *NAMES))

    def test_find_their_data_from_any_folder(
        self,
        kdzoo: RunCommand,
        requests: Path,
        tiny_encoder: Path,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """Paths that were given from here are written so that they hold anywhere."""
        shutil.copy(requests, "requests.csv")
        shutil.copytree(tiny_encoder, "encoder")
        kdzoo("init", "--data", "requests.csv", *columns(), "--teacher", "encoder", "-o", "mine")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        outcome = kdzoo("check", "../mine")

        assert outcome.code == 0, outcome.err
        assert outcome.out.count("ok: ") == len(NAMES)
        teacher = written("../mine").variants[0].recipe.teacher.model
        assert teacher == str(tmp_path / "encoder")


class TestSplits:
    RULES = {"validation": "0.15 of train", "test": "0.25 of train"}  # noqa: RUF012

    @pytest.mark.parametrize(
        "there", [("train",), ("train", "test"), ("train", "validation", "test")]
    )
    def test_that_a_folder_lacks_are_taken_from_train(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path, there: tuple[str, ...]
    ) -> None:
        Path("data").mkdir()
        for split in there:
            shutil.copy(tiny_data / f"{split}.jsonl", "data")

        outcome = kdzoo("init", "--data", "data", "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 0, outcome.err
        lacking = {split: rule for split, rule in self.RULES.items() if split not in there}
        for variant in written("mine").variants:
            assert (variant.recipe.data.split or {}) == lacking

    def test_of_a_file_alone_are_all_taken_from_it(
        self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path
    ) -> None:
        kdzoo("init", "--data", requests, *columns(), "--teacher", tiny_encoder, "-o", "mine")

        assert written("mine").variants[0].recipe.data.split == self.RULES


class TestTeacher:
    def test_that_is_finished_is_not_fine_tuned(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_teacher: Path
    ) -> None:
        """Its labels are the data's, in whatever order."""
        outcome = kdzoo("init", "--data", tiny_data, "--teacher", tiny_teacher, "-o", "mine")

        assert outcome.code == 0, outcome.err
        assert "a finished classifier over these labels" in outcome.out
        assert all(v.recipe.teacher.fine_tune is None for v in written("mine").variants)

    def test_that_is_an_encoder_is_fine_tuned(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path
    ) -> None:
        kdzoo("init", "--data", tiny_data, "--teacher", tiny_encoder, "-o", "mine")

        assert all(v.recipe.teacher.fine_tune is not None for v in written("mine").variants)

    def test_with_other_labels_is_refused(
        self, kdzoo: RunCommand, tiny_data: Path, tmp_path: Path
    ) -> None:
        teacher = save_tiny_bert(tmp_path / "other", ("alarm", "music", "oos", "wether"))

        outcome = kdzoo("init", "--data", tiny_data, "--teacher", teacher, "-o", "mine")

        assert outcome.code == 2
        assert "does not know the data's label 'weather'" in outcome.err
        assert "did you mean 'wether'?" in outcome.err
        assert not Path("mine").exists()

    @pytest.mark.parametrize(
        ("labels", "said"),
        [
            (("LABEL_0",), "has 1 output"),
            (("LABEL_0", "LABEL_1"), "have it fitted to these labels: --fine-tune"),
            (tuple(f"LABEL_{i}" for i in range(4)), "name them in the order of the outputs"),
        ],
    )
    def test_without_names_for_its_outputs_is_refused_with_the_cure(
        self,
        kdzoo: RunCommand,
        tiny_data: Path,
        tmp_path: Path,
        labels: tuple[str, ...],
        said: str,
    ) -> None:
        teacher = save_tiny_bert(tmp_path / "nameless", labels)

        outcome = kdzoo("init", "--data", tiny_data, "--teacher", teacher, "-o", "mine")

        assert outcome.code == 2
        assert said in outcome.err

    def test_of_two_classes_without_names_is_not_taken_for_an_encoder(
        self, kdzoo: RunCommand, without_names: Path
    ) -> None:
        """Fine-tuning it again would silently throw a finished teacher away."""
        rows = [{"text": f"{label} {number}", "label": label}
                for label in ("no", "yes") for number in range(20)]  # fmt: skip
        Path("yes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

        outcome = kdzoo("init", "--data", "yes.jsonl", "--teacher", without_names, "-o", "mine")

        assert outcome.code == 2
        assert "its 2 outputs are called LABEL_0, LABEL_1" in outcome.err

    def test_that_is_not_there_is_said(self, kdzoo: RunCommand, tiny_data: Path) -> None:
        outcome = kdzoo("init", "--data", tiny_data, "--teacher", "./nowhere", "-o", "mine")

        assert outcome.code == 2
        assert "no such model folder: ./nowhere" in outcome.err
        assert not Path("mine").exists()


class TestRefusals:
    def test_recipes_that_are_there_are_not_overwritten(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path
    ) -> None:
        Path("mine").mkdir()
        Path("mine/cnn.yaml").write_text("my own work", encoding="utf-8")

        outcome = kdzoo("init", "--data", tiny_data, "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 2
        assert "mine holds cnn.yaml already; give -o another folder" in outcome.err
        assert [path.name for path in Path("mine").iterdir()] == ["cnn.yaml"]
        assert Path("mine/cnn.yaml").read_text(encoding="utf-8") == "my own work"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--text", "requests", "--label", "intent"], "'requests'"),
            (["--text", "request", "--label", "intents"], "'intents'"),
        ],
    )
    def test_a_missing_column_is_said_with_the_nearest(
        self, kdzoo: RunCommand, requests: Path, tiny_encoder: Path, options: list[str], said: str
    ) -> None:
        outcome = kdzoo(
            "init", "--data", requests, *options, "--teacher", tiny_encoder, "-o", "mine"
        )

        assert outcome.code == 2
        assert f"no column {said}" in outcome.err
        assert f"did you mean {said[:-2]}'?" in outcome.err
        assert not Path("mine").exists()

    def test_missing_data_is_said(self, kdzoo: RunCommand, tiny_encoder: Path) -> None:
        outcome = kdzoo("init", "--data", "none.csv", "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 2
        assert "no such file or folder of data: none.csv" in outcome.err

    def test_data_that_cannot_be_learnt_from_is_refused_with_all_its_problems(
        self, kdzoo: RunCommand, tiny_encoder: Path
    ) -> None:
        rows = [("play", "music"), ("", "music"), *[(f"play {i}", "music") for i in range(18)]]
        with Path("bad.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])

        outcome = kdzoo("init", "--data", "bad.csv", "--teacher", tiny_encoder, "-o", "mine")

        assert outcome.code == 2
        assert "texts are empty" in outcome.err
        assert "all rows have the one label 'music'" in outcome.err


class TestFormat:
    def test_recipes_are_plain_yaml_with_texts_as_they_are(
        self, kdzoo: RunCommand, tiny_data: Path, tiny_encoder: Path
    ) -> None:
        """Column names of any script are written as they are, not as escapes."""
        Path("data").mkdir()
        for split in ("train", "validation", "test"):
            lines = (tiny_data / f"{split}.jsonl").read_text(encoding="utf-8")
            renamed = lines.replace('"text"', '"Süßtext"')
            Path(f"data/{split}.jsonl").write_text(renamed, encoding="utf-8")

        kdzoo(
            "init", "--data", "data", "--text", "Süßtext", "--teacher", tiny_encoder, "-o", "mine"
        )

        content = Path("mine/cnn.yaml").read_text(encoding="utf-8")
        assert "Süßtext" in content
        assert yaml.safe_load(content)["data"]["text"] == "Süßtext"


def test_help_and_guide_name_the_students_that_are_written_recipes_for(kdzoo: RunCommand) -> None:
    named = {entry.name for entry, _ in usual_starters()}
    guide = (Path(__file__).parent.parent / "docs/how-to/replace-my-bert.md").read_text("utf-8")
    told = re.search(r"holds recipes for (.+?), as far as", guide)
    shown = " ".join(re.sub(r"[│\n]", " ", kdzoo("init", "--help").out).split())
    help_text = re.search(r"\[default: ([^\[]+?), as far as they fit\]", shown)

    assert told is not None
    assert {*re.findall(r"`(\w+)`", told[1])} == named
    assert help_text is not None
    assert {*re.split(r",? and | or |, ", help_text[1])} == named
