"""What a number, or a short name, in a recipe may be."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kdzoo.entries import LONGEST_NAME, NAME

Name = Annotated[str, Field(pattern=NAME, max_length=LONGEST_NAME)]
Address = Annotated[str, Field(min_length=1)]  # a file, a folder, or an id of the hub
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0, le=10**9)]
Few = Annotated[int, Field(gt=0, le=10_000)]  # of what takes seconds each, or bytes for each text
Rate = Annotated[float, Field(gt=0)]  # one that is too high is told when the loss is no number
Seed = Annotated[int, Field(lt=2**31)]  # two added up are one that every library takes
SelectBy = Literal[
    "accuracy",
    "macro_f1",
    "in_scope_accuracy",
    "micro_f1",
    "average_precision",
    "entity_f1",
    "token_accuracy",
    "last",
]
