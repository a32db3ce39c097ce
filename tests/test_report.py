"""Tables and pictures: the right figures, the same bytes, and names that stay in their place."""

from __future__ import annotations

import csv
import io
import itertools
import math
import random
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_results import HandWritten, one_student

import kdzoo.report.picture as picture
from kdzoo.errors import StoreError
from kdzoo.report import Table, TableRow, make_table, markdown, write_report
from kdzoo.report.labels import overlap, place_labels
from kdzoo.report.rows import Latency, Spread
from kdzoo.report.table import comma_separated
from kdzoo.results import Member, Store, publish

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
]


def a_row(name: str, **changes: Any) -> TableRow:
    fields: dict[str, Any] = {
        "name": name,
        "role": "student",
        "kind": "tiny",
        "road": "change",
        "metrics": {"accuracy": Spread(0.8, 0.01, 3), "macro_f1": Spread(0.7, 0.01, 3)},
        "control": {"accuracy": Spread(0.7, 0.01, 3)},
        "gap_closed": 0.5,
        "parameters": 2_000_000,
        "size_bytes": 8_000_000,
        "latency": Latency(0.5, 0.7, 16.0, 1, "Some CPU"),
    }
    return TableRow(**{**fields, **changes})


def a_table(*rows: TableRow, study: str = "study", origin: str = "files:tiny") -> Table:
    return Table(
        study=study,
        split="test",
        rows=rows,
        origin=origin,
        labels=4,
        labelled=100,
        unlabelled=0,
        texts=100,
        has_oos=True,
    )


