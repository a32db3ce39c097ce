"""The history of a training: what was read of the model, evaluation by evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, TypeAdapter

from kdzoo.bounds import MOST
from kdzoo.fields import Name
from kdzoo.task import TASKS


def _is_point(point: Mapping[str, int | float]) -> Mapping[str, int | float]:
    """Looks whether a point of a history can be drawn.

    Raises:
        ValueError: it has a leading figure that is none, or one without its step.
    """
    shares = [point[each.leading] for each in TASKS.values() if each.leading in point]
    if shares and not (
        all(0 <= share <= 1 for share in shares) and 0 <= point.get("step", -1) <= MOST
    ):
        raise ValueError("an evaluation has no step, or no figure between 0 and 1")
    return point


HISTORY_POINTS = TypeAdapter(list[Annotated[dict[Name, int | float], AfterValidator(_is_point)]])
