"""Texts and labels from a dataset on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from kdzoo.data.cells import as_input
from kdzoo.data.columns import cure
from kdzoo.data.corpus import SPLITS, Input, RawData, RawRow
from kdzoo.data.labelling import Labelling
from kdzoo.data.parquet import with_names
from kdzoo.data.place import DATA
from kdzoo.errors import DataError, did_you_mean, first_line
from kdzoo.offline import hub_in_reach


def read_hub(
    name: str,
    config: str | None,
    revision: str | None,
    text: str,
    label: str | Labelling,
    text_pair: str | None = None,
    others: Sequence[str] = (),
    *,
    unread: Collection[str] = (),
) -> RawData:
    """Returns the rows of a hub dataset; a ClassLabel column gives the names and their order.

    So does one of lists of them, where texts have several.

    Args:
        name: of the dataset.
        config: its configuration, if it has several.
        revision: commit, tag or branch.
        text: the column of the text.
        label: the column of the label, or how labels are written.
        text_pair: the column of the second text, of pairs.
        others: more splits that are wanted.
        unread: splits that are not.

    Raises:
        DataError: no hub is in reach and nothing is cached, or a column is missing.
    """
    loaded, labelling = _load(name, config, revision, None), Labelling.of(label)
    splits: dict[str, list[RawRow]] = {}
    names: tuple[str, ...] | None = labelling.columns or None
    for split in dict.fromkeys((*SPLITS, *others)):
        if split in loaded and split not in unread:
            names = names or _class_names(loaded[split], labelling.column)
            splits[split] = _rows(loaded[split], name, text, labelling, text_pair)
    return RawData(splits, labels=names, origin=f"hub:{name}")


def read_hub_texts(
    name: str,
    config: str | None,
    revision: str | None,
    split: str,
    column: str,
    column_pair: str | None = None,
) -> Iterator[Input]:
    """Yields the texts of one split of a hub dataset, or its pairs.

    Raises:
        DataError: no hub is in reach and nothing is cached, or split or column are missing.
    """
    loaded = _load(name, config, revision, split)
    wanted = [column] if column_pair is None else [column, column_pair]
    for column_name in wanted:
        if column_name not in loaded.column_names:
            raise DataError(
                f"the dataset '{name}' has no column '{column_name}'; "
                f"{did_you_mean(column_name, loaded.column_names)}"
            )
    for number, row in enumerate(loaded.select_columns(wanted), start=1):
        yield as_input(row, column, column_pair, f"{name} row {number}")


def _load(name: str, config: str | None, revision: str | None, split: str | None) -> Any:
    import datasets

    if not hub_in_reach():
        datasets.config.HF_HUB_OFFLINE = True  # reads its cache, without minutes of retries
    try:
        return datasets.load_dataset(name, config, revision=revision, split=split)
    except (ConnectionError, FileNotFoundError, OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the dataset '{name}' cannot be loaded: {first_line(error)}\n"
            "  without a hub in reach, give files instead: "
            + (
                "transfer.unlabelled.files"
                if split is not None
                else "--data FOLDER with train, validation and test"
            )
            + " as .jsonl, .json, .csv, .tsv or .parquet"
        ) from error


def _class_names(split: Any, label: str) -> tuple[str, ...] | None:
    feature = split.features.get(label)
    names = getattr(getattr(feature, "feature", feature), "names", None)  # of a list's elements
    return tuple(name.strip() for name in names) if names else None


def _rows(
    split: Any, name: str, text: str, labelling: Labelling, text_pair: str | None
) -> list[RawRow]:
    text, labelling = labelling.in_columns(split.column_names, text, name)
    wanted = [text, *([] if text_pair is None else [text_pair]), *labelling.wanted]
    for column in wanted:
        if column not in split.column_names:
            raise DataError(
                f"the dataset '{name}' has no column '{column}'; "
                f"{cure(column, split.column_names, DATA, wanted)}"
            )
    column = labelling.column
    names = None if labelling.columns else _class_names(split, column)
    rows: list[RawRow] = []
    for number, row in enumerate(split.select_columns(wanted), start=1):
        where = f"{name} row {number}"
        if names:
            row = {**row, column: with_names(row[column], names, where)}
        rows.append(labelling.row(row, text, text_pair, where))
    return rows
