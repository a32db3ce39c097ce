"""Splits that a source lacks, few labels that a study keeps: seeded, stratified, nothing lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import Corpus, Example, RawData, few_labels, load_corpus
from kdzoo.data.split import keep_few_labels, make_splits, notes_of_shares
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data

Rows = list[tuple[str, str]]

counts_of_labels = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1)


def rows_of(counts: dict[str, int], mark: str = "") -> Rows:
    """Returns so many different texts per label, the labels mixed."""
    rows = [(f"{label}{number}{mark}", label) for label, n in counts.items() for number in range(n)]
    return sorted(rows, key=lambda row: row[0][1:])


def raw(**splits: Rows) -> RawData:
    """Returns rows as a source would give them."""
    return RawData(dict(splits), origin="my.csv")


def labels_of(rows: Rows) -> Counter[str]:
    """Returns how many rows each label has."""
    return Counter(label for _, label in rows)


def corpus_of(counts: dict[str, int]) -> Corpus:
    """Returns a corpus with so many texts per label in every split."""
    labels = tuple(sorted(counts))
    train, validation, test = (
        tuple(Example(text, label=labels.index(label)) for text, label in rows_of(counts, mark))
        for mark in ("", " v", " t")
    )
    return Corpus(labels, train, validation, test)


class TestShares:
    @given(counts=counts_of_labels, shares=st.sampled_from([(0.1, 0.1), (0.15, 0.25), (0.4, 0.5)]))
    @settings(deadline=None, max_examples=50)
    def test_part_the_rows_of_train(
        self, counts: dict[str, int], shares: tuple[float, float]
    ) -> None:
        """Nothing is lost, nothing doubled, the order stays, and every label stays in train."""
        rows = rows_of({"x": 10, **counts})
        rules = dict(zip(("validation", "test"), (f"{s} of train" for s in shares), strict=True))

        splits = make_splits(raw(train=rows), rules).splits  # type: ignore[arg-type]

        assert sorted(row for split in splits.values() for row in split) == sorted(rows)
        assert all(split == sorted(split, key=rows.index) for split in splits.values())
        assert labels_of(splits["train"]).keys() == labels_of(rows).keys()

    @given(counts=counts_of_labels, percent=st.integers(1, 99))
    @settings(deadline=None, max_examples=50)
    def test_take_about_that_share_of_every_label(
        self, counts: dict[str, int], percent: int
    ) -> None:
        """Half a row off at most, but one or more, and never a label's last row."""
        rows, test = rows_of({"x": 10, **counts}), rows_of({"x": 1}, " t")
        share = percent / 100

        splits = make_splits(raw(train=rows, test=test), {"validation": f"{share} of train"}).splits

        taken = labels_of(splits["validation"])
        for label, count in labels_of(rows).items():
            if count == 1:
                assert taken[label] == 0
            elif not abs(taken[label] - share * count) <= 0.5:
                assert taken[label] in (1, count - 1)
        assert splits["test"] == test

    def test_of_the_same_split_are_shares_of_what_it_was(self) -> None:
        """0.25 of train is a quarter of train as it came, not of what the other rule left."""
        splits = make_splits(
            raw(train=rows_of({"a": 100, "b": 40})),
            {"validation": "0.5 of train", "test": "0.25 of train"},
        ).splits

        assert labels_of(splits["validation"]) == {"a": 50, "b": 20}
        assert labels_of(splits["test"]) == {"a": 25, "b": 10}
        assert labels_of(splits["train"]) == {"a": 25, "b": 10}

    def test_can_be_taken_from_another_split(self) -> None:
        train, test = rows_of({"a": 4, "b": 4}), rows_of({"a": 10, "b": 10}, " t")

        splits = make_splits(raw(train=train, test=test), {"validation": "0.3 of test"}).splits

        assert splits["train"] == train
        assert labels_of(splits["validation"]) == {"a": 3, "b": 3}
        assert sorted(splits["validation"] + splits["test"]) == sorted(test)

    def test_can_be_taken_from_a_share(self) -> None:
        splits = make_splits(
            raw(train=rows_of({"a": 40})),
            {"validation": "0.5 of train", "test": "0.5 of validation"},
        ).splits

        assert {name: len(rows) for name, rows in splits.items()} == {
            "train": 20, "validation": 10, "test": 10,
        }  # fmt: skip

    def test_that_become_far_larger_are_noted(self) -> None:
        """Of 30 labels with three texts each, a share of a tenth is a third."""
        rows = [(f"text {number}", f"label {number % 30}") for number in range(90)]
        rules = {"validation": "0.1 of train", "test": "0.3 of train"}

        notes = notes_of_shares(make_splits(RawData({"train": rows}), rules), rules)

        assert notes == [
            "validation has 30 of 90 texts, more than 0.1 of train: it takes one text of each "
            "label at least"
        ]

    def test_are_the_same_every_time(self) -> None:
        """Splits belong to the data: no seed of a study moves them."""
        rule = {"validation": "0.2 of train", "test": "0.2 of train"}
        made = [make_splits(raw(train=rows_of({"a": 30, "b": 20})), rule) for _ in range(2)]  # type: ignore[arg-type]

        assert made[0] == made[1]

    def test_are_drawn_not_cut_off(self) -> None:
        """Files are often sorted; the first or last rows would be another kind of text."""
        rows = rows_of({"a": 100})

        taken = make_splits(
            raw(train=rows, test=rows_of({"a": 1}, " t")), {"validation": "0.2 of train"}
        ).splits["validation"]

        assert taken not in (rows[:20], rows[-20:])

    @pytest.mark.parametrize(
        ("rules", "said"),
        [
            ({"validation": "0.1 of trian"}, "no split 'trian'; did you mean 'train'?"),
            ({"validation": "10% of train"}, "'10% of train' is neither a share such as"),
            ({"validation": "1.5 of train"}, "'1.5 of train' is neither a share such as"),
            ({"validation": "trian"}, "'trian' is neither .* did you mean 'train'?"),
            ({"validation": "0.1 of validation"}, "no split 'validation'"),
            ({"validation": "0.5 of train", "test": "0.5 of train"}, "asks for 100% of train"),
            ({"validation": "0.6 of train", "test": "0.7 of train"}, "asks for 130% of train"),
        ],
    )
    def test_that_cannot_be_taken_are_refused(self, rules: dict[str, str], said: str) -> None:
        with pytest.raises(DataError, match=said):
            make_splits(raw(train=rows_of({"a": 10})), rules)  # type: ignore[arg-type]

    def test_of_a_split_itself_are_refused(self) -> None:
        """A share of validation in validation's place would lose the rest of it."""
        rows = rows_of({"a": 10})

        with pytest.raises(DataError, match="cannot be a share of itself"):
            make_splits(
                raw(train=rows, validation=rows, test=rows), {"validation": "0.5 of validation"}
            )


