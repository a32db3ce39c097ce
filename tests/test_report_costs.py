"""Columns of cost: figures that can be read, on a page and in a terminal."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tiny_findings import a_finding

from kdzoo import registry
from kdzoo.console import table as drawn_table
from kdzoo.measure import NOISY, Memory, Ratio
from kdzoo.recipe import load_study, shipped_recipes
from kdzoo.report import Table, TableRow, markdown
from kdzoo.report.columns.column import ShownIn, TablePart
from kdzoo.report.columns.costs import how_timed, noise_note, sessions_of
from kdzoo.report.columns.declared import cells
from kdzoo.report.columns.declared import shown as shown_columns
from kdzoo.report.columns.numbers import NOTHING, megabytes, milliseconds, short, times
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.spread import Spread
from kdzoo.report.formats.short import Short, short_table

TERMINAL = 100  # columns
COSTS = {
    "latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "model_latency_p50_ms", "times_faster",
    "times_faster_than_fastest_teacher", "texts_per_second_all", "cold_start_ms",
    "memory_peak_bytes", "flops",
}  # fmt: skip
MEMORY = Memory(imported_bytes=30_000_000, loaded_bytes=40_000_000, peak_bytes=50_000_000)
PLAIN = Latency(0.5, 0.7, None, 1, "Some CPU")


def a_row(name: str = "bilstm", **changes: Any) -> TableRow:
    row = TableRow(
        name=name,
        role="student",
        kind="bilstm",
        road="change",
        runtime="torch",
        metrics={"accuracy": Spread(0.8, math.nan, 1)},
        size_bytes=8_000_000,
        latency=PLAIN,
    )
    return replace(row, **changes)


def a_table(*rows: TableRow, **changes: Any) -> Table:
    table = Table(
        study="study",
        split="test",
        rows=rows,
        origin="files:tiny",
        labels=4,
        labelled=(100, 100),
        unlabelled=(0, 0),
        texts=100,
        has_oos=True,
    )
    return replace(table, **changes)


class TestMilliseconds:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0.0, "0.000"),
            (0.0004, "0.000"),
            (0.1234, "0.123"),
            (0.9994, "0.999"),
            (0.9996, "1.00"),
            (1.0, "1.00"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (10.0, "10.0"),
            (123.45, "123.5"),
            (12345.6, "12345.6"),
        ],
    )
    def test_have_about_three_digits(self, value: float, shown: str) -> None:
        assert milliseconds(value) == shown

    @settings(deadline=None, max_examples=50)
    @given(st.floats(0.01, 1e5))
    def test_are_the_value_to_a_twentieth(self, value: float) -> None:
        """Whatever is shown is near enough to divide two of them."""
        assert float(milliseconds(value)) == pytest.approx(value, rel=0.05)


class TestRatio:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0.07, "0.07"),
            (1.0, "1.00"),
            (9.94, "9.94"),
            (9.951, "10.0"),
            (10.04, "10.0"),
            (99.4, "99.4"),
            (99.6, "100"),
            (1234.5, "1234"),
        ],
    )
    def test_has_about_three_digits(self, value: float, shown: str) -> None:
        assert short(value) == shown

    @pytest.mark.parametrize(
        ("ratio", "shown"),
        [
            (Ratio(4.0, None, None), "4.00 ×"),
            (Ratio(4.0, 3.5, 12.25), "4.00 × (3.50–12.2)"),
            (Ratio(0.5, 0.4, 0.6), "0.50 × (0.40–0.60)"),
            (Ratio(140.2, 99.2, 180.6), "140 × (99.2–181)"),
        ],
    )
    def test_is_shown_with_its_interval(self, ratio: Ratio, shown: str) -> None:
        """A single round has none."""
        assert times(ratio) == shown


class TestMegabytes:
    @pytest.mark.parametrize(
        ("size", "shown"),
        [
            (1, "0.0"),
            (49_999, "0.0"),
            (50_001, "0.1"),
            (2_345_678, "2.3"),
            (99_900_000, "99.9"),
            (100_000_000, "100"),
            (1_234_567_890, "1235"),
        ],
    )
    def test_are_millions_of_bytes(self, size: int, shown: str) -> None:
        assert megabytes(size) == shown


def cost_cells(latency: Latency | None) -> dict[str, str]:
    """Returns what a row's costs look like as deployed, by column title."""
    table = a_table(a_row(latency=latency))
    columns = shown_columns(table, ShownIn.TABLE, TablePart.FORM)
    return cells(table.rows[0], table, [column for column in columns if column.name in COSTS])


