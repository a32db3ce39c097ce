"""Turns what pydantic found into what a person can mend: place, mistake, nearest right name."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from kdzoo.errors import Problem, did_you_mean
from kdzoo.recipe.document import Document
from kdzoo.recipe.spelling import KeyPath

_OWN = "One of your own comes from its file: --students FILE"
_TYPES = {  # what pydantic says of a value, and what it should be
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a section of keys"),
    "string_type": "a text",
    "literal_error": "a known word",
}


def problems_of(
    error: ValidationError, document: Document, model: type[BaseModel]
) -> list[Problem]:
    """Returns one problem per mistake, in the order of the file.

    Where a value may be of several types, pydantic tells of each why it is not that one. Here they
    are one problem; none, where something is wrong inside the value, whose type is right then.
    """
    found: dict[KeyPath, list[_Found]] = {}
    for detail in error.errors():
        path = _path_in(document.data, detail["loc"], missing=detail["type"] == "missing")
        problem = _problem(dict(detail), path, document, model)
        told = _Found(problem, _TYPES.get(detail["type"], ""), detail.get("input"))
        found.setdefault(path, []).append(told)
    around = {path[:length] for path in found for length in range(len(path))}
    return [
        problem
        for path, here in found.items()
        if path not in around or not all(each.wanted for each in here)
        for problem in _as_told(here)
    ]


class _Found(NamedTuple):
    """A mistake; what should stand there, if a type is wrong; and what does."""

    problem: Problem
    wanted: str
    given: Any


def _as_told(found: Sequence[_Found]) -> list[Problem]:
    """Returns the mistakes of one value: those of its type as one."""
    others = [each.problem for each in found if not each.wanted]
    if others:  # its type is right
        return list(dict.fromkeys(others))
    wanted = list(dict.fromkeys(each.wanted for each in found))
    if len(wanted) == 1:
        return [found[0].problem]
    if "a number" in wanted and "a whole number" in wanted:
        wanted.remove("a whole number")
    what = f"should be {' or '.join(wanted)}, got {_short(found[0].given)}"
    cure = next((each.problem.cure for each in found if each.problem.cure), "")
    return [Problem(what, found[0].problem.where, cure)]


def _path_in(data: Any, location: tuple[int | str, ...], *, missing: bool) -> KeyPath:
    """Returns the location without the union tags that pydantic puts between the keys."""
    path: list[str | int] = []
    for number, step in enumerate(location):
        inside = (isinstance(data, Mapping) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if inside:
            path.append(step)
            data = data[step]
        elif missing and number == len(location) - 1:
            path.append(step)
    return tuple(path)


def _problem(
    detail: dict[str, Any], path: KeyPath, document: Document, model: type[BaseModel]
) -> Problem:
    key = ".".join(map(str, path)) or "recipe"
    where = f"{document.place(path)}  {key}".strip()
    context, given = detail.get("ctx") or {}, detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(detail["loc"][:-1], model)
            return Problem("unknown key", where, did_you_mean(path[-1], known) if known else "")
        case "missing":
            return Problem("is missing", where)
        case "union_tag_invalid":
            known = [name.strip(" '") for name in context["expected_tags"].split(",")]
            nearest = did_you_mean(context["tag"], known)
            return Problem(f"unknown kind '{context['tag']}'", where, f"{nearest} {_OWN}")
        case "union_tag_not_found":
            return Problem("needs a kind", where, "as in `kind: ...`; `kdzoo list` names them")
        case "literal_error":
            expected = context["expected"].replace(" or ", ", ").split(", ")
            if given in expected:  # where numbers are wanted: names are in quotes
                return Problem(f"should be the number {given}, got {given!r} in quotes", where)
            known = [name.strip(" '") for name in expected]
            return Problem(f"cannot be {given!r}", where, did_you_mean(given, known))
        case "string_too_short" if not given:
            return Problem("is empty", where)
        case "value_error":
            return Problem(str(context["error"]), where)
        case kind if kind in _TYPES:
            cure = _as_in(given, _TYPES[kind], _known_keys(detail["loc"], model))
            return Problem(f"should be {_TYPES[kind]}, got {_short(given)}", where, cure)
        case _:
            message = detail["msg"][0].lower() + detail["msg"][1:]
            return Problem(f"{message.removeprefix('input ')}, got {_short(given)}", where)


def _as_in(given: Any, wanted: str, keys: Sequence[str]) -> str:
    """Returns how to write a value of the type that is wanted.

    Args:
        given: what stands there.
        wanted: of ``_TYPES``.
        keys: those of the section, if it is one.
    """
    is_plain = type(given) in (int, float) or (isinstance(given, str) and given.strip() != "")
    match wanted:
        case "a list" if is_plain:
            return f"write it in brackets: [{given}]"
        case "a text" if is_plain:
            return f'quote it: "{given}"'
        case "a section of keys" if "kind" in keys and isinstance(given, str):
            return f"write it as {{kind: {given}}}"
        case "a section of keys" if keys:
            return f"Known: {', '.join(keys)}."
    return ""


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _known_keys(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Returns the keys allowed at a pydantic location, union tags included."""
    here: list[Any] = [model]
    for step in location:
        here = [
            candidate
            for option in here
            for candidate in (
                _models_in(option.model_fields[str(step)].annotation)
                if str(step) in option.model_fields
                else [option] * _has_tag(option, step)
            )
        ]
    return sorted({key for option in here for key in option.model_fields})


def _has_tag(model: type[BaseModel], tag: object) -> bool:
    kind = model.model_fields.get("kind")
    return kind is not None and tag in typing.get_args(kind.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
