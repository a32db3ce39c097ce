"""The outcomes of a model as a file: in few bytes, and read as what its record says they are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from kdzoo.errors import StoreError
from kdzoo.files import check_readable
from kdzoo.measure import with_all_columns
from kdzoo.measure.outcomes import COLUMNS
from kdzoo.plain import shortened
from kdzoo.results.record import DataSummary, FormRecord, Record
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TASKS, TOKEN_CLASSIFICATION
from kdzoo.task.tokens import MOST_CELLS

MOST_TEXTS = 10_000_000  # of all splits together: a gigabyte of outcomes
_NARROW = {  # what holds a column in a fourth of the bytes: type, and encoding in parquet
    **dict.fromkeys(("float64", "float32"), ("float32", "BYTE_STREAM_SPLIT")),
    **dict.fromkeys(("int64", "int32"), ("int32", "DELTA_BINARY_PACKED")),
}
_LARGEST, _PACKED = 1 << 24, 100  # bytes, unpacked; and times the file's: real outcomes shrink less
_UNFOLDS = "DELTA_BYTE_ARRAY"  # of texts: a few bytes may stand for each letter of the one before
_STEPS = 2**14  # that a mantissa, 0.5 to 1, is rounded to: by less than a ten-thousandth of it
_IDS = ("gold", "prediction")
_ANSWERS = (*_IDS, "teacher_prediction", "decided")  # words, unless texts have one label each
_DIGITS = 10  # of the id of a label, and what parts it from the next
_LEAST = {**dict.fromkeys(_IDS, 0), "teacher_prediction": -1}  # without a teacher
_LATER = (  # columns that kdzoo did not write from the beginning
    "brier",
    "calibrated_confidence",
    "calibrated_gold_log_probability",
    "words",
    "rarest_word",
    "decided",
    "decision_score",
    "margin",
    "energy",
    "in_scope",
)
_MAY_LACK = ("divergence", "teacher_prediction", *_LATER)  # without a teacher, or a temperature
_ROUNDING = 1e-6  # of a share that was written as a decimal


def packed(outcomes: pd.DataFrame) -> bytes:
    """Returns outcomes as parquet, narrow: they are published, a file for every form of a model."""
    kinds = {str(name): str(kind) for name, kind in outcomes.dtypes.items()}
    known = {name: _NARROW[kind] for name, kind in kinds.items() if kind in _NARROW}
    packing: dict[str, Any] = {
        "use_dictionary": [name for name in kinds if name not in known],
        "column_encoding": {name: encoding for name, (_, encoding) in known.items()},
    }
    narrow = outcomes.astype({name: kind for name, (kind, _) in known.items()})
    for name, kind in narrow.dtypes.items():
        if kind == np.float32:
            narrow[name] = _rounded(narrow[name].to_numpy())
    content: bytes = narrow.to_parquet(index=False, compression="zstd", **packing)
    return content


def _rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns numbers with as many digits as statistics need: the rest would be most of a file."""
    mantissa, exponent = np.frexp(values)
    rounded: npt.NDArray[np.float32] = np.ldexp(np.round(mantissa * _STEPS) / _STEPS, exponent)
    return rounded


def read_outcome_file(path: Path, record: Record | FormRecord) -> pd.DataFrame:
    """Returns outcomes, once they are seen to be those that the record tells of.

    Raises:
        StoreError: the file is damaged, or its texts, labels or accuracy are not the record's.
    """
    check_readable(path)
    content = io.BytesIO(path.read_bytes())  # what may not be read is not damaged
    try:
        table = _table(content, record.data)
        _check(table, record.data, record.quality)
        split = table["split"].cast(pa.large_string())
        frame = table.drop_columns(["split"]).to_pandas(ignore_metadata=True)
        for name in frame.select_dtypes("category"):
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
        return with_all_columns(frame.assign(split=pd.array(split, dtype="str")))
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        raise StoreError(
            f"{path} is damaged, or not that of the record beside it: {error}; remove its folder "
            "and run the recipe again"
        ) from error


def _table(content: io.BytesIO, data: DataSummary) -> pa.Table:
    """Returns the known columns, once they are counted: a kilobyte can claim a milliard of rows."""
    metadata = parquet.read_metadata(content)
    if metadata.num_rows > min(sum(data.texts.values()), MOST_TEXTS):
        raise ValueError(f"it claims {metadata.num_rows:,} texts, more than the record")
    names = metadata.schema.to_arrow_schema().names
    lacking = sorted({*COLUMNS} - {*_LATER} - {*names})
    if lacking:
        raise ValueError(f"it lacks the column '{lacking[0]}'")
    words = ["split", *(_ANSWERS if data.task != SINGLE_LABEL.name else ())]
    known = [name for name in names if name in COLUMNS]
    _check_size(metadata, {*known}, {*words}, len(content.getbuffer()))
    return parquet.read_table(content, columns=known, read_dictionary=words)


