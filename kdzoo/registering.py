"""A registry: things of one kind by name."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from kdzoo.entries import LONGEST_NAME, NAME, Caller, Entry, place_of
from kdzoo.errors import RegistryError, did_you_mean

T = TypeVar("T", bound=Callable[..., Any])
E = TypeVar("E", bound=Entry)
_OWN = {"kdzoo.registry", "kdzoo.registering"}  # modules that register what others bring


class Registry(Generic[E]):
    """Things of one kind by name: built in, from entry points, or from a user's file.

    Args:
        noun: what one entry is called in messages.
        package: the package whose import registers the built-ins; imported at the first look-up.
        group: the entry-point group through which installed packages add their own.
    """

    def __init__(self, noun: str, package: str, group: str) -> None:
        self.noun = noun
        self._package = package
        self.group = group
        self._entries: dict[str, E] = {}
        self._loaded = False

    def register(self, entry_of: Callable[[Any, Path, int, str], E]) -> Callable[[T], T]:
        """Returns a decorator that files a class or function under its name.

        What the same code registers, run again, takes the place of what it registered before.

        Args:
            entry_of: makes the entry of the thing, its file, its line and who registers it.

        Raises:
            RegistryError: the name is none, or is taken; the message names both places.
        """
        caller = _caller()

        def decorate(value: T) -> T:
            entry = entry_of(value, *place_of(value, caller), caller.module)
            self._check_name(entry)
            taken = self._entries.get(entry.name)
            if taken is not None and not taken.is_again(entry):
                raise RegistryError(
                    f"{self.noun} '{entry.name}' is registered twice: in {taken.origin} and in "
                    f"{entry.origin}; rename one of them"
                )
            self._entries[entry.name] = entry
            return value

        return decorate

    def _check_name(self, entry: E) -> None:
        name: object = entry.name
        if isinstance(name, str) and len(name) <= LONGEST_NAME and re.fullmatch(NAME, name):
            return
        raise RegistryError(
            f"{self.noun} {name!r} in {entry.origin}: a name has letters from a to z, digits, _, . "
            f"and - alone, begins with a letter or a digit and has {LONGEST_NAME} characters at "
            f"most; write one as in 'my_{self.noun}'"
        )

    def get(self, name: str) -> E:
        """Returns the entry of that name.

        Raises:
            RegistryError: there is none; the message suggests the nearest and lists the rest.
        """
        self._load()
        if name not in self._entries:
            raise RegistryError(
                f"unknown {self.noun} '{name}'; {did_you_mean(name, self._entries)}"
            )
        return self._entries[name]

    def entries(self) -> dict[str, E]:
        """Returns all entries by name, sorted."""
        self._load()
        return dict(sorted(self._entries.items()))

    def is_builtin(self, name: str) -> bool:
        """Whether the entry comes with kdzoo itself."""
        return self.get(name).is_builtin

    def forget(self, module: str) -> None:
        """Drops what a module registered: its import failed half-way, or its file was edited."""
        for name, entry in list(self._entries.items()):
            if entry.registrant == module:
                del self._entries[name]

    def forget_typed(self, entry: Entry) -> None:
        """Drops what a notebook registered and no recipe can use: its cell is run again, mended."""
        if entry.is_typed and self._entries.get(entry.name) is entry:
            del self._entries[entry.name]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True  # what is imported asks again
        try:
            importlib.import_module(self._package)
            for point in entry_points(group=self.group):
                self._load_from(point)
        except BaseException:  # an interrupt too: the next look-up loads the rest
            self._loaded = False
            raise

    def _load_from(self, point: EntryPoint) -> None:
        try:
            point.load()
        except RegistryError:
            raise
        except Exception as error:
            owner = point.dist.name if point.dist else "an installed package"
            raise RegistryError(
                f"the {self.noun} '{point.name}' of {owner} does not load: {error}; "
                "mend or uninstall that package"
            ) from error


def _caller() -> Caller:
    """Returns the code that is registering something."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") in _OWN:
        frame = frame.f_back
    assert frame is not None  # noqa: S101 - somebody calls
    return Caller(
        frame.f_globals.get("__name__", "?"), Path(frame.f_code.co_filename), frame.f_lineno
    )
