"""What the models were trained and read on, in words."""

from __future__ import annotations

from kdzoo.report.figures.rows import Table
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TASKS, TOKEN_CLASSIFICATION, TaskName

_CLASSES: dict[TaskName, str] = {
    SINGLE_LABEL.name: "classes",
    MULTI_LABEL.name: "labels, any number a text",
    TOKEN_CLASSIFICATION.name: "tags, one a word",
}


def data_caption(table: Table) -> str:
    """Returns which data it is, and how its figures are to be read."""
    seeds = [row.quality.seeds for row in table.rows if row.quality] or [1]
    over = (
        "one seed"
        if max(seeds) == 1
        else f"mean ± sd over {_range((min(seeds), max(seeds)))} seeds"
    )
    return (
        f"Data: {data_words(table)}. {table.split.capitalize()} figures are in per cent on "
        f"{table.texts:,} {_noun(table)}, {over}."
    )


def data_words(table: Table) -> str:
    """Returns which data it is, how many classes it has, and how many texts of what."""
    classes = _CLASSES[table.task]
    scope = ", one of them out of scope" if table.has_oos else ""
    labelled = f"{_range(table.labelled)} labelled"
    unlabelled = f" and {_range(table.unlabelled)} unlabelled" if any(table.unlabelled) else ""
    return (
        f"{source(table.origin)}; {table.labels:,} {classes}{scope}; {labelled}{unlabelled}"
        f" training {_noun(table)}, {table.texts:,} for {table.split}"
    )


def _range(counts: tuple[int, int]) -> str:
    fewest, most = counts
    return f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"


def source(origin: str) -> str:
    """Returns where data comes from, in words, of what records say: ``files:name``, ``hub:name``.

    What has another form is said as it is.
    """
    kind, _, name = origin.partition(":")
    if kind == "embedded":
        return f"{name}, which comes with kdzoo"
    if kind == "hub":
        return f"{name} of the Hugging Face hub"
    if kind == "files":
        return f"files called {name}" if name else "files"
    return origin


def _noun(table: Table) -> str:
    if TASKS[table.task].by_word:
        return "sentences"
    return "pairs" if table.has_pairs else "texts"
