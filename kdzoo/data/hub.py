"""Texts and labels from a dataset on the Hugging Face hub."""

from __future__ import annotations

from typing import Any

from kdzoo.data.corpus import SPLITS, RawData
from kdzoo.data.files import as_label, as_text
from kdzoo.errors import DataError, did_you_mean
from kdzoo.offline import hub_in_reach


def read_hub(name: str, config: str | None, revision: str | None, text: str, label: str) -> RawData:
    """Returns the rows of a hub dataset; a ClassLabel column gives the names and their order.

    Raises:
        DataError: no hub is in reach and nothing is cached, or a column is missing.
    """
    import datasets

    if not hub_in_reach():
        datasets.config.HF_HUB_OFFLINE = True  # reads its cache, without minutes of retries
    try:
        loaded = datasets.load_dataset(name, config, revision=revision)
    except (ConnectionError, FileNotFoundError, OSError, ValueError, RuntimeError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"the dataset '{name}' cannot be loaded: {said}\n"
            "  without a hub in reach, give files instead: --data FOLDER with train, validation "
            "and test as .jsonl, .csv, .tsv or .parquet"
        ) from error
    splits: dict[str, list[tuple[str, str]]] = {}
    names: tuple[str, ...] | None = None
    for split in SPLITS:
        if split in loaded:
            names = names or _class_names(loaded[split], label)
            splits[split] = _rows(loaded[split], name, text, label)
    return RawData(splits, labels=names, origin=f"hub:{name}")


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
