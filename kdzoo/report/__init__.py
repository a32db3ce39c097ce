"""Tables, pictures and the page: functions of the store alone."""

from kdzoo.report.figures.making import make_table
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.formats.table import markdown
from kdzoo.report.write import (
    PAGE,
    Report,
    read_report,
    text_files,
    write_report,
    write_tables,
)

__all__ = [
    "PAGE",
    "Report",
    "Table",
    "TableRow",
    "make_table",
    "markdown",
    "read_report",
    "text_files",
    "write_report",
    "write_tables",
]
