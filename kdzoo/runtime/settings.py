"""What an export may be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kdzoo.runtime.protocol import Input

CALIBRATION_TEXTS = 256


@dataclass(frozen=True)
class ExportSettings:
    """What an export may be asked for.

    Attributes:
        int8: whether activations get their ranges as they come, or once, from calibration texts.
        calibration: real texts, from validation; needed for static int8 alone, which reads the
            first CALIBRATION_TEXTS of them.
        kept: names of the graph's operations that stay in float.
    """

    int8: Literal["dynamic", "static"] = "dynamic"
    calibration: Sequence[Input] = ()
    kept: tuple[str, ...] = ()
