"""The teacher: found, its labels aligned by name, and the same on its own as in distillation."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand, WriteRecipe, put_on_hub, save_tiny_bert
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from kdzoo.data import Example
from kdzoo.digest import file_sha256
from kdzoo.errors import TeacherError
from kdzoo.progress import Silent
from kdzoo.results import Store
from kdzoo.teacher import Teacher, align, find_model, open_member, short_name
from kdzoo.teacher.cache import LogitTable

CPU = torch.device("cpu")
TEXTS = some_texts(60)
PAIRS = [
    Example(first.text, second.text)
    for first, second in zip(some_texts(40, seed=1), some_texts(40, seed=2), strict=True)
]
ARCHITECTURES = ("bert", "roberta", "distilbert")


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("classifiers")
    return {name: save_tiny_classifier(name, root / name, tiny_encoder) for name in ARCHITECTURES}


def teacher_of(
    *folders: Path, labels: Sequence[str] = LABELS, max_length: int = 32, batch_size: int = 16
) -> Teacher:
    members = tuple(open_member(folder, max_length, labels) for folder in folders)
    return Teacher(members, encoder_folder=folders[0], max_length=max_length, batch_size=batch_size)


def alone(folder: Path, examples: Sequence[Example], max_length: int = 32) -> dict[str, Any]:
    """Returns each label's logits as ``transformers`` gives them, text by text."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = []
    for each in examples:
        texts = (each.text,) if each.text_pair is None else (each.text, each.text_pair)
        inputs = tokenizer(
            *texts,
            truncation=True,
            max_length=max_length,
            return_tensors="pt",
            return_token_type_ids=getattr(model.config, "type_vocab_size", 0) > 1,
        )
        with torch.no_grad():
            rows.append(model(**inputs).logits[0].numpy())
    table = np.stack(rows)
    return {label: table[:, number] for number, label in model.config.id2label.items()}