def cells_of(line: str) -> list[str]:
    """Returns the cells of a Markdown table's line: an escaped bar ends none."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


class TestTexts:
    def test_are_shown_where_a_student_learnt_from_more_than_the_datas(self) -> None:
        """Augmented and unlabelled texts are told where they tell rows apart, and only there."""
        plain = markdown(a_table(a_row("none", texts=100)))
        added = markdown(
            a_table(a_row("none", texts=100), a_row("tang", texts=2100), a_row("svm", texts=None))
        )

        assert "texts" not in cells_of(lines_of(plain)[0])
        place = cells_of(lines_of(added)[0]).index("texts")
        shown = [cells_of(line)[place] for line in lines_of(added)[2:]]
        assert shown == ["100", "2,100", "–"]


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_stay_in_their_cell_of_the_markdown_table(self, name: str) -> None:
        """A name adds no column, no line, no link and no tag."""
        plain = lines_of(markdown(a_table(a_row("plain"), a_row("other"))))

        text = markdown(a_table(a_row(name), a_row("other"), study=name, origin=name))

        lines = lines_of(text)
        assert len(lines) == len(plain) == 4
        assert {len(cells_of(line)) for line in lines} == {len(cells_of(plain[0]))}
        assert cells_of(lines[2])[1:] == cells_of(plain[2])[1:]
        assert "<script" not in text
        assert not re.search(r"(?<!\\)\]\(", text)
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1

    @pytest.mark.parametrize("name", HOSTILE)
    def test_are_text_in_a_spreadsheet(self, name: str) -> None:
        """No cell begins as a formula would, and no row or column is lost."""
        table = a_table(a_row(name, kind=name), a_row("other"), study=name)

        rows = list(csv.reader(io.StringIO(comma_separated(table))))

        assert len(rows) == 3
        assert len({len(row) for row in rows}) == 1
        for cell in rows[1][:6]:
            assert cell[:1] not in ("=", "+", "-", "@")
        assert rows[1][2].removeprefix("'") == " ".join(name.split())

    @settings(deadline=None, max_examples=50)
    @given(st.text(max_size=30))
    def test_of_any_kind_leave_the_tables_as_wide_as_they_are(self, name: str) -> None:
        table = a_table(a_row(name), study=name, origin=name)

        widths = {len(cells_of(line)) for line in lines_of(markdown(table))}
        rows = list(csv.reader(io.StringIO(comma_separated(table), newline="")))

        assert len(widths) == 1
        assert len({len(row) for row in rows}) == 1
        assert len(rows) == 2

    def test_are_text_in_the_picture(self, tmp_path: Path) -> None:
        """The drawing is well-formed, has no element of theirs, and reads no formulas into them."""
        rows = [
            a_row(name, latency=Latency(0.1 * 2**i, 1.0, 2.0, 1, "CPU"))
            for i, name in enumerate(name for name in HOSTILE if "\t" not in name)
        ]

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
            tmp_path, teacher=range(teacher), control=range(control), student=range(student)
        ).finish()

        (row,) = [row for row in make_table(store).rows if row.role == "student"]

        assert row.gap_closed == pytest.approx(gap)
        assert f" {gap * 100:.0f} % |" in markdown(make_table(store))

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
        """An exact McNemar test at 5 % decides whether there is a gap to close."""
        store = one_student(tmp_path, teacher=teacher, control=control, student=[3, 4]).finish()

        table = make_table(store)

        (row,) = [row for row in table.rows if row.role == "student"]
        assert (row.gap_closed is not None) == told_apart
        titles, _, *lines = (cells_of(line) for line in lines_of(markdown(table)))
        cell = lines[1][titles.index("gap closed")]
        assert (cell == "–") != told_apart

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

    def test_over_seeds_is_that_of_the_means(self, tmp_path: Path) -> None:
        """Seeds are averaged before they are divided, and tested all together."""
        study = one_student(tmp_path, teacher=range(10), control=range(14), student=range(12))
        study.model("d" * 16, range(14), role="control", name="tiny-hard-labels", seed=1)
        study.model("e" * 16, range(11), seed=1)
        members = [
            Member(seed=0, key="s" * 16, teacher_key="t" * 16, control_key="c" * 16),
            Member(seed=1, key="e" * 16, teacher_key="t" * 16, control_key="d" * 16),
        ]
        study.row("two seeds", "student", *members, road="change")

        rows = {row.name: row for row in make_table(study.finish()).rows}

        assert rows["tiny"].gap_closed is None  # four texts tell nothing: p = 0.125
        assert rows["two seeds"].gap_closed == pytest.approx((0.885 - 0.86) / (0.90 - 0.86))
        assert rows["two seeds"].metrics["accuracy"] == Spread.of([0.88, 0.89])


class TestFigures:
    def test_are_means_and_sample_deviations_over_seeds(self) -> None:
        assert Spread.of([0.8, 0.9]) == Spread(pytest.approx(0.85), pytest.approx(0.0707107), 2)
        assert math.isnan(Spread.of([0.8]).sd)

    def test_of_the_table_are_those_of_the_records(self, tmp_path: Path) -> None:
        titles, _, *lines = (
            cells_of(line)
            for line in lines_of(markdown(make_table(one_student(tmp_path).finish())))
        )
        teacher, student = (dict(zip(titles, line, strict=True)) for line in lines)

        assert teacher["accuracy"] == "90.0"
        assert student["accuracy"] == "80.0"
        assert student["hard labels"] == "60.0"
        assert student["gap closed"] == "67 %"
        assert student["size, MB"] == "1.0"
        assert teacher["size, MB"] == "40.0"
        assert student["p50, ms"] == "0.50"
        assert student["faster"] == "16.0 ×"
        assert teacher["agreement"] == teacher["hard labels"] == teacher["faster"] == "–"

    def test_of_the_csv_are_not_rounded(self, tmp_path: Path) -> None:
        rows = list(
            csv.DictReader(io.StringIO(comma_separated(make_table(one_student(tmp_path).finish()))))
        )

        assert [row["model"] for row in rows] == ["teacher", "tiny"]
        assert float(rows[1]["accuracy_mean"]) == pytest.approx(0.8)
        assert float(rows[1]["hard_labels_accuracy_mean"]) == pytest.approx(0.6)
        assert float(rows[1]["gap_closed"]) == pytest.approx(2 / 3, rel=1e-5)
        assert rows[1]["accuracy_sd"] == ""
        assert rows[0]["hard_labels_accuracy_mean"] == ""

    def test_of_models_without_a_read_test_are_validations(self, tmp_path: Path) -> None:
        """One row without test figures makes the whole table one of validation: rows stay alike."""
        study = one_student(tmp_path)
        store = study.finish()
        for key in ("t" * 16, "c" * 16, "s" * 16):
            record = store.read(key)
            quality = {"validation": {**record.quality["test"], "accuracy": 0.25}}
            if key != "t" * 16:
                quality["test"] = record.quality["test"]
            store.write(store.finished(key), record.model_copy(update={"quality": quality}))

        table = make_table(store)

        assert table.split == "validation"
        assert {row.metrics["accuracy"].mean for row in table.rows} == {0.25}

    def test_are_asked_of_a_study_and_of_nothing_else(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"study\.json"):
            write_report(Store(tmp_path))

    def test_without_a_model_of_the_manifest_are_an_error(self, tmp_path: Path) -> None:
        study = one_student(tmp_path)
        study.row("gone", "student", Member(seed=0, key="g" * 16), road="change")

        with pytest.raises(StoreError, match="g" * 16):
            write_report(study.finish())


class TestReportAgain:
    def test_gives_the_same_bytes(self, tmp_path: Path) -> None:
        """Tables and pictures are functions of the store: no date, no random id in them."""
        store = one_student(tmp_path / "study").finish()
        paths = write_report(store)
        first = {path.name: path.read_bytes() for path in paths}
        assert set(first) == {
            "table.md", "table.csv", "accuracy_vs_latency.png", "accuracy_vs_latency.svg"
        }  # fmt: skip

        again = {path.name: path.read_bytes() for path in write_report(store)}

        assert again == first

    def test_from_published_results_gives_them_too(self, tmp_path: Path) -> None:
        """What is published is enough to make every report again, without models and data."""
        store = one_student(tmp_path / "runs" / "study").finish()
        first = {path.name: path.read_bytes() for path in write_report(store)}

        public = publish(store, tmp_path / "results", ["t" * 16, "c" * 16, "s" * 16])

        assert {path.name: path.read_bytes() for path in write_report(public)} == first


class TestPicture:
    def test_is_not_drawn_where_nothing_was_timed(self, tmp_path: Path) -> None:
        assert picture.draw(a_table(a_row("a", latency=None)), tmp_path) == []
        assert list(tmp_path.iterdir()) == []

    def test_of_one_row_is_drawn(self, tmp_path: Path) -> None:
        paths = picture.draw(a_table(a_row("a", control={}, size_bytes=0)), tmp_path)

        assert [path.read_bytes()[:4] for path in paths] == [b"\x89PNG", b"<?xm"]

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
        assert {key for key in before if before[key] != after[key]} <= {"backend"}


def zoo(seed: int) -> list[TableRow]:
    """Returns ten rows as a study has them: spread over speeds and sizes, better where slower."""
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
        control = {} if number < 2 else {"accuracy": Spread(accuracy - 0.03, 0.004, 3)}
        rows.append(
            a_row(
                name,
                role=role,
                road=road,
                metrics={"accuracy": Spread(accuracy, 0.004, 3)},
                control=control,
                size_bytes=int(90e6 / 1.7**number),
                latency=Latency(speed, speed * 1.2, 2.0, 1, "CPU"),
            )
        )
    return rows


class TestLabels:
    @pytest.mark.parametrize("seed", range(4))
    def test_of_ten_rows_do_not_cover_each_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        """Each of ten names can be read: none lies on another, none leaves the frame."""
        found: dict[str, Any] = {}

        def watched(axes: Any, labels: Any, obstacles: Any) -> Any:
            found["boxes"] = place_labels(axes, labels, obstacles)
            found["frame"] = axes.get_window_extent().extents
            return found["boxes"]

        monkeypatch.setattr(picture, "place_labels", watched)
        picture.draw(a_table(*zoo(seed)), tmp_path)

        assert len(found["boxes"]) == 10
        for one, other in itertools.combinations(found["boxes"], 2):
            assert overlap(one, other) == 0
        left, bottom, right, top = found["frame"]
        for box in found["boxes"]:
            assert left <= box[0] < box[2] <= right
            assert bottom <= box[1] < box[3] <= top

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


def test_a_row_is_timed_in_the_newest_session_that_has_it(tmp_path: Path) -> None:
    """Ratios are taken within one session, to the teacher of that session."""
    study: HandWritten = one_student(tmp_path)
    store = study.finish()
    (session,) = store.sessions()
    newer = tuple(
        timing.model_copy(update={"rounds_ms": tuple((call[0] * 2,) for call in timing.rounds_ms)})
        for timing in session.timings
    )
    store.write_session(
        session.model_copy(update={"id": "newer", "timings": newer, "created": "2027-01-01"})
    )
    alone = (newer[1].model_copy(update={"rounds_ms": ((9.0,),)}),)
    store.write_session(
        session.model_copy(update={"id": "newest", "timings": alone, "created": "2028-01-01"})
    )

    teacher, student = make_table(store).rows

    assert teacher.latency is not None
    assert teacher.latency.p50_ms == 16.0
    assert student.latency is not None
    assert student.latency.p50_ms == 9.0
    assert student.latency.ratio is None
