"""All files of a report, from the store alone; the same store gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdzoo.report.findings import Finding, find
from kdzoo.report.form_findings import find_forms
from kdzoo.report.latex import latex
from kdzoo.report.loss_sections import losses_section
from kdzoo.report.page import Page, html
from kdzoo.report.picture import draw
from kdzoo.report.rows import Table, make_table
from kdzoo.report.sections import (
    Section,
    calibration_section,
    deployed_section,
    forms_section,
    quality_section,
    scope_section,
    verdict_section,
)
from kdzoo.report.spreadsheet import comma_separated
from kdzoo.report.study_sections import curves_section, environment_section, recipes_section
from kdzoo.report.summary import summary
from kdzoo.report.table import cost_caption, markdown, quality_caption
from kdzoo.results import Store, write_atomically

PAGE = "report.html"


def write_report(store: Store, texts: Sequence[str] | None = None) -> list[Path]:
    """Writes tables, page and picture into the store's folder and returns their paths.

    Args:
        store: of the study.
        texts: of the table's split, where the page may show some (see ``example_texts``).

    Raises:
        StoreError: the folder is no study.
    """
    table = make_table(store)
    findings = find(store, table)
    written = write_tables(table, store.root, findings)
    path = store.root / PAGE
    sections = _sections(store, table, findings, texts)
    write_atomically(path, html(Page(table, summary(table, findings), sections)))
    return [*written, path]


def text_files(table: Table, findings: tuple[Finding, ...] = ()) -> dict[str, str]:
    """Returns the contents of the tables, by the name of their file."""
    return {
        "table.md": markdown(table, findings),
        "table.csv": comma_separated(table),
        "table.tex": latex(table),
    }


def write_tables(table: Table, folder: Path, findings: tuple[Finding, ...] = ()) -> list[Path]:
    """Writes tables and picture into a folder and returns their paths."""
    written = []
    for name, content in text_files(table, findings).items():
        write_atomically(folder / name, content)
        written.append(folder / name)
    return written + draw(table, folder)


def _sections(
    store: Store, table: Table, findings: tuple[Finding, ...], texts: Sequence[str] | None
) -> list[Section]:
    sections = (
        quality_section(table, quality_caption(table)),
        deployed_section(table, cost_caption(table)),
        verdict_section(findings),
        forms_section(find_forms(store, table)),
        calibration_section(findings),
        scope_section(findings),
        losses_section(findings, table.label_names, texts),
        curves_section(store),
        environment_section(store),
        recipes_section(store),
    )
    return [section for section in sections if section is not None]
