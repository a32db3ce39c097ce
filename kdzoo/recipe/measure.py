"""What a recipe says of measuring."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from kdzoo.recipe.numbers import Few
from kdzoo.recipe.section import Section


class Reject(Section):
    """When a text is called out of scope."""

    max_false_rejections: float = Field(
        gt=0, lt=1, description="share of the texts in scope that may be rejected, on validation"
    )


class Measure(Section):
    """How the trained models are measured; changing it trains nothing anew."""

    runtimes: list[str] = Field(
        ["torch"], min_length=1, description="forms in which teacher and students are deployed"
    )
    int8: Literal["dynamic", "static"] = Field(
        "dynamic", description="ranges of activations: as they come, or calibrated on validation"
    )
    threads: int = Field(1, gt=0, le=256, description="CPU threads, the same for every row")
    rounds: Few = Field(60, description="visits to every row, in random order")
    texts: Few = Field(16, description="texts timed per visit")
    cold_starts: Few = Field(3, description="fresh processes per row, to time the first label")
    reject: Reject | None = Field(
        None,
        description="when a text is called out of scope; without it, where the mean of the recalls "
        "in and out of scope is best on validation",
    )
    isolated: bool = Field(
        True,
        description="a process per row; false times all in this one: quicker, and nothing is known "
        "of memory and cold start",
    )
    time_limit_s: int = Field(
        300, gt=0, le=10**6, description="a row's process that does not answer in time is given up"
    )

    @field_validator("runtimes")
    @classmethod
    def _distinct(cls, runtimes: list[str]) -> list[str]:
        if len(set(runtimes)) < len(runtimes):
            raise ValueError("a runtime is named twice; remove one")
        return runtimes
