"""Tables and pictures: the right figures, the same bytes, and names that stay in their place."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tiny_findings import a_finding
from tiny_results import as_validation, one_student, one_student_deployed, parity_of

import kdzoo.report.pictures.accuracy as picture
from kdzoo import registry
from kdzoo.errors import StoreError
from kdzoo.measure import Memory
from kdzoo.plain import one_line
from kdzoo.report import Table, TableRow, make_table, markdown, write_report
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.spread import Spread
from kdzoo.report.formats.spreadsheet import comma_separated
from kdzoo.report.pictures.labels import Box, Label, box_of, overlap, place_labels
from kdzoo.results import Member, Store, Timing, publish

HOSTILE = [
    "a|b",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "two\nlines",
    "| --- |",
    "[click](javascript:alert(1))",
    "![](http://example.org/x.png)",
    "**bold** `code` # title",
    "back\\slash\\",
    '"quoted", with commas',
    "$\\frac$",
    "100 %",
    "&amp;",
    "\x01",
]


# a session as kdzoo 0.1 wrote it, cut to two rounds of three calls
OLD_SESSION = (
    '{"schema_version":1,"id":"session","threads":1,"timings":['
    '{"key":"ssssssssssssssss","runtime":"torch","rounds_ms":[[0.9,1.0,1.1],[0.8,0.9,1.0]]},'
    '{"key":"tttttttttttttttt","runtime":"torch","rounds_ms":[[10.0,11.0,12.0],[9.0,10.0,11.0]]}],'
    '"environment":{"cpu":"AMD EPYC","cores":"2","machine":"x86_64","system":"Linux 6.18",'
    '"python":"3.11.7","kdzoo":"0.1.0","torch":"2.13.0+cpu","commit":"77a50d678cd3-dirty"},'
    '"created":"2025-11-20T12:00:00+00:00"}'
)


def a_latency(p50_ms: float = 0.5) -> Latency:
    return Latency(p50_ms, p50_ms * 1.4, None, 1, "Some CPU")


def a_row(name: str, **changes: Any) -> TableRow:
    fields: dict[str, Any] = {
        "name": name,
        "role": "student",
        "kind": "tiny",
        "road": "change",
        "runtime": "torch",
        "metrics": {"accuracy": Spread(0.8, 0.01, 3), "macro_f1": Spread(0.7, 0.01, 3)},
        "control": {"accuracy": Spread(0.7, 0.01, 3)},
        "finding": a_finding(gap_closed=0.5),
        "parameters": 2_000_000,
        "size_bytes": 8_000_000,
        "latency": a_latency(),
    }
    return TableRow(**{**fields, **changes})


def a_table(*rows: TableRow, study: str = "study", origin: str = "files:tiny") -> Table:
    return Table(
        study=study,
        split="test",
        rows=rows,
        origin=origin,
        labels=4,
        labelled=(100, 100),
        unlabelled=(0, 0),
        texts=100,
        has_oos=True,
    )


def cells_of(line: str) -> list[str]:
    """Returns the cells of a Markdown table's line: an escaped bar ends none."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def tables_of(text: str) -> list[list[dict[str, str]]]:
    """Returns the lines of each Markdown table, by column title."""
    blocks = [block for block in text.split("\n\n") if block.startswith("|")]
    found = []
    for block in blocks:
        titles, _, *lines = map(cells_of, block.splitlines())
        found.append([dict(zip(titles, line, strict=True)) for line in lines])
    return found


def figures_of(table: Table) -> list[dict[str, str]]:
    """Returns the lines of the CSV."""
    return list(csv.DictReader(io.StringIO(comma_separated(table))))


