"""Sentence pairs as data: columns, splits, checks, leaks, the baseline's features, augmentation."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import tiny_corpus
from tiny_pairs import (
    COLUMNS,
    PAIR_LABELS,
    pair_corpus,
    pair_examples,
    some_pairs,
    write_pair_data,
    write_pairs,
)
from tiny_transfer import section_of

from kdzoo.data import Example, Texts, describe, load_corpus, normalised
from kdzoo.data.stream import read_texts
from kdzoo.errors import DataError, RecipeError
from kdzoo.metrics import quality
from kdzoo.model.baseline import fit_baseline, load_baseline, save_baseline
from kdzoo.recipe.data import Data
from kdzoo.recipe.schema import Augment, Transfer, Unlabelled
from kdzoo.runtime import load_classifier
from kdzoo.transfer import build_transfer_set
from kdzoo.transfer.augment import Augmentation
from kdzoo.transfer.augmenters import AugmentContext


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pair_data(tmp_path_factory.mktemp("pairs"))


def data_of(folder: Path, **more: Any) -> Data:
    return Data(files=str(folder), **{**COLUMNS, **more})


class TestCorpus:
    def test_holds_both_texts_of_each_row(self, folder: Path) -> None:
        corpus = load_corpus(data_of(folder))
        a, b, label = some_pairs(210)[0]

        assert corpus.train[0] == Example(a, b, PAIR_LABELS.index(label))
        assert corpus.has_pairs
        assert corpus.labels == PAIR_LABELS
        assert "120 labelled, 30 validation, 40 test pairs" in describe(corpus)

    def test_has_other_test_sets_where_the_recipe_names_them(self, folder: Path) -> None:
        corpus = load_corpus(data_of(folder, other_tests={"far": "elsewhere"}))

        assert corpus.tests == ("test", "far")
        assert len(corpus.split("far")) == len(corpus.gold("far")) == 20
        assert "40 test, 20 far pairs" in describe(corpus)
        plain = load_corpus(data_of(folder))
        assert corpus.test_fingerprint != plain.test_fingerprint
        assert corpus.fingerprint == plain.fingerprint  # what is trained is the same

    def test_finds_the_second_of_two_labels_unless_told(self, folder: Path) -> None:
        assert load_corpus(data_of(folder)).positive == 1
        assert load_corpus(data_of(folder, positive_label="other")).positive == 0
        assert tiny_corpus().positive is None

    def test_takes_a_share_of_train_of_both_labels(self, tmp_path: Path) -> None:
        write_pairs(tmp_path / "train.jsonl", some_pairs(60))
        write_pairs(tmp_path / "held.jsonl", some_pairs(80)[60:])
        corpus = load_corpus(
            data_of(tmp_path, split={"validation": "0.2 of train", "test": "held"})
        )

        assert len(corpus.validation) == 12
        assert set(corpus.gold("validation")) == {0, 1}
        assert len(corpus.test) == 20


class TestBadInput:
    @pytest.mark.parametrize(
        ("row", "said"),
        [
            (("", "b", "same"), "train, line 1: 1 of 1 first texts are empty"),
            (("a", " ", "same"), "train, line 1: 1 of 1 second texts are empty"),
            (("a", "b", ""), "train, line 1: 1 of 1 labels are empty"),
            (("a", "\ud800", "same"), "half a character"),
        ],
    )
    def test_an_empty_side_is_refused(
        self, tmp_path: Path, row: tuple[str, str, str], said: str
    ) -> None:
        write_pairs(tmp_path / "train.jsonl", [row])
        for split in ("validation", "test"):
            write_pairs(tmp_path / f"{split}.jsonl", some_pairs(4))

        with pytest.raises(DataError, match=said):
            load_corpus(data_of(tmp_path))

    def test_a_recipe_for_single_texts_is_told_the_columns(self, folder: Path) -> None:
        with pytest.raises(DataError, match=r"pairs: .*text: text_a and text_pair: text_b"):
            load_corpus(Data(files=str(folder)))

    def test_a_recipe_for_pairs_is_told_what_single_texts_lack(self, tiny_data: Path) -> None:
        with pytest.raises(
            DataError, match=r"(?s)no column 'text_b'.*in a recipe \(data.text, text_pair"
        ):
            load_corpus(Data(files=str(tiny_data), text="text", text_pair="text_b"))

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"other_tests": {"far": "elswhere"}}, "other_tests.far: no split 'elswhere'"),
            ({"positive_label": "sam"}, "positive_label: no label is called 'sam'; did.*'same'"),
        ],
    )
    def test_what_is_not_there_is_said(self, folder: Path, more: dict[str, Any], said: str) -> None:
        with pytest.raises(DataError, match=said):
            load_corpus(data_of(folder, **more))

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"embedded": "assistant", "text_pair": "b"}, "embedded datasets hold single texts"),
            ({"files": "x", "other_tests": {"test": "y"}}, "'test' is a split already"),
        ],
    )
    def test_what_cannot_be_is_refused(self, more: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            Data(**more)

    def test_a_line_without_a_tab_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "pairs.txt"
        path.write_text("one\ttwo\n\nonly one\n", encoding="utf-8")

        with pytest.raises(DataError, match=r"line 3: 1 texts, wanted two with one tab"):
            list(read_texts(path, "text", "text_pair"))


class TestLeaks:
    def test_are_of_both_texts(self, tmp_path: Path) -> None:
        """A text that stands in another pair elsewhere is no leak; the same pair is."""
        rows = some_pairs(30)
        write_pairs(tmp_path / "train.jsonl", rows[:10])
        write_pairs(tmp_path / "validation.jsonl", [*rows[10:20], rows[0]])
        mixed = (rows[0][0], rows[1][1], "same")
        write_pairs(tmp_path / "test.jsonl", [*rows[20:], mixed])

        corpus = load_corpus(data_of(tmp_path, on_leak="drop"))

        assert len(corpus.train) == 9
        assert len(corpus.test) == 11
        assert corpus.notes == ("dropped texts that stand in two splits: train and validation 1",)

    def test_of_other_test_sets_are_told_too(self, tmp_path: Path) -> None:
        rows = some_pairs(30)
        for name, part in (
            ("train", rows[:10]), ("validation", rows[10:20]), ("test", rows[20:]),
            ("far", rows[:2]),
        ):  # fmt: skip
            write_pairs(tmp_path / f"{name}.jsonl", part)

        corpus = load_corpus(data_of(tmp_path, other_tests={"far": "far"}))

        assert "train and far 2" in corpus.notes[0]

    @given(st.text(min_size=1), st.text(min_size=1))
    def test_tell_a_pair_from_its_texts_joined(self, first: str, second: str) -> None:
        """In the leak check and in every cache key."""
        pair = Example(first, second)

        assert pair.digest != Example(first + second).digest
        assert pair.digest != Example(first).digest
        assert normalised(pair) != normalised(Example(f"{first} {second}"))
        assert pair.digest == Example(first, second, 1).digest
        if first != second:
            assert pair.digest != Example(second, first).digest


class TestMetrics:
    def test_tell_the_f1_of_the_label_to_find(self) -> None:
        """By hand: of four predicted 1, three are; of five that are 1, three are found."""
        gold = np.array([1, 1, 1, 1, 1, 0, 0, 0])
        predictions = np.array([1, 1, 1, 0, 0, 1, 0, 0])

        found = quality(predictions, gold, None, positive=1)

        assert found["f1"] == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))
        assert "f1" not in quality(predictions, gold, None)
        assert quality(predictions, gold, None, positive=0)["f1"] != found["f1"]


class TestBaseline:
    def test_reads_where_both_texts_agree(self, tmp_path: Path) -> None:
        """It learns pairs that neither text alone tells apart, and is saved without pickle."""
        corpus = pair_corpus(400)
        pipeline = fit_baseline(corpus)
        save_baseline(tmp_path, pipeline, corpus.labels)
        classifier = load_classifier(tmp_path, "sklearn")
        pairs = [example.input for example in corpus.test]

        logits = classifier.logits(pairs)

        assert classifier.reads_pairs
        assert (logits.argmax(1) == corpus.gold("test")).mean() > 0.6
        alone = np.concatenate([classifier.logits([pair]) for pair in pairs])
        np.testing.assert_allclose(alone, logits, atol=1e-5)

    def test_of_single_texts_says_that_it_reads_those(self, tmp_path: Path) -> None:
        corpus = tiny_corpus()
        save_baseline(tmp_path, fit_baseline(corpus), corpus.labels)

        assert load_baseline(tmp_path)[1] == corpus.labels
        assert load_classifier(tmp_path, "sklearn").reads_pairs is False


class TestTransferSet:
    def test_changes_one_text_the_other_or_both(self) -> None:
        examples = pair_examples(300)
        augmentation = Augmentation.of(
            Augment(kind="mask"), AugmentContext("[MASK]", examples), seed=0
        )
        drawn = [augmentation.draw(each, 0, 0) for each in examples]

        changed = Counter(
            (new.text != old.text, new.text_pair != old.text_pair)
            for new, old in zip(drawn, examples, strict=True)
        )
        assert min(changed[True, False], changed[False, True], changed[True, True]) > 5
        assert drawn == [augmentation.draw(each, 0, 0) for each in examples]

    def test_puts_texts_together_that_are_near_each_other(self) -> None:
        """Each stays on its side; pairs of validation and test are not made."""
        corpus = pair_corpus(30)
        section = section_of(augment={"kind": "nearest", "copies": 3, "among": 4})

        found = build_transfer_set(corpus, section, None, seed=0)

        made = found.examples[found.own :]
        firsts, seconds = ({e.text for e in corpus.train}, {e.text_pair for e in corpus.train})
        held_out = {(e.text, e.text_pair) for e in (*corpus.validation, *corpus.test)}
        assert found.made > found.own
        assert all(each.text in firsts and each.text_pair in seconds for each in made)
        assert not held_out & {(each.text, each.text_pair) for each in made}

    def test_holds_new_pairs_once_each(self) -> None:
        corpus = pair_corpus(30)
        section = Transfer(augment=Augment(kind="mask", copies=3))

        found = build_transfer_set(corpus, section, "[MASK]", seed=0)

        own = {normalised(e) for e in (*corpus.train, *corpus.validation, *corpus.test)}
        new = list(found.examples)[found.own :]
        assert len(new) > 30
        assert all(each.text_pair is not None for each in new)
        assert not own & {normalised(each) for each in new}
        assert len({each.digest for each in new}) == len(new)

    def test_takes_unlabelled_pairs(self, tmp_path: Path) -> None:
        corpus = pair_corpus(10)
        more = write_pairs(tmp_path / "more.jsonl", some_pairs(12, seed=9))
        section = Transfer(unlabelled=Unlabelled(files=str(more), **COLUMNS))

        found = build_transfer_set(corpus, section, None, seed=0)

        assert found.unlabelled == 12
        assert isinstance(found.examples, Texts)
        assert all(each.text_pair for each in found.examples)

    def test_refuses_single_texts_beside_pairs_and_the_other_way_round(
        self, tmp_path: Path
    ) -> None:
        single = tmp_path / "more.txt"
        single.write_text("one\n", encoding="utf-8")
        pairs = write_pairs(tmp_path / "more.jsonl", some_pairs(2))

        with pytest.raises(DataError, match="the data are pairs; name the column"):
            build_transfer_set(
                pair_corpus(), Transfer(unlabelled=Unlabelled(files=str(single))), None, 0
            )
        with pytest.raises(DataError, match="the data are single texts; remove it"):
            section = Transfer(unlabelled=Unlabelled(files=str(pairs), **COLUMNS))
            build_transfer_set(tiny_corpus(), section, None, 0)


def test_a_misspelt_column_of_a_pair_recipe_is_an_error() -> None:
    """The schema knows text_pair."""
    from kdzoo.recipe import load_study

    with pytest.raises(RecipeError, match="text_pairs: unknown key"):
        load_study("sick/bilstm", overrides=["data.text_pairs=b"])
