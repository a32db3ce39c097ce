"""A command of which no path and no name is empty."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

_TEXTS = ("text", "--pair")  # what is to be labelled: data, which have a message of their own
_BETWEEN = ("--label-separator",)  # what stands between others may be a space


class Command(TyperCommand):
    """Refuses empty values: an empty path is the folder in which the command is run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads what was written, once it is seen that no value is blank, and none too many.

        Raises:
            BadParameter: one is, as a variable of a shell's that is not set.
            UsageError: there are more arguments than the command has.
        """
        if not ctx.resilient_parsing:  # as for the completion of what is half written
            written, extra, _ = self.make_parser(ctx).parse_args(args=[*args])
            if extra:  # quoted, so that an empty one is seen
                ctx.fail(f"too many arguments: {shlex.join(extra)}; quote what has spaces")
            parameters: list[Any] = [*self.get_params(ctx)]
            for parameter in parameters:
                given = written.get(parameter.name)
                values = given if isinstance(given, list | tuple) else [given]
                name = parameter.opts[0]
                says_nothing = _is_nothing if name in _BETWEEN else _is_blank
                if name not in _TEXTS and any(map(says_nothing, values)):
                    raise typer.BadParameter("it is empty", ctx=ctx, param=parameter)
        return super().parse_args(ctx, args)


class Commands(typer.Typer):
    """An application whose commands are of this kind."""

    def command(self, *names: Any, **options: Any) -> Callable[[Any], Any]:
        """Registers a command, as typer does."""
        return super().command(*names, **{"cls": Command, **options})


def _is_nothing(value: object) -> bool:
    return value == ""


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()
