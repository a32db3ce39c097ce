"""The section of the page that tells what is wrong with entities."""

from __future__ import annotations

from kdzoo.plain import one_line
from kdzoo.report.columns.quality import ENTITY_ERRORS
from kdzoo.report.figures.rows import Table
from kdzoo.report.page import answers
from kdzoo.report.page.sections import PageSection, drawn


def entity_section(table: Table) -> PageSection | None:
    """Returns the kinds of errors that each model makes; None where words have no tags."""
    lines = [
        {"model": row.name, **{column.title: column.text(row, table) for column in ENTITY_ERRORS}}
        for row, finding in table.judged
        if finding.entity_errors is not None
    ]
    if not lines:
        return None
    caption = (
        "In per cent of the entities that sentences have, mean over seeds. Right: both ends and "
        "type. Other ends: an entity of the type that shares a word with it. Another type: one "
        "with both ends. Both: one of another type with other ends. Missed: none shares a word "
        "with it. These five sum to 100. Invented: entities that are given and share no word with "
        "one that is there."
    )
    answer = one_line(answers.of_entities(table))
    return PageSection(
        "What is wrong with entities", answer, tables=[drawn(lines, 1, caption=caption)]
    )
