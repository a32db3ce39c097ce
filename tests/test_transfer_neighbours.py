"""Texts that are near to a text: by the words that they share."""

from __future__ import annotations

import pytest

from kdzoo.transfer import neighbours
from kdzoo.transfer.neighbours import Neighbours

TEXTS = (
    "a man plays the guitar",
    "a man plays the piano",
    "a woman plays the piano",
    "two dogs run through the snow",
    "nothing of it",
)


def test_are_those_that_share_most_of_the_rarest_words() -> None:
    near = Neighbours(TEXTS)

    assert near.of("a man plays the guitar", 2) == [TEXTS[1], TEXTS[2]]
    assert near.of("dogs in snow", 1) == [TEXTS[3]]


def test_never_are_the_text_itself_nor_those_that_share_no_word() -> None:
    near = Neighbours(TEXTS)

    assert set(near.of("two dogs run through the snow", 9)) == set(TEXTS[:3])
    assert near.of("something else entirely", 3) == []


@pytest.mark.parametrize(
    ("texts", "text", "nearest"),
    [
        (("我想订一张票", "今天天气很好"), "订票", "我想订一张票"),
        (("ช่วยจองตั๋ว", "อากาศดีมาก"), "จองตั๋ว", "ช่วยจองตั๋ว"),
        (("🎉🎉🎂", "🚗🚕"), "🎂", "🎉🎉🎂"),
        (("Ein Haus am See", "Der Zug ist weg"), "EIN HAUS", "Ein Haus am See"),
    ],
)
def test_are_found_in_any_script(texts: tuple[str, ...], text: str, nearest: str) -> None:
    assert Neighbours(texts).of(text, 1) == [nearest]


def test_of_no_texts_are_none() -> None:
    assert Neighbours([]).of("a text", 3) == []


def test_are_looked_for_among_so_many_texts_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search through hundreds of thousands for each text would never end."""
    monkeypatch.setattr(neighbours, "MOST_TEXTS", 2)

    assert Neighbours((TEXTS[0], TEXTS[0], TEXTS[1], TEXTS[2])).of(TEXTS[0], 9) == [TEXTS[1]]


def test_of_equal_nearness_come_in_the_order_of_the_texts() -> None:
    assert Neighbours(("b x", "a x", "c x")).of("x", 3) == ["b x", "a x", "c x"]
