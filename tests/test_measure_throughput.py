"""Throughput is told of as many texts as tell the rate: a slow candidate gets fewer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_runtimes import obedient

from kdzoo.measure import MeasureSettings, measurement
from kdzoo.measure.measurement import BATCH_TEXTS, WHOLE_S, WHOLE_TEXTS, Measurement


class Clocked:
    """Stands for a process that reads so many texts a second."""

    def __init__(self, texts_per_s: float) -> None:
        self.texts_per_s = texts_per_s
        self.whole: list[int] = []
        self.limit_s = 0.0

    def ask(self, command: str, details: dict[str, Any], limit_s: float) -> dict[str, Any]:
        texts: Sequence[str] = details["texts"]
        if details["batch_size"] is None:
            self.whole.append(len(texts))
            self.limit_s = limit_s
        return {"seconds": len(texts) / self.texts_per_s}

    def close(self) -> None:
        """Nothing runs."""


@pytest.mark.parametrize(
    ("texts_per_s", "split", "read"),
    [
        (10_000.0, 5_500, WHOLE_TEXTS),
        (10_000.0, 300, 300),
        (100.0, 5_500, int(100 * WHOLE_S)),
        (30.0, 5_500, int(30 * WHOLE_S)),
        (30.0, 200, 200),
        (1.0, 5_500, BATCH_TEXTS),
    ],
)
def test_the_split_is_read_for_seconds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    texts_per_s: float,
    split: int,
    read: int,
) -> None:
    """And the process is given the time that they should take, several times over."""
    monkeypatch.setattr(measurement, "BATCH_TEXTS", BATCH_TEXTS)  # tests of studies read fewer
    monkeypatch.setattr(measurement, "WHOLE_S", WHOLE_S)
    measured = Measurement(obedient(tmp_path, "a"), MeasureSettings(1))
    worker = Clocked(texts_per_s)
    monkeypatch.setattr(measured, "_worker", worker)

    measured.finish([f"text {number}" for number in range(split)])

    assert measured.failure is None
    assert worker.whole == [read]
    assert worker.limit_s > read / texts_per_s
    assert set(measured.speed().throughput.values()) == {texts_per_s}
