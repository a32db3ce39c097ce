"""The order of the rooms: each imports only what stands above it, so that the house can be read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kdzoo"

ORDER = (
    "plain", "amounts", "errors", "lists", "arguments", "files", "claims", "limits", "freed",
    "bounds", "fields",
    "progress", "tracking", "digest", "tokenizer_files", "model_files", "weight_files",
    "model_folders",
    "tokenising", "offline", "entries",
    "registering", "registry", "extensions", "sources",
    "task", "recipe", "data", "text", "objectives", "metrics",
    "model", "training", "teacher", "transfer", "runtime", "measure",
    "results", "examples", "statistics", "steps", "checks", "plan", "engines", "report",
    "choosing", "card", "hub", "preparation", "study", "tuning",
    "bench", "exporting", "cascading", "architecture",
    "predicting", "scaffold", "listing", "console", "api", "cli",
)  # fmt: skip
BESIDE = {"hf": "model", "__main__": "cli"}  # modules that stand with a room
ROOMLESS = {"__init__"}  # looks everything up when it is first used


def is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yields (dotted name, line) of everything that is imported at run time, in functions too."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, node.lineno) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are absolute"
        yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
    inside = node.orelse if is_for_type_checkers(node) else ast.iter_child_nodes(node)
    for each in inside:
        yield from imports(each)


def room_of(dotted: str) -> str | None:
    """Returns the room of a name within kdzoo, None for what is not kdzoo's."""
    first, _, rest = dotted.partition(".")
    if first != "kdzoo":
        return None
    room = rest.partition(".")[0]
    return BESIDE.get(room, room)


def own_room(file: Path) -> str:
    name = file.relative_to(PACKAGE).with_suffix("").parts[0]
    return BESIDE.get(name, name)


MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).with_suffix("").parts[0] not in ROOMLESS
)
STUDENTS = sorted((ROOT / "students").glob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imported_by(file: Path) -> tuple[tuple[str, int], ...]:
    """Returns (dotted name, line) of everything that a module imports."""
    return tuple(imports(ast.parse(file.read_text(encoding="utf-8"))))


def test_a_room_imports_only_rooms_above_it() -> None:
    below = [
        f"{name_of(file)}, line {line}: {dotted}"
        for file in MODULES
        for dotted, line in imported_by(file)
        if (room := room_of(dotted)) is not None and ORDER.index(room) > ORDER.index(own_room(file))
    ]

    assert below == []


def test_every_room_has_its_place() -> None:
    """A new room is put into the order when it is built, and an old one leaves it."""
    rooms = {own_room(file) for file in MODULES}

    assert rooms == set(ORDER)


@pytest.mark.parametrize("file", STUDENTS, ids=name_of)
def test_a_student_imports_only_the_registry_and_the_errors(file: Path) -> None:
    """An architecture can be read, and copied elsewhere, without the rest of kdzoo.

    Those that are made from a pretrained model share how it is loaded and cut.
    """
    imported = {
        dotted.rpartition(".")[0] for dotted, _ in imported_by(file) if dotted.startswith("kdzoo")
    }
    pretrained = {"kdzoo.model.auto", "kdzoo.model.layers", "kdzoo.model.pretrained"}
    is_made_from_one = "context: BuildContext" in file.read_text("utf-8")

    assert imported <= {"kdzoo.registry", "kdzoo.errors"} | (
        pretrained if is_made_from_one else set()
    )


def test_nothing_that_is_installed_imports_the_tests() -> None:
    found = [
        f"{name_of(file)}, line {line}: {dotted}"
        for file in (*MODULES, *STUDENTS)
        for dotted, line in imported_by(file)
        if dotted.startswith(("tests", "tiny_", "pytest"))
    ]

    assert found == []


UNIX_ALONE = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def test_a_module_can_be_imported_where_unixs_own_modules_are_not() -> None:
    """What Windows lacks is asked for where it is needed alone."""
    found = [
        f"{name_of(file)}, line {line}: {dotted}"
        for file in (*MODULES, *STUDENTS)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for dotted, line in imports(node)
        if dotted.partition(".")[0] in UNIX_ALONE
    ]

    assert found == []


MOST_LINES = 40  # of a function's body, without its docstring


def long_functions(source: str, most: int = MOST_LINES) -> list[tuple[str, int]]:
    """Returns (name, lines of its body) of each function that is too long to be seen at once."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            found += [(node.name, lines)] if lines > most else []
    return found


def test_a_function_can_be_seen_at_once() -> None:
    found = [
        f"{name_of(file)}: {name}, {lines} lines"
        for file in (*MODULES, *STUDENTS)
        for name, lines in long_functions(file.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_lines_of_a_function_are_those_behind_its_docstring() -> None:
    source = '''
def bare():
    """Says
    so."""
def short():
    """Says so."""
    a = [
        1,
    ]
class A:
    def long(self):
        def inside():
            return 1
        return inside
'''

    assert long_functions(source, 2) == [("short", 3), ("long", 3)]


def at_import(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yields the dotted names that are imported while a module itself is: in no function."""
    for node in body:
        if is_for_type_checkers(node):
            yield from at_import(node.orelse)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (dotted for dotted, _ in imports(node))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = (getattr(node, name, []) for name in ("body", "handlers", "orelse"))
            yield from (dotted for each in inside for dotted in at_import(each))


def module_of(dotted: str, modules: Iterable[str]) -> str | None:
    """Returns the module that a dotted name is, or is in; None of what is not kdzoo's."""
    known = (dotted, dotted.rpartition(".")[0])
    return next((name for name in known if name in modules), None)


def circle_in(sources: Mapping[str, str]) -> list[str] | None:
    """Returns the modules that import each other in a circle; None where none do.

    Args:
        sources: code by the module's dotted name.
    """
    graph = {
        name: {
            other
            for dotted in at_import(ast.parse(source).body)
            if (other := module_of(dotted, sources)) not in (None, name)
        }
        for name, source in sources.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return None


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Each can be read after what it stands on; what a function imports is not counted."""
    sources = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text(encoding="utf-8")
        )
        for path in PACKAGE.rglob("*.py")
    }

    assert circle_in(sources) is None


@pytest.mark.parametrize(
    ("sources", "is_circle"),
    [
        ({"a.x": "from a.y import f", "a.y": "import a.x"}, True),
        ({"a": "from a.x import f", "a.x": "from a import g"}, True),
        ({"a.x": "from a import y", "a.y": "from a import z", "a.z": "from a import x"}, True),
        ({"a.x": "try:\n    import a.y\nexcept E:\n    pass", "a.y": "import a.x"}, True),
        ({"a.x": "from a.y import f", "a.y": "def f():\n    import a.x"}, False),
        ({"a.x": "if TYPE_CHECKING:\n    import a.y", "a.y": "import a.x"}, False),
        ({"a": "from a.x import f", "a.x": "from a.y import f", "a.y": "import b"}, False),
    ],
)
def test_a_circle_is_found(sources: dict[str, str], is_circle: bool) -> None:
    assert (circle_in(sources) is not None) == is_circle


def test_the_reader_of_imports_sees_them_all() -> None:
    """What this file relies on: functions, try blocks and else branches are looked into."""
    source = """
import a.b
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import hidden
else:
    import shown
def f():
    from kdzoo.cli import main
    try:
        import c
    except ImportError:
        import d
"""

    names = [name for name, _ in imports(ast.parse(source))]

    assert names == ["a.b", "typing.TYPE_CHECKING", "shown", "kdzoo.cli.main", "c", "d"]
