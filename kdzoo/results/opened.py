"""A study that is opened to be read: all that it says is looked at once, and fits together.

Whoever made it may have been somebody else. What its files look like is held by their classes, what
outcomes have to be by the file of outcomes; here is what one file says of another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdzoo import registry
from kdzoo.errors import Problem, StoreError, did_you_mean
from kdzoo.plain import first_few
from kdzoo.results.reading import T
from kdzoo.results.record import Manifest, ManifestRow, Member, Record, Role
from kdzoo.results.store import MANIFEST, Store, slug
from kdzoo.results.whole import RECORD

MOST_ROWS = 10_000  # of a table
_SHOWN = 5  # problems of a folder


@dataclass(frozen=True)
class OpenedStore(Store):
    """A study as it was when it was opened: each file is read once, and nothing is written."""

    _known: dict[Path, Any] = field(default_factory=dict, repr=False, compare=False)
    _folders: dict[str, Path] = field(default_factory=dict, repr=False, compare=False)

    def finished(self, key: str) -> Path:
        """Returns the folder of a finished model, weights or not."""
        if key not in self._folders:
            self._folders[key] = super().finished(key)
        return self._folders[key]

    def _read(self, path: Path, model: type[T]) -> T:
        if path not in self._known:
            self._known[path] = super()._read(path, model)
        found: T = self._known[path]
        return found


def opened(store: Store) -> OpenedStore:
    """Returns the store, once manifest, records, forms, histories and sessions are seen to agree.

    Raises:
        StoreError: the folder is no study, or a file of it is damaged or says other things than
            another one; the message names both.
        ModelError: what was fitted on validation is damaged.
    """
    if isinstance(store, OpenedStore):
        return store
    found = OpenedStore(store.root)
    _check(found, table_of(found))
    found.sessions()
    return found


def table_of(store: Store) -> Manifest:
    """Returns which models make up a study's table.

    Raises:
        StoreError: the folder is no study, or one without a model.
    """
    manifest = store.manifest()
    if not manifest.rows:
        raise StoreError(f"{store.root} holds no finished model; run its recipe again")
    return manifest


def check_member(store: Store, row: ManifestRow, member: Member) -> None:
    """Looks at one model alone: what is wrong with others of its study is no matter of it.

    Args:
        store: the study.
        row: of its table.
        member: of the row.

    Raises:
        StoreError: the model is not there, or its files are damaged or say other things than the
            table.
        ModelError: what was fitted on validation is damaged.
    """
    alone = row.model_copy(update={"members": (Member(seed=member.seed, key=member.key),)})
    found = OpenedStore(store.root)
    _check(found, found.manifest().model_copy(update={"rows": (alone,)}))


def _check(store: OpenedStore, manifest: Manifest) -> None:
    if lacking := [*_lacking(store, manifest)]:
        raise StoreError(
            f"{store.root} holds no finished model of {first_few(lacking)}; run its recipe again, "
            "which makes what is not there, or ask for the whole folder anew"
        )
    problems = [*_rows(manifest), *_models(store, manifest)]
    if not problems:
        problems += _together(store, manifest)
    if problems:
        raise StoreError(
            f"{store.root} does not fit together; run its recipe again, or ask for the whole "
            "folder anew",
            *problems[:_SHOWN],
        )


def _lacking(store: OpenedStore, manifest: Manifest) -> Iterator[str]:
    """Yields the row and the seed of each model that is not there."""
    told = set[str]()
    for row in manifest.rows:
        for member in row.members:
            kin = {member.key: "", member.teacher_key: "the teacher of "}
            kin[member.control_key] = "the control on hard labels of "
            for key, whose in kin.items():
                if key is not None and key not in told and not store.holds(key):
                    told.add(key)
                    yield f"{whose}'{row.name[:60]}', seed {member.seed}"


def _keys(manifest: Manifest) -> list[str]:
    """Returns all models that the table needs, those included that others are compared with."""
    teachers = (member.teacher_key for row in manifest.rows for member in row.members)
    return list(dict.fromkeys([*manifest.keys, *(key for key in teachers if key is not None)]))


def _rows(manifest: Manifest) -> Iterator[Problem]:
    """Yields what is wrong with the lines of the table themselves."""
    if len(manifest.rows) > MOST_ROWS:
        yield Problem(f"has {len(manifest.rows):,} rows, more than {MOST_ROWS:,}", MANIFEST)
    runtimes = registry.runtimes.entries()
    for row in manifest.rows:
        where = f"{MANIFEST}, row '{row.name[:60]}'"
        if row.role == "control":
            yield Problem("controls have no row of their own", where)
        for name in row.runtimes:
            if name not in runtimes:
                known = did_you_mean(name[:60], runtimes)
                yield Problem(f"no runtime is called '{name[:60]}'", where, known)


def _models(store: OpenedStore, manifest: Manifest) -> Iterator[Problem]:
    """Yields what is wrong with each model's own files."""
    for key in _keys(manifest):
        record, folder = store.read(key), store.finished(key)
        if record.key != key or slug(key) != key:
            yield Problem(f"is the record of {record.key}", _place(store, folder / RECORD))
        store.history(key)
        store.decision(key)
        for path in sorted(folder.glob(f"*/{RECORD}")):
            form = store.read_form(key, path.parent.name)
            if form is not None and (form.key, slug(form.name)) != (key, path.parent.name):
                what = f"is the record of {form.key} in '{form.name[:60]}'"
                yield Problem(what, _place(store, path))
            elif form is not None:
                store.decision(key, form.name)


def _together(store: OpenedStore, manifest: Manifest) -> Iterator[Problem]:
    """Yields which models are not those that the table, or another model, takes them for."""
    records = {key: store.read(key) for key in _keys(manifest)}
    first = next(iter(records.values()))
    for key, record in records.items():
        where = _place(store, store.finished(key) / RECORD)
        if record.data.task != first.data.task:
            yield Problem(f"has another task than {first.name[:60]}", where)
        if len(record.data.labels) != len(first.data.labels):
            yield Problem(f"has other labels than {first.name[:60]}", where)
    for row in manifest.rows:
        for member in row.members:
            yield from _of_member(row, member, records)


def _of_member(row: ManifestRow, member: Member, records: dict[str, Record]) -> Iterator[Problem]:
    where = f"{MANIFEST}, row '{row.name[:60]}'"
    own = records[member.key]
    kin: tuple[tuple[str | None, Role], ...] = (
        (member.key, row.role),
        (member.teacher_key, "teacher"),
        (member.control_key, "control"),
    )
    for key, role in kin:
        if key is None:
            continue
        other = records[key]
        if not _is_a(other, role):
            yield Problem(f"{key[:60]} is no {role} of this study", where)
        elif not _shares_texts(own, other):
            yield Problem(f"{key[:60]} was read on other texts than {member.key}", where)


def _shares_texts(one: Record, other: Record) -> bool:
    """Whether two models have as many texts in each split that both know."""
    own, others = one.data.texts, other.data.texts
    return all(own[split] == others[split] for split in own.keys() & others.keys())


def _is_a(record: Record, role: Role) -> bool:
    """Whether a model can have a part; one on hard labels is a student, a control or both."""
    trained = ("student", "control")
    return record.role == role or (record.role in trained and role in trained)


def _place(store: Store, path: Path) -> str:
    return os.fspath(path.relative_to(store.root))
