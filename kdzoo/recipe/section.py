"""What all sections of a recipe have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """Base of all sections: frozen, a misspelt key is an error, and ``true`` is no number."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _truth_is_no_number(cls, given: Any) -> Any:
        """Hands on ``true`` as a word, where a number is wanted: Python takes it for 1."""
        if not isinstance(given, Mapping):
            return given
        return {
            key: _as_words(value)
            if key in cls.model_fields and _is_number(cls.model_fields[key].annotation)
            else value
            for key, value in given.items()
        }


def require_one(section: Section, *keys: str) -> None:
    """Sees that exactly one of a section's keys says something.

    Raises:
        ValueError: no key says something, or several do.
    """
    given = [key for key in keys if getattr(section, key) is not None]
    if len(given) != 1:
        wanted = f"give exactly one of {', '.join(keys[:-1])} and {keys[-1]}, got "
        cure = f"; remove the others, as in {given[-1]}: null" if given else ""
        raise ValueError(f"{wanted}{' and '.join(given) or 'none'}{cure}")


def _as_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_words(part) for part in value]
    return str(value).lower() if isinstance(value, bool) else value


def _is_number(annotation: Any) -> bool:
    kinds = [*_kinds(annotation)]
    return bool not in kinds and (int in kinds or float in kinds)


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yields the plain types that an annotation is made of; the values of a literal are none."""
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _kinds(part)