class TestAnotherSplitsName:
    TRAIN, VALIDATION, TEST = (rows_of({"a": 10, "b": 10}, mark) for mark in ("", " v", " t"))

    def test_moves_its_rows(self) -> None:
        """The usual case: the hub hides the labels of test, so validation is the test."""
        splits = make_splits(
            raw(train=self.TRAIN, validation=self.VALIDATION, test=[("hidden", "")]),
            {"validation": "0.1 of train", "test": "validation"},
        ).splits

        assert splits["test"] == self.VALIDATION
        assert labels_of(splits["validation"]) == {"a": 1, "b": 1}
        assert sorted(splits["train"] + splits["validation"]) == sorted(self.TRAIN)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_does_not_depend_on_the_order_of_the_rules(self, reverse: bool) -> None:
        rules = {"validation": "0.1 of train", "test": "validation"}
        ordered = dict(reversed(rules.items())) if reverse else rules

        splits = make_splits(
            raw(train=self.TRAIN, validation=self.VALIDATION),
            ordered,  # type: ignore[arg-type]
        ).splits

        assert splits["test"] == self.VALIDATION

    def test_can_swap_two_splits(self) -> None:
        splits = make_splits(
            raw(train=self.TRAIN, validation=self.VALIDATION, test=self.TEST),
            {"validation": "test", "test": "validation"},
        ).splits

        assert splits == {
            "train": self.TRAIN, "validation": self.TEST, "test": self.VALIDATION,
        }  # fmt: skip

    def test_of_itself_changes_nothing(self) -> None:
        whole = raw(train=self.TRAIN, validation=self.VALIDATION, test=self.TEST)

        assert make_splits(whole, {"test": "test"}).splits == whole.splits


