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

    A path in the place of a text alone is taken as its text.

    Raises:
        RecipeError: an argument is of another kind; when the function is called.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            kinds = _kinds_of(parameter)
            several = parameter.kind is parameter.VAR_POSITIONAL
            for each in value if several else [value]:
                _refuse_misfit(parameter, kinds, each)
            if "str" in kinds and "Path" not in kinds and isinstance(value, PathLike):
                bound.arguments[name] = fspath(value)
        return function(*bound.args, **bound.kwargs)

    return call


def _kinds_of(parameter: inspect.Parameter) -> dict[str, _Kind]:
    """Returns what an annotation asks for, by name; nothing where that cannot be told here."""
    names = re.sub(r"\[.*?\]", "", str(parameter.annotation)).split(" | ")
    return {name: _KINDS[name] for name in names} if _KINDS.keys() >= {*names} else {}


def _refuse_misfit(parameter: inspect.Parameter, kinds: dict[str, _Kind], value: Any) -> None:
    if "Sequence" in kinds:
        refuse_no_list(**{parameter.name: value})
    if not kinds or any(kind.fits(value) for kind in kinds.values()):
        return
    is_plain = value is None or isinstance(value, str | int | float)
    shown = shortened(repr(value)) if is_plain else f"a {type(value).__name__}"
    wanted = ", or ".join(dict.fromkeys(kind.words for kind in kinds.values() if kind.words))
    or_not = "" if parameter.default is parameter.empty else ", or leave it out"
    raise RecipeError(f"{parameter.name} is {shown}; give {wanted}{or_not}")
