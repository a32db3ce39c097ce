"""Merged results: what an exported form answered on a machine stands with that machine's figures.

In 8 bits processors compute otherwise, so that the same graph gives other labels elsewhere.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from test_merge import tree
from test_report import figures_of, tables_of
from tiny_results import ENVIRONMENT, HandWritten, one_student, parity_of

from kdzoo.report import Table, make_table, markdown, write_report
from kdzoo.report.figures.form_findings import find_forms
from kdzoo.report.formats.frame import tidy_frame
from kdzoo.report.formats.latex import latex
from kdzoo.results import Member, Store, merge, publish

STUDENT, TEACHER = "s" * 16, "t" * 16
RUNTIMES = ("torch", "onnx", "onnx-int8")
WRONG = {"A": 21, "B": 24, "C": 30}  # texts that the int8 form gets wrong on a machine


def a_study(
    root: Path, machine: str, wrong: Mapping[str, int] = WRONG, *, made_on: str | None = None
) -> Store:
    """Returns a study of one student in three runtimes, timed on a machine.

    Args:
        root: its folder.
        machine: that timed it.
        wrong: how many texts the int8 form gets wrong, by machine.
        made_on: the machine that made the forms and read them; by default the one that timed.
    """
    study, read_on = one_student(root), made_on or machine
    study.rows.pop()
    member = Member(seed=0, key=STUDENT, teacher_key=TEACHER, control_key="c" * 16)
    study.row("tiny", "student", member, road="change", runtimes=RUNTIMES)
    cpu = f"CPU {read_on}"
    study.form(STUDENT, "onnx", range(20), cpu=cpu)
    study.form(STUDENT, "onnx-int8", range(wrong[read_on]), cpu=cpu)
    return timed(study, machine)


def timed(study: HandWritten, machine: str) -> Store:
    """Times all rows on a machine; its sessions are the store's only ones."""
    for path in (study.store.root / "measurements").iterdir():
        path.unlink()
    rows = {(STUDENT, runtime): 0.5 for runtime in RUNTIMES} | {(TEACHER, "torch"): 8.0}
    study.timed(rows, name=f"on-{machine}")
    (session,) = study.store.sessions()
    environment = {**ENVIRONMENT, "cpu": f"CPU {machine}"}
    study.store.write_session(session.model_copy(update={"environment": environment}))
    return study.finish(study.store.root.name)


def accuracies(table: Table) -> dict[str, dict[str, str]]:
    """Returns the accuracy of the student's runtimes, by the machine in the heading above."""
    parts = re.split(r"^## As deployed on CPU (\w), 2 cores$", markdown(table), flags=re.MULTILINE)
    found = {}
    for machine, part in zip(parts[1::2], parts[2::2], strict=True):
        lines = tables_of(part.partition("\n## ")[0])[0]
        found[machine] = {
            line["runtime"].removesuffix(" (!)"): line["accuracy"]
            for line in lines
            if line["model"] == "tiny"
        }
    return found