class TestTexts:
    def test_are_shown_where_a_student_learnt_from_more_than_the_datas(self) -> None:
        """Augmented and unlabelled texts are told where they tell rows apart, and only there."""
        plain = markdown(a_table(a_row("none", texts=100)))
        added = markdown(
            a_table(a_row("none", texts=100), a_row("tang", texts=2100), a_row("svm", texts=None))
        )

        assert "texts" not in tables_of(plain)[0][0]
        assert [line["texts"] for line in tables_of(added)[0]] == ["100", "2,100", "–"]


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_stay_in_their_cell_of_the_markdown_table(self, name: str) -> None:
        """A name adds no column, no line, no link and no tag."""
        noted = a_row("plain", notes=("it says",))
        own = markdown(a_table(noted, a_row("other")))
        plain = tables_of(own)

        hostile = a_row(name, notes=(name,))
        text = markdown(a_table(hostile, a_row("other"), study=name, origin=name))

        tables = tables_of(text)
        assert [len(lines) for lines in tables] == [len(lines) for lines in plain] == [2, 2]
        for lines, wanted in zip(tables, plain, strict=True):
            assert lines[1] == wanted[1]
            assert lines[0] | {"model": ""} == wanted[0] | {"model": ""}
        assert "<script" not in text
        links = r"(?<!\\)\]\(\S+"  # the table's own, to what its words mean
        assert re.findall(links, text) == re.findall(links, own)
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1

    @pytest.mark.parametrize("name", HOSTILE)
    def test_are_text_in_a_spreadsheet(self, name: str) -> None:
        """No cell begins as a formula would, and no row or column is lost."""
        table = a_table(a_row(name, kind=name, notes=(name,)), a_row("other"), study=name)

        rows = list(csv.reader(io.StringIO(comma_separated(table))))

        assert len(rows) == 3
        assert len({len(row) for row in rows}) == 1
        for cell in (*rows[1][:6], rows[1][-1]):
            assert cell[:1] not in ("=", "+", "-", "@")
        assert rows[1][2].removeprefix("'") == one_line(name)

    @settings(deadline=None, max_examples=50)
    @given(st.text(max_size=30))
    def test_of_any_kind_leave_the_tables_as_wide_as_they_are(self, name: str) -> None:
        table = a_table(a_row(name, notes=(name,)), study=name, origin=name)

        (quality,), (deployed,) = tables_of(markdown(table))  # which takes lines as wide as titles
        rows = list(csv.reader(io.StringIO(comma_separated(table), newline="")))

        assert quality["accuracy"] == deployed["accuracy"] == "80.0 ± 1.0"
        assert len({len(row) for row in rows}) == 1
        assert len(rows) == 2

    @pytest.mark.pictures
    def test_are_text_in_the_picture(self, tmp_path: Path) -> None:
        """The drawing is well-formed, has no element of theirs, and reads no formulas into them."""
        rows = [a_row(name, latency=a_latency(0.1 * 2**i)) for i, name in enumerate(HOSTILE)]

        paths = picture.draw(a_table(*rows, study="$\\frac$ <script>"), tmp_path)

        (svg,) = (path for path in paths if path.suffix == ".svg")
        root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert not [each for each in root.iter() if each.tag.endswith("script")]
        texts = " ".join("".join(each.itertext()) for each in root.iter() if "text" in each.tag)
        for name in ("<script>alert(1)</script>", "$\\frac$", "a|b", "&amp;"):
            assert name in texts


class TestGapClosed:
    @pytest.mark.parametrize(
        ("teacher", "control", "student", "gap"),
        [
            (10, 40, 20, 2 / 3),
            (10, 40, 40, 0.0),
            (10, 40, 10, 1.0),
            (10, 40, 4, 6 / 5),  # better than its teacher
            (10, 40, 55, -1 / 2),  # worse than without it
        ],
    )
    def test_is_the_share_of_the_way_from_control_to_teacher(
        self, tmp_path: Path, teacher: int, control: int, student: int, gap: float
    ) -> None:
        """Numbers of wrong texts out of a hundred; the share is that of the accuracies."""
        store = one_student(
            tmp_path,
            teacher=range(teacher),
            control=range(control),
            student=range(student),
            seeds=2,
        ).finish()

        (row,) = [row for row in make_table(store).rows if row.role == "student"]

        assert row.gap_closed == pytest.approx(gap)
        shown = f"{gap * 100:.0f} %" if gap else "unclear"
        assert f" {shown} |" in markdown(make_table(store))

    @pytest.mark.parametrize(
        ("teacher", "control", "told_apart"),
        [
            (range(10), range(10), False),  # the very same texts
            (range(10), range(15), False),  # 5 texts differ, all one way: p = 0.0625
            (range(10), range(16), True),  # 6 texts: p = 0.031
            (range(10), range(5, 25), True),  # 5 against 15: p = 0.041
            (range(10), range(6, 25), False),  # 6 against 15: p = 0.078
            (range(0), range(0), False),  # both are perfect
        ],
    )
    def test_is_a_dash_where_teacher_and_control_cannot_be_told_apart(
        self, tmp_path: Path, teacher: range, control: range, told_apart: bool
    ) -> None:
        """The permutation test over texts at 5 % decides whether there is a gap to close."""
        wrong = {"teacher": teacher, "control": control, "student": [3, 4]}
        store = one_student(tmp_path, **wrong, seeds=2).finish()

        table = make_table(store)

        (row,) = [row for row in table.rows if row.role == "student"]
        assert (row.gap_closed is not None) == told_apart
        quality, _ = tables_of(markdown(table))
        assert (quality[1]["gap closed"] in ("–", "unclear")) != told_apart

    def test_is_a_dash_where_the_control_beats_the_teacher(self, tmp_path: Path) -> None:
        """There is no gap to close; a share of less than nothing would mislead."""
        store = one_student(tmp_path, teacher=range(40), control=range(10)).finish()

        assert [row.gap_closed for row in make_table(store).rows] == [None, None]

    def test_is_a_dash_without_a_control(self, tmp_path: Path) -> None:
        study = one_student(tmp_path)
        lone = Member(seed=0, key="s" * 16, teacher_key="t" * 16)
        study.row("lone", "student", lone, road="change")

        rows = {row.name: row for row in make_table(study.finish()).rows}

        assert rows["lone"].gap_closed is None
        assert rows["lone"].control == {}
        assert rows["tiny"].gap_closed is not None

    @pytest.mark.parametrize(
        ("control", "alone", "both"),
        [
            (16, (0.88 - 0.84) / (0.90 - 0.84), (0.885 - 0.84) / (0.90 - 0.84)),
            (14, None, None),  # four texts tell nothing, p = 0.125; read twice, they tell no more
        ],
    )
    def test_over_seeds_is_that_of_the_means(
        self, tmp_path: Path, control: int, alone: float | None, both: float | None
    ) -> None:
        """Seeds are averaged before they are divided, and a text counts once."""
        hard = range(control)
        study = one_student(tmp_path, teacher=range(10), control=hard, student=range(12))
        study.model("d" * 16, hard, role="control", name="tiny-hard-labels", seed=1)
        study.model("e" * 16, range(11), seed=1)
        members = [
            Member(seed=0, key="s" * 16, teacher_key="t" * 16, control_key="c" * 16),
            Member(seed=1, key="e" * 16, teacher_key="t" * 16, control_key="d" * 16),
        ]
        study.row("two seeds", "student", *members, road="change")

        rows = {row.name: row for row in make_table(study.finish()).rows}

        assert rows["tiny"].gap_closed == (alone and pytest.approx(alone))
        assert rows["two seeds"].gap_closed == (both and pytest.approx(both))
        assert rows["two seeds"].metrics["accuracy"] == Spread.of([0.88, 0.89])


