"""Rows of .csv and .tsv files, as their recipe or command says they are written."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kdzoo.data.columns import check_columns, cure, misread
from kdzoo.data.lines import lines_of
from kdzoo.data.place import Place
from kdzoo.errors import DataError, Problem
from kdzoo.plain import visible_form
from kdzoo.recipe.csv import Csv, as_written

csv.field_size_limit(1 << 24)  # characters of a cell

_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # how Excel says which separator a file has
_COMMENTS = ("#", "//", "%")


@dataclass(frozen=True)
class Layout:
    """How a file of separated cells is written.

    Attributes:
        path: of the file.
        separator: what stands between two cells.
        is_spaced: whether a space follows it.
        columns: their names, where the first line is no header.
        comment: what begins a line that is skipped.
        is_quoted: whether quotes enclose cells, rather than being characters.
        is_settled: whether somebody said so.
        place: where a user says how it is written.
        begins: the first line that is read, from 0.
    """

    path: Path
    separator: str
    is_spaced: bool
    columns: Sequence[str] | None
    comment: str | None
    is_quoted: bool
    is_settled: bool
    place: Place
    begins: int = 0

    @classmethod
    def of(cls, path: Path, said: Csv, place: Place) -> Layout:
        """Returns the layout of a file: what is said of it, else what its name says."""
        is_tsv = path.suffix.lower() == ".tsv"
        hint = _HINT.fullmatch(next(lines_of(path, ""), ""))
        separator = said.separator or (hint and hint[1]) or ("\t" if is_tsv else ",")
        layout = cls(
            path=path,
            separator=separator[0],
            is_spaced=len(separator) > 1,
            columns=said.columns,
            comment=said.comment,
            is_quoted=True,
            is_settled=said.quoted is not None,
            place=place,
            begins=1 if hint else 0,
        )
        is_quoted = said.quoted
        if is_quoted is None:
            is_quoted = not is_tsv or layout.encloses_all()
        return replace(layout, is_quoted=is_quoted)

    def encloses_all(self) -> bool:
        """Whether quotes enclose every cell that is no number."""
        try:
            for _ in self.records(csv.QUOTE_NONNUMERIC):
                pass
        except (ValueError, DataError):  # a cell without quotes, or quotes that enclose none
            return False
        return True

    def records(self, quoting: Literal[0, 2, 3] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Yields the cells of each row that has any, and the line on which it begins.

        Raises:
            DataError: quotes are not closed, or closed within a cell.
        """
        if quoting is None:
            quoting = csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE
        fed = _Fed(self)
        reader = csv.reader(
            fed,
            delimiter=self.separator,
            skipinitialspace=self.is_spaced,
            quoting=quoting,
            strict=True,
        )
        try:
            for cells in reader:
                fed.is_inside = False
                if cells:
                    yield fed.begins, cells
        except csv.Error as error:
            cure = 'inside quotes a quote is written twice, ""'
            if '\\"' not in fed.line:  # else somebody means to quote it
                said = self.place.layout("quoted", "false")
                cure += f"; where quotes are characters like others, {said}"
            problem = Problem(f"not CSV: {error}", f"line {fed.begins}", cure)
            raise DataError(str(self.path), problem) from None


class _Fed:
    """The lines of a file as a reader of rows asks for them, which may take several for one.

    Attributes:
        begins: the line on which the row began that is read.
        is_inside: whether a line of it was read; the reader's user says when it has all.
        line: the last one.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.begins, self.is_inside, self.line = 0, False, ""

    def __iter__(self) -> Iterator[str]:
        comment = self._layout.comment
        for number, line in enumerate(lines_of(self._layout.path, ""), start=1):
            self.line = line
            if not self.is_inside:
                is_comment = comment is not None and line.startswith(comment)
                if number <= self._layout.begins or is_comment:
                    continue
                self.begins, self.is_inside = number, True
            yield line


def table_rows(
    path: Path, wanted: Sequence[str], said: Csv, place: Place
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each row of a file with the line on which it begins; what it lacks is None.

    A row of separators alone is an empty line, and no row.

    Args:
        path: of the file.
        wanted: columns that it has to have.
        said: how it is written, where not as its name says.
        place: where a user says so.

    Raises:
        DataError: it lacks a column, names one twice, or a row has more cells than there are or is
            the header.
    """
    layout = Layout.of(path, said, place)
    records = layout.records()
    begins, names = (1, list(layout.columns)) if layout.columns else next(records, (1, []))
    if not names:
        return
    check_columns(path, f"line {begins}", names)
    missing = [column for column in wanted if column not in names]
    if missing:
        problem = Problem(
            f"no column '{missing[0]}'", f"line {begins}", _cause(layout, names, wanted, missing[0])
        )
        raise DataError(str(path), problem)
    is_open = not layout.is_quoted and not layout.is_settled
    places = [names.index(column) for column in wanted]
    told = (record for record in records if not _says_nothing(record[1]))
    for number, (line, cells) in enumerate(told):
        _refuse_header(layout, line, cells, names, places, is_first=number == 0)
        if is_open and any(map(_looks_enclosed, cells)):
            raise DataError(
                str(path),
                Problem(
                    "a cell may be enclosed in quotes, or begin and end with them",
                    f"line {line}",
                    _either(layout),
                ),
            )
        if len(cells) != len(names):
            _check_number(layout, line, cells, len(names))
        lacking = [None] * (len(names) - len(cells))
        yield f"line {line}", dict(zip(names, [*cells, *lacking], strict=False))


