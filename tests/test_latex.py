"""The table as LaTeX: bold where it is best, compiled by pdflatex, and obeying nothing in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report import HOSTILE, a_latency, a_row, a_table

from kdzoo.report import Table
from kdzoo.report.figures.spread import Spread
from kdzoo.report.formats.latex import latex

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

    def test_sets_no_form_bold_that_answers_otherwise_and_no_dash(self) -> None:
        """What is wrong with a row stands below as a comment."""
        broken = a_row("broken", latency=a_latency(0.1), notes=("40 of 100 labels differ",))
        rows = [broken, a_row("sound", latency=a_latency(2.0))]

        text = latex(a_table(*rows))

        assert r"\textbf{0.100}" not in text
        assert r"\textbf{2.00}" in text
        assert "% (!) broken, torch: 40 of 100 labels differ" in text.splitlines()
        untimed = latex(a_table(a_row("one", latency=None), a_row("two", latency=None)))
        assert r"\textbf{--}" not in untimed

    @settings(deadline=None, max_examples=50)
    @given(st.text(max_size=30))
    def test_has_as_many_cells_in_each_line_whatever_the_name(self, name: str) -> None:
        lines = latex(a_table(a_row(name), study=name)).splitlines()
        rows = [line for line in lines if line.endswith(r" \\")]

        assert len(rows) == 4
        assert rows[0].count(" & ") == rows[1].count(" & ")
        assert rows[2].count(" & ") == rows[3].count(" & ")


LATIN = ["façade", "Łódź", "ÅßŒÿ", "Ğışő", "“quoted” ‘so’", "10 €, 5 ‰ …", "e\u0301te\u0301"]
FOREIGN = [
    ("模型", "教师"),
    ("モデル", "先生"),
    ("한국", "서울"),
    ("модель", "учитель"),
    ("μοντέλο", "δάσκαλε"),
    ("نموذج", "معلمة"),
    ("מודל", "מורה"),
    ("แบบ", "ครู"),
    ("मॉडल", "शिक्षक"),
    ("🚀", "🎯"),
    ("Ħ", "ŉ"),
    ("𝔸", "𝔹"),
]


class TestLetters:
    def test_of_two_names_never_become_one(self) -> None:
        """Two hyphens are not a dash, three are not a longer one."""
        names = ["lr-high", "lr--high", "lr---high", "lr–high", "lr—high"]

        lines = latex(a_table(*map(a_row, names))).splitlines()
        shown = [line.partition(" & ")[0] for line in lines if line.startswith("lr")]

        assert len({*shown}) == len(names)

    @pytest.mark.parametrize("names", FOREIGN, ids=lambda names: ascii(names[0]))
    def test_that_pdflatex_has_not_stay_what_they_are(self, names: tuple[str, str]) -> None:
        """Two models stay two; the file says which engine it needs, and stops any other."""
        text = latex(a_table(*map(a_row, names)))

        assert [text.count(name) for name in names] == [2, 2]  # in both tables
        head, _, _ = text.partition(r"\begin{tabular}")
        assert r"\ifdefined\Umathcode\else\errmessage{" in head
        assert r"\tracinglostchars=3" in head  # what the font has not is an error
        assert r"\usepackage{fontspec}" in head
        assert text.count(r"\begingroup") == text.count(r"\endgroup") == 1

    @pytest.mark.parametrize("name", LATIN)
    def test_that_it_has_need_no_other_engine(self, name: str) -> None:
        text = latex(a_table(a_row(name)))

        assert normalize("NFC", name) in text
        assert "XeLaTeX" not in text

    def test_of_the_studys_name_are_a_comment(self) -> None:
        """Which no engine reads."""
        text = latex(a_table(a_row("tiny"), study="模型"))

        assert text.startswith("% 模型\n")
        assert "XeLaTeX" not in text


@pytest.mark.skipif(COMPILER is None, reason="needs Debian's package texlive-latex-base")
class TestCompiled:
    def test_is_without_errors(self, tmp_path: Path) -> None:
        assert "Output written" not in compile_alone(a_table(a_row("tiny")), tmp_path)

    def test_obeys_no_name(self, tmp_path: Path) -> None:
        """All hostile names at once, and those that LaTeX would obey."""
        (tmp_path / "secret.tex").write_text("SECRET", encoding="utf-8")
        names = [*HOSTILE, r"\input{secret}", r"\write18{touch done}", "%", "#1", "~^_{}", "é"]
        rows = [a_row(name, notes=(name,)) for name in names]

        said = compile_alone(a_table(*rows, study=r"\input{secret}"), tmp_path)

        assert "secret.tex" not in said
        assert not (tmp_path / "done").exists()

    def test_has_every_letter_that_needs_no_other_engine(self, tmp_path: Path) -> None:
        compile_alone(a_table(*map(a_row, LATIN)), tmp_path)

    def test_says_which_engine_other_letters_need(self, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match="compile it with XeLaTeX"):
            compile_alone(a_table(a_row("日本")), tmp_path)