class TestFigures:
    def test_are_means_and_sample_deviations_over_seeds(self) -> None:
        assert Spread.of([0.8, 0.9]) == Spread(pytest.approx(0.85), pytest.approx(0.0707107), 2)
        assert math.isnan(Spread.of([0.8]).sd)

    def test_of_the_table_are_those_of_the_records(self, tmp_path: Path) -> None:
        """The first table says what a model gives, the second what it costs in a runtime."""
        store = one_student(tmp_path, seeds=2).finish()
        quality, deployed = tables_of(markdown(make_table(store)))
        teacher, student = quality

        assert teacher["accuracy"] == "90.0"
        assert student["accuracy"] == "80.0 ± 0.0"
        assert student["hard labels"] == "60.0 ± 0.0"
        assert student["gap closed"] == "67 %"
        assert student["parameters, M"] == "2.00"
        assert teacher["agreement"] == teacher["hard labels"] == "–"

        teacher, student = deployed
        assert teacher["runtime"] == student["runtime"] == "torch"
        assert [teacher["accuracy"], student["accuracy"]] == ["90.0", "80.0 ± 0.0"]
        assert [teacher["size, MB"], student["size, MB"]] == ["40.0", "1.0"]
        assert [teacher["p50, ms"], student["p50, ms"]] == ["8.00", "0.500"]
        assert student["faster"] == "16.0 × (16.0–16.0)"
        assert teacher["faster"] == "–"
        assert student["memory, MB"] == student["cold start, s"] == student["p99, ms"] == "–"

    def test_of_the_csv_are_not_rounded(self, tmp_path: Path) -> None:
        rows = figures_of(make_table(one_student(tmp_path).finish()))

        assert [row["model"] for row in rows] == ["teacher", "tiny"]
        assert float(rows[1]["accuracy_mean"]) == pytest.approx(0.8)
        assert float(rows[1]["hard_labels_accuracy_mean"]) == pytest.approx(0.6)
        assert float(rows[1]["gap_closed"]) == pytest.approx(2 / 3, rel=1e-5)
        assert rows[1]["accuracy_sd"] == ""
        assert rows[0]["hard_labels_accuracy_mean"] == ""
        assert [row["runtime"] for row in rows] == ["torch", "torch"]
        assert [row["size_bytes"] for row in rows] == ["40000000", "1000000"]
        assert float(rows[1]["times_faster"]) == 16
        assert rows[0]["times_faster"] == ""

    def test_of_models_without_a_read_test_are_validations(self, tmp_path: Path) -> None:
        """One row without test figures makes the whole table one of validation: rows stay alike."""
        study = one_student(tmp_path)
        store = study.finish()
        for key in ("t" * 16, "c" * 16, "s" * 16):
            as_validation(store, key)
            record = store.read(key)
            quality = {"validation": record.quality["test"]}
            if key != "t" * 16:
                quality["test"] = {**record.quality["test"], "accuracy": 0.25}
            store.write(store.finished(key), record.model_copy(update={"quality": quality}))

        table = make_table(store)

        assert table.split == "validation"
        assert [row.metrics["accuracy"].mean for row in table.rows] == pytest.approx([0.9, 0.8])

    def test_are_asked_of_a_study_and_of_nothing_else(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"study\.json"):
            write_report(Store(tmp_path))

    def test_without_a_model_of_the_manifest_are_an_error(self, tmp_path: Path) -> None:
        study = one_student(tmp_path)
        study.row("gone", "student", Member(seed=0, key="g" * 16), road="change")

        with pytest.raises(StoreError, match="no finished model of 'gone', seed 0"):
            write_report(study.finish())


