"""The table as LaTeX: bold where it is best, compiled by pdflatex, and obeying nothing in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report import HOSTILE, a_latency, a_row, a_table

from kdzoo.report import Table
from kdzoo.report.latex import latex
from kdzoo.report.rows import Spread

COMPILER = shutil.which("pdflatex")
DOCUMENT = r"""\documentclass{article}
\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp}\usepackage{booktabs}
\begin{document}\tiny\input{table.tex}\end{document}
"""


def compile_alone(table: Table, folder: Path) -> str:
    """Compiles the table in a document of its own; returns what LaTeX printed."""
    (folder / "table.tex").write_text(latex(table), encoding="utf-8")
    (folder / "paper.tex").write_text(DOCUMENT, encoding="utf-8")
    done = subprocess.run(
        [str(COMPILER), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape",
         "-draftmode", "paper.tex"],
        cwd=folder, capture_output=True, text=True, timeout=120, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


class TestTable:
    def test_sets_the_best_student_bold(self) -> None:
        rows = [
            a_row("teacher", role="teacher", metrics={"accuracy": Spread(0.99, 0.01, 3)}),
            a_row("good", metrics={"accuracy": Spread(0.9, 0.01, 3)}, latency=a_latency(2.0)),
            a_row("fast", metrics={"accuracy": Spread(0.8, 0.01, 3)}, latency=a_latency(0.1)),
        ]

        text = latex(a_table(*rows))

        assert text.count(r"\textbf{90.0 $\pm$ 1.0}") == 2  # in both tables
        assert text.count(r"\textbf{0.100}") == 1
        assert text.count(r"\textbf") == 3
        assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2

    @settings(deadline=None, max_examples=50)
    @given(st.text(max_size=30))
    def test_has_as_many_cells_in_each_line_whatever_the_name(self, name: str) -> None:
        lines = latex(a_table(a_row(name), study=name)).splitlines()
        rows = [line for line in lines if line.endswith(r" \\")]

        assert len(rows) == 4
        assert rows[0].count(" & ") == rows[1].count(" & ")
        assert rows[2].count(" & ") == rows[3].count(" & ")


@pytest.mark.skipif(COMPILER is None, reason="needs Debian's package texlive-latex-base")
class TestCompiled:
    def test_is_without_errors(self, tmp_path: Path) -> None:
        assert "Output written" not in compile_alone(a_table(a_row("tiny")), tmp_path)

    def test_obeys_no_name(self, tmp_path: Path) -> None:
        """All hostile names at once, and those that LaTeX would obey."""
        (tmp_path / "secret.tex").write_text("SECRET", encoding="utf-8")
        names = [*HOSTILE, r"\input{secret}", r"\write18{touch done}", "%", "#1", "~^_{}", "日本é"]
        rows = [a_row(name, notes=(name,)) for name in names]

        said = compile_alone(a_table(*rows, study=r"\input{secret}"), tmp_path)

        assert "secret.tex" not in said
        assert not (tmp_path / "done").exists()
