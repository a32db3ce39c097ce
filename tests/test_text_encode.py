"""Texts become ragged ids once; a batch of any rows is those rows, padded on the right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from kdzoo.data import Example, Texts
from kdzoo.text import Encoded, encode

PAD = 0
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "rain", "sun", "wind", "snow", "now", "later")

texts = st.lists(st.sampled_from([*WORDS[4:], "strange"]), max_size=7).map(" ".join)
singles = st.lists(texts.map(Example), min_size=1, max_size=8)
pairs = st.lists(st.builds(Example, texts, texts), min_size=1, max_size=8)
mixed = st.lists(st.builds(Example, texts, st.none() | texts), min_size=1, max_size=8)


def tokenizer(*, wrapped: bool, max_length: int | None = None) -> Tokenizer:
    """Returns a tokenizer of whole words, with or without [CLS] and [SEP] around a text."""
    made = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    if wrapped:
        made.post_processor = TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    if max_length is not None:
        made.enable_truncation(max_length)
    return made


def rows(*numbers: int) -> npt.NDArray[np.int64]:
    """Returns row numbers as the batches want them."""
    return np.array(numbers, dtype=np.int64)


def assert_same(one: Encoded, other: Encoded) -> None:
    """Holds two encodings to each other, array by array."""
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.offsets, other.offsets)
    assert one.pad_id == other.pad_id
    assert (one.type_ids is None) == (other.type_ids is None)
    assert one.type_ids is None or np.array_equal(one.type_ids, other.type_ids)


class TestBatch:
    @given(examples=singles | pairs | mixed, wrapped=st.booleans(), data=st.data())
    @settings(deadline=None, max_examples=50)
    def test_holds_each_row_as_it_is_alone_and_pads_on_the_right(
        self, examples: list[Example], wrapped: bool, data: st.DataObject
    ) -> None:
        tool = tokenizer(wrapped=wrapped)
        encoded = encode(tool, examples, PAD)
        chosen = data.draw(
            st.lists(st.integers(0, len(examples) - 1), min_size=1, max_size=6), "rows"
        )

        batch = encoded.batch(rows(*chosen))

        for number, row in enumerate(chosen):
            example = examples[row]
            alone = tool.encode(example.text, example.text_pair)
            ids, types = alone.ids or [PAD], alone.type_ids or [0]
            padding = [0] * (batch["input_ids"].shape[1] - len(ids))
            assert batch["input_ids"][number].tolist() == [*ids, *([PAD] * len(padding))]
            assert batch["attention_mask"][number].tolist() == [1] * len(ids) + padding
            if "token_type_ids" in batch:
                assert batch["token_type_ids"][number].tolist() == types + padding

    @given(examples=singles, data=st.data())
    @settings(deadline=None, max_examples=30)
    def test_is_as_wide_as_its_longest_row(
        self, examples: list[Example], data: st.DataObject
    ) -> None:
        """Short texts are not padded to the longest text of the data."""
        encoded = encode(tokenizer(wrapped=False), examples, PAD)
        row = data.draw(st.integers(0, len(examples) - 1), "row")

        assert encoded.batch(rows(row))["input_ids"].shape == (1, encoded.lengths[row])

    def test_pads_with_the_id_it_was_given(self) -> None:
        encoded = encode(tokenizer(wrapped=False), [Example("rain"), Example("sun wind")], pad_id=7)

        assert encoded.batch(rows(0, 1))["input_ids"].tolist() == [[4, 7], [5, 6]]

    def test_holds_long_integers(self) -> None:
        """Embedding tables and loss functions want nothing else."""
        encoded = encode(tokenizer(wrapped=True), [Example("rain", "sun")], PAD)

        assert {each.dtype for each in encoded.batch(rows(0)).values()} == {torch.int64}

    def test_of_no_rows_has_no_rows(self) -> None:
        encoded = encode(tokenizer(wrapped=True), [Example("rain")], PAD)

        assert encoded.batch(rows())["input_ids"].shape[0] == 0


class TestTake:
    @given(examples=singles | pairs | mixed, data=st.data())
    @settings(deadline=None, max_examples=50)
    def test_equals_encoding_those_rows(self, examples: list[Example], data: st.DataObject) -> None:
        """In the order asked for, a row as often as it is asked for."""
        tool = tokenizer(wrapped=True)
        chosen = data.draw(
            st.lists(st.integers(0, len(examples) - 1), min_size=1, max_size=6), "rows"
        )
        taken = encode(tool, examples, PAD).take(rows(*chosen))
        again = encode(tool, [examples[row] for row in chosen], PAD)

        assert taken.ids.tolist() == again.ids.tolist()
        assert taken.offsets.tolist() == again.offsets.tolist()
        assert taken.pad_id == again.pad_id
        if again.type_ids is not None:
            assert taken.type_ids is not None
            assert taken.type_ids.tolist() == again.type_ids.tolist()

    @given(examples=singles)
    @settings(deadline=None, max_examples=20)
    def test_of_all_rows_is_the_whole(self, examples: list[Example]) -> None:
        encoded = encode(tokenizer(wrapped=True), examples, PAD)

        assert_same(encoded.take(np.arange(len(encoded))), encoded)

    def test_of_no_rows_is_empty(self) -> None:
        assert len(encode(tokenizer(wrapped=True), [Example("rain")], PAD).take(rows())) == 0


class TestEncode:
    @pytest.mark.parametrize("nothing", ["", "   ", "\n\t"])
    def test_a_text_without_tokens_is_one_padding_token(self, nothing: str) -> None:
        """No student ever gets a row of length 0."""
        examples = [Example("rain"), Example(nothing), Example("sun wind")]

        encoded = encode(tokenizer(wrapped=False), examples, PAD)

        assert encoded.lengths.tolist() == [1, 1, 2]
        assert encoded.batch(rows(1))["input_ids"].tolist() == [[PAD]]
        assert encoded.batch(rows(1))["attention_mask"].tolist() == [[1]]

    def test_an_empty_pair_is_one_padding_token(self) -> None:
        encoded = encode(tokenizer(wrapped=False), [Example("", ""), Example("sun", "wind")], PAD)

        assert encoded.batch(rows(0, 1))["input_ids"].tolist() == [[PAD, PAD], [5, 6]]
        assert encoded.batch(rows(0, 1))["token_type_ids"].tolist() == [[0, 0], [0, 1]]

    def test_pairs_are_read_together_and_told_apart_by_token_types(self) -> None:
        encoded = encode(tokenizer(wrapped=True), [Example("rain now", "sun")], PAD)

        assert encoded.batch(rows(0))["input_ids"].tolist() == [[2, 4, 8, 3, 5, 3]]
        assert encoded.batch(rows(0))["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]

    def test_single_texts_have_no_token_types(self) -> None:
        """Most students take none."""
        encoded = encode(tokenizer(wrapped=True), [Example("rain")], PAD)

        assert encoded.type_ids is None
        assert encoded.batch(rows(0)).keys() == {"input_ids", "attention_mask"}

    @given(examples=singles | pairs, max_length=st.integers(3, 9))
    @settings(deadline=None, max_examples=50)
    def test_counts_the_texts_that_were_too_long(
        self, examples: list[Example], max_length: int
    ) -> None:
        """A text that just fits is not cut."""
        whole = encode(tokenizer(wrapped=True), examples, PAD)

        encoded = encode(tokenizer(wrapped=True, max_length=max_length), examples, PAD)

        assert encoded.lengths.tolist() == np.minimum(whole.lengths, max_length).tolist()
        assert encoded.cut == (whole.lengths > max_length).sum()
        assert whole.cut == 0

    def test_of_no_examples_is_empty(self) -> None:
        encoded = encode(tokenizer(wrapped=True), [], PAD)

        assert len(encoded) == 0
        assert encoded.lengths.tolist() == []

    def test_chunks_join_without_a_seam(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Tokenised in pieces or at once, the result is the same; progress counts every text."""
        examples = [Example("rain " * (number % 5)) for number in range(17)]
        at_once = encode(tokenizer(wrapped=True, max_length=4), examples, PAD)
        seen: list[int] = []
        monkeypatch.setitem(encode.__globals__, "CHUNK", 5)

        in_pieces = encode(tokenizer(wrapped=True, max_length=4), examples, PAD, seen.append)

        assert_same(in_pieces, at_once)
        assert in_pieces.cut == at_once.cut
        assert seen == [5, 5, 5, 2]


