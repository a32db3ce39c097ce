"""Users' own files: what they register is known once they are loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType

from kdzoo.arguments import as_annotated
from kdzoo.digest import file_sha256
from kdzoo.entries import Entry
from kdzoo.errors import Problem, RegistryError
from kdzoo.files import has_file, with_home
from kdzoo.registry import REGISTRIES

_loaded_files: dict[Path, str] = {}  # with the digest of what was run
_brought: dict[int, Entry] = {}  # what they registered, they or what they import; by their ids


def loaded_files() -> list[Path]:
    """Returns the users' files that were loaded; another process has to load them too."""
    return sorted(_loaded_files)


def is_brought(entry: Entry) -> bool:
    """Whether another process knows it by a user's file that was loaded here."""
    return id(entry) in _brought


def is_here_alone(entry: Entry) -> bool:
    """Whether another process cannot know it: typed here, or in a script's own code.

    It knows what comes with kdzoo, with an installed package, or with a file that it is told of.
    """
    if entry.is_builtin or is_brought(entry):
        return False
    package = entry.registrant.partition(".")[0]
    groups = (known.group for known in REGISTRIES)
    points = (point for group in groups for point in entry_points(group=group))
    return package not in {point.module.partition(".")[0] for point in points}


@as_annotated
def load_extensions(path: str | Path | None) -> None:
    """Imports a user's Python file, or every file of a folder, so that what it registers is known.

    A file that was edited meanwhile is imported anew.

    Args:
        path: of the file or folder; nothing happens where there is none.

    Raises:
        RegistryError: there is no such file, or it fails on import (its own error line is shown).
    """
    if path is None:
        return
    named = with_home(path)
    if named.suffix == ".py":
        has_file(named)  # a folder of that name holds no students
    target = named.resolve()
    if not target.exists():
        raise RegistryError(f"no such file or folder of students: {path}")
    files = sorted(target.glob("*.py")) if target.is_dir() else [target]
    if not files:
        raise RegistryError(f"the folder {path} holds no .py file")
    for known in REGISTRIES:
        known.entries()  # built-ins first: a clash is then the user's file's
    for file in files:
        digest = file_sha256(file)
        if _loaded_files.get(file) != digest:
            _loaded_files.pop(file, None)
            before = _registered()
            _import_file(file)
            _brought.update((key, new) for key, new in _registered().items() if key not in before)
            _loaded_files[file] = digest


def _registered() -> dict[int, Entry]:
    """Returns all that is registered, by their ids."""
    return {id(entry): entry for known in REGISTRIES for entry in known.entries().values()}


class _AsItStands(SourceFileLoader):
    """Compiles a file anew: compiled code is kept by second and size, and an edit may keep both."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _import_file(file: Path) -> None:
    name = f"kdzoo_user_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    for known in REGISTRIES:
        known.forget(name)  # what it registered before it was edited
    loader = _AsItStands(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if spec is None or file.suffix != ".py":
        raise RegistryError(f"{file} is not a Python file; give a .py file or a folder of them")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # get_type_hints looks the module up by name
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        for known in REGISTRIES:
            known.forget(name)
        if isinstance(error, RegistryError):
            raise
        raise RegistryError(f"{file} fails on import", _own_line(error, file)) from error


def _own_line(error: BaseException, file: Path) -> Problem:
    """Returns the line of the user's own file that failed, as they would look it up."""
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return Problem(what, where=f"line {error.lineno}", cure=(error.text or "").strip())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == file]
    if not frames:
        return Problem(what)
    return Problem(
        what, where=f"line {frames[-1].lineno}", cure=_beside(error, file) or frames[-1].line or ""
    )


def _beside(error: BaseException, file: Path) -> str:
    """Returns what to do where the module that was not found lies beside the file."""
    name = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    if not name.isidentifier() or not file.with_name(f"{name}.py").is_file():
        return ""
    return (
        f"{name}.py lies beside it, where nothing is looked for; put its code into {file.name}, "
        "or install it as a package"
    )
