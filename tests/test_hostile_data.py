"""Data files from a stranger: every cell that cannot be read is told of, with its place."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tiny_world import RunCommand

from kdzoo.data.stream import stream_rows
from kdzoo.errors import DataError

CELLS = (
    b'{"text": "a", "label": ' + b"9" * 5000 + b"}",
    b'{"text": ' + b"[" * 100_000,
    b'{"text": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
    b'{"text": 1' + b"0" * 5000 + b"}",
    b"[]", b"null", b"\x00", b'"text"', b"{", b'{"text": \xff}', b"NaN",
)  # fmt: skip


@pytest.mark.parametrize("line", CELLS, ids=lambda line: repr(line[:20]))
def test_a_line_that_cannot_be_read_is_told_of(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"text": "a", "label": "b"}\n' + line + b"\n")

    with pytest.raises(DataError, match=r"line 2: "):
        list(stream_rows(path))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**15, 0], pa.timestamp("ms")),
        pa.array([-(10**18), 0], pa.timestamp("us")),
        pa.array([10**15, 0], pa.date64()),
        pa.array([2**31 - 1, 0], pa.date32()),
        pa.array([2**62, 0], pa.duration("s")),
        pa.array([b"\xff\xfe", b"\x80"]).view(pa.binary()).cast(pa.binary()).view(pa.string()),
    ],
    ids=["far years", "before Christ", "date64", "date32", "duration", "UTF-8"],
)
def test_a_parquet_with_values_that_python_lacks_is_told_of(
    tmp_path: Path, column: pa.Array
) -> None:
    path = tmp_path / "data.parquet"
    parquet.write_table(pa.table({"text": ["a", "b"], "label": column}), path)

    with pytest.raises(DataError, match="data"):
        list(stream_rows(path))


@pytest.mark.parametrize("cell", ["\ud800", "a\udfff", "\ud83d"])
@pytest.mark.parametrize("column", ["text", "label"])
def test_half_a_character_in_a_cell_is_told_of(
    tmp_path: Path, kdzoo: RunCommand, tiny_encoder: Path, cell: str, column: str
) -> None:
    rows = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(40)]
    rows[7][column] = cell
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data.jsonl").write_text(lines, encoding="utf-8")
    outcome = kdzoo("init", "--data", "data.jsonl", "--teacher", tiny_encoder, "-o", "mine")

    assert outcome.code == 2
    assert "half a character" in outcome.err
    assert not (tmp_path / "mine").exists()


def test_a_date_that_python_has_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    day = datetime.date(2026, 1, 2)
    parquet.write_table(pa.table({"text": ["a"], "label": [day]}), path)

    assert [row["label"] for _, row in stream_rows(path)] == [day]