def _says_nothing(cells: Sequence[str]) -> bool:
    """Whether a row is as an empty line: separators alone, which sheets have behind their last."""
    return len(cells) > 1 and not any(cell.strip() for cell in cells)


def _refuse_header(
    layout: Layout,
    line: int,
    cells: Sequence[str],
    names: Sequence[str],
    places: Sequence[int],
    *,
    is_first: bool,
) -> None:
    """Refuses a row that is the header: of a file put behind another, or that has its names twice.

    One name alone may be a text; those of all wanted columns, or of all there are, are none.
    """
    begins = places[0] if places else len(cells)
    if begins >= len(cells) or names[begins] not in cells[begins]:  # most rows, and soon seen
        return
    bare = [visible_form(cell).strip('"') for cell in cells]
    same = [cell == visible_form(name) for cell, name in zip(bare, names, strict=False)]
    has_wanted = all(place < len(same) and same[place] for place in places)
    has_all = all(same) and len(same) == len(names)
    if layout.columns and is_first and has_wanted:
        what = "a header, and its columns are named besides"
        cure = f"remove {layout.place.named('columns')}, or that line"
    elif (has_wanted and len(places) > 1) or (has_all and len(names) > 1):
        what = "the header once more"
        cure = "remove that line: files that each have a header were put together"
    else:
        return
    raise DataError(str(layout.path), Problem(what, f"line {line}", cure))


def _check_number(layout: Layout, line: int, cells: Sequence[str], columns: int) -> None:
    """Refuses a row that was cut at the wrong places; a separator at its end says nothing."""
    if any(cells[columns:]):
        what = "more cells than the header has columns"
        cure = "quote texts that hold the separator"
        if not layout.is_quoted:
            cure = f"take the separator out of the text, or, {_enclosed(layout)}"
    elif not layout.is_quoted and not layout.is_settled and any(c[:1] == '"' for c in cells):
        what, cure = "fewer cells than the header has columns", _enclosed(layout)
    else:
        return
    raise DataError(str(layout.path), Problem(what, f"line {line}", cure))


def _looks_enclosed(cell: str) -> bool:
    """Whether a program that encloses cells only where it must could have written a cell so."""
    inside = cell[1:-1]
    is_inside = cell[:1] == cell[-1:] == '"' and '""' in inside
    return is_inside and '"' not in inside.replace('""', "")


def _either(layout: Layout) -> str:
    said = layout.place.layout("quoted", "true")
    return f"if quotes enclose cells, {said}; if they are characters, the same with false"


def _enclosed(layout: Layout) -> str:
    said = layout.place.layout("quoted", "true")
    return (
        f"where quotes enclose cells, say so: {said}; in a .tsv they are characters unless they "
        "enclose all cells"
    )


def _cause(layout: Layout, names: Sequence[str], wanted: Sequence[str], missing: str) -> str:
    """Returns why a file may lack a column, and what to write if that is so."""
    header = layout.separator.join(names)
    for other in ";\t,|":
        parts = [part.strip().strip('"') for part in header.split(other)]
        if other != layout.separator and {*wanted} <= {*parts}:
            return _separated_by(other, layout)
    spaced = [name.strip().strip('"') for name in names]
    if not layout.is_spaced and missing in spaced and names[1:] != [n.lstrip() for n in names[1:]]:
        written = f"{layout.separator} "
        return f"a space follows the separator: {layout.place.layout('separator', written)}"
    if missing in [name.strip('"') for name in names]:
        return f"quotes enclose the cells: {layout.place.layout('quoted', 'true')}"
    cause = misread(missing, names, wanted)
    if cause is not None:
        return cause
    for mark in _COMMENTS:
        if header.startswith(mark) and (len(names) == 1 or header[len(mark)].isspace()):
            return f"the line looks like a comment: {layout.place.layout('comment', mark)}"
    within = [other for other in ";\t,|" if len(names) == 1 and other in header]
    said = _separated_by(within[0], layout) if within else cure(missing, names, layout.place)
    return f"{said}\n      {_headerless(names, wanted, layout)}"


def _separated_by(other: str, layout: Layout) -> str:
    written = "tab" if other == "\t" else other
    return f"the separator looks like '{written}': {layout.place.layout('separator', written)}"


def _headerless(names: Sequence[str], wanted: Sequence[str], layout: Layout) -> str:
    others = [f"column{place}" for place in range(len(wanted) + 1, len(names) + 1)]
    columns = layout.place.layout("columns", as_written([*wanted, *others]))
    return f"if line 1 is no header, name the columns in their order: {columns}"
