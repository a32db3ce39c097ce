"""Rows of .parquet files; the classes that datasets notes in one are read by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kdzoo.data.columns import check_columns, cure
from kdzoo.data.place import DATA, Place
from kdzoo.errors import DataError, Problem

_METADATA = b"huggingface"  # where datasets keeps its features, JSON


def parquet_rows(
    path: Path, wanted: Sequence[str], place: Place = DATA
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields each row of a file with its number; a class by its name.

    Args:
        path: of the file.
        wanted: columns that it has to have.
        place: where the user names them.

    Raises:
        DataError: it is no parquet file, lacks a column, names one twice, or a class has no name.
    """
    import pyarrow.parquet

    number = 0
    try:
        file = pyarrow.parquet.ParquetFile(path)
        columns = file.schema_arrow.names
        check_columns(path, "columns", columns)
        missing = next((column for column in wanted if column not in columns), None)
        if missing is not None:
            said = cure(missing, columns, place, wanted)
            problem = Problem(f"no column '{missing}'", "columns", said)
            raise DataError(str(path), problem)
        named = {name: found for name in columns if (found := _names_in(file.schema_arrow, name))}
        for batch in file.iter_batches():
            for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020
                for column, names in named.items():
                    row[column] = with_names(row[column], names, f"{path} row {number}")
                yield f"row {number}", row
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a parquet file: {error}") from None
    except (ValueError, OverflowError) as error:  # a date that Python has not, broken UTF-8
        where = f"after row {number}"
        raise DataError(str(path), Problem(f"a value cannot be read: {error}", where)) from None


def class_names(path: Path, column: str) -> tuple[str, ...] | None:
    """Returns the names of a column's classes in their order, where the file notes them."""
    import pyarrow.parquet

    return _names_in(pyarrow.parquet.read_schema(path), column)


def with_names(value: Any, names: Sequence[str], where: str) -> Any:
    """Returns a class by its name, or a list of them by theirs.

    Raises:
        DataError: there are fewer classes.
    """
    if isinstance(value, list):
        return [class_name(item, names, where) for item in value]
    return class_name(value, names, where)


def class_name(value: int | None, names: Sequence[str], where: str) -> str | None:
    """Returns the name of a class; None where it is not told, as None or -1 say.

    Raises:
        DataError: there are fewer classes.
    """
    if value is None or value < 0:
        return None
    if value >= len(names):
        raise DataError(
            f"{where}: the label is class {value}, and the features name {len(names)} classes, "
            "from 0 on; mend the label or the features"
        )
    return names[value]


def _names_in(schema: Any, column: str) -> tuple[str, ...] | None:
    """Returns the names that the features of datasets have for classes, integers or their lists."""
    if column not in schema.names or not _holds_integers(schema.field(column).type):
        return None
    try:
        noted = json.loads((schema.metadata or {})[_METADATA])
        feature = _element(noted["info"]["features"][column])
        names = feature["names"] if feature["_type"] == "ClassLabel" else None
    except (AttributeError, LookupError, TypeError, ValueError):  # not written by datasets
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(name.strip() for name in names) or None


def _holds_integers(kind: Any) -> bool:
    """Whether a column holds integers or lists of them, of any or of one length."""
    import pyarrow

    types = pyarrow.types
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return bool(types.is_integer(kind.value_type if any(is_a(kind) for is_a in lists) else kind))


def _element(feature: Any) -> Any:
    """Returns what a feature says of each element of its lists, if it is one of lists.

    Such are called List, LargeList or Sequence; older datasets put the element into a list.
    """
    return feature[0] if isinstance(feature, list) else feature.get("feature", feature)