class TestRuntimes:
    def test_are_a_line_each_of_what_is_deployed(self, tmp_path: Path) -> None:
        """A model stands once in the first table and in every runtime in the second."""
        quality, deployed = tables_of(markdown(make_table(one_student_deployed(tmp_path).finish())))

        assert [row["model"] for row in quality] == ["teacher", "tiny", "tf-idf + svm"]
        assert [(row["model"], row["runtime"]) for row in deployed] == [
            ("teacher", "pipeline"), ("teacher", "torch"), ("teacher", "onnx"),
            ("teacher", "onnx-int8"), ("tiny", "torch"), ("tiny", "onnx"), ("tiny", "onnx-int8"),
            ("tf-idf + svm", "sklearn"),
        ]  # fmt: skip

    def test_have_the_quality_and_the_size_of_their_own_files(self, tmp_path: Path) -> None:
        """A form is read from its record; PyTorch and a pipeline share the trained model's."""
        _, deployed = tables_of(markdown(make_table(one_student_deployed(tmp_path).finish())))
        shown = {
            (row["model"], row["runtime"]): (row["accuracy"], row["size, MB"]) for row in deployed
        }

        assert shown == {
            ("teacher", "pipeline"): ("90.0", "40.0"),
            ("teacher", "torch"): ("90.0", "40.0"),
            ("teacher", "onnx"): ("90.0", "4.0"),
            ("teacher", "onnx-int8"): ("88.0", "1.0"),
            ("tiny", "torch"): ("80.0", "1.0"),
            ("tiny", "onnx"): ("80.0", "0.1"),
            ("tiny", "onnx-int8"): ("79.0", "0.0"),
            ("tf-idf + svm", "sklearn"): ("55.0", "9.0"),
        }
        sizes = [row["size_bytes"] for row in figures_of(make_table(Store(tmp_path)))]
        assert sizes == ["40000000", "40000000", "4000200", "1000200",
                         "1000000", "100200", "30200", "9000000"]  # fmt: skip

    def test_are_compared_with_the_teacher_in_the_same_and_in_its_fastest(
        self, tmp_path: Path
    ) -> None:
        """The teacher itself gains too; nothing is compared with itself."""
        rows = figures_of(make_table(one_student_deployed(tmp_path).finish()))

        def column_of(column: str) -> list[float | None]:
            return [float(row[column]) if row[column] else None for row in rows]

        assert column_of("times_faster") == [None, None, None, None, 16, 20, 10, None]
        fastest = column_of("times_faster_than_fastest_teacher")
        assert fastest == [1 / 16, 1 / 8, 1 / 4, None, 2, 5, 10, 1 / 2]

    def test_say_once_what_the_model_gives(self, tmp_path: Path) -> None:
        """The control and the gap belong to the model: its first line alone has them."""
        rows = make_table(one_student_deployed(tmp_path).finish()).rows

        compared = {(row.name, row.runtime) for row in rows if row.gap_closed is not None}
        assert compared == {(row.name, row.runtime) for row in rows if row.control}
        assert compared == {("tiny", "torch")}

    def test_that_are_wrong_are_marked_with_the_reason_below(self, tmp_path: Path) -> None:
        """A form that was not made, one that answers otherwise, a process that died: all say so."""
        study = one_student_deployed(tmp_path)
        study.form("t" * 16, "onnx", failure="its graph cannot be written: no such operator")
        parity = parity_of(
            passed=False, logit_difference=0.25, other_labels=7, accuracy_change=-0.061
        )
        study.form("s" * 16, "onnx-int8", range(30), parity=parity)
        dead = Timing(key="t" * 16, runtime="pipeline", failure="its process ended by SIGKILL")
        study.session(dead, name="later")

        table = make_table(study.finish())

        text = markdown(table)
        _, deployed = tables_of(text)
        marked = {(row["model"], row["runtime"]) for row in deployed if "(!)" in row["runtime"]}
        assert marked == {
            ("teacher", "pipeline (!)"), ("teacher", "onnx (!)"), ("tiny", "onnx-int8 (!)")
        }  # fmt: skip
        assert "(!) teacher, pipeline: its process ended by SIGKILL" in text
        assert "(!) teacher, onnx: its graph cannot be written: no such operator" in text
        (line,) = [line for line in text.splitlines() if line.startswith("(!) tiny")]
        for figure in ("0.25", "7 of 100", "-6.10 points"):
            assert figure in line
        by_row = {(row["model"], row["runtime"]): row for row in deployed}
        failed = by_row["teacher", "onnx (!)"]
        assert failed["accuracy"] == failed["size, MB"] == "–"
        assert by_row["tiny", "onnx-int8 (!)"]["accuracy"] == "70.0"
        assert by_row["teacher", "pipeline (!)"]["p50, ms"] == "–"
        noted = {row["runtime"] for row in figures_of(table) if row["notes"]}
        assert noted == {"pipeline", "onnx", "onnx-int8"}

    def test_that_were_not_made_yet_are_dashes(self, tmp_path: Path) -> None:
        """A study that was interrupted before its exports can be shown."""
        study = one_student(tmp_path)
        study.rows.clear()
        member = Member(seed=0, key="s" * 16, teacher_key="t" * 16)
        study.row("tiny", "student", member, road="change", runtimes=("torch", "onnx"))

        store = study.finish()

        _, (_, onnx) = tables_of(markdown(make_table(store)))
        assert {cell for title, cell in onnx.items() if title not in ("model", "runtime")} == {"–"}
        assert all(path.is_file() for path in write_report(store))

    def test_over_seeds_have_means_of_their_own(self, tmp_path: Path) -> None:
        """A seed whose export failed is left out, and told of."""
        study = one_student_deployed(tmp_path)
        for seed, key, wrong in ((1, "e" * 16, 24), (2, "f" * 16, 22)):
            study.model(key, range(20), seed=seed)
            study.form(key, "onnx", range(wrong), failure="it fails" if seed == 2 else None)
        members = [Member(seed=i, key=key * 16) for i, key in enumerate("sef")]
        study.row("three seeds", "student", *members, road="change", runtimes=("torch", "onnx"))

        rows = {(row.name, row.runtime): row for row in make_table(study.finish()).rows}

        assert rows["three seeds", "torch"].metrics["accuracy"] == Spread.of([0.8, 0.8, 0.8])
        onnx = rows["three seeds", "onnx"]
        assert onnx.metrics["accuracy"] == Spread.of([0.80, 0.76])
        assert onnx.notes == ("it fails",)

    def test_show_all_that_was_measured(self, tmp_path: Path) -> None:
        """Throughput, memory, start and work stand in the second table and in the CSV."""
        study = one_student(tmp_path)
        study.timed(
            {"t" * 16: 8.0, "s" * 16: 0.5},
            name="whole",
            model_rounds_ms=((0.25,) * 4,) * 3,
            throughput={"1": 100.0, "8": 200.0, "32": 400.0, "all": 12345.6},
            cold_start_ms=(900.0, 1400.0, 1200.0),
            memory=Memory(
                imported_bytes=40_000_000, loaded_bytes=47_000_000, peak_bytes=50_600_000
            ),
            tokens=9,
            flops=1_234_000,
        )

        table = make_table(study.finish())

        _, (_, shown) = tables_of(markdown(table))
        wanted = {
            "model alone, ms": "0.250", "texts/s": "12,346", "cold start, s": "1.20",
            "memory, MB": "50.6", "MFLOPs": "1.23",
        }  # fmt: skip
        assert {title: shown[title] for title in wanted} == wanted
        found = figures_of(table)[1]
        unrounded = {
            "model_latency_p50_ms": "0.25", "texts_per_second_8": "200",
            "texts_per_second_all": "12345.6", "cold_start_ms": "1200",
            "memory_imported_bytes": "40000000", "memory_loaded_bytes": "47000000",
            "memory_peak_bytes": "50600000", "flops": "1234000", "tokens": "9", "threads": "1",
            "cpu": "Some CPU @ 2 GHz", "noise": "0", "latency_p99_ms": "",
        }  # fmt: skip
        assert {column: found[column] for column in unrounded} == unrounded


