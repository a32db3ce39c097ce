"""Figures of a column stand below each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdzoo.report.page.aligned import aligned

SPACES = "\N{FIGURE SPACE}\N{PUNCTUATION SPACE}"
NUMBERS = st.floats(0, 99999, allow_nan=False).flatmap(
    lambda value: st.sampled_from([f"{value:.0f}", f"{value:,.1f}", f"{value:.3f}"])
)
FORMS = st.sampled_from(["{}", "{} ± {}", "{} ({} to {})", "{} %", "{} NOISY", "–", "{} × ({}–{})"])


def points(text: str, room: str) -> list[int]:
    """Returns how far from the right each number's last whole digit stands, in characters."""
    whole = text + room
    ends = [len(whole)]
    for place, letter in enumerate(whole):
        if letter in ".\N{PUNCTUATION SPACE}":
            ends.append(len(whole) - place)
    return ends[1:]


@given(st.lists(st.tuples(FORMS, st.lists(NUMBERS, min_size=3, max_size=3)), min_size=1))
def test_aligning_adds_spaces_alone(drawn: list[tuple[str, list[str]]]) -> None:
    cells = [form.format(*numbers) for form, numbers in drawn]

    found = aligned(cells)

    plain = [each.text.translate({ord(space): None for space in SPACES}) for each in found]
    assert plain == cells


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1))
def test_decimal_points_stand_below_each_other(drawn: list[tuple[str, str]]) -> None:
    """Of the first number and of the second, also where some cells have no second."""
    pairs = [f"{first} ± {second}" for first, second in drawn]
    alone = [first for first, _ in drawn]

    found = [points(each.text, each.room) for each in aligned([*pairs, *alone])]

    assert len({tuple(each) for each in found}) == 1


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["9.8", "12.25", "–"], ["_9.8_", "12.25", "–"]),
        (["1,000", "20"], ["1,000", "___20"]),
        (["0.482", "11.6"], ["_0.482", "11.6__"]),
        (["5", "2.5"], ["5__", "2.5"]),
        (["unclear", "97 %", "100 %"], ["unclear", "_97 %", "100 %"]),
        (["9.5 × (9.3–9.71)", "12 × (11–13)"], ["_9.5 × (9.3–9.71)", "12__ × (11–13)"]),
        (["71.6 ± 0.5", "9.5 ± 10.9"], ["71.6 ± _0.5", "_9.5 ± 10.9"]),
    ],
)
def test_a_space_stands_for_each_digit_that_others_have(cells: list[str], shown: list[str]) -> None:
    found = [each.text.translate({ord(space): "_" for space in SPACES}) for each in aligned(cells)]

    assert found == shown


def test_room_is_kept_for_what_others_have_behind() -> None:
    with_sd, alone = aligned(["84.4 ± 0.3", "87.2"])

    assert (with_sd.room, alone.room) == ("", " ± 0.3")
