"""The table as LaTeX, for booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from unicodedata import normalize

import pandas as pd

from kdzoo.plain import one_line
from kdzoo.report.columns.column import Column, ShownIn, TablePart
from kdzoo.report.columns.declared import shown
from kdzoo.report.figures.rows import Table, TableRow
from kdzoo.report.formats.table import deployed_title, notes

_COMMANDS = {"±": r"$\pm$", "×": r"$\times$", "–": "--", "−": "$-$"}
_FOREIGN = re.compile(  # what pdfLaTeX has no letter for
    r"[^\n\x20-\x7e\u00a1-\u0125\u0128-\u0137\u0139-\u013e\u0141-\u0148\u014a-\u0165\u0168-\u017e"
    r"\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
_UNICODE = r"""% Letters that pdfLaTeX has not: compile this with XeLaTeX or LuaLaTeX, and a font
% that has them, as in \usepackage{fontspec}\setmainfont{Noto Serif CJK SC}
\ifdefined\Umathcode\else\errmessage{kdzoo: this table has letters that pdfLaTeX has not; %
compile it with XeLaTeX or LuaLaTeX and a font that has them}\fi
\begingroup\tracinglostchars=3 % a letter that the font has not is an error, and not a gap"""


def latex(table: Table) -> str:
    r"""Returns both tables, each a ``tabular`` to be put in with ``\input``; text stays text.

    Where several machines timed rows, the second is one for each.

    The most accurate student is set bold, and of the rows as deployed the fastest too. Needs
    ``\usepackage{booktabs}``; with letters that pdfLaTeX has not, XeLaTeX or LuaLaTeX: no letter
    is written as another, so that no two models become one.
    """
    models = [row for row in table.rows if row.is_first]
    parts = [f"% {_escaped(table.study)}"]
    if models:
        parts.append(_tabular(models, table, TablePart.MODEL))
    for there in table.by_machine:
        if there.machine:
            parts.append(f"% {_escaped(deployed_title(there))}")
        parts.append(_tabular(there.rows, there, TablePart.FORM))
        parts += [f"% {_escaped(note)}" for note in notes(there)]
    if any(_FOREIGN.search(part) for part in parts if not part.startswith("%")):
        parts = [parts[0], _UNICODE, *parts[1:], r"\endgroup"]
    return "\n\n".join(parts) + "\n"


def _best(rows: Sequence[TableRow], table: Table, column: Column) -> int | None:
    """Returns the number of the best sound student's row; None where none has such a figure."""
    merits = {
        number: column.merit(row, table)
        for number, row in enumerate(rows)
        if row.role in ("student", "other") and not row.notes
    }
    known = {number: merit for number, merit in merits.items() if merit is not None}
    return max(known, key=known.__getitem__, default=None)


def _tabular(rows: Sequence[TableRow], table: Table, part: TablePart) -> str:
    columns = shown(table, ShownIn.LATEX, part)
    titles = [column.heading(table) for column in columns]
    cells = [[_escaped(column.text(row, table)) for column in columns] for row in rows]
    for place, column in enumerate(columns):
        number = _best(rows, table, column) if column.is_bold else None
        if number is not None:
            cells[number][place] = rf"\textbf{{{cells[number][place]}}}"
    frame = pd.DataFrame(cells, columns=[_escaped(title) for title in titles])
    texts = sum(title in ("model", "runtime") for title in titles)
    layout = "l" * texts + "r" * (len(titles) - texts)
    return str(frame.style.hide(axis="index").to_latex(hrules=True, column_format=layout)).strip()


def _escaped(text: str) -> str:
    """Returns text that LaTeX prints and does not obey; accents are one with their letters."""
    shown = {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
        **{character: f"\\{character}" for character in "&%$#_"},
        **{character: f"{{{character}}}" for character in "[]*"},  # an option of what is before
        **_COMMANDS, "\N{REPLACEMENT CHARACTER}": "?",
    }  # fmt: skip
    letters = normalize("NFC", one_line(text))
    return "".join(
        "-{}" if letter == following == "-" else shown.get(letter, letter)  # two would be a dash
        for letter, following in pairwise([*letters, ""])
    )