@pytest.mark.study
@pytest.mark.pictures
class TestReportAgain:
    def test_gives_the_same_bytes(self, tmp_path: Path) -> None:
        """Tables and pictures are functions of the store: no date, no random id in them."""
        store = one_student_deployed(tmp_path / "study").finish()
        paths = write_report(store)
        first = {path.name: path.read_bytes() for path in paths}
        assert set(first) == {
            "table.md", "table.csv", "table.tex", "report.html",
            *(f"{stem}.{suffix}" for stem in PICTURES for suffix in ("png", "svg", "pdf")),
        }  # fmt: skip

        again = {path.name: path.read_bytes() for path in write_report(store)}

        assert again == first

    def test_from_published_results_gives_them_too(self, tmp_path: Path) -> None:
        """What is published is enough to make every report again, without models and data."""
        study = one_student_deployed(tmp_path / "runs" / "study")
        study.form("t" * 16, "onnx", failure="it cannot be exported")
        store = study.finish()
        first = {path.name: path.read_bytes() for path in write_report(store)}

        keys = [letter * 16 for letter in "tcsb"]
        public = publish(store, tmp_path / "results", keys)

        assert {path.name: path.read_bytes() for path in write_report(public)} == first


@pytest.mark.pictures
class TestPicture:
    def test_is_not_drawn_where_nothing_was_timed(self, tmp_path: Path) -> None:
        assert picture.draw(a_table(a_row("a", latency=None)), tmp_path) == []
        assert list(tmp_path.iterdir()) == []

    def test_of_one_row_is_drawn(self, tmp_path: Path) -> None:
        paths = picture.draw(a_table(a_row("a", control={}, size_bytes=0)), tmp_path)

        assert [path.read_bytes()[:4] for path in paths] == [b"\x89PNG", b"<?xm", b"%PDF"]

    def test_names_every_row_and_the_controls(self, tmp_path: Path) -> None:
        store = one_student(tmp_path).finish()
        write_report(store)

        svg = (tmp_path / "accuracy_vs_latency.svg").read_text(encoding="utf-8")

        for words in (
            "teacher, 40.0 MB",
            "tiny, 1.0 MB",
            "same student on hard labels",
            "test acc",
        ):
            assert words in svg

    def test_leaves_the_settings_of_a_users_own_plots_alone(self, tmp_path: Path) -> None:
        import matplotlib as mpl

        before = dict(mpl.rcParams)
        picture.draw(a_table(a_row("a")), tmp_path)

        after = dict(mpl.rcParams)
        assert {key for key in before if before[key] != after[key]} <= {
            "backend",
            "backend_fallback",
        }


