"""What ``kdzoo tune`` may try: for a key of the recipe a range of numbers, or a list of choices."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from kdzoo.recipe.section import Section

Scalar = bool | int | float | str
MOST_KEYS, MOST_CHOICES = 50, 100


class Range(Section):
    """Numbers from low to high, both included: whole ones where the key wants these."""

    low: int | float = Field(description="least number that is tried")
    high: int | float = Field(description="greatest number that is tried")
    log: bool = Field(False, description="whether small and large numbers are tried alike often")

    @model_validator(mode="after")
    def _has_numbers(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} has to be less than high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs numbers above 0, and low is {self.low:g}")
        return self


def _are_different(choices: list[Scalar]) -> list[Scalar]:
    if len({repr(choice) for choice in choices}) < len(choices):
        raise ValueError("a choice is there twice; remove one")
    return choices


Choices = Annotated[
    list[Scalar], Field(min_length=2, max_length=MOST_CHOICES), AfterValidator(_are_different)
]
Search = Annotated[dict[str, Range | Choices], Field(min_length=1, max_length=MOST_KEYS)]


def plain(search: dict[str, Any]) -> dict[str, Any]:
    """Returns a space as it stands in a recipe, to be compared and written down."""
    return {
        key: values.model_dump() if isinstance(values, Range) else list(values)
        for key, values in sorted(search.items())
    }
