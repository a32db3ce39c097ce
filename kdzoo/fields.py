"""Types of fields that are read from files which strangers may have written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kdzoo.bounds import LONGEST_NAME, MOST

Count = Annotated[int, Field(ge=0, le=MOST)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Words = Annotated[str, Field(max_length=100_000)]
LowerLayers = Annotated[tuple[Annotated[int, Field(ge=0, le=1000)], ...], Field(max_length=16)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
