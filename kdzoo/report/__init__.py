"""Tables and pictures: functions of the store alone."""

from pathlib import Path

from kdzoo.report.picture import draw
from kdzoo.report.rows import Table, TableRow, make_table
from kdzoo.report.spreadsheet import comma_separated
from kdzoo.report.table import markdown
from kdzoo.results import Store, write_atomically


def write_report(store: Store) -> list[Path]:
    """Writes table and picture into the store's folder and returns their paths.

    Raises:
        StoreError: the folder is no study.
    """
    return write_tables(make_table(store), store.root)


def write_tables(table: Table, folder: Path) -> list[Path]:
    """Writes table and picture into a folder and returns their paths."""
    written = []
    for name, content in (("table.md", markdown(table)), ("table.csv", comma_separated(table))):
        write_atomically(folder / name, content)
        written.append(folder / name)
    return written + draw(table, folder)


__all__ = ["Table", "TableRow", "make_table", "markdown", "write_report", "write_tables"]
