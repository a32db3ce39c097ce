"""Texts and labels from a dataset on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kdzoo.data.corpus import SPLITS, RawData
from kdzoo.data.files import as_label
from kdzoo.data.stream import as_text
from kdzoo.errors import DataError, did_you_mean
from kdzoo.offline import hub_in_reach


def read_hub(name: str, config: str | None, revision: str | None, text: str, label: str) -> RawData:
    """Returns the rows of a hub dataset; a ClassLabel column gives the names and their order.

    Raises:
        DataError: no hub is in reach and nothing is cached, or a column is missing.
    """
    loaded = _load(name, config, revision, None)
    splits: dict[str, list[tuple[str, str]]] = {}
    names: tuple[str, ...] | None = None
    for split in SPLITS:
        if split in loaded:
            names = names or _class_names(loaded[split], label)
            splits[split] = _rows(loaded[split], name, text, label)
    return RawData(splits, labels=names, origin=f"hub:{name}")


def read_hub_texts(
    name: str, config: str | None, revision: str | None, split: str, column: str
) -> Iterator[str]:
    """Yields the texts of one split of a hub dataset.

    Raises:
        DataError: no hub is in reach and nothing is cached, or split or column are missing.
    """
    loaded = _load(name, config, revision, split)
    if column not in loaded.column_names:
        raise DataError(
            f"the dataset '{name}' has no column '{column}'; "
            f"{did_you_mean(column, loaded.column_names)}"
        )
    for batch in loaded.select_columns([column]).iter(batch_size=1000):
        yield from map(as_text, batch[column])


def _load(name: str, config: str | None, revision: str | None, split: str | None) -> Any:
    import datasets

    if not hub_in_reach():
        datasets.config.HF_HUB_OFFLINE = True  # reads its cache, without minutes of retries
    try:
        return datasets.load_dataset(name, config, revision=revision, split=split)
    except (ConnectionError, FileNotFoundError, OSError, ValueError, RuntimeError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"the dataset '{name}' cannot be loaded: {said}\n"
            "  without a hub in reach, give files instead: "
            + (
                "transfer.unlabelled.files"
                if split is not None
                else "--data FOLDER with train, validation and test"
            )
            + " as .jsonl, .csv, .tsv or .parquet"
        ) from error


def _class_names(split: Any, label: str) -> tuple[str, ...] | None:
    names = getattr(split.features.get(label), "names", None)
    return tuple(names) if names else None


def _rows(split: Any, name: str, text: str, label: str) -> list[tuple[str, str]]:
    for column in (text, label):
        if column not in split.column_names:
            raise DataError(
                f"the dataset '{name}' has no column '{column}'; "
                f"set data.text and data.label; {did_you_mean(column, split.column_names)}"
            )
    names = _class_names(split, label)
    rows: list[tuple[str, str]] = []
    for number, (cell, value) in enumerate(zip(split[text], split[label], strict=True), start=1):
        if names:  # -1 and None stand for a label that is not told
            value = names[value] if value is not None and value >= 0 else None
        rows.append((as_text(cell), as_label(value, f"{name} row {number}")))
    return rows
