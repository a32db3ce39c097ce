"""Tables, pictures and the page: functions of the store alone."""

from kdzoo.report.examples import example_texts
from kdzoo.report.rows import Table, TableRow, make_table
from kdzoo.report.table import markdown
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
    "example_texts",
    "make_table",
    "markdown",
    "read_report",
    "text_files",
    "write_report",
    "write_tables",
]
