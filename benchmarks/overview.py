"""The best fast student of each published study, in one table: what can stand in for a teacher."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from tabulate import tabulate

from kdzoo.measure import NOISY
from kdzoo.results import Store
from kdzoo.results.store import MANIFEST
from kdzoo.task import TASKS, Task

RESULTS = Path(__file__).resolve().parent.parent / "results"
OVERVIEW = "overview.md"
FASTER = 5.0  # than the teacher in its fastest form, at least
CAPTION = (
    "Of each published study whose students have one teacher: the most accurate student that is "
    f"at least {FASTER:g} times as fast as the teacher's fastest form, in the form that is named; "
    "its figure, speed and size are of that form. Than: the teacher's fastest form that was "
    "measured; where that is not int8, the lead over int8 would be smaller. Figures are in per "
    "cent on the test texts, mean over seeds; texts out of scope are judged by the most probable "
    "label, without a threshold. Hard labels: the same student on gold labels alone; "
    "distilling helps where its gain over them is measurable. The difference is in points, with "
    "its 95 % interval over texts, for the very models that were trained, before export. As "
    "decided (teacher): accuracy of the student, and of the teacher, with the out-of-scope "
    "threshold that was fitted on validation. NOISY: the machine was not quiet."
)
STANDINGS = {"better": "better", "equal": "as good", "undecided": "unclear", "worse": "worse"}
EFFECTS = {"gain": "helps", "loss": "costs", "none": "no effect", "one seed": "unclear"}
Publish = Annotated[bool, typer.Option("--publish", help="Write the page to results/overview.md.")]
Row = Mapping[str, str]


def main(publish: Publish = False) -> None:
    """Prints a line per study, out of its published table."""
    text = overview()
    Console().print(text, markup=False, highlight=False)
    if publish:
        (RESULTS / OVERVIEW).write_text(text, encoding="utf-8")


def overview() -> str:
    """Returns the page: the table and what its columns are."""
    studies = [path.parent for path in sorted(RESULTS.glob(f"*/{MANIFEST}"))]
    lines = [line for folder in studies if (line := line_of(folder))]
    table = tabulate(lines, headers="keys", tablefmt="pipe", disable_numparse=True)
    return f"# What can stand in for a teacher\n\n{table}\n\n{CAPTION}\n"


def line_of(folder: Path) -> dict[str, str] | None:
    """Returns a study's line; None without a timed student of one teacher."""
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    teachers = {row["model"] for row in rows if row["role"] == "teacher"}
    fast = [row for row in rows if row["role"] == "student" and _times(row) >= FASTER]
    if len(teachers) != 1 or not fast:
        return None
    task = _task(folder)
    form = max(fast, key=lambda row: (round(_figure(row, task), 3), _times(row)))
    student, teacher = _first(rows, form["model"]), _first(rows, *teachers)
    warning = " NOISY" if float(form["noise"] or 0) > NOISY else ""
    return {
        "study": folder.name,
        "figure": task.leading_title,
        "teacher": f"{_figure(teacher, task) * 100:.1f}",
        "student": f"{form['model']}, {form['runtime']}",
        "its figure": f"{_figure(form, task) * 100:.1f}",
        "hard labels": _percent(student[f"hard_labels_{task.leading}_mean"]),
        "distilling": EFFECTS[student["effect"]],
        "student − teacher": _difference(student),
        "verdict": STANDINGS[student["model_verdict"]],
        "as decided (teacher)": _decided(form, teacher),
        "times faster": f"{_times(form):.3g}{warning}",
        "than": _fastest(rows),
        "size, MB": f"{float(form['size_bytes']) / 1e6:.3g}",
    }


def _task(folder: Path) -> Task:
    store = Store(folder)
    return TASKS[store.read(sorted(store.manifest().keys)[0]).data.task]


def _times(row: Row) -> float:
    return float(row.get("times_faster_than_fastest_teacher") or 0)


def _fastest(rows: Sequence[Row]) -> str:
    """Returns the teacher's fastest runtime: its row alone has no factor."""
    return next(
        row["runtime"]
        for row in rows
        if row["role"] == "teacher" and not row["times_faster_than_fastest_teacher"]
    )


def _first(rows: Sequence[Row], model: str) -> Row:
    """Returns the line that says what a model gives, beside what it costs in one runtime."""
    return next(row for row in rows if row["model"] == model)


def _figure(row: Row, task: Task) -> float:
    return float(row[f"{task.leading}_mean"])


def _percent(share: str) -> str:
    return f"{float(share) * 100:.1f}" if share else "–"


def _decided(student: Row, teacher: Row) -> str:
    own, other = (_percent(row.get("as_decided_accuracy_mean", "")) for row in (student, teacher))
    return f"{own} ({other})" if own != "–" else own


def _difference(row: Row) -> str:
    names = ("model_minus_teacher", "model_minus_teacher_low", "model_minus_teacher_high")
    value, low, high = (float(row[name]) * 100 for name in names)
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    typer.run(main)