class TestMissingSplits:
    @pytest.mark.parametrize(
        ("there", "said"),
        [
            (("train",), "my.csv has no validation and no test split"),
            (("train", "test"), "my.csv has no validation split"),
            (("train", "validation"), "my.csv has no test split"),
        ],
    )
    def test_are_named_with_the_rule_that_makes_them(
        self, there: tuple[str, ...], said: str
    ) -> None:
        whole = raw(**{split: rows_of({"a": 20}) for split in there})

        with pytest.raises(DataError) as caught:
            make_splits(whole, None)

        assert said in str(caught.value)
        rules = yaml.safe_load(str(caught.value).rpartition("\n")[2])["data"]["split"]
        assert {*make_splits(whole, rules).splits} == {"train", "validation", "test"}

    def test_of_the_texts_to_learn_from_is_told_apart(self) -> None:
        """Nothing could be taken from it."""
        with pytest.raises(DataError, match=r"no train split, .*\n  data: {files: {train: FILE}}"):
            make_splits(raw(test=rows_of({"a": 2})), None)

    def test_that_hold_no_row_are_missing_too(self) -> None:
        rows = rows_of({"a": 2})

        with pytest.raises(DataError, match="no test split"):
            make_splits(raw(train=rows, validation=rows, test=[]), None)

    def test_that_are_not_missing_need_no_rule(self) -> None:
        rows = rows_of({"a": 2})
        whole = raw(train=rows, validation=rows, test=rows)

        assert make_splits(whole, None) == whole

    def test_are_made_when_a_file_alone_is_loaded(self, tiny_data: Path) -> None:
        section = Data(
            files=str(tiny_data / "train.jsonl"),
            split={"validation": "0.1 of train", "test": "0.25 of train"},
        )

        corpus = load_corpus(section)

        sizes = [len(each) for each in (corpus.train, corpus.validation, corpus.test)]
        assert sizes == [4 * 26, 4 * 4, 4 * 10]
        assert all(
            Counter(corpus.gold(split)).keys() == {0, 1, 2, 3} for split in ("train", "test")
        )


