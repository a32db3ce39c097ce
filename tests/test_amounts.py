"""How shares and sizes print in sentences."""

from __future__ import annotations

import pytest

from kdzoo.amounts import (
    change_in_points,
    hundredths,
    in_megabytes,
    percent,
    percent_as_given,
    points_as_given,
)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (hundredths(0.8684), "86.8"),
        (percent(0.8684), "86.8 %"),
        (percent(0.8684, 0), "87 %"),
        (percent(0.0, 2), "0.00 %"),
        (percent_as_given(0.005), "0.5 %"),
        (points_as_given(0.01), "1 point"),
        (points_as_given(0.02), "2 points"),
        (change_in_points(0.0025), "+0.25"),
        (change_in_points(-0.5), "-50.00"),
        (in_megabytes(12_345_678), "12.3 MB"),
        (in_megabytes(12_345_678, 0), "12 MB"),
    ],
)
def test_each_has_its_own_digits_and_sign(said: str, wanted: str) -> None:
    assert said == wanted
