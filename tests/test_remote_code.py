"""No model that is loaded brings code of its own to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*(ROOT / "kdzoo").rglob("*.py"), *(ROOT / "students").rglob("*.py")])


def loads(path: Path) -> Iterator[ast.Call]:
    """Yields the calls that let transformers load something by its name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            is_auto = isinstance(owner, ast.Name) and owner.id.startswith("Auto")
            if is_auto and node.func.attr == "from_pretrained":
                yield node


def test_is_never_trusted_where_something_is_loaded_by_its_name() -> None:
    found = [(path, call) for path in SOURCES for call in loads(path)]

    assert found
    for path, call in found:
        (trust,) = [each.value for each in call.keywords if each.arg == "trust_remote_code"]
        assert isinstance(trust, ast.Constant)
        assert trust.value is False, f"{path.name} line {call.lineno}"
