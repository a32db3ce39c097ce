"""A column is declared once: where it says that it is shown it stands, and nowhere else."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from tiny_cards import a_study, card_of
from tiny_results import two_students

import kdzoo as package
from kdzoo.report import Report, read_report, text_files
from kdzoo.report.columns import declared
from kdzoo.report.columns.column import BOTH, Column, ShownIn, TablePart
from kdzoo.report.columns.declared import columns_of, figure, known, shown
from kdzoo.report.columns.kinds import ESTIMATE
from kdzoo.report.columns.numbers import estimate
from kdzoo.report.formats.short import short_table
from kdzoo.report.write import page

NEW, TITLE = "agreement_anew", "agreed anew"


def header(report: Report) -> str:
    return text_files(report.table)["table.csv"].partition("\n")[0]


FORMATS: dict[ShownIn, Callable[[Report], str]] = {
    ShownIn.TABLE: lambda report: text_files(report.table)["table.md"],
    ShownIn.PAGE: page,
    ShownIn.LATEX: lambda report: text_files(report.table)["table.tex"],
    ShownIn.TERMINAL: lambda report: " ".join(short_table(report.table).titles),
    ShownIn.CSV: header,
    ShownIn.FRAME: lambda report: " ".join(package.read_results(report.store.root)["metric"]),
}


def anew(places: ShownIn) -> Column:
    """Returns a figure that every study has, as one more column."""
    column = figure("agreement", TITLE, places)
    return Column(NEW, column.read, places, column.kind, TITLE, column.show, metric="agreement")


class TestPlaces:
    @pytest.mark.parametrize("place", FORMATS, ids=lambda place: place.name)
    def test_are_where_a_column_stands_and_nowhere_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: ShownIn
    ) -> None:
        report = read_report(two_students(tmp_path))
        monkeypatch.setattr(declared, "FIGURES", (*declared.FIGURES, anew(place)))

        has_it = {
            each for each, read in FORMATS.items() if TITLE in (text := read(report)) or NEW in text
        }

        assert has_it == {place}

    def test_of_a_card_are_columns_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = a_study(tmp_path).finish()
        before = card_of(store).figures()
        monkeypatch.setattr(declared, "FIGURES", (*declared.FIGURES, anew(ShownIn.CARD)))

        after = card_of(store).figures()

        for name, line in after.items():
            assert line.keys() - before[name].keys() == {TITLE}
            assert {title: line[title] for title in before[name]} == before[name]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return read_report(two_students(tmp_path_factory.mktemp("columns")))


class TestColumns:
    def test_have_names_and_titles_of_their_own(self, report: Report) -> None:
        columns = columns_of(report.table)

        names = [column.name for column in columns]
        assert len(names) == len(set(names))
        for place, part in product(ShownIn, TablePart):
            if place not in ShownIn.CSV | ShownIn.FRAME:
                titles = [column.title for column in shown(report.table, place, part)]
                assert all(titles), (place, part)
                assert len(titles) == len(set(titles)), (place, part)

    def test_are_all_shown_somewhere(self, report: Report) -> None:
        assert all(column.places and column.part for column in columns_of(report.table))

    def test_give_the_csv_its_header(self, report: Report) -> None:
        metrics = list(dict.fromkeys(name for row in report.table.rows for name in row.metrics))
        columns = known(report.table, ShownIn.CSV, metrics, BOTH)

        wanted = [f"{each.name}{suffix}" for each in columns for suffix in each.kind.suffixes]
        assert header(report).split(",") == wanted
        (first, *_) = csv.DictReader(text_files(report.table)["table.csv"].splitlines())
        assert list(first) == wanted

    def test_have_as_many_pieces_as_names(self, report: Report) -> None:
        """Of every row, whatever the kind of figure."""
        for row in report.table.rows:
            for column in columns_of(report.table):
                value = column.read(row, report.table)
                if value is not None:
                    pieces = column.kind.pieces(value)
                    assert len(pieces) == len(column.kind.suffixes), column.name
                    assert all(place < len(pieces) for _, place in column.kind.framed)

    def test_with_an_interval_print_it(self, report: Report) -> None:
        kappas = [row.metrics["kappa"] for row in report.table.rows if "kappa" in row.metrics]

        assert kappas
        for spread in kappas:
            assert spread.interval is not None
            assert estimate(spread).count(" to ") == 1
            assert None not in ESTIMATE.pieces(spread)
