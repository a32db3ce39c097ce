"""What Python is given: an argument of another kind than its annotation is refused at once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any, NamedTuple, ParamSpec, TypeVar

from kdzoo.errors import RecipeError
from kdzoo.lists import refuse_no_list
from kdzoo.plain import shortened

P = ParamSpec("P")
T = TypeVar("T")


class _Kind(NamedTuple):
    """What an annotation asks for.

    Attributes:
        words: for a message.
        fits: whether a value is that.
    """

    words: str
    fits: Callable[[Any], bool]


def _is_place(value: Any) -> bool:
    return isinstance(value, str | PathLike)


def _gives_texts(value: Any) -> bool:
    """Whether what it gives one by one may be texts; of a mapping, or a frame, it is the names."""
    has_names = isinstance(value, Mapping) or hasattr(value, "columns")
    return hasattr(value, "__iter__") and not has_names


_KINDS = {  # by the name in the annotation; where there is another one, nothing is looked at
    "None": _Kind("", lambda value: value is None),
    "bool": _Kind("True or False", lambda value: isinstance(value, bool)),
    "int": _Kind(
        "a whole number",
        lambda value: isinstance(value, Integral) and not isinstance(value, bool),
    ),
    "float": _Kind(
        "a number", lambda value: isinstance(value, Real) and not isinstance(value, bool)
    ),
    "str": _Kind("a text or a path", _is_place),
    "Path": _Kind("a text or a path", _is_place),
    "TextIO": _Kind("an open file", lambda value: hasattr(value, "readline")),
    "Sequence": _Kind("a list", lambda value: hasattr(value, "__iter__")),
    "Iterable": _Kind('a list of texts, or a column of them, as in frame["text"]', _gives_texts),
    "Progress": _Kind("kdzoo.progress.Silent()", lambda value: hasattr(value, "say")),
    "Csv": _Kind('kdzoo.Csv(separator=";")', lambda value: hasattr(value, "separator")),
}


def as_annotated(function: Callable[P, T]) -> Callable[P, T]:
    """Has a function refuse arguments that are not what its annotations say.

    A path in the place of a text alone is taken as its text, a number of numpy's as Python's own.

    Raises:
        RecipeError: an argument, or what a list holds, is of another kind; when the function is
            called.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            value = bound.arguments[name] = _unwrapped(value)
            kinds = _kinds_of(str(parameter.annotation))
            several = parameter.kind is parameter.VAR_POSITIONAL
            for each in value if several else [value]:
                _refuse_misfit(parameter, kinds, each)
            if "Sequence" in kinds and value is not None:
                bound.arguments[name] = _checked(parameter, list(value))
            if "str" in kinds and "Path" not in kinds and isinstance(value, PathLike):
                bound.arguments[name] = fspath(value)
        return function(*bound.args, **bound.kwargs)

    return call


def _kinds_of(annotation: str) -> dict[str, _Kind]:
    """Returns what an annotation asks for, by name; nothing where that cannot be told here."""
    names = re.sub(r"\[.*?\]", "", annotation).split(" | ")
    known = {**_KINDS, "Literal": _one_of(annotation)}
    return {name: known[name] for name in names} if known.keys() >= {*names} else {}


def _one_of(annotation: str) -> _Kind:
    """Returns what ``Literal["a", "b"]`` asks for."""
    words = re.findall(r"[\"'](\w+)[\"']", annotation)
    return _Kind(" or ".join(map(repr, words)), lambda value: value in words)


def _checked(parameter: inspect.Parameter, values: list[Any]) -> list[Any]:
    """Returns what a list holds, once it is seen that each of it is what the annotation asks."""
    (held,) = re.findall(r"Sequence\[(.*?)\]", str(parameter.annotation))
    kinds = _kinds_of(held)
    plain = [_unwrapped(value) for value in values]
    for place, value in enumerate(plain):
        _refuse(f"{parameter.name}[{place}]", kinds, value)
    return plain


def _unwrapped(value: Any) -> Any:
    """Returns a number or a text of numpy, pandas or torch as Python's own."""
    return value.item() if getattr(value, "shape", None) == () else value


def _refuse_misfit(parameter: inspect.Parameter, kinds: dict[str, _Kind], value: Any) -> None:
    if "Sequence" in kinds:
        refuse_no_list(**{parameter.name: value})
    or_not = "" if parameter.default is parameter.empty else ", or leave it out"
    _refuse(parameter.name, kinds, value, or_not)


def _refuse(name: str, kinds: dict[str, _Kind], value: Any, or_not: str = "") -> None:
    if not kinds or any(kind.fits(value) for kind in kinds.values()):
        return
    is_plain = value is None or isinstance(value, str | int | float)
    shown = shortened(repr(value)) if is_plain else f"a {type(value).__name__}"
    wanted = ", or ".join(dict.fromkeys(kind.words for kind in kinds.values() if kind.words))
    raise RecipeError(f"{name} is {shown}; give {wanted}{or_not}")