class TestCells:
    def test_of_a_row_that_was_not_timed_are_dashes(self) -> None:
        """The same columns, so that rows stay in line."""
        assert set(cost_cells(None).values()) == {NOTHING}
        assert list(cost_cells(None)) == list(cost_cells(PLAIN))

    @pytest.mark.parametrize(
        ("title", "changes", "shown"),
        [
            ("p99, ms", {"p99_ms": 2.5}, "2.50"),
            ("model alone, ms", {"model_p50_ms": 0.3}, "0.300"),
            ("faster", {"to_teacher": Ratio(2, 1, 3)}, "2.00 × (1.00–3.00)"),
            ("texts/s", {"texts_per_second": {"1": 5.0, "all": 1999.6}}, "2,000"),
            ("texts/s", {"texts_per_second": {"1": 5.0}}, "–"),
            ("cold start, s", {"cold_start_ms": 1234.0}, "1.23"),
            ("memory, MB", {"memory": MEMORY}, "50.0"),
            ("MFLOPs", {"flops": 0}, "0.00"),
            ("MFLOPs", {"flops": 21_000_000}, "21.00"),
        ],
    )  # fmt: skip
    def test_show_what_is_known_and_nothing_else(
        self, title: str, changes: dict[str, Any], shown: str
    ) -> None:
        cells = cost_cells(replace(PLAIN, **changes))

        others = cost_cells(PLAIN)
        assert cells[title] == shown
        assert {key for key in cells if cells[key] != others[key]} <= {title}


class TestCaption:
    @pytest.mark.parametrize(
        ("noise", "noisy"),
        [(None, False), (0.0, False), (NOISY, False), (NOISY + 0.01, True), (0.5, True)],
    )
    def test_says_noisy_where_the_reference_varied(self, noise: float | None, noisy: bool) -> None:
        """Above 10 % of its median; by how much, and what to do."""
        note = noise_note([replace(PLAIN, noise=noise), PLAIN])

        assert ("NOISY" in note) == noisy
        assert ("measure again on a quiet machine" in note) == noisy
        assert (f"{(noise or 0) * 100:.0f} %" in note) == noisy

    def test_takes_the_noisiest_session(self) -> None:
        note = noise_note([replace(PLAIN, noise=each) for each in (0.3, 0.2)])

        assert "varied by 30 %" in note

    @pytest.mark.parametrize("sessions", [["a"], ["a", "a"], ["a", "b", "b"]])
    def test_warns_of_times_of_several_sessions(self, sessions: list[str]) -> None:
        """Pictures and pick show them side by side; only ratios compare."""
        said = sessions_of([replace(PLAIN, session=session) for session in sessions])

        assert said == (
            "timed in 2 sessions: compare times of one session only" * ("b" in sessions)
        )

    def test_of_nothing_timed_is_nothing(self) -> None:
        assert sessions_of([]) == ""
        assert how_timed([], "teacher") == []
        assert noise_note([]) == ""

    @pytest.mark.parametrize(("threads", "words"), [(1, "1 thread,"), (4, "4 threads,")])
    def test_names_threads_and_machine(self, threads: int, words: str) -> None:
        text = " ".join(how_timed([replace(PLAIN, threads=threads)], "teacher"))

        assert words in text
        assert "on Some CPU;" in text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"to_fastest": Ratio(2, 1, 3)}, "than the first model"),
            ({"texts_per_second": {"all": 1.0}}, "Texts/s"),
            ({"memory": MEMORY}, "Memory"),
            ({"tokens": 9, "flops": 7}, "(9 tokens)"),
        ],
    )
    def test_explains_the_columns_that_are_there(self, changes: dict[str, Any], words: str) -> None:
        assert words in " ".join(how_timed([replace(PLAIN, **changes)], "first model"))
        assert words not in " ".join(how_timed([PLAIN], "first model"))

    def test_gives_the_lengths_where_tokenizers_differ(self) -> None:
        rows = [replace(PLAIN, tokens=each) for each in (11, 9, 9)]

        assert "(9 to 11 tokens)" in " ".join(how_timed(rows, "teacher"))


WIDE = Spread(0.8888, 0.0123, 3)


def long_rows() -> list[TableRow]:
    """Returns the longest of our recipes' names in every runtime, with the widest of figures."""
    names = {variant.name for name in shipped_recipes() for variant in load_study(name).variants}
    latency = replace(PLAIN, p50_ms=123.4, to_fastest=Ratio(123.4, 100.0, 150.0))
    return [
        a_row(
            max(names, key=len),
            runtime=runtime,
            metrics={"accuracy": WIDE, "in_scope_accuracy": WIDE},
            control={"accuracy": WIDE} if first else {},
            finding=a_finding(gap_closed=-1.23) if first else None,
            texts=76_250 if first else None,
            size_bytes=123_400_000,
            latency=latency,
            is_first=first,
            notes=("something is wrong",),
        )
        for runtime in registry.runtimes.entries()
        for first in (True, False)
    ]


def printed_lines(shown: Short, width: int = TERMINAL) -> list[str]:
    """Returns what a terminal of that width shows of a table."""
    console = Console(width=width)
    with console.capture() as captured:
        texts = [[cell.text for cell in line] for line in shown.lines]
        console.print(drawn_table(shown.titles, texts))
    return captured.get().splitlines()