class TestFewLabels:
    @given(counts=counts_of_labels, per_class=st.integers(1, 45), seed=st.integers(0, 5))
    @settings(deadline=None, max_examples=50)
    def test_keep_exactly_so_many_per_class_or_all_there_are(
        self, counts: dict[str, int], per_class: int, seed: int
    ) -> None:
        """What loses its label stays as a text: train is parted, nothing lost or doubled."""
        whole = corpus_of(counts)

        few = keep_few_labels(whole, per_class, None, seed)

        kept = Counter(whole.labels[label] for label in few.gold("train"))
        assert kept == {label: min(per_class, count) for label, count in counts.items()}
        assert all(example.label is None for example in few.unlabelled)
        assert set(few.train) <= set(whole.train)
        texts = [example.text for example in (*few.train, *few.unlabelled)]
        assert sorted(texts) == sorted(example.text for example in whole.train)

    @given(counts=counts_of_labels, per_class=st.integers(1, 45), seed=st.integers(0, 5))
    @settings(deadline=None, max_examples=30)
    def test_validation_per_class_keeps_so_many_and_leaves_the_rest(
        self, counts: dict[str, int], per_class: int, seed: int
    ) -> None:
        whole = corpus_of(counts)

        few = keep_few_labels(whole, None, per_class, seed)

        kept = Counter(whole.labels[label] for label in few.gold("validation"))
        assert kept == {label: min(per_class, count) for label, count in counts.items()}
        assert set(few.validation) <= set(whole.validation)
        assert (few.train, few.unlabelled) == (whole.train, ())

    @pytest.mark.parametrize(("labels", "validation"), [(1, 1), (5, None), (None, 2), (None, None)])
    def test_leave_test_and_labels_alone(self, labels: int | None, validation: int | None) -> None:
        """Figures of few-label studies stand on the whole test split."""
        whole = replace(corpus_of({"a": 9, "b": 3}), oos=1)

        few = keep_few_labels(whole, labels, validation, 3)

        assert (few.test, few.labels, few.oos) == (whole.test, whole.labels, whole.oos)
        assert (few == whole) == (labels is None and validation is None)

    def test_keep_texts_that_were_unlabelled_before(self) -> None:
        whole = replace(corpus_of({"a": 3}), unlabelled=(Example("from elsewhere"),))

        few = keep_few_labels(whole, 1, None, 0)

        assert few.unlabelled[0] == Example("from elsewhere")
        assert len(few.unlabelled) == 3

    def test_can_be_all_that_there_is(self, tiny_data: Path) -> None:
        """The rest of train is dropped where asked for; the labelled texts are the same ones."""
        kept, dropped = (
            few_labels(load_corpus(section), section, 0)
            for section in (
                Data(files=str(tiny_data), labels_per_class=5),
                Data(files=str(tiny_data), labels_per_class=5, rest_of_train="dropped"),
            )
        )

        assert kept.unlabelled
        assert dropped == replace(kept, unlabelled=())

    def test_come_with_as_many_of_the_rest_as_are_asked_for(self, tiny_data: Path) -> None:
        """More texts include fewer, in the order of the data; the labelled ones are the same."""
        corpora = [
            few_labels(load_corpus(section), section, 0)
            for rest in ("dropped", 3, 7, 10**6, "unlabelled")
            for section in [Data(files=str(tiny_data), labels_per_class=5, rest_of_train=rest)]
        ]

        sizes = [len(corpus.unlabelled) for corpus in corpora]
        assert sizes == [0, 3, 7, sizes[-1], sizes[-1]]
        assert sizes[-1] > 7
        for fewer, more in pairwise(corpora):
            assert fewer.train == more.train
            in_order = iter(more.unlabelled)
            assert all(example in in_order for example in fewer.unlabelled)

    @pytest.mark.parametrize("rest", ["dropped", 1])
    def test_do_not_cost_the_texts_that_never_had_a_label(
        self, tiny_data: Path, rest: str | int
    ) -> None:
        section = Data(files=str(tiny_data), labels_per_class=5, rest_of_train=rest)
        elsewhere = (Example("from elsewhere"), Example("from somewhere"))
        corpus = replace(load_corpus(section), unlabelled=elsewhere)

        few = few_labels(corpus, section, 0)

        assert few.unlabelled[:2] == elsewhere
        assert len(few.unlabelled) == 2 + (rest == 1)

    @pytest.mark.parametrize("rest", ["dropped", 5])
    def test_without_a_number_of_them_there_is_no_rest_to_drop(self, rest: str | int) -> None:
        with pytest.raises(ValueError, match="rest_of_train belongs to labels_per_class"):
            Data(embedded="assistant", rest_of_train=rest)

    def test_are_the_same_for_the_same_seed_and_others_for_another(self, tiny_data: Path) -> None:
        """Of validation all seeds have the same, as of test: models of a row are read together."""
        section = Data(files=str(tiny_data), labels_per_class=5, validation_per_class=2)
        corpus = load_corpus(section)

        assert few_labels(corpus, section, 3) == few_labels(load_corpus(section), section, 3)
        subsets = [few_labels(corpus, section, seed) for seed in range(4)]
        assert len({subset.train for subset in subsets}) == 4
        assert len({subset.validation for subset in subsets}) == 1
        assert {len(subset.train) for subset in subsets} == {20}

    def test_do_not_depend_on_how_many_validation_texts_are_kept(self) -> None:
        """The two draws are apart: a smaller validation set does not change what is learnt from."""
        whole = corpus_of({"a": 20, "b": 20})

        assert keep_few_labels(whole, 3, 1, 0).train == keep_few_labels(whole, 3, 5, 0).train

    def test_grow_by_adding_labels(self) -> None:
        """More labels with one seed are the fewer ones and some: curves over them compare."""
        whole = corpus_of({"a": 20, "b": 20})
        five, ten = (keep_few_labels(whole, count, None, 0) for count in (5, 10))

        assert set(five.train) < set(ten.train)

    def test_count_out_of_scope_as_one_class(self, tiny_data: Path) -> None:
        section = Data(files=str(tiny_data), oos_label="oos", labels_per_class=3)

        few = few_labels(load_corpus(section), section, 0)

        assert Counter(few.gold("train")) == {0: 3, 1: 3, 2: 3, 3: 3}
