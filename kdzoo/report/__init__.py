"""Tables and pictures: functions of the store alone."""

from pathlib import Path

from kdzoo.report.picture import draw
from kdzoo.report.rows import Table, TableRow, make_table
from kdzoo.report.table import comma_separated, markdown
from kdzoo.results import Store, write_atomically


def write_report(store: Store) -> list[Path]:
    """Writes table and picture into the store's folder and returns their paths.

    Raises:
        StoreError: the folder is no study.
    """
    table = make_table(store)
    written = []
    for name, content in (("table.md", markdown(table)), ("table.csv", comma_separated(table))):
        write_atomically(store.root / name, content)
        written.append(store.root / name)
    return written + draw(table, store.root)


__all__ = ["Table", "TableRow", "make_table", "markdown", "write_report"]
