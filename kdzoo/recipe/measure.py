"""What a recipe says of measuring."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from kdzoo.recipe.numbers import Few
from kdzoo.recipe.section import Section

ThresholdRule = Literal["per_label", "shared"]


class Reject(Section):
    """When a text is called out of scope."""

    max_false_rejections: float = Field(
        gt=0, lt=1, description="maximum share of in-scope validation texts that may be rejected"
    )


class Escalate(Section):
    """A student that answers where it is sure and asks its teacher elsewhere: one of the two."""

    max_loss: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="maximum share of texts that get a wrong answer where the teacher's would be "
        "right, promised with 95 % confidence",
    )
    max_escalated: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="maximum share of the validation texts that the teacher answers, in place of "
        "a promise",
    )
    price_per_1000_texts: float | None = Field(
        None,
        ge=0,
        le=10**9,
        description="price of the teacher for a thousand texts, in any currency: rows then tell "
        "the cost of a million texts",
    )

    @model_validator(mode="after")
    def _says_one(self) -> Escalate:
        if (self.max_loss is None) == (self.max_escalated is None):
            raise ValueError("write either max_loss, as in 0.005, or max_escalated, as in 0.15")
        return self


class Measure(Section):
    """How the trained models are measured; changing it trains nothing anew."""

    runtimes: list[str] = Field(
        ["torch"], min_length=1, description="runtimes in which teacher and students are measured"
    )
    int8: Literal["dynamic", "static"] = Field(
        "dynamic",
        description="int8 quantisation of activations: dynamic, or static (calibrated on "
        "validation)",
    )
    threads: int = Field(
        1, gt=0, le=256, description="number of CPU threads, the same for every row"
    )
    rounds: Few = Field(
        60, description="number of timing rounds; each visits every row in random order"
    )
    texts: Few = Field(16, description="number of texts timed per visit")
    cold_starts: Few = Field(
        3, description="number of fresh processes per row that time the first answer"
    )
    reject: Reject | None = Field(
        None,
        description="rule that rejects texts as out of scope; by default the threshold with the "
        "best balanced recall on validation",
    )
    thresholds: ThresholdRule = Field(
        "per_label",
        exclude_if=lambda rule: rule == "per_label",
        description="thresholds of texts with several labels, fitted on validation for the best "
        "F1; per_label: each label's own, where it has ten texts; shared: one for all",
    )
    escalate: Escalate | None = Field(
        None,
        exclude_if=lambda escalate: escalate is None,
        description="rows for cascades: each exported form of the student, asking the teacher "
        "where it is not sure; by default there are none",
    )
    isolated: bool = Field(
        True,
        description="whether each row runs in a process of its own; false is quicker, without "
        "memory and cold start",
    )
    time_limit_s: int = Field(
        300, gt=0, le=10**6, description="timeout in seconds for a row's process"
    )

    @field_validator("runtimes")
    @classmethod
    def _distinct(cls, runtimes: list[str]) -> list[str]:
        if len(set(runtimes)) < len(runtimes):
            raise ValueError("a runtime is named twice; remove one")
        return runtimes
