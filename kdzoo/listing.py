"""What ``kdzoo list`` shows."""

from __future__ import annotations

from typing import Any

from kdzoo import registry
from kdzoo.data import Example
from kdzoo.entries import AugmenterEntry, StudentEntry
from kdzoo.errors import KdzooError
from kdzoo.recipe import option_fields, shipped_recipes
from kdzoo.registering import Registry
from kdzoo.transfer.augment import ATTEMPTS, Augmentation
from kdzoo.transfer.augmenters import AugmentContext

SECTIONS = ("students", "objectives", "augmenters", "recipes", "datasets")
SENTENCE = "should i freeze my credit card debt or consolidate it"  # what augmenters are shown on
_REGISTRIES: dict[str, Registry[Any]] = {
    "students": registry.students,
    "objectives": registry.objectives,
    "augmenters": registry.augmenters,
    "datasets": registry.datasets,
}


def listing(section: str) -> list[dict[str, str]]:
    """Returns the rows of one section, each with a cell by column title."""
    if section == "recipes":
        return [
            {"recipe": name, "what it is": _first_comment(path.read_text(encoding="utf-8"))}
            for name, path in shipped_recipes().items()
        ]
    examples = augmenter_examples() if section == "augmenters" else {}
    rows = []
    for entry in _REGISTRIES[section].entries().values():
        options = ", ".join(
            f"{name}={'required' if default is ... else default}"
            for name, (_, default) in option_fields(entry).items()
        )
        road = entry.road if isinstance(entry, StudentEntry) else ""
        what = f"{entry.summary} [{road}]" if road else entry.summary
        row = {"name": entry.name, "what it is": what, "options": options}
        rows.append(row | ({"example": examples[entry.name]} if examples else {}))
    return rows


def augmenter_examples() -> dict[str, str]:
    """Returns what each augmenter makes of one sentence, its options left at their defaults.

    A dash stands for one that cannot do without options or a teacher's words, fails, or leaves the
    sentence as it is.
    """
    rows = registry.datasets.get("assistant").value().splits["train"]
    context = AugmentContext("[MASK]", [Example(text) for text, _ in rows])
    return {
        name: _example(entry, context) or "–"
        for name, entry in registry.augmenters.entries().items()
    }


def _example(entry: AugmenterEntry, context: AugmentContext) -> str | None:
    options = {name: default for name, (_, default) in option_fields(entry).items()}
    if ... in options.values():
        return None
    augmentation, source = Augmentation(entry, options, context, seed=0), Example(SENTENCE)
    try:
        drawn = (augmentation.draw(source, 0, attempt).text for attempt in range(ATTEMPTS))
        return next((text for text in drawn if text != SENTENCE), None)
    except KdzooError:  # a user's own may fail; a list is no place to stop for it
        return None


def _first_comment(text: str) -> str:
    """Returns the comment line that says what a recipe is: the first that is not the editor's."""
    for line in text.splitlines():
        if line.startswith("#") and "yaml-language-server" not in line:
            return line.removeprefix("#").strip()
    return ""
