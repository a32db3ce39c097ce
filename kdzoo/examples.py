"""The texts behind the outcomes, read again from the data: the store holds their numbers alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from kdzoo.data import Corpus, few_labels, load_corpus, texts_of
from kdzoo.errors import DataError, StoreError
from kdzoo.files import with_home
from kdzoo.recipe.data import Data
from kdzoo.results import Record, Store

_SOURCES = ("hub", "config", "revision", "embedded", "files")


def example_texts(store: Store, split: str, data: str | None = None) -> list[str]:
    """Returns the texts of a split, in the outcomes' order; a | stands between those of a pair.

    Args:
        store: of the study.
        split: whose texts.
        data: a file or folder that takes the place of the recipes' data source.

    Raises:
        DataError: the data is not there, or other than what was measured on.
        StoreError: the store does not say what its data was.
    """
    record = _first_student(store)
    section = _section(store, record.recipe.get("data"), data)
    corpus = few_labels(_load(section, data), section, record.seed)
    is_same = (
        corpus.fingerprint == record.data.fingerprint
        if split == "validation"
        else corpus.test_fingerprint == record.data.test_fingerprint
    )
    if not is_same:
        raise DataError(
            f"the data's {split} texts are not those that {store.root} was measured on: name its "
            "source with --data"
        )
    return [" | ".join(texts_of(example.input)) for example in corpus.split(split)]


def _load(section: Data, data: str | None) -> Corpus:
    try:
        return load_corpus(section)
    except DataError as error:
        raise DataError(str(error) if data else f"{error}; name its source with --data") from error


def _first_student(store: Store) -> Record:
    members = (member for row in store.manifest().rows if row.role == "student"
               for member in row.members)  # fmt: skip
    records: Iterable[Record] = (store.read(member.key) for member in members)
    first = next(iter(records), None)
    if first is None:
        raise StoreError(f"{store.root} has no student: there is nothing to show texts of")
    return first


def _section(store: Store, section: Any, data: str | None) -> Data:
    section = dict(section) if isinstance(section, dict) else {}
    if data is not None:
        kept = {key: value for key, value in section.items() if key not in _SOURCES}
        section = {**kept, "files": str(with_home(data).resolve())}
    try:
        return Data.model_validate(section)
    except ValidationError as error:
        raise StoreError(
            f"a record of {store.root} does not say what its data was: "
            f"{error.errors()[0]['msg']}; name its source with --data"
        ) from error
