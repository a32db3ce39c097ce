"""Datasets of the Hugging Face hub, here from memory: label order, missing values, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

from kdzoo.data import load_corpus
from kdzoo.data.hub import read_hub
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data

Serve = Callable[[DatasetDict], list[tuple[Any, ...]]]

NAMED = Features({"text": Value("string"), "intent": ClassLabel(names=["weather", "music", "oos"])})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Puts a dataset in the hub's place; returns the list of what will have been asked for."""

    def put(dataset: DatasetDict) -> list[tuple[Any, ...]]:
        asked: list[tuple[Any, ...]] = []

        def load_dataset(
            name: str, config: str | None, *, revision: str | None, split: str | None
        ) -> DatasetDict | Dataset:
            asked.append((name, config, revision))
            return dataset if split is None else dataset[split]

        monkeypatch.setattr("datasets.load_dataset", load_dataset)
        return asked

    return put


def rows(ids: list[int | None], mark: str = "") -> Dataset:
    """Returns a split with a text for each label id."""
    texts = [f"text {number}{mark}" for number in range(len(ids))]
    return Dataset.from_dict({"text": texts, "intent": ids}, features=NAMED)


def whole() -> DatasetDict:
    """Returns a dataset with all three splits and one that kdzoo has no use for."""
    return DatasetDict(
        train=rows([0, 1, 2, 0]),
        validation=rows([1, 2], " v"),
        test=rows([2, 0], " t"),
        extra=rows([0], " e"),
    )


class TestNamedClasses:
    def test_are_read_without_the_spaces_around_them(self, serve: Serve) -> None:
        names = Features({"text": Value("string"), "intent": ClassLabel(names=["a ", " b", "oos"])})
        serve(DatasetDict({name: split.cast(names) for name, split in whole().items()}))

        assert load_corpus(Data(hub="some/set", label="intent")).labels == ("a", "b", "oos")

    def test_that_are_equal_without_them_are_refused(self, serve: Serve) -> None:
        names = Features({"text": Value("string"), "intent": ClassLabel(names=["a ", " a", "oos"])})
        serve(DatasetDict({name: split.cast(names) for name, split in whole().items()}))

        with pytest.raises(DataError, match="2 classes are called 'a'"):
            load_corpus(Data(hub="some/set", label="intent"))

    def test_keep_the_order_of_the_source(self, serve: Serve) -> None:
        """Ids stay what they are on the hub: names are not sorted."""
        serve(whole())

        corpus = load_corpus(Data(hub="some/set", label="intent", oos_label="oos"))

        assert corpus.labels == ("weather", "music", "oos")
        assert corpus.gold("train").tolist() == [0, 1, 2, 0]
        assert corpus.gold("validation").tolist() == [1, 2]
        assert corpus.gold("test").tolist() == [2, 0]
        assert corpus.oos == 2

    def test_survive_a_round_trip_through_disk(self, serve: Serve, tmp_path: Any) -> None:
        whole().save_to_disk(tmp_path / "set")
        serve(DatasetDict.load_from_disk(tmp_path / "set"))
        from_disk = read_hub("some/set", None, None, "text", "intent")
        serve(whole())

        assert from_disk == read_hub("some/set", None, None, "text", "intent")

    @pytest.mark.parametrize("missing", [-1, None])
    def test_leave_out_a_row_without_any_which_is_not_of_the_last_class(
        self, serve: Serve, missing: int | None
    ) -> None:
        """-1, as an index, would be the last one."""
        serve(
            DatasetDict(
                train=rows([0, missing, 1, 2]),
                validation=rows([1, 2], " v"),
                test=rows([2, missing, missing], " t"),
            )
        )

        corpus = load_corpus(Data(hub="some/set", label="intent"))

        assert corpus.gold("train").tolist() == [0, 1, 2]
        assert [example.text for example in corpus.train] == ["text 0", "text 2", "text 3"]
        assert corpus.gold("test").tolist() == [2]
        assert [note.partition(":")[0] for note in corpus.notes] == [
            "1 of 4 rows of train are left out", "2 of 3 rows of test are left out"
        ]  # fmt: skip

    def test_of_a_split_without_any_are_told_with_what_serves_in_its_place(
        self, serve: Serve
    ) -> None:
        serve(DatasetDict({**whole(), "test": rows([-1, -1], " t")}))
        section = Data(hub="some/set", label="intent")

        with pytest.raises(DataError, match=r"2 of 2 labels are empty\n *use other texts") as told:
            load_corpus(section)
        assert "data: {split: {test: 0.1 of train}}" in str(told.value)
        taken = section.model_copy(
            update={"split": {"test": "validation", "validation": "0.4 of train"}}
        )
        assert load_corpus(taken).gold("test").tolist() == [1, 2]


