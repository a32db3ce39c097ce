"""What stands for users' code: one whose code was edited is another one."""

from __future__ import annotations

import ast
import dis
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from kdzoo.digest import content_hash, file_sha256
from kdzoo.entries import Entry

_LIBRARY = Path(sysconfig.get_path("stdlib"))
_INSTALLED = {"site-packages", "dist-packages"}
_PLAIN = (str, bytes, int, float, complex, bool, type(None), range)
_as_run: dict[Path, tuple[ModuleSpec | None, str]] = {}  # digests by file, and of which load


def source_digests(entry: Entry) -> list[str]:
    """Returns digests of the code of a user's entry: of its file, then of what that imports.

    Installed packages are left out, but the one that the entry is of. Code that is in no file, as
    in a notebook, stands for itself, with all that it refers to there.
    """
    code = _Code(entry.registrant.partition(".")[0])
    for value in entry.code:
        if not isinstance(value, type | FunctionType):
            code.read_typed(value)  # an object that is called, as one of a loss's class
        elif entry.is_typed:
            code.read_members(value)
        else:
            code.read_held(value)  # what a function was made with, as by one that returns it
    if entry.is_typed:
        return [content_hash(code.typed), *code.digests()]
    code.read(sys.modules.get(entry.value.__module__))
    code.read(sys.modules.get(entry.registrant))  # which says what it is made with
    code.files.pop(entry.file.resolve(), None)
    made_with = [content_hash(code.typed)] if code.typed else []
    return [entry.digest, *made_with, *code.digests()]


class _Code:
    """The code that an entry reaches.

    Args:
        package: the top-level package that the entry is of.

    Attributes:
        files: those of modules.
        typed: what stands for code that is in no file, in the order in which it was met.
    """

    def __init__(self, package: str) -> None:
        self.files: dict[Path, ModuleType] = {}
        self.typed: list[str] = []
        self._package = package
        self._seen: dict[int, Any] = {}  # by their ids; held, so that no other gets the same

    def digests(self) -> list[str]:
        return sorted(_digest_of_run(file, module) for file, module in self.files.items())

    def read(self, module: ModuleType | None) -> None:
        """Adds a module's file, and those of the modules that it imports at its top.

        What a function imports is there, or not, as it ran already: no two keys would agree.
        """
        if module is None or id(module) in self._seen or not self._is_own(module):
            return
        self._seen[id(module)] = module
        path = Path(getattr(module, "__file__", None) or "").resolve()
        if path.is_file():  # none is of a namespace's, nor of code that was piped into Python
            self.files[path] = module
            for name in _imported(path, module):
                self.read(sys.modules.get(name))

    def read_typed(self, value: Any) -> None:
        """Adds what stands for a value, and for all that it holds or refers to."""
        if isinstance(value, _PLAIN):
            self.typed.append(repr(value))
            return
        self.typed.append(type(value).__qualname__)
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        home = _home(value)
        if home is not None and (value is home or not _is_typed(value)):
            self.typed.append(getattr(value, "__qualname__", home.__name__))
            self.read(home)
        elif home is not None:
            self.read_members(value)
        elif hasattr(value, "tolist"):  # a tensor, an array, a column
            written = repr((str(getattr(value, "dtype", "")), value.tolist()))
            self.typed.append(hashlib.sha256(written.encode()).hexdigest())
        else:
            for held in _held(value):
                self.read_typed(held)

    def read_members(self, value: Any) -> None:
        """Adds what a class or function does, and what it refers to."""
        self._seen[id(value)] = value
        if isinstance(value, FunctionType):
            self.read_typed((value.__defaults__, value.__kwdefaults__))
            self.read_held(value)
            self._read_code(value.__code__, value.__globals__)
            return
        self.read_typed(value.__bases__)
        for name, member in sorted(vars(value).items()):
            if not name.startswith("__") or callable(member):
                self.typed.append(name)
                self.read_typed(member)

    def read_held(self, value: Any) -> None:
        """Adds what a function holds of those in which it was made, and what it wraps."""
        if isinstance(value, FunctionType):
            for held in inspect.getclosurevars(value).nonlocals.values():
                self.read_typed(held)
            if wrapped := getattr(value, "__wrapped__", None):
                self.read_typed(wrapped)

    def _read_code(self, code: CodeType, names: Mapping[str, Any]) -> None:
        self.typed += [code.co_code.hex(), *code.co_names, *code.co_varnames]
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._read_code(constant, names)
            else:
                self.read_typed(constant)
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in names:
                self.read_typed(names[step.argval])

    def _is_own(self, module: ModuleType) -> bool:
        package = module.__name__.partition(".")[0]
        if package == self._package:
            return True
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        place = Path(file)
        is_library = place.is_relative_to(_LIBRARY) or _INSTALLED.intersection(place.parts)
        return bool(file) and package != "kdzoo" and not is_library


def _digest_of_run(file: Path, module: ModuleType) -> str:
    """Returns the digest of a module's file as it was when it was first asked for.

    An edit does not run before a reload, which gives the module another spec: then it is read anew.
    """
    spec = module.__spec__
    known = _as_run.get(file)
    if known is None or known[0] is not spec:
        known = _as_run[file] = (spec, file_sha256(file))
    return known[1]


def _imported(file: Path, module: ModuleType) -> Iterator[str]:
    """Yields the names of the modules that a file's code imports when it is loaded."""
    try:
        code = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # no Python, or broken since it was loaded
        return
    left: list[ast.AST] = [code]
    while left:
        node = left.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            left += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            for each in node.names:
                parts = each.name.split(".")
                yield from (".".join(parts[: count + 1]) for count in range(len(parts)))
        elif isinstance(node, ast.ImportFrom):
            said = "." * node.level + (node.module or "")
            name = resolve_name(said, module.__package__) if module.__package__ else said
            yield name
            yield from (f"{name}.{each.name}" for each in node.names)


def _home(value: Any) -> ModuleType | None:
    """Returns the module that a value is, or that a class or function is of."""
    if isinstance(value, ModuleType):
        return value
    if isinstance(value, type | FunctionType):
        return sys.modules.get(value.__module__)
    return None


def _is_typed(value: Any) -> bool:
    """Whether a class or function is in no file; Python knows that of functions alone."""
    members = vars(value).values() if isinstance(value, type) else (inspect.unwrap(value),)
    files = {each.__code__.co_filename for each in members if isinstance(each, FunctionType)}
    if not files:
        files = {str(getattr(_home(value), "__file__", ""))}
    return not any(Path(file).is_file() for file in files)


def _held(value: Any) -> list[Any]:
    """Returns what an object holds, in an order that is the same in each process."""
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, property):
        return [value.fget]
    inner = getattr(value, "__wrapped__", getattr(value, "__func__", None))
    if inner is not None and not isinstance(value, MethodType):  # a cached or a static function
        return [inner]
    try:
        return [value.__reduce_ex__(2)]  # what a copy would be made of
    except Exception:  # a lock, an open file: no two are alike, and none is edited
        return []