def _check_size(
    metadata: parquet.FileMetaData, known: Set[str], words: Set[str], packed_bytes: int
) -> None:
    """Looks at what the columns come to, before they are unpacked.

    Raises:
        ValueError: more than outcomes of such a file do.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    read = [column for column in columns if column.path_in_schema.partition(".")[0] in known]
    for column in read:
        if column.physical_type == "BYTE_ARRAY" and (
            column.path_in_schema not in words or _UNFOLDS in column.encodings
        ):
            raise ValueError(f"the column '{column.path_in_schema}' holds texts")
    unpacked = sum(column.total_uncompressed_size for column in read)
    if unpacked > _LARGEST + _PACKED * packed_bytes:
        raise ValueError(f"it would unpack to {unpacked:,} bytes")


def _check(table: pa.Table, data: DataSummary, quality: Mapping[str, Mapping[str, float]]) -> None:
    """Looks at columns, ids, and each split's texts and accuracy.

    Raises:
        ValueError: they are not what the record says.
    """
    in_words = _ANSWERS if data.task != SINGLE_LABEL.name else ()
    for name in table.schema.names:
        if name in in_words:
            _check_answers(name, table[name], data)
        else:
            _check_column(name, table[name])
    for name, least in _LEAST.items() if not in_words else ():
        ids = table[name].to_numpy()
        wrong = ids[(ids < least) | (ids >= len(data.labels))]  # a gap is neither
        if len(wrong):
            raise ValueError(f"'{name}' {wrong[0]} is none of the labels")
    gold, prediction = (table[name].to_numpy() for name in _IDS)
    if TASKS[data.task].by_word:
        _check_words(gold, prediction)
    hits = np.asarray(gold == prediction)
    splits = table["split"].unify_dictionaries().combine_chunks()
    for number, split in enumerate(splits.dictionary.to_pylist()):
        own = hits[splits.indices.to_numpy() == number]
        if len(own) != data.texts.get(split):
            shown = shortened(split)
            raise ValueError(f"it has {len(own):,} texts of '{shown}', not the record's number")
        accuracy = float(np.mean(own)) if len(own) else 0.0
        recorded = quality.get(split, {}).get("accuracy", accuracy)
        if abs(accuracy - recorded) > _ROUNDING:
            raise ValueError(
                f"its accuracy on '{split}' is {accuracy:.4f}, the record's {recorded:.4f}"
            )


def _check_words(gold: npt.NDArray[Any], prediction: npt.NDArray[Any]) -> None:
    """Looks at how many tags sentences have.

    Raises:
        ValueError: a model gave a sentence another number than it has words, or there are too many.
    """
    wanted, given = (np.array([cell.count(" ") for cell in cells]) for cells in (gold, prediction))
    if not np.array_equal(wanted, given):
        raise ValueError("a sentence has more or fewer tags than words")
    if len(gold) * (int(wanted.max(initial=0)) + 1) > MOST_CELLS:
        raise ValueError(f"it has more than {MOST_CELLS:,} tags")


def _check_answers(name: str, column: pa.ChunkedArray, data: DataSummary) -> None:
    """Looks at answers in words; each that occurs once, however many texts have it.

    Raises:
        ValueError: one is no such answer, or there are gaps where there may be none.
    """
    if pa.types.is_null(column.type) and name in _MAY_LACK:  # all of them gaps
        return
    words = (pa.string(), pa.large_string())
    if not pa.types.is_dictionary(column.type) or column.type.value_type not in words:
        raise ValueError(f"the column '{name}' holds {str(column.type)[:60]}")
    if column.null_count > 0 and (name not in _MAY_LACK or column.null_count < len(column)):
        raise ValueError(f"the column '{name}' has gaps")
    distinct = column.unify_dictionaries().combine_chunks().dictionary
    labels = len(data.labels)
    if TASKS[data.task].by_word:
        TOKEN_CLASSIFICATION.tags(distinct.to_pylist(), labels)
        return
    if any(len(stored.as_py()) > _DIGITS * labels for stored in distinct):
        raise ValueError(f"a cell of '{name}' holds more than {labels} labels")
    MULTI_LABEL.sets(distinct.to_pylist(), labels)


def _check_column(name: str, column: pa.ChunkedArray) -> None:
    kind = column.type
    is_right = pa.types.is_dictionary(kind) if name == "split" else _is_number(kind, name)
    if not is_right:
        raise ValueError(f"the column '{name}' holds {str(kind)[:60]}")
    if not pa.types.is_floating(kind):
        has_gaps = column.null_count > 0
    else:  # a gap is written as NaN, or the other way round
        values = column.to_numpy()
        has_gaps = bool(np.isnan(values).any())
        if np.isinf(values).any():
            raise ValueError(f"the column '{name}' holds a number without end")
    if has_gaps and name not in _MAY_LACK:
        raise ValueError(f"the column '{name}' has gaps")


def _is_number(kind: pa.DataType, name: str) -> bool:
    is_whole = pa.types.is_integer(kind)
    return bool(is_whole or (name not in _IDS and pa.types.is_floating(kind)))
