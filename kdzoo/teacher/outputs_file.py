"""Files of what a teacher said of each text: logits, probabilities or a label."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kdzoo.data import Example
from kdzoo.data.cells import as_text
from kdzoo.data.formats import LIST
from kdzoo.data.place import OUTPUTS
from kdzoo.data.stream import AS_NAMED, PlacedRow, stream_rows
from kdzoo.errors import DataError, Problem, TeacherError, did_you_mean
from kdzoo.files import check_readable, has_file
from kdzoo.recipe.csv import Csv
from kdzoo.teacher.outputs_values import cell_values

Kind = Literal["logits", "probabilities", "label"]  # the first that a file has is read
METADATA = b"kdzoo"  # key of the parquet schema's metadata, JSON: {"labels": [...]}
SHOWN = 5  # mistakes that a message lists
_ROWS, _NUMBERS = 16384, 1 << 22  # read at once: so many rows, but not more numbers than these


@dataclass(frozen=True)
class OutputsFile:
    """A file of outputs, looked at but not read.

    Attributes:
        path: where it lies.
        kind: what it holds.
        named: whether rows say themselves which label a number belongs to: labels and mappings.
        names: the classes in the order of the lists, where the file says so.
        rows: how many there are; without the parquet format, about how many.
        pairs: whether it has second texts.
        csv: how it is written, a .csv or .tsv.
    """

    path: Path
    kind: Kind
    named: bool
    names: tuple[str, ...] | None
    rows: int
    pairs: bool
    csv: Csv = AS_NAMED

    @property
    def holds(self) -> str:
        """What it holds, in words."""
        return "labels" if self.kind == "label" else self.kind


@dataclass(frozen=True)
class OutputsBatch:
    """Some rows of a file: where they stand, their texts, and numbers [n, C] or label ids [n]."""

    places: Sequence[str]
    examples: list[Example]
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64]


def open_outputs(path: Path, csv: Csv = AS_NAMED) -> OutputsFile:
    """Looks at a file of outputs: which columns it has, and what its lists' places are called.

    Args:
        path: of the file.
        csv: how a .csv or .tsv is written.

    Raises:
        TeacherError: there is no such file, or it lacks a column.
        DataError: it is not what its name says.
    """
    if not has_file(path):
        raise TeacherError(
            f"no such file of outputs: {path}; `kdzoo texts RECIPE -o texts.jsonl` lists the texts "
            "that it should hold"
        )
    if path.suffix.lower() == ".parquet":
        return _open_parquet(path)
    where, first = next(_rows(path, csv), ("", None))
    if first is None:
        raise TeacherError(f"the file of outputs {path} holds no rows")
    meant = [
        argument for argument in get_args(Kind) if any(argument in str(name) for name in first)
    ]
    if meant and first.keys().isdisjoint(get_args(Kind)):  # its reader says how it is written
        next(stream_rows(path, ("text", meant[0]), csv, OUTPUTS))
    kind = _kind(path, list(first), where)
    cell = first[kind]
    named = kind == "label" or isinstance(cell, Mapping) or str(cell).lstrip().startswith("{")
    rows = sum(1 for _ in _rows(path, csv)) if path.suffix.lower() == LIST else _lines(path)
    return OutputsFile(path, kind, named, None, rows, "text_pair" in first, csv)


def _open_parquet(path: Path) -> OutputsFile:
    check_readable(path)
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is not a parquet file: {error}") from None
    if not rows:
        raise TeacherError(f"the file of outputs {path} holds no rows")
    kind = _kind(path, schema.names, "columns")
    named = kind == "label" or pa.types.is_struct(schema.field(kind).type)
    return OutputsFile(
        path, kind, named, _names_in(schema, path), rows, "text_pair" in schema.names
    )


def _kind(path: Path, columns: Sequence[str], where: str) -> Kind:
    problems = []
    if "text" not in columns:
        problems.append(Problem("no column 'text'", where, did_you_mean("text", columns)))
    kind: Kind | None = next((argument for argument in get_args(Kind) if argument in columns), None)
    if kind is None:
        cure = f"its columns: {', '.join(map(str, columns))}"
        problems.append(Problem("no column 'logits', 'probabilities' or 'label'", where, cure))
    if problems or kind is None:
        raise TeacherError(str(path), *problems)
    return kind


def _names_in(schema: pa.Schema, path: Path) -> tuple[str, ...] | None:
    stored = (schema.metadata or {}).get(METADATA)
    if stored is None:
        return None
    try:
        names = json.loads(stored)["labels"]
    except (ValueError, KeyError, TypeError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TeacherError(
            f'{path}: its metadata "kdzoo" is not what kdzoo writes, {{"labels": [names]}}; '
            "write the file without it and give teacher.labels"
        )
    return tuple(names)


def _rows(path: Path, csv: Csv) -> Iterator[PlacedRow]:
    """Yields the rows of a file that is not parquet; a table has a text in each, or none."""
    wanted = ("text",) if path.suffix.lower() in (".csv", ".tsv") else ()
    yield from stream_rows(path, wanted, csv, OUTPUTS)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


def read_outputs(file: OutputsFile, names: Sequence[str]) -> Iterator[OutputsBatch]:
    """Yields the file's rows, some thousands at once, numbers in the order of ``names``.

    Raises:
        TeacherError: a row lacks a text or outputs, names an unknown label, or has another width.
        DataError: the file cannot be read.
    """
    size = max(1, min(_ROWS, _NUMBERS // len(names)))
    if file.path.suffix.lower() == ".parquet":
        yield from _parquet_batches(file, names, size)
        return
    rows = _rows(file.path, file.csv)
    while part := list(islice(rows, size)):
        places = [where for where, _ in part]
        lacking = [
            Problem(f"no '{column}'", where)
            for where, row in part
            for column in ("text", file.kind)
            if row.get(column) is None
        ]
        _refuse(file.path, lacking)
        examples = [_example(row["text"], row.get("text_pair"), file.path) for _, row in part]
        cells = [row[file.kind] for _, row in part]
        yield OutputsBatch(places, examples, _values(file, names, places, cells))


def _parquet_batches(file: OutputsFile, names: Sequence[str], size: int) -> Iterator[OutputsBatch]:
    columns = ["text", file.kind, *(["text_pair"] if file.pairs else [])]
    start = 1
    try:
        with pq.ParquetFile(file.path) as parquet:
            for batch in parquet.iter_batches(size, columns=columns):
                places = _Rows(range(start, start + len(batch)))
                start += len(batch)
                texts = batch.column("text").to_pylist()
                pairs = batch.column("text_pair").to_pylist() if file.pairs else [None] * len(texts)
                _refuse(
                    file.path,
                    [
                        Problem("no 'text'", places[i])
                        for i, text in enumerate(texts)
                        if text is None
                    ],
                )
                examples = [
                    _example(text, pair, file.path) for text, pair in zip(texts, pairs, strict=True)
                ]
                outputs = batch.column(file.kind)
                values = (
                    _values(file, names, places, outputs.to_pylist())
                    if file.named
                    else _matrix(file, names, places, outputs)
                )
                yield OutputsBatch(places, examples, values)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file.path} cannot be read: {error}") from None


@dataclass(frozen=True)
class _Rows(Sequence[str]):
    """The places of parquet rows, spelt only where one is asked for."""

    numbers: range

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        return f"row {self.numbers[index]}"


def _example(text: Any, pair: Any, path: Path) -> Example:
    where = str(path)
    return Example(as_text(text, where), None if pair in (None, "") else as_text(pair, where))


def _values(
    file: OutputsFile, names: Sequence[str], places: Sequence[str], cells: Sequence[Any]
) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    """Returns the cells as numbers [n, C], or as label ids [n]."""
    positions = {name: position for position, name in enumerate(names)}
    values: list[Any] = []
    problems: list[Problem] = []
    for where, cell in zip(places, cells, strict=True):
        try:
            values.append(cell_values(cell, file.kind, positions, named=file.named))
        except ValueError as error:
            problems.append(Problem(str(error), where))
    _refuse(file.path, problems)
    if file.kind == "label":
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.float64)


def _matrix(
    file: OutputsFile, names: Sequence[str], places: Sequence[str], column: Any
) -> npt.NDArray[np.float64]:
    """Returns a column of lists as numbers [n, C], without Python lists."""
    kind = column.type
    if not (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        raise TeacherError(f"{file.path}: the column '{file.kind}' holds {kind}, wanted lists")
    inner = kind.value_type
    if not (pa.types.is_floating(inner) or pa.types.is_integer(inner)):
        raise TeacherError(f"{file.path}: the lists in '{file.kind}' hold {inner}, wanted numbers")
    widths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    _refuse(
        file.path,
        [
            Problem(
                f"{widths[row]} {file.kind}, wanted {len(names)}, one for each label", places[row]
            )
            for row in np.flatnonzero(widths != len(names)).tolist()
        ],
    )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(-1, len(names))


def _refuse(path: Path, problems: Sequence[Problem]) -> None:
    if problems:
        raise TeacherError(f"the file of outputs {path}", *problems[:SHOWN])