RUNTIMES = ("torch", "onnx", "onnx-int8")
PICTURES = ("accuracy_vs_latency", "accuracy_vs_size", "gap_closed")


def zoo(seed: int, runtimes: tuple[str, ...] = ("torch",)) -> list[TableRow]:
    """Returns ten models as a study has them: spread over speeds and sizes, better where slower."""
    rng = random.Random(seed)
    names = [
        "teacher", "tf-idf + svm", "distilbert", "distilbert/three-layers", "bilstm", "bilstm/mse",
        "cnn", "cnn/hidden=300,dropout=0.1", "fasttext", "bilstm-large",
    ]  # fmt: skip
    rows = []
    for number, name in enumerate(names):
        role = {0: "teacher", 1: "baseline"}.get(number, "student")
        road = None if number < 2 else ("compression" if name.startswith("distil") else "change")
        speed = 0.15 * 1.6 ** (9 - number) * rng.uniform(0.8, 1.25)
        accuracy = 0.80 + 0.015 * (9 - number) + rng.uniform(-0.01, 0.01)
        own = {"teacher": ("pipeline", *runtimes), "baseline": ("sklearn",)}.get(role, runtimes)
        for place, runtime in enumerate(own):
            has_control = role == "student" and place == 0
            exact = Spread(accuracy - 0.004 * (runtime == "onnx-int8"), 0.004, 3)
            rows.append(
                a_row(
                    name,
                    role=role,
                    road=road,
                    runtime=runtime,
                    metrics={"accuracy": exact},
                    control={"accuracy": Spread(accuracy - 0.03, 0.004, 3)} if has_control else {},
                    size_bytes=int(90e6 / 1.7**number / (4 if runtime == "onnx-int8" else 1)),
                    latency=a_latency(speed / 2.2**place),
                    is_first=place == 0,
                )
            )
    return rows


@dataclass
class Drawing:
    """The axes, and boxes on them while the names were placed: saving scales them all."""

    axes: Any
    names: list[Box]
    frame: Box
    legend: Box


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[Table, Path], Drawing]:
    """Draws a table and returns what is on the axes."""
    found: list[Any] = []

    def watching(axes: Any, labels: Any, obstacles: Any) -> list[Box]:
        boxes = place_labels(axes, labels, obstacles)
        (legend,) = axes.figure.legends
        frame = box_of(axes.get_window_extent())
        found[:] = [axes, boxes, frame, box_of(legend.get_window_extent())]
        return boxes

    def drawn(table: Table, folder: Path) -> Drawing:
        picture.draw(table, folder)
        return Drawing(*found)

    monkeypatch.setattr(picture, "place_labels", watching)
    return drawn