def shown(int8: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {
        machine: {"torch": "80.0", "onnx": "80.0", "onnx-int8": each}
        for machine, each in int8.items()
    }


@pytest.mark.parametrize("order", [*itertools.permutations("ABC")], ids="".join)
def test_each_machine_has_the_accuracy_that_it_read(tmp_path: Path, order: Sequence[str]) -> None:
    """In whatever order the folders come."""
    stores = [a_study(tmp_path / name, name) for name in order]

    table = make_table(merge(stores, tmp_path / "merged"))

    assert accuracies(table) == shown({"A": "79.0", "B": "76.0", "C": "70.0"})
    by_csv = {
        line["machine"]: line["accuracy_mean"]
        for line in figures_of(table)
        if line["runtime"] == "onnx-int8"
    }
    assert by_csv == {"CPU A, 2 cores": "0.79", "CPU B, 2 cores": "0.76", "CPU C, 2 cores": "0.7"}
    assert [latex(table).count(f" & {each} &") for each in ("79.0", "76.0", "70.0")] == [1, 1, 1]


def test_the_page_has_a_point_for_each_machine(tmp_path: Path) -> None:
    """The accuracy changes with the machine whose latency stands on the axis."""
    merged = merge([a_study(tmp_path / name, name) for name in "AB"], tmp_path / "merged")

    write_report(merged)

    page = (merged.root / "report.html").read_text(encoding="utf-8")
    (rows,) = re.findall(r'<script id="rows".*?>(.*?)</script>', page, re.DOTALL)
    (point,) = [each for each in json.loads(rows) if each["runtime"] == "onnx-int8"]
    found = {point["accuracy"], point["on"]["latency_ms_2"]["accuracy"]}
    assert found == {79.0, 76.0}
    assert f"accuracy {point['accuracy']:.1f}" in point["hover"]


def test_the_frame_names_the_machine_that_read(tmp_path: Path) -> None:
    merged = merge([a_study(tmp_path / name, name) for name in "AB"], tmp_path / "merged")

    frame = tidy_frame(merged)

    lines = frame.query("runtime == 'onnx-int8' and split == 'test' and metric == 'accuracy'")
    assert dict(zip(lines["machine"], lines["value"], strict=True)) == {
        "CPU A, 2 cores": 0.79,
        "CPU B, 2 cores": 0.76,
    }


def test_a_form_that_was_read_elsewhere_alone_is_a_dash_in_8_bits(tmp_path: Path) -> None:
    """The folder went to another machine and was timed there; float32 answers alike everywhere."""
    stores = [a_study(tmp_path / "one", "A"), a_study(tmp_path / "two", "B", made_on="A")]

    table = make_table(merge(stores, tmp_path / "merged"))

    assert accuracies(table) == shown({"A": "79.0", "B": "–"})
    captions = markdown(table).split("## As deployed on ")
    assert ["read on another machine alone" in each for each in captions] == [
        False,
        *(each.startswith("CPU B") for each in captions[1:3]),
        *([False] * len(captions[3:])),
    ]


def test_of_one_machine_alone_nothing_is_left_out(tmp_path: Path) -> None:
    """No heading names another one."""
    table = make_table(a_study(tmp_path / "one", "B", made_on="A"))

    assert [row.metrics["accuracy"].mean for row in table.rows[1:]] == [0.8, 0.8, 0.79]


def test_a_form_that_fails_the_gate_on_one_machine_fails_on_that_one(tmp_path: Path) -> None:
    stores = [a_study(tmp_path / name, name) for name in "AB"]
    failed = parity_of(passed=False, accuracy_change=-0.2)
    HandWritten(stores[1]).form(STUDENT, "onnx-int8", range(40), parity=failed, cpu="CPU B")

    table = make_table(merge(stores, tmp_path / "merged"))

    assert accuracies(table) == shown({"A": "79.0", "B": "60.0"})
    noted = {each.machine: [row.runtime for row in each.rows if row.notes] for each in
             table.by_machine}  # fmt: skip
    assert noted == {"CPU A, 2 cores": [], "CPU B, 2 cores": ["onnx-int8"]}


def test_merging_again_changes_no_byte(tmp_path: Path) -> None:
    """With itself, with what it was made of, and published once more."""
    stores = [a_study(tmp_path / name, name) for name in "CAB"]
    merged = merge(stores, tmp_path / "merged")
    expected = tree(merged.root)

    for number, more in enumerate(([stores[0]], stores[1:], [])):
        assert tree(merge([merged, *more], tmp_path / str(number) / "merged").root) == expected
    public = publish(merged, tmp_path / "again" / "merged", merged.manifest().keys)
    assert tree(public.root) == expected


def test_what_exporting_changes_tells_on_which_machine(tmp_path: Path) -> None:
    merged = merge([a_study(tmp_path / name, name) for name in "AB"], tmp_path / "merged")

    forms = find_forms(merged, make_table(merged))

    assert {each.machines for each in forms} == {("CPU A, 2 cores",)}