def stacked(logits: dict[str, Any], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    return np.stack([logits[label] for label in labels], axis=1)


class TestThroughDistillation:
    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    @pytest.mark.parametrize(
        ("examples", "max_length"),
        [(TEXTS, 32), (TEXTS, 6), (PAIRS, 64), (PAIRS, 12), ([*TEXTS[:20], *PAIRS[:20]], 64)],
        ids=["texts", "texts cut", "pairs", "pairs cut", "both"],
    )
    def test_is_the_same_classifier_as_on_its_own(
        self,
        classifiers: dict[str, Path],
        architecture: str,
        examples: list[Example],
        max_length: int,
    ) -> None:
        """Batched, padded, cached, halved: the same predictions and the same logits."""
        folder = classifiers[architecture]

        table = teacher_of(folder, max_length=max_length).label(examples, Silent(), CPU)[:]

        own = stacked(alone(folder, examples, max_length), LABELS)
        np.testing.assert_allclose(table, own, rtol=2e-3, atol=2e-3)
        top = np.sort(own, axis=1)
        clear = top[:, -1] - top[:, -2] > 0.02  # two labels in a dead heat may change places
        assert clear.mean() > 0.9
        assert np.array_equal(table.argmax(1)[clear], own.argmax(1)[clear])

    @pytest.mark.parametrize("batch_size", [1, 7, 64])
    def test_does_not_depend_on_the_batch_size(
        self, classifiers: dict[str, Path], batch_size: int
    ) -> None:
        table = teacher_of(classifiers["bert"], batch_size=batch_size).label(TEXTS, Silent(), CPU)

        own = stacked(alone(classifiers["bert"], TEXTS), LABELS)
        np.testing.assert_allclose(table[:], own, rtol=2e-3, atol=2e-3)

    def test_reads_a_text_that_says_nothing(self, classifiers: dict[str, Path]) -> None:
        """A text of which the tokenizer leaves only the special tokens is no special case."""
        strange = [Example("\u200b"), Example("☃"), Example("\x01\x02"), *TEXTS[:3]]

        table = teacher_of(classifiers["bert"]).label(strange, Silent(), CPU)[:]

        own = stacked(alone(classifiers["bert"], strange), LABELS)
        np.testing.assert_allclose(table, own, rtol=2e-3, atol=2e-3)

    def test_has_the_accuracy_in_the_table_that_it_has_on_its_own(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        """The fine-tuned teacher's row equals what ``transformers`` makes of its folder."""
        recipe = write_recipe(controls={"baseline": False, "hard_labels": False})
        assert kdzoo("run", recipe, "--set", "training.steps=2").code == 0
        store = Store(Path("runs/tiny"))
        key = next(row for row in store.manifest().rows if row.role == "teacher").members[0].key

        lines = (tiny_data / "test.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        own = alone(store.finished(key), [Example(row["text"]) for row in rows])

        names = list(own)
        predicted = [names[i] for i in stacked(own, names).argmax(1)]
        right = [name == row["label"] for name, row in zip(predicted, rows, strict=True)]
        assert store.read(key).quality["test"]["accuracy"] == pytest.approx(np.mean(right))


class TestLabels:
    def test_are_aligned_by_name_not_by_number(self, tiny_teacher: Path) -> None:
        """The tiny teacher's outputs are in reverse order: each logit still finds its own label."""
        own = AutoConfig.from_pretrained(tiny_teacher).id2label
        assert [own[i] for i in range(4)] == list(reversed(LABELS))

        table = teacher_of(tiny_teacher).label(TEXTS, Silent(), CPU)[:]

        logits = alone(tiny_teacher, TEXTS)
        np.testing.assert_allclose(table, stacked(logits, LABELS), rtol=2e-3, atol=2e-3)

    @settings(deadline=None, max_examples=50)
    @given(
        labels=st.lists(st.text(max_size=5), min_size=2, max_size=8, unique=True), data=st.data()
    )
    def test_in_any_order_find_each_other(self, labels: list[str], data: st.DataObject) -> None:
        own = data.draw(st.permutations(labels))

        columns = align(own, labels, "teacher")

        assert [own[column] for column in columns] == labels

    @pytest.mark.parametrize(
        ("own", "messages"),
        [
            (["alarm", "music", "oos", "wether"], ["'weather'", "did you mean 'wether'"]),
            (["alarm", "music", "oos"], ["does not know the data's label 'weather'"]),
            (
                [*LABELS, "taxi"],
                ["has the label 'taxi', which the data lacks", "put texts of it among"],
            ),
            (
                ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"],
                ["LABEL_0, LABEL_1", 'labels: ["<LABEL_0>", "<LABEL_1>"'],
            ),
            (["a", "b"], ["'alarm'", "'music'", "'a'", "'b'"]),
        ],
    )
    def test_that_differ_are_all_named_with_a_cure(
        self, own: list[str], messages: list[str]
    ) -> None:
        with pytest.raises(TeacherError) as caught:
            align(own, LABELS, "my-teacher")

        assert "my-teacher" in str(caught.value)
        assert all(message in str(caught.value) for message in messages)

    def test_that_the_teacher_lacks_are_told_without_a_stray_full_stop(self) -> None:
        with pytest.raises(TeacherError) as caught:
            align(["O", "B-X", "I-X"], ["O", "B-X", "I-X", "B-Y"], "my-teacher")

        assert "Known: B-X, I-X, O; have it fitted" in str(caught.value)
        assert ".;" not in str(caught.value)

    def test_that_look_the_same_are_spelt(self) -> None:
        """A reader sees in which form, or with which unseen letters, each is written."""
        with pytest.raises(TeacherError) as caught:
            align(["cafe\u0301", "tea", "oos\u200b"], ["café", "tea", "oos"], "it")

        assert "the data's label 'café'\n      did you mean 'cafe\\u0301'?" in str(caught.value)
        assert "the data's label 'oos'\n      did you mean 'oos\\u200b'?" in str(caught.value)
        assert "has the label 'cafe\\u0301', which the data lacks" in str(caught.value)

    def test_of_a_model_with_one_nameless_output_are_an_error_too(self) -> None:
        with pytest.raises(TeacherError, match="LABEL_0"):
            align(["LABEL_0"], LABELS, "my-teacher")

    def test_may_be_named_in_the_recipe_where_the_model_has_none(self, tmp_path: Path) -> None:
        """``teacher.labels`` is in the order of the outputs."""
        nameless = save_tiny_bert(tmp_path, tuple(f"LABEL_{number}" for number in range(4)))
        names = ("oos", "weather", "alarm", "music")

        member = open_member(nameless, 32, LABELS, names)

        assert [names[column] for column in member.columns] == list(LABELS)
        with pytest.raises(TeacherError, match=r"3 names, .* 4 outputs"):
            open_member(nameless, 32, LABELS, names[:3])


class TestEnsemble:
    def test_is_the_average_of_its_members_label_by_label(
        self, classifiers: dict[str, Path], tiny_teacher: Path
    ) -> None:
        """Members differ in architecture, tokenizer and order of outputs."""
        folders = [classifiers["bert"], classifiers["roberta"], tiny_teacher]

        table = teacher_of(*folders).label(TEXTS, Silent(), CPU)[:]

        each = [stacked(alone(folder, TEXTS), LABELS) for folder in folders]
        np.testing.assert_allclose(table, np.mean(each, axis=0), rtol=3e-3, atol=3e-3)

    def test_of_one_is_that_one(self, classifiers: dict[str, Path]) -> None:
        one = teacher_of(classifiers["bert"]).label(TEXTS, Silent(), CPU)[:]
        twice = teacher_of(classifiers["bert"], classifiers["bert"]).label(TEXTS, Silent(), CPU)[:]

        assert np.array_equal(one, twice)

    def test_shares_its_members_logits_with_studies_of_one_of_them(
        self, classifiers: dict[str, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An ensemble of teachers that have spoken before computes nothing."""
        import kdzoo.teacher.teacher as teacher_module

        folders = [classifiers["bert"], classifiers["distilbert"]]
        for folder in folders:
            teacher_of(folder).label(TEXTS, Silent(), CPU)
        monkeypatch.setattr(teacher_module, "load_model", lambda _: pytest.fail("it was loaded"))

        assert len(teacher_of(*folders).label(TEXTS, Silent(), CPU)) == len(TEXTS)

    @pytest.mark.parametrize("first", [8, 64])
    def test_cuts_texts_for_each_member_where_that_member_ends(
        self, tmp_path: Path, tiny_encoder: Path, first: int
    ) -> None:
        """A short member neither breaks on long texts nor shortens what the others read."""
        folders = {
            positions: save_tiny_classifier(
                "bert", tmp_path / str(positions), tiny_encoder, positions=positions
            )
            for positions in (8, 64)
        }
        order = [folders.pop(first), *folders.values()]

        table = teacher_of(*order).label(TEXTS, Silent(), CPU)[:]
        again = [teacher_of(folder).label(TEXTS, Silent(), CPU)[:] for folder in order]

        lengths = [min(first, 32), 8 if first == 64 else 32]
        each = [
            stacked(alone(folder, TEXTS, length), LABELS)
            for folder, length in zip(order, lengths, strict=True)
        ]
        np.testing.assert_allclose(table, np.mean(each, axis=0), rtol=3e-3, atol=3e-3)
        np.testing.assert_allclose(again, each, rtol=3e-3, atol=3e-3)

    def test_averages_a_word_over_the_members_that_read_it(self) -> None:
        """They cut a long sentence at different words; zeros are no logits, NaN is no word."""
        nothing = [np.nan, np.nan]
        one = np.array([[[2, -2], [4, -4], [0, 0]], [[1, 1], nothing, nothing]], np.float16)
        two = np.array([[[4, -4], [0, 0], [0, 0]], [[3, 5], nothing, nothing]], np.float16)
        columns = np.array([0, 1])

        table = LogitTable((one, two), (columns, columns))  # type: ignore[arg-type]

        wanted = [[[3, -3], [4, -4], [0, 0]], [[2, 3], nothing, nothing]]
        np.testing.assert_array_equal(table[:], np.array(wanted, np.float16))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> str:
    """An installed package that holds a model, and says so loudly when it is imported."""
    home = tmp_path / "site" / "kdzoo_test_model"
    (home / "model").mkdir(parents=True)
    (home / "__init__.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    for file in tiny_encoder.iterdir():
        (home / "model" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "site" / "secret").mkdir()
    (tmp_path / "site" / "secret" / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return "package:kdzoo_test_model/model"


class TestFinding:
    def test_a_folder_gives_the_folder(self, tiny_encoder: Path) -> None:
        assert find_model(str(tiny_encoder)) == tiny_encoder.resolve()

    def test_a_package_is_found_without_running_it(self, package: str) -> None:
        found = find_model(package)

        assert (found / "model.safetensors").is_file()
        assert "kdzoo_test_model" not in sys.modules

    @pytest.mark.parametrize(
        "source",
        [
            "package:kdzoo_test_model/../secret",
            "package:kdzoo_test_model/nothing",
            "package:kdzoo_test_model",
        ],
    )
    def test_a_package_is_not_left(self, package: str, source: str) -> None:
        """A path that leads out of the package, or to no model, is refused."""
        with pytest.raises(TeacherError, match="holds no model folder"):
            find_model(source)

    def test_a_hub_id_may_name_a_revision(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classifiers: dict[str, Path]
    ) -> None:
        """A branch, a tag or a pull request, whose weights are other ones; the main one if none."""
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        found = {
            source: put_on_hub(tmp_path, "someone/something", folder, revision)
            for source, folder, revision in (
                ("someone/something", classifiers["bert"], "main"),
                ("someone/something@refs/pr/1", classifiers["distilbert"], "refs/pr/1"),
            )
        }

        assert {source: find_model(source) for source in found} == found
        with pytest.raises(TeacherError, match="something@v2' is not in the Hugging Face cache"):
            find_model("someone/something@v2")

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("bert", "bert"),
            ("someone/bert", "bert"),
            ("someone/bert@refs/pr/1", "bert"),
            ("package:some/model", "model"),
            ("me@work/bert", "bert"),
            ("~/models/bert", "bert"),
        ],
    )
    def test_what_was_found_has_a_short_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, name: str
    ) -> None:
        (tmp_path / "me@work" / "bert").mkdir(parents=True)
        monkeypatch.chdir(tmp_path)

        assert short_name(source) == name

    @pytest.mark.parametrize("name", ["no_such_package", "no.such.package", "../x", ""])
    def test_a_package_that_is_not_installed_is_named(self, name: str) -> None:
        with pytest.raises(TeacherError, match=r"is not installed; pip install"):
            find_model(f"package:{name}/model")

    def test_the_fallback_is_taken_only_when_needed(self, package: str, tiny_encoder: Path) -> None:
        missing = "package:no_such_package/model"

        assert find_model(missing, str(tiny_encoder)) == tiny_encoder.resolve()
        assert find_model(package, "/no/such/folder") == find_model(package)
        with pytest.raises(TeacherError) as caught:
            find_model(missing, "/no/such/folder")
        assert "/no/such/folder" in str(caught.value)
        assert "no_such_package" in str(caught.value)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("no_such_bert/", "no such model folder: no_such_bert/$"),
            ("./nowhere", r"no such model folder: \./nowhere$"),
            ("no-one/no-such-model", "no hub is in reach"),
        ],
    )
    def test_the_fallback_never_stands_in_for_a_mistyped_name(
        self, source: str, message: str, tiny_encoder: Path
    ) -> None:
        """It is the same model as a package's, and not as any other that a user names."""
        with pytest.raises(TeacherError, match=message):
            find_model(source, str(tiny_encoder))

    def test_the_weights_must_be_those_the_recipe_names(self, tiny_encoder: Path) -> None:
        found = file_sha256(tiny_encoder / "model.safetensors")
        other = "0" * 64

        assert find_model(str(tiny_encoder), sha256=found) == tiny_encoder.resolve()
        with pytest.raises(TeacherError) as caught:
            find_model(str(tiny_encoder), sha256=other)
        assert found in str(caught.value)
        assert other in str(caught.value)

    def test_the_fallbacks_weights_must_be_those_too(self, tiny_encoder: Path) -> None:
        with pytest.raises(TeacherError, match="the weights are not the ones"):
            find_model("package:no_such_package/model", str(tiny_encoder), "0" * 64)

    def test_weights_as_a_pickle_are_refused(self, tmp_path: Path, tiny_encoder: Path) -> None:
        """Only safetensors are read; the message says how to come to them."""
        for file in tiny_encoder.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")

        with pytest.raises(TeacherError, match=r"in one file of that kind.*save_pretrained"):
            find_model(str(tmp_path))

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("./nowhere", "no such model folder: ./nowhere"),
            ("/no/such/place", "no such model folder: /no/such/place"),
            ("a/b/c", "no such model folder: a/b/c"),
            ("no-one/no-such-model", "no hub is in reach"),
            ("no-one/no-such-model@refs/pr/1", "'no-one/no-such-model@refs/pr/1' is not in the"),
            ("a/b/c@main", "no such model folder: a/b/c@main"),
            ("not a hub id!", "neither a folder nor a hub id"),
        ],
    )
    def test_what_is_nowhere_is_one_message(self, source: str, message: str) -> None:
        with pytest.raises(TeacherError, match=message):
            find_model(source)

    def test_a_folder_without_a_configuration_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(TeacherError, match=r"it has no config\.json"):
            find_model(str(tmp_path))