Watched = Callable[[Table, Path], Drawing]


@pytest.mark.study
@pytest.mark.pictures
class TestRuntimesInThePicture:
    def test_are_joined_by_one_line_a_model(self, tmp_path: Path, watched: Watched) -> None:
        """From its fastest to its slowest, through all of them."""
        rows = zoo(0, RUNTIMES)

        drawing = watched(a_table(*rows), tmp_path)

        lines = {tuple(line.get_xdata()) for line in drawing.axes.lines}
        for name in {row.name for row in rows}:
            own = [row.latency.p50_ms for row in rows if row.name == name and row.latency]
            assert tuple(sorted(own)) in lines

    def test_have_a_shape_each_and_models_a_colour(self, tmp_path: Path, watched: Watched) -> None:
        """A point tells both; two runtimes, or models of two approaches, never look alike."""
        rows = zoo(1, RUNTIMES)

        drawing = watched(a_table(*rows), tmp_path)

        look = {}
        for dots in drawing.axes.collections:
            ((x, y),) = dots.get_offsets().tolist() if len(dots.get_offsets()) == 1 else [(0, 0)]
            shape = dots.get_paths()[0].vertices.tobytes() if dots.get_paths() else b""
            look[x, y] = (
                shape,
                tuple(dots.get_facecolor()[0]) if len(dots.get_facecolor()) else (),
            )
        shapes: dict[str, set[bytes]] = {}
        colours: dict[str, set[Any]] = {}
        of_roads: dict[str, set[Any]] = {}
        for row in rows:
            assert row.latency is not None
            point = (row.latency.p50_ms, row.metrics["accuracy"].mean * 100)
            shapes.setdefault(row.runtime, set()).add(look[point][0])
            colours.setdefault(row.name, set()).add(look[point][1])
            of_roads.setdefault(row.road or row.role, set()).add(look[point][1])
        for kinds in (shapes, colours):
            assert all(len(each) == 1 for each in kinds.values())
        for kinds in (shapes, of_roads):
            assert len(set.union(*kinds.values())) == sum(map(len, kinds.values()))

    def test_are_named_in_a_legend_beside_the_axes(self, tmp_path: Path, watched: Watched) -> None:
        """It covers nothing that is drawn."""
        drawing = watched(a_table(*zoo(2, RUNTIMES)), tmp_path)

        assert overlap(drawing.legend, drawing.frame) == 0
        svg = (tmp_path / "accuracy_vs_latency.svg").read_text(encoding="utf-8")
        for title in ("PyTorch", "ONNX Runtime", "ONNX Runtime, int8", "transformers pipeline",
                      "scikit-learn", "model change", "model compression"):  # fmt: skip
            assert svg.count(f">{title}<") == 1

    def test_share_one_name_with_the_sizes_of_all(self, tmp_path: Path) -> None:
        """The name stands once, by the fastest; it says how small and how large the model gets."""
        write_report(one_student_deployed(tmp_path).finish())

        svg = (tmp_path / "accuracy_vs_latency.svg").read_text(encoding="utf-8")

        for name in ("teacher, 1.0–40.0 MB", "tiny, 0.0–1.0 MB", "tf-idf + svm, 9.0 MB"):
            assert svg.count(f">{name}<") == 1

    def test_of_somebody_elses_have_a_shape_too(self, tmp_path: Path, watched: Watched) -> None:
        registry.register_runtime("mine", title="My runtime")(lambda folder, threads: None)

        watched(a_table(a_row("a"), a_row("a", runtime="mine", is_first=False)), tmp_path)

        svg = (tmp_path / "accuracy_vs_latency.svg").read_text(encoding="utf-8")
        assert ">My runtime<" in svg


