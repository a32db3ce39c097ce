"""The table as LaTeX, for booktabs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from unicodedata import normalize

import pandas as pd

from kdzoo.report.plain import one_line
from kdzoo.report.rows import Table, TableRow
from kdzoo.report.table import deployed_cells, deployed_title, quality_cells

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
_QUALITY = ("model", "accuracy", "in scope", "OOS recall", "F1", "macro-F1", "agreement",
            "hard labels", "gap closed", "parameters, M")  # fmt: skip
_DEPLOYED = ("model", "runtime", "accuracy", "size, MB", "p50, ms", "p90, ms", "than the fastest",
             "memory, MB")  # fmt: skip


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
        cells = [_chosen(quality_cells(row, table), (*_QUALITY, *table.other_tests))
                 for row in models]  # fmt: skip
        parts.append(_tabular(cells, {"accuracy": _best(models, _error)}))
    for each in table.by_machine:
        if each.machine:
            parts.append(f"% {_escaped(deployed_title(each))}")
        deployed = [_chosen(deployed_cells(row), _DEPLOYED) for row in each.rows]
        best = {"accuracy": _best(each.rows, _error), "p50, ms": _best(each.rows, _latency_ms)}
        parts.append(_tabular(deployed, best))
    if any(_FOREIGN.search(part) for part in parts if not part.startswith("%")):
        parts = [parts[0], _UNICODE, *parts[1:], r"\endgroup"]
    return "\n\n".join(parts) + "\n"


def _chosen(cells: Mapping[str, str], titles: Sequence[str]) -> dict[str, str]:
    return {title: cells[title] for title in titles if title in cells}


def _error(row: TableRow) -> float:
    return 1 - row.metrics["accuracy"].mean if "accuracy" in row.metrics else float("inf")


def _latency_ms(row: TableRow) -> float:
    return float("inf") if row.latency is None else row.latency.p50_ms


def _best(rows: Sequence[TableRow], cost: Callable[[TableRow], float]) -> int | None:
    """Returns the number of the student's row with the lowest cost; None where there is none."""
    students = [number for number, row in enumerate(rows) if row.role in ("student", "other")]
    return min(students, key=lambda number: cost(rows[number]), default=None)


def _tabular(lines: Sequence[Mapping[str, str]], best: Mapping[str, int | None]) -> str:
    titles = list(lines[0])
    cells = [[_escaped(cell) for cell in line.values()] for line in lines]
    for title, number in best.items():
        if number is not None and title in titles:
            column = titles.index(title)
            cells[number][column] = rf"\textbf{{{cells[number][column]}}}"
    frame = pd.DataFrame(cells, columns=[_escaped(title) for title in titles])
    texts = sum(title in ("model", "runtime") for title in titles)
    columns = "l" * texts + "r" * (len(titles) - texts)
    return str(frame.style.hide(axis="index").to_latex(hrules=True, column_format=columns)).strip()


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
    return "".join(shown.get(each, each) for each in normalize("NFC", one_line(text)))
