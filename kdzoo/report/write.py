"""All files of a report, from the store alone; the same store gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kdzoo.files import write_atomically
from kdzoo.plain import one_line
from kdzoo.report.columns.column import ShownIn
from kdzoo.report.figures.escalations import find_escalations
from kdzoo.report.figures.form_findings import find_forms
from kdzoo.report.figures.making import make_table
from kdzoo.report.figures.rows import Table
from kdzoo.report.formats.latex import latex
from kdzoo.report.formats.spreadsheet import comma_separated
from kdzoo.report.formats.table import cost_caption, deployed_title, markdown, quality_caption
from kdzoo.report.page.decision_sections import calibration_section, scope_section
from kdzoo.report.page.entity_section import entity_section
from kdzoo.report.page.escalation_section import escalation_section
from kdzoo.report.page.lead import lead
from kdzoo.report.page.loss_sections import losses_section
from kdzoo.report.page.page import Page, html
from kdzoo.report.page.sections import (
    PageSection,
    deployed_section,
    forms_section,
    quality_section,
    verdict_section,
)
from kdzoo.report.page.study_sections import (
    curves_section,
    dates,
    environment_sections,
    recipes_section,
)
from kdzoo.report.pictures.accuracy import draw, draw_decided, draw_size
from kdzoo.report.pictures.budget import draw_budgets
from kdzoo.report.pictures.changes import draw_changes
from kdzoo.report.pictures.gap import draw_gaps
from kdzoo.results import RenewedStore, Store
from kdzoo.statistics import OutcomesReader, current

PAGE = "report.html"


@dataclass(frozen=True)
class Report:
    """What a study's store says, read once for all that shows it.

    Attributes:
        store: the study's.
        reader: of the outcomes.
        table: the study's rows.
    """

    store: RenewedStore
    reader: OutcomesReader
    table: Table


def read_report(store: Store) -> Report:
    """Returns what there is to report.

    Raises:
        StoreError: the folder is no study.
    """
    store = current(store)
    reader = OutcomesReader(store)
    return Report(store, reader, make_table(store, reader=reader))


def write_report(
    store: Store, texts: Sequence[str] | None = None, report: Report | None = None
) -> list[Path]:
    """Writes tables, page and pictures into the store's folder and returns their paths.

    Args:
        store: of the study.
        texts: of the table's split, where the page may show some (see ``example_texts``).
        report: what the store says, where that was read already.

    Raises:
        StoreError: the folder is no study.
    """
    report = report or read_report(store)
    store, table = report.store, report.table
    store.keep()
    written = write_tables(table, store.root)
    written += draw_gaps(store, table, store.root) + draw_changes(table, store.root)
    written += draw_budgets(store, table, store.root)
    path = store.root / PAGE
    write_atomically(path, page(report, texts))
    return [*written, path]


def page(report: Report, texts: Sequence[str] | None = None) -> str:
    """Returns the page, whole.

    Args:
        report: of the study.
        texts: of the table's split, where the page may show some.
    """
    sections = _sections(report, texts)
    return html(Page(report.table, lead(report.table, dates(report.store)), sections))


def text_files(table: Table) -> dict[str, str]:
    """Returns the contents of the tables, by the name of their file."""
    return {
        "table.md": markdown(table),
        "table.csv": comma_separated(table),
        "table.tex": latex(table),
    }


def write_tables(table: Table, folder: Path) -> list[Path]:
    """Writes tables and pictures of costs into a folder and returns their paths."""
    written = []
    for name, content in text_files(table).items():
        write_atomically(folder / name, content)
        written.append(folder / name)
    pictures = draw(table, folder) + draw_size(table, folder) + draw_decided(table, folder)
    return written + pictures


def _sections(report: Report, texts: Sequence[str] | None) -> list[PageSection]:
    store, table = report.store, report.table
    sections = (
        quality_section(table, one_line(quality_caption(table, ShownIn.PAGE))),
        *_deployed_sections(table),
        verdict_section(table),
        forms_section(find_forms(store, table, report.reader), table),
        calibration_section(table),
        scope_section(table),
        escalation_section(find_escalations(store, table.split), table),
        entity_section(table),
        losses_section(table, texts),
        curves_section(store, table),
        *environment_sections(store),
        recipes_section(store),
    )
    return [section for section in sections if section is not None]


def _deployed_sections(table: Table) -> Iterator[PageSection]:
    """Yields what each machine measured; a line's id is that of its row in the picture."""
    ids = {(row.name, row.runtime): str(number) for number, row in enumerate(table.rows)}
    for place, there in enumerate(table.by_machine):
        section = deployed_section(there, one_line(cost_caption(there)))
        shown = section.tables[0]
        lines = [
            replace(line, id=ids[row.name, row.runtime])
            for line, row in zip(shown.lines, there.rows, strict=True)
        ]
        shown = replace(shown, lines=lines, id="" if place else shown.id)
        yield replace(section, title=one_line(deployed_title(there)), tables=[shown])