class TestColumns:
    @given(examples=singles | pairs | mixed, limit=st.none() | st.integers(3, 6))
    @settings(deadline=None, max_examples=50)
    def test_are_read_as_the_list_they_were_made_of(
        self, examples: list[Example], limit: int | None
    ) -> None:
        tool = tokenizer(wrapped=True, max_length=limit)
        listed, columns = encode(tool, examples, PAD), encode(tool, Texts.of(examples), PAD)

        assert_same(listed, columns)
        assert listed.cut == columns.cut

    @given(
        written=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6),
        limit=st.none() | st.integers(3, 6),
    )
    @settings(deadline=None, max_examples=50)
    def test_and_lists_give_what_the_tokenizer_gives_one_by_one(
        self, tiny_encoder: Path, written: list[str], limit: int | None
    ) -> None:
        """Whatever the characters: the quick way leaves out no id and no cut."""
        tool = Tokenizer.from_file(str(tiny_encoder / "tokenizer.json"))
        tool.no_truncation()
        if limit is not None:
            tool.enable_truncation(limit)
        encoded = encode(tool, Texts.of(map(Example, written)), PAD)

        alone = [tool.encode(text) for text in written]
        assert encoded.ids.tolist() == [index for each in alone for index in each.ids]
        assert encoded.lengths.tolist() == [len(each.ids) for each in alone]
        assert encoded.cut == sum(bool(each.overflowing) for each in alone)
