"""What stands for users' code: one whose code was edited is another one."""

from __future__ import annotations

import dis
import inspect
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from kdzoo.digest import content_hash, file_sha256
from kdzoo.entries import Entry

_LIBRARY = Path(sysconfig.get_path("stdlib"))
_INSTALLED = {"site-packages", "dist-packages"}
_PLAIN = (str, bytes, int, float, complex, bool, type(None), tuple, list, dict, set, frozenset)


def source_digests(entry: Entry) -> list[str]:
    """Returns digests of the code of a user's entry: of its file, then of what that imports.

    Installed packages are left out, but the one that the entry is of. Code that is in no file, as
    in a notebook, stands for itself, with all that it refers to there.
    """
    code = _Code(entry.value.__module__.partition(".")[0])
    if entry.is_typed:
        for value in entry.code:
            code.read_members(value)
        return [content_hash(code.typed), *code.digests()]
    code.read(sys.modules.get(entry.value.__module__))
    code.files.discard(entry.file.resolve())
    return [entry.digest, *code.digests()]


class _Code:
    """The code that an entry reaches.

    Args:
        package: the top-level package that the entry is of.

    Attributes:
        files: those of modules.
        typed: what stands for code that is in no file, in the order in which it was met.
    """

    def __init__(self, package: str) -> None:
        self.files: set[Path] = set()
        self.typed: list[str] = []
        self._package = package
        self._seen: set[int] = set()

    def digests(self) -> list[str]:
        return sorted(map(file_sha256, self.files))

    def read(self, module: ModuleType | None) -> None:
        """Adds a module's file, and those of modules whose names, classes or functions it uses."""
        if module is None or id(module) in self._seen or not self._is_own(module):
            return
        self._seen.add(id(module))
        if file := getattr(module, "__file__", None):
            self.files.add(Path(file).resolve())
        for value in list(vars(module).values()):
            self.read(_home(value))

    def read_typed(self, value: Any) -> None:
        """Adds what stands for code typed at a prompt or in a notebook."""
        home = _home(value)
        if home is None:
            self.typed.append(_written(value))
        elif id(value) in self._seen:
            return
        elif value is home or not _is_typed(value):
            self.typed.append(getattr(value, "__qualname__", home.__name__))
            self.read(home)
        else:
            self.read_members(value)

    def read_members(self, value: Any) -> None:
        """Adds what a class or function does, and what it refers to."""
        self._seen.add(id(value))
        if isinstance(value, FunctionType):
            for default in (value.__defaults__, value.__kwdefaults__):
                self.typed.append(_written(default))
            for held in inspect.getclosurevars(value).nonlocals.values():
                self.read_typed(held)
            self._read_code(value.__code__, value.__globals__)
            return
        for base in value.__bases__:
            self.read_typed(base)
        for name, member in sorted(vars(value).items()):
            member = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(member, FunctionType):
                self.typed.append(name)
                self.read_members(member)
            elif not name.startswith("__"):
                self.typed += [name, _written(member)]

    def _read_code(self, code: CodeType, names: Mapping[str, Any]) -> None:
        self.typed += [code.co_code.hex(), *code.co_names, *code.co_varnames]
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._read_code(constant, names)
            else:
                self.typed.append(_written(constant))
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL" and step.argval in names:
                self.read_typed(names[step.argval])

    def _is_own(self, module: ModuleType) -> bool:
        package = module.__name__.partition(".")[0]
        if package == self._package:
            return True
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        place = Path(file)
        is_library = place.is_relative_to(_LIBRARY) or _INSTALLED.intersection(place.parts)
        return bool(file) and package != "kdzoo" and not is_library


def _home(value: Any) -> ModuleType | None:
    """Returns the module that a value is, or that a class or function is of."""
    if isinstance(value, ModuleType):
        return value
    if isinstance(value, type | FunctionType):
        return sys.modules.get(value.__module__)
    return None


def _is_typed(value: Any) -> bool:
    """Whether a class or function is in no file; Python knows that of functions alone."""
    members = vars(value).values() if isinstance(value, type) else (value,)
    files = {each.__code__.co_filename for each in members if isinstance(each, FunctionType)}
    if not files:
        files = {str(getattr(_home(value), "__file__", ""))}
    return not any(Path(file).is_file() for file in files)


def _written(value: Any) -> str:
    """Returns what stands for a value that is no code; of an object it is the class alone."""
    if isinstance(value, set | frozenset):
        return repr(sorted(map(_written, value)))
    return repr(value) if isinstance(value, _PLAIN) else type(value).__qualname__
