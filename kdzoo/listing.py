"""What ``kdzoo list`` shows."""

from __future__ import annotations

from typing import Any

from kdzoo import registry
from kdzoo.recipe import option_fields, shipped_recipes

SECTIONS = ("students", "objectives", "augmenters", "recipes", "datasets")
_REGISTRIES: dict[str, registry.Registry[Any]] = {
    "students": registry.students,
    "objectives": registry.objectives,
    "augmenters": registry.augmenters,
    "datasets": registry.datasets,
}


def listing(section: str) -> tuple[list[str], list[list[str]]]:
    """Returns column titles and rows of one section."""
    if section == "recipes":
        return ["recipe", "what it is"], [
            [name, _first_comment(path.read_text(encoding="utf-8"))]
            for name, path in shipped_recipes().items()
        ]
    columns = ["name", "what it is", "options"]
    rows = []
    for entry in _REGISTRIES[section].entries().values():
        options = ", ".join(
            f"{name}={'required' if default is ... else default}"
            for name, (_, default) in option_fields(entry).items()
        )
        road = entry.details.get("road")
        rows.append([entry.name, f"{entry.summary}" + (f" [{road}]" if road else ""), options])
    return columns, rows


def _first_comment(text: str) -> str:
    """Returns the comment line that says what a recipe is: the first that is not the editor's."""
    for line in text.splitlines():
        if line.startswith("#") and "yaml-language-server" not in line:
            return line.removeprefix("#").strip()
    return ""