@pytest.mark.study
@pytest.mark.pictures
class TestLabels:
    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("runtimes", [("torch",), RUNTIMES], ids=["torch", "all"])
    def test_of_ten_models_do_not_cover_each_other(
        self, tmp_path: Path, watched: Watched, seed: int, runtimes: tuple[str, ...]
    ) -> None:
        """Each of ten names can be read: none lies on another, none leaves the frame."""
        drawing = watched(a_table(*zoo(seed, runtimes)), tmp_path)

        assert len(drawing.names) == 10
        for one, other in itertools.combinations(drawing.names, 2):
            assert overlap(one, other) == 0
        left, bottom, right, top = drawing.frame
        for box in drawing.names:
            assert left <= box[0] < box[2] <= right
            assert bottom <= box[1] < box[3] <= top

    @pytest.mark.parametrize(("reach", "lines"), [(0, 0), (40, 1)])
    def test_of_a_crowded_bubble_stand_outside_with_a_line_to_it(
        self, reach: int, lines: int
    ) -> None:
        axes = FigureCanvasAgg(Figure(figsize=(8, 5), dpi=100)).figure.subplots()
        x, y = axes.transData.transform((0.5, 0.5))
        crowd = (x - reach, y - reach, x + reach, y + reach)

        (box,) = place_labels(axes, [Label("static", (0.5, 0.5), 5.0, "black")], [crowd])

        assert overlap(box, crowd) == 0
        assert sum(note.arrow_patch is not None for note in axes.texts) == lines

    @pytest.mark.parametrize("count", [24, 40])
    def test_that_have_no_room_are_left_out_and_the_picture_says_so(
        self, tmp_path: Path, watched: Watched, count: int
    ) -> None:
        """Two dozen students as fast as each other: what no other beats has its name."""
        rows = zoo(0, ("torch",))[:2]
        for number in range(count):
            exact = Spread(0.80 + 0.001 * number, 0.004, 3)
            rows.append(
                a_row(
                    f"static/labels-{number}",
                    role="student",
                    metrics={"accuracy": exact},
                    latency=a_latency(0.31 + 0.001 * (number % 3)),
                )
            )

        drawing = watched(a_table(*rows), tmp_path)

        for one, other in itertools.combinations(drawing.names, 2):
            assert overlap(one, other) == 0
        written = len(drawing.names)
        models = len({row.name for row in rows})
        assert 2 <= written < models
        svg = (tmp_path / "accuracy_vs_latency.svg").read_text(encoding="utf-8")
        assert f">{written} of {models} models have room for a name<" in svg
        assert f">static/labels-{count - 1}, " in svg

    @settings(deadline=None, max_examples=50)
    @given(*[st.tuples(*[st.floats(0, 100)] * 4) for _ in range(2)])
    def test_overlap_is_symmetric_and_never_more_than_either(
        self, one: tuple[float, ...], other: tuple[float, ...]
    ) -> None:
        a, b = (
            (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)) for x0, y0, x1, y1 in (one, other)
        )

        shared = overlap(a, b)

        assert shared == overlap(b, a) >= 0
        assert shared <= overlap(a, a) + 1e-9
        assert overlap(a, a) == pytest.approx((a[2] - a[0]) * (a[3] - a[1]))


class TestSessions:
    def test_that_are_newest_time_a_row(self, tmp_path: Path) -> None:
        """Ratios are taken within one session, to the teacher of that session."""
        study = one_student(tmp_path)
        study.timed({"t" * 16: 16.0, "s" * 16: 2.0}, name="newer")
        study.timed({"s" * 16: 9.0}, name="newest")

        teacher, student = make_table(study.finish()).rows

        assert teacher.latency is not None
        assert teacher.latency.p50_ms == 16.0
        assert student.latency is not None
        assert student.latency.p50_ms == 9.0
        assert student.latency.to_teacher is student.latency.to_fastest is None

    def test_of_another_machine_share_no_column(self, tmp_path: Path) -> None:
        """What the last machine did not time stands with the machine that did, in its table."""
        study = one_student(tmp_path)
        elsewhere = {**study.store.sessions()[0].environment, "cpu": "Another CPU"}
        calls_ms = ((1.0,) * 4,) * 3
        student = Timing(key="s" * 16, runtime="torch", rounds_ms=calls_ms)
        study.session(student, name="elsewhere", environment=elsewhere)

        table = make_table(study.finish())

        assert [row.latency.p50_ms if row.latency else None for row in table.rows] == [None, 1.0]
        (other,) = table.elsewhere
        assert [row.latency.p50_ms if row.latency else None for row in other.rows] == [8.0, 0.5]
        _, newest, oldest = markdown(table).split("## As deployed on ")
        assert newest.startswith("Another CPU, 2 cores")
        assert oldest.startswith("Some CPU @ 2 GHz, 2 cores")
        assert "Some CPU" not in newest
        assert "Another CPU" not in oldest

    def test_of_kdzoo_0_1_are_read(self, tmp_path: Path) -> None:
        """They knew PyTorch alone, and a row's key, runtime and calls."""
        study = one_student(tmp_path)
        store = study.finish()
        (tmp_path / "measurements" / "session.json").write_text(OLD_SESSION, encoding="utf-8")
        manifest = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
        for row in manifest["rows"]:
            del row["runtimes"]
        (tmp_path / "study.json").write_text(json.dumps(manifest), encoding="utf-8")

        _, deployed = tables_of(markdown(make_table(store)))

        assert [row["runtime"] for row in deployed] == ["torch", "torch"]
        assert [row["p50, ms"] for row in deployed] == ["10.5", "0.950"]
        assert deployed[1]["faster"] == "11.1 ×"  # two rounds are too few for an interval
        assert write_report(store)
