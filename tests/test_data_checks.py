"""What can be wrong with data is said before any training, all at once; leaks go as told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kdzoo.data import Corpus, Example, RawData, describe, fingerprint, load_corpus, normalised
from kdzoo.data.checking import checked
from kdzoo.data.checks import check_rows
from kdzoo.data.leaks import handle_leaks
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data

Rows = list[tuple[str, str]]

GOOD: Rows = [("play jazz", "music"), ("will it rain", "weather")]


def raw(train: Rows = GOOD, validation: Rows = GOOD, test: Rows = GOOD) -> RawData:
    """Returns rows as a source would give them."""
    return RawData({"train": train, "validation": validation, "test": test}, origin="my.csv")


def refusal(data: RawData) -> str:
    """Returns what the checks say of data that they refuse."""
    with pytest.raises(DataError) as caught:
        check_rows(data)
    return str(caught.value)


def corpus_of(train: list[str], validation: list[str], test: list[str]) -> Corpus:
    """Returns a corpus in which the labels a and b alternate."""
    gold, validated, tested = (
        tuple(Example(text, label=number % 2) for number, text in enumerate(texts))
        for texts in (train, validation, test)
    )
    return Corpus(("a", "b"), gold, validated, tested)


def texts_of(examples: tuple[Example, ...]) -> list[str]:
    """Returns the texts alone."""
    return [example.text for example in examples]


class TestRows:
    def test_that_are_sound_pass(self) -> None:
        check_rows(raw())  # raises where it refuses

        assert "empty" in refusal(raw(train=[*GOOD, ("", "music")]))  # and one bad row is enough

    @pytest.mark.parametrize("nothing", ["", " ", "\t\n", "\u3000"])
    @pytest.mark.parametrize("split", ["train", "validation", "test"])
    @pytest.mark.parametrize("noun", ["text", "label"])
    def test_without_text_or_label_are_counted_and_placed(
        self, noun: str, split: str, nothing: str
    ) -> None:
        bad = (nothing, "music") if noun == "text" else ("play", nothing)

        message = refusal(raw(**{split: [*GOOD, bad, bad]}))

        assert f"{split}, row 3, 4: 2 of 4 {noun}s are empty" in message
        assert "1 problem\n" in message

    def test_many_of_one_problem_are_abbreviated(self) -> None:
        message = refusal(raw(train=[*GOOD, *[("", "music")] * 7]))

        assert "row 3, 4, 5, 6, 7, ...: 7 of 9 texts are empty" in message

    def test_with_half_a_character_are_refused(self) -> None:
        """JSON can spell a lone surrogate, which is no text that any tokenizer reads."""
        half = json.loads('"cut off \\ud83d"')

        message = refusal(raw(test=[*GOOD, (half, "music")]))

        assert "test, row 3: 1 of 3 texts or labels" in message
        assert "surrogate" in message

    def test_of_one_label_are_refused_by_its_name(self) -> None:
        message = refusal(raw([("play", "music")], [("stop", "music")], [("skip", "music")]))

        assert "train: all rows have the one label 'music'" in message

    @pytest.mark.parametrize("split", ["validation", "test"])
    def test_with_a_label_that_train_lacks_are_refused_with_the_nearest(self, split: str) -> None:
        message = refusal(raw(**{split: [*GOOD, ("warm?", "wether"), ("loud?", "volume")]}))

        assert f"{split}: 2 labels that train lacks: volume, wether" in message
        assert "Known: music, weather" in message

    def test_with_a_misspelt_label_suggest_the_right_one(self) -> None:
        message = refusal(raw(test=[*GOOD, ("warm?", "wether")]))

        assert "did you mean 'weather'?" in message

    @pytest.mark.parametrize("separator", ["|", ";", ",", " | ", ", "])
    def test_with_several_labels_in_a_cell_are_refused(self, separator: str) -> None:
        several = separator.join(["music", "weather"])

        message = refusal(raw(train=[*GOOD, ("play when it rains", several)]))

        assert f"several labels in one cell: {several}" in message
        assert f"label_separator: '{separator.strip()}'" in message
        assert "task: single-label" in message

    def test_with_a_separator_inside_one_label_are_sound(self) -> None:
        """Only a cell whose parts are all labels themselves holds several."""
        rows = [*GOOD, ("pop or rock", "music, loud"), ("and/or", "either|or")]

        check_rows(raw(train=rows))

        assert "several labels" in refusal(raw(train=[*rows, ("pop", "loud")]))

    def test_all_problems_come_at_once(self) -> None:
        message = refusal(
            raw(
                train=[("play", "music"), ("", "music"), ("stop", "")],
                validation=[("rain", "weather")],
                test=[("", "music"), ("snow", "winter")],
            )
        )

        assert message.startswith("my.csv: 6 problems")
        for said in (
            "train, row 2: 1 of 3 texts are empty",
            "train, row 3: 1 of 3 labels are empty",
            "train: all rows have the one label 'music'",
            "validation: 1 labels that train lacks: weather",
            "test, row 1: 1 of 2 texts are empty",
            "test: 1 labels that train lacks: winter",
        ):
            assert said in message


class TestOutOfScopeLabel:
    def test_gets_the_id_of_its_name(self, tiny_data: Path) -> None:
        corpus = load_corpus(Data(files=str(tiny_data), oos_label="oos"))

        assert corpus.oos is not None
        assert corpus.labels[corpus.oos] == "oos"

    def test_that_is_no_label_is_refused_with_the_nearest(self, tiny_data: Path) -> None:
        with pytest.raises(DataError, match=r"no label is called 'ooss'; did you mean 'oos'\?"):
            load_corpus(Data(files=str(tiny_data), oos_label="ooss"))


class TestNormalised:
    @pytest.mark.parametrize("same", ["play JAZZ", "Play, jazz!", "  play\tjazz ", "«Play» jazz?"])
    def test_texts_that_differ_in_case_space_and_marks_are_one(self, same: str) -> None:
        assert normalised(Example(same)) == normalised(Example("play jazz"))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (Example("play jazz"), Example("play jaz")),
            (Example("?"), Example("!")),  # without words, the marks are all there is
            (Example("a b"), Example("a", "b")),
            (Example("a", "b c"), Example("a b", "c")),
        ],
    )
    def test_different_texts_stay_different(self, one: Example, other: Example) -> None:
        assert normalised(one) != normalised(other)


class TestLeaks:
    LEAKY = corpus_of(
        ["one", "two", "three", "four", "Five", "six"],
        ["seven", "eight", "THREE!", "nine", "five"],
        ["ten", "four", "five", "nine"],
    )

    def test_are_counted_and_kept_on_warn(self) -> None:
        checked = handle_leaks(self.LEAKY, "warn")

        assert replace(checked, notes=()) == self.LEAKY
        (note,) = checked.notes
        assert "train and validation 2, train and test 2, validation and test 2" in note
        assert "data.on_leak: drop" in note

    def test_are_dropped_from_the_earlier_split_on_drop(self) -> None:
        """Test stays as it is, so that figures stay comparable; then nothing leaks any more."""
        checked = handle_leaks(self.LEAKY, "drop")

        assert texts_of(checked.train) == ["one", "two", "six"]
        assert texts_of(checked.validation) == ["seven", "eight", "THREE!"]
        assert checked.test == self.LEAKY.test
        assert "dropped" in checked.notes[0]
        assert handle_leaks(checked, "error") is checked

    def test_are_an_error_with_an_example_on_error(self) -> None:
        with pytest.raises(DataError, match=r"train and test 2.*for example 'five'"):
            handle_leaks(self.LEAKY, "error")

    @pytest.mark.parametrize("on_leak", ["warn", "drop", "error"])
    def test_that_are_not_there_change_nothing(self, on_leak: str) -> None:
        clean = corpus_of(["one", "two"], ["three"], ["four"])

        assert handle_leaks(clean, on_leak) is clean

    def test_inside_one_split_are_its_own_affair(self) -> None:
        """A text that train holds twice is no leak."""
        doubled = corpus_of(["one", "two", "one", "two"], ["three"], ["four"])

        assert handle_leaks(doubled, "error") is doubled

    @pytest.mark.parametrize(
        ("leaky", "said"),
        [
            (corpus_of(["one", "two", "three"], ["four"], ["two"]), "no training text of 'b'"),
            (corpus_of(["one", "two"], ["four"], ["four"]), "no validation text"),
        ],
    )
    def test_are_not_dropped_when_nothing_would_be_left_to_learn_from(
        self, leaky: Corpus, said: str
    ) -> None:
        with pytest.raises(DataError, match=said):
            handle_leaks(leaky, "drop")


class TestDescription:
    def test_counts_what_is_there(self) -> None:
        corpus = corpus_of(["one", "two", "three"], ["four"], ["five", "six"])

        assert describe(corpus) == (
            "3 labelled, 1 validation, 2 test texts; 2 classes, the smallest 'b' with 1"
        )

    def test_counts_unlabelled_texts_where_there_are_any(self) -> None:
        corpus = replace(corpus_of(["a", "b"], ["c"], ["d"]), unlabelled=(Example("e"),) * 1234)

        assert "2 labelled, 1,234 unlabelled, 1 validation" in describe(corpus)


class TestFingerprints:
    CORPUS = replace(
        corpus_of(["one", "two", "three"], ["four", "five"], ["six", "seven"]),
        unlabelled=(Example("eight"),),
    )

    @pytest.mark.parametrize(
        ("changed", "moves"),
        [
            ({"labels": ("b", "a")}, {"whole", "gold", "test"}),
            ({"labels": ("a", "c")}, {"whole", "gold", "test"}),
            ({"train": CORPUS.train[:2]}, {"whole", "gold"}),
            ({"train": CORPUS.train[::-1]}, {"whole", "gold"}),
            ({"train": (Example("one!", label=0), *CORPUS.train[1:])}, {"whole", "gold"}),
            ({"train": (Example("one", label=1), *CORPUS.train[1:])}, {"whole", "gold"}),
            ({"train": (Example("one", "", 0), *CORPUS.train[1:])}, {"whole", "gold"}),
            ({"validation": CORPUS.validation[:1]}, {"whole", "gold"}),
            ({"unlabelled": ()}, {"whole"}),
            ({"unlabelled": (Example("nine"),)}, {"whole"}),
            ({"test": CORPUS.test[:1]}, {"test"}),
            ({"notes": ("a note",)}, set()),
        ],
    )  # fmt: skip
    def test_move_with_what_they_stand_for_and_with_nothing_else(
        self, changed: dict[str, object], moves: set[str]
    ) -> None:
        other = replace(self.CORPUS, **changed)  # type: ignore[arg-type]
        pairs = {
            "whole": (self.CORPUS.fingerprint, other.fingerprint),
            "gold": (self.CORPUS.gold_fingerprint, other.gold_fingerprint),
            "test": (self.CORPUS.test_fingerprint, other.test_fingerprint),
        }

        assert {name for name, (one, two) in pairs.items() if one != two} == moves

    def test_a_text_moved_to_the_next_split_changes_it(self) -> None:
        one, two = Example("one", label=0), Example("two", label=1)

        assert fingerprint(("a",), [one, two], []) != fingerprint(("a",), [one], [two])

    def test_are_the_same_for_the_same_content(self, tiny_data: Path) -> None:
        section = Data(files=str(tiny_data))

        assert load_corpus(section).fingerprint == load_corpus(section).fingerprint


def test_a_row_of_two_columns_is_a_pair_where_pairs_are_read() -> None:
    """As ``frame[["a", "b"]].values.tolist()`` gives it; else it may be two words of a sentence."""
    assert list(checked([["one", "two"], ("a", "b")], reads_pairs=True)) == [
        ("one", "two"),
        ("a", "b"),
    ]
    for reads_pairs in (False, None):
        with pytest.raises(DataError, match="of type list, which is no text"):
            list(checked([["one", "two"]], reads_pairs))
    with pytest.raises(DataError, match="of type list"):
        list(checked([["one", "two", "three"]], reads_pairs=True))
