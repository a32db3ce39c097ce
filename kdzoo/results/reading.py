"""What a file of a study says, where it is what kdzoo writes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from kdzoo.bounds import read_json
from kdzoo.errors import StoreError
from kdzoo.results.record import SCHEMA_VERSION

LARGEST = 1 << 28  # bytes of a file: a session of a thousand models has 50 MB
T = TypeVar("T", bound=BaseModel)


def read_as(path: Path, model: type[T]) -> T:
    """Returns what a file of a study says.

    Raises:
        StoreError: it is damaged, or a newer kdzoo wrote it.
    """
    try:
        data = read_json(path, LARGEST)
    except ValueError as error:
        raise StoreError(
            f"{path} is damaged: {error}; remove it and run the recipe again"
        ) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer kdzoo (schema {str(version)[:20]}, this one reads "
            f"{SCHEMA_VERSION}): pip install --upgrade kdzoo"
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise StoreError(
            f"{path} is not what kdzoo writes: {place[:100]}: {first['msg'][:300]}; "
            "remove it and run the recipe again"
        ) from error
