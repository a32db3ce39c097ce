"""Examples as columns: in every respect what a tuple of them is, in less memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import NO_LABEL, Example, Texts, digests_of, distinct, has_pairs
from kdzoo.data import texts as texts_module
from kdzoo.plain import is_unicode

whole_characters = st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)  # a lone surrogate is refused where texts are read
examples = st.builds(
    Example,
    whole_characters,
    st.none() | whole_characters,
    st.none() | st.integers(0, 200),
)
many = st.lists(examples, max_size=12)
indices = st.integers(-15, 15)
bounds = st.none() | indices


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    """Lets a handful of examples make several chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "CHUNK", 5)
        yield


def same(texts: Texts, expected: list[Example]) -> None:
    """Asserts that the columns say what the list does, each in its own way."""
    assert list(texts) == expected
    assert len(texts) == len(expected)
    gold = [NO_LABEL if each.label is None else each.label for each in expected]
    assert texts.gold.tolist() == gold
    assert texts.digests.tobytes() == b"".join(each.digest for each in expected)
    assert np.array_equal(digests_of(texts), digests_of(expected))
    assert has_pairs(texts) == has_pairs(expected)


class TestTexts:
    @settings(deadline=None, max_examples=50)
    @given(listed=many)
    def test_are_the_examples_they_were_made_of(self, listed: list[Example]) -> None:
        """Of a list, of a stream; pairs, labels and all; none at all too."""
        same(Texts.of(listed), listed)
        same(Texts.of(iter(listed)), listed)
        assert list(reversed(Texts.of(listed))) == listed[::-1]

    @settings(deadline=None, max_examples=50)
    @given(listed=many, index=indices)
    def test_are_indexed_as_a_tuple_is(self, listed: list[Example], index: int) -> None:
        texts = Texts.of(listed)
        if -len(listed) <= index < len(listed):
            assert texts[index] == listed[index]
            assert texts[np.int64(index)] == listed[index]
            assert listed[index] in texts
        else:
            with pytest.raises(IndexError):
                texts[index]

    @settings(deadline=None, max_examples=50)
    @given(
        listed=many, start=bounds, stop=bounds, step=st.none() | indices.filter(lambda i: i != 0)
    )
    def test_are_sliced_as_a_list_is(
        self, listed: list[Example], start: int | None, stop: int | None, step: int | None
    ) -> None:
        same(Texts.of(listed)[start:stop:step], listed[start:stop:step])

    @settings(deadline=None, max_examples=50)
    @given(listed=many.filter(bool), seed=st.integers(0, 99))
    def test_give_rows_in_any_order_and_number(self, listed: list[Example], seed: int) -> None:
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, len(listed), rng.integers(0, 20))

        same(Texts.of(listed).take(rows), [listed[row] for row in rows])

    @settings(deadline=None, max_examples=50)
    @given(listed=many)
    def test_give_those_that_a_mask_wants(self, listed: list[Example]) -> None:
        texts = Texts.of(listed)

        same(texts.where(texts.gold != NO_LABEL), [e for e in listed if e.label is not None])

    @settings(deadline=None, max_examples=50)
    @given(parts=st.lists(many, max_size=4), row=indices)
    def test_are_joined_in_order(self, parts: list[list[Example]], row: int) -> None:
        """What was joined of many parts is sliced and indexed as what was made at once."""
        listed = [each for part in parts for each in part]
        texts = Texts.joined(Texts.of(part) for part in parts)

        same(texts, listed)
        same(texts[row:], listed[row:])
        same(Texts.joined([texts[:row], texts[row:]]), [*listed[:row], *listed[row:]])

    @settings(deadline=None, max_examples=50)
    @given(one=many, other=many)
    def test_have_one_fingerprint_for_the_same_texts_and_labels(
        self, one: list[Example], other: list[Example]
    ) -> None:
        """However they were put together; other texts, labels or order have another."""
        whole = Texts.of([*one, *other])
        joined = Texts.joined([Texts.of(one), Texts.of(other)])

        assert joined.fingerprint == whole.fingerprint == whole[:].fingerprint
        assert (Texts.of(one).fingerprint == Texts.of(other).fingerprint) == (one == other)
        if (turned := whole[::-1]).digests.tobytes() != whole.digests.tobytes():
            assert turned.fingerprint != whole.fingerprint

    def test_are_not_copied_when_they_are_columns_already(self) -> None:
        texts = Texts.of([Example("a", label=1)])

        assert Texts.of(texts) is texts

    def test_tell_a_pair_with_nothing_from_no_pair(self) -> None:
        same(Texts.of([Example("a"), Example("a", "")]), [Example("a"), Example("a", "")])

    def test_take_about_as_many_bytes_as_their_texts(self) -> None:
        listed = [Example(f"{number:050}", label=0) for number in range(1000)]
        texts = Texts.of(listed)

        held = texts.columns.nbytes + texts.gold.nbytes + texts.digests.nbytes
        assert held < 1000 * (50 + 24 + 2 * 8 + 2)


class TestDigests:
    @settings(deadline=None, max_examples=50)
    @given(example=examples)
    def test_are_the_sixteen_bytes_as_two_numbers(self, example: Example) -> None:
        """The same numbers on every machine: caches are shared."""
        first, second = digests_of([example])[0].tolist()

        assert example.digest == first.to_bytes(8, "little") + second.to_bytes(8, "little")

    def test_of_nothing_are_an_empty_table(self) -> None:
        assert digests_of([]).shape == digests_of(Texts.of([])).shape == (0, 2)

    def test_of_a_text_stay_what_they_are(self) -> None:
        """Cached logits are found by them."""
        assert Example("play").digest == hashlib.blake2b(b"play", digest_size=16).digest()


class TestDistinct:
    @settings(deadline=None, max_examples=50)
    @given(listed=many, taken=many)
    def test_gives_the_first_of_each_that_is_not_taken_and_takes_it(
        self, listed: list[Example], taken: list[Example]
    ) -> None:
        digests = {each.digest for each in taken}
        found = list(distinct(listed, digests))

        assert digests == {each.digest for each in (*taken, *listed)}
        expected: dict[bytes, Example] = {}
        for each in listed:
            expected.setdefault(each.digest, each)
        for each in taken:
            expected.pop(each.digest, None)
        assert found == list(expected.values())


@pytest.mark.parametrize(
    ("text", "whole"),
    [("", True), ("a", True), ("é🎉", True), ("\ud83d", False), ("a\udc00b", False)],
)
def test_half_a_character_is_no_unicode(text: str, whole: bool) -> None:
    assert is_unicode(text) is whole
    if whole:
        assert text.encode().decode() == text