class TestPlainColumns:
    def test_strings_are_labels_in_sorted_order(self, serve: Serve) -> None:
        split = Dataset.from_dict({"text": ["a", "b"], "label": [" weather ", "music"]})
        serve(DatasetDict(train=split, validation=split, test=split))

        assert load_corpus(Data(hub="some/set")).labels == ("music", "weather")

    def test_integers_are_their_digits(self, serve: Serve) -> None:
        split = Dataset.from_dict({"text": ["a", "b"], "label": [10, 9]})
        serve(DatasetDict(train=split))

        raw = read_hub("some/set", None, None, "text", "label")

        assert raw.labels is None
        assert raw.splits["train"] == [("a", "10"), ("b", "9")]

    def test_missing_values_are_empty_not_words(self, serve: Serve) -> None:
        split = Dataset.from_dict({"text": ["a", None], "label": [None, "x"]})
        serve(DatasetDict(train=split))

        raw = read_hub("some/set", None, None, "text", "label")

        assert raw.splits["train"] == [("a", ""), ("", "x")]

    @pytest.mark.parametrize(
        ("labels", "kind"),
        [
            ([["x"], ["x", "y"]], Sequence(Value("string"))),
            ([[0], [0, 1]], Sequence(ClassLabel(names=["x", "y"]))),
        ],
    )
    def test_lists_of_labels_are_several_of_them(
        self, serve: Serve, labels: list[list[Any]], kind: Any
    ) -> None:
        features = Features({"text": Value("string"), "label": kind})
        split = Dataset.from_dict({"text": ["a", "b"], "label": labels}, features=features)
        serve(DatasetDict(train=split))

        raw = read_hub("some/set", None, None, "text", "label")

        assert raw.splits["train"] == [("a", ("x",)), ("b", ("x", "y"))]
        assert raw.labels == (("x", "y") if isinstance(labels[0][0], int) else None)


class TestAsking:
    def test_passes_configuration_and_revision_on(self, serve: Serve) -> None:
        asked = serve(whole())

        load_corpus(Data(hub="some/set", config="plus", revision="v2", label="intent"))

        assert asked == [("some/set", "plus", "v2")]

    def test_takes_train_validation_and_test_alone(self, serve: Serve) -> None:
        serve(whole())

        raw = read_hub("some/set", None, None, "text", "intent")

        assert list(raw.splits) == ["train", "validation", "test"]
        assert raw.origin == "hub:some/set"

    @pytest.mark.parametrize(
        ("text", "label", "said"),
        [
            ("texts", "intent", "no column 'texts'.*did you mean 'text'?"),
            ("text", "intents", "no column 'intents'.*did you mean 'intent'?"),
        ],
    )
    def test_a_missing_column_is_said_with_the_nearest(
        self, serve: Serve, text: str, label: str, said: str
    ) -> None:
        serve(whole())

        with pytest.raises(DataError, match=said):
            read_hub("some/set", None, None, text, label)

    def test_a_missing_split_can_be_taken_from_another(self, serve: Serve) -> None:
        serve(DatasetDict(train=rows([0, 1, 2] * 4), test=rows([0, 1, 2], " t")))
        section = Data(hub="some/set", label="intent")

        with pytest.raises(DataError, match="hub:some/set has no validation split"):
            load_corpus(section)
        split = section.model_copy(update={"split": {"validation": "0.25 of train"}})
        assert len(load_corpus(split).validation) == 3


class TestOutOfReach:
    def test_says_which_dataset_and_what_to_do_instead(self) -> None:
        """Without a network the real library is asked, and answers at once."""
        with pytest.raises(DataError) as caught:
            read_hub("kdzoo/is-not-there", None, None, "text", "label")

        assert "the dataset 'kdzoo/is-not-there' cannot be loaded" in str(caught.value)
        assert "--data FOLDER" in str(caught.value)

    @pytest.mark.parametrize(
        "error",
        [
            ConnectionError("no route\nmuch more"),
            ConnectionError(),
            FileNotFoundError("no such dataset"),
            ValueError("BuilderConfig 'plu' not found. Available: ['plus']"),
            RuntimeError("Dataset scripts are no longer supported, but found set.py"),
        ],
    )
    def test_every_failure_of_the_library_is_one_message(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr("datasets.load_dataset", fail)
        first_line = str(error).partition("\n")[0]

        with pytest.raises(DataError) as caught:
            read_hub("some/set", None, None, "text", "label")

        assert f"the dataset 'some/set' cannot be loaded: {first_line}" in str(caught.value)
        assert "much more" not in str(caught.value)