class TestTerminal:
    @pytest.mark.parametrize("noise", [None, 0.5])
    @pytest.mark.parametrize("letters", ["", "模型教师语言"])  # each takes two columns
    def test_of_a_hundred_columns_holds_the_short_table(
        self, noise: float | None, letters: str
    ) -> None:
        """With the longest names of our recipes, in every runtime, no cell is cut or folded."""
        rows = [
            replace(
                row,
                name=letters + row.name[2 * len(letters) :],
                latency=row.latency and replace(row.latency, noise=noise),
            )
            for row in long_rows()
        ]
        shown = short_table(a_table(*rows, labelled=(15_250, 15_250)))

        printed = printed_lines(shown)
        assert len(printed) == len(shown.lines) + 1  # titles, and no row that takes two lines
        assert max(map(cell_len, printed)) <= TERMINAL
        for drawn, line in zip(shown.lines, printed[1:], strict=True):
            assert " ".join(line.split()) == " ".join(cell.text for cell in drawn)
        assert {"model", "runtime", "accuracy", "gap closed", "p50, ms"} <= set(shown.titles)

    def test_shows_all_columns_where_they_fit(self) -> None:
        """None is spared for the sake of names that are not there."""
        rows = [
            replace(row, name="cnn", runtime="onnx", texts=9_500, notes=()) for row in long_rows()
        ]

        shown = short_table(a_table(*rows))

        assert list(shown.titles) == [
            "model", "runtime", "texts", "accuracy", "in scope", "hard labels", "gap closed",
            "size, MB", "p50, ms", "× teacher",
        ]  # fmt: skip
        assert max(map(len, printed_lines(shown))) <= TERMINAL

    @pytest.mark.study
    @pytest.mark.parametrize("width", [80, 100, 120, 200])
    def test_of_any_width_shows_each_row_on_a_line(self, width: int) -> None:
        """What there is no room for is left out: nothing is cut, and nothing explained in vain."""
        rows = [
            replace(row, name="distilbert", metrics=row.metrics | {"as_decided_accuracy": WIDE})
            for row in long_rows()
        ]

        shown = short_table(a_table(*rows, labelled=(15_250, 15_250)), width)

        printed = printed_lines(shown, width)
        assert max(map(cell_len, printed)) <= width
        for told, line in zip(shown.lines, printed[1:], strict=True):
            assert " ".join(line.split()) == " ".join(cell.text for cell in told)
        assert {"model", "runtime", "accuracy", "p50, ms", "× teacher"} <= set(shown.titles)
        assert ("As decided" in shown.caption) == ("as decided" in shown.titles)
        assert ("Hard labels" in shown.caption) == ("hard labels" in shown.titles)
        assert ("as decided" in shown.titles) == (width >= 100)

    def test_is_spared_columns_without_a_figure(self) -> None:
        """Without controls, out-of-scope texts and added ones there is nothing to show of them."""
        row = a_row(latency=None, size_bytes=0)

        shown = short_table(a_table(row))

        assert shown.titles == ("model", "runtime", "accuracy")
        assert [[cell.text for cell in line] for line in shown.lines] == [
            ["bilstm", "torch", "80.0"]
        ]


class TestInjection:
    NOTES = (
        "a|b",
        "| x | y |",
        "</table><script>alert(1)</script>",
        "[here](http://example.org)",
        "# title",
        "two\nlines\n\n# more",
        "`code`",
        "\\|",
    )

    @pytest.mark.parametrize("note", NOTES)
    def test_by_a_note_or_a_name_changes_no_more_than_their_text(self, note: str) -> None:
        """An error's words come from files: they add no heading, table, link or tag."""
        plain = markdown(a_table(a_row(notes=("a note",))))

        text = markdown(a_table(a_row(note, notes=(note,)), study=note, origin=note))

        for mark in (r"^#", r"^\|", r"^\(!\)", r"(?<!\\)\]\(", r"<\w|</", r"(?<!\\)`"):
            found, wanted = (len(re.findall(mark, each, re.MULTILINE)) for each in (text, plain))
            assert found == wanted, mark

    @settings(deadline=None, max_examples=50)
    @given(st.text(max_size=40))
    def test_by_any_note_leaves_the_paragraphs(self, note: str) -> None:
        plain = markdown(a_table(a_row(notes=("a note",))))

        text = markdown(a_table(a_row(notes=(note,))))

        assert len(text.split("\n\n")) == len(plain.split("\n\n"))

    def test_by_a_machines_name_stays_in_the_caption(self) -> None:
        """Sessions come with results that others published."""
        row = a_row(latency=replace(PLAIN, cpu="CPU\n\n# <b>title</b>"))

        text = markdown(a_table(row))

        assert len(re.findall("^#", text, re.MULTILINE)) == 2
        assert "<b>" not in text
        assert "CPU" in short_table(a_table(row)).caption
