"""Several folders of results made one: what is the same is recognised, what is not kept apart."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from kdzoo.errors import Problem, StoreError
from kdzoo.files import writing
from kdzoo.progress import Progress, Silent
from kdzoo.results.merge_source import MergeSource, notes_of
from kdzoo.results.merged_rows import FAMILY, merge_rows
from kdzoo.results.publish import publish, refuse_to_overwrite
from kdzoo.results.record import DataSummary, FormRecord, Manifest, Session
from kdzoo.results.store import Store
from kdzoo.results.study_row import StudyRow
from kdzoo.task import TASKS


def merge(stores: Sequence[Store], target: Path, progress: Progress | None = None) -> Store:
    """Makes one published folder of several studies on the same data, and returns it.

    A model that several folders hold is one model, a row that has other seeds in another folder one
    row over all of them, a latency session that several hold one session. Rows of one name that are
    not the same thing get their study's name, or else their folder's. The order of the folders
    changes nothing.

    Args:
        stores: of the studies, working or published.
        target: the folder to write; what was published there before is replaced.
        progress: told what was kept apart, and why; nobody by default.

    Raises:
        StoreError: a folder is damaged, is no study or holds results on other data; or ``target``
            holds other things than published results. Nothing is written then.
    """
    shown = progress or Silent()
    _refuse_target(stores, target)
    with TemporaryDirectory() as scratch:
        given = list(_copied(stores, Path(scratch)))
        _refuse_other_data(given)
        sources = sorted(given, key=MergeSource.order)
        for note in (*notes_of(given), *_keep_models_apart(sources)):
            shown.say(note)
        rows, notes = merge_rows([row for source in sources for row in _rows(source)])
        for note in notes:
            shown.say(note)
        failures = dict.fromkeys(failure for one in sources for failure in one.manifest().failures)
        merged = Manifest(study=target.resolve().name, rows=rows, failures=tuple(failures))
        staged = Store(Path(scratch) / "merged")
        staged.write_manifest(merged)
        known = {source.store: set(source.manifest().keys) for source in sources}
        for key in merged.keys:
            _join_model(key, [store for store, keys in known.items() if key in keys], staged)
        _join_sessions(sources, staged)
        return publish(staged, target, merged.keys)


def _refuse_target(stores: Sequence[Store], target: Path) -> None:
    for store in stores:
        refuse_to_overwrite(store, target)


def _copied(stores: Sequence[Store], scratch: Path) -> Iterator[MergeSource]:
    """Yields a published copy of each study: read whole, so that damage is found before writing."""
    folders = {store.root.resolve(): store for store in stores}
    for number, store in enumerate(folders.values()):
        keys = store.manifest().keys
        if not keys:
            raise StoreError(f"{store.root} holds no finished model; run its recipe again")
        yield MergeSource(store.root, publish(store, scratch / str(number), keys))


def _refuse_other_data(sources: Sequence[MergeSource]) -> None:
    first = next(iter(sources[0].records().values())).data
    problems = []
    for source in sources:
        for data in (record.data for record in source.records().values()):
            differs = {
                "other labels": data.labels != first.labels,
                "other test texts": data.test_fingerprint != first.test_fingerprint,
                "another out-of-scope label": data.oos != first.oos,
                "another label whose F1 is told": data.positive != first.positive,
                "another number of labels a text": data.task != first.task,
            }
            wrong = next((what for what, is_so in differs.items() if is_so), None)
            if wrong is not None:
                problems.append(Problem(f"{wrong} ({data.origin})", str(source.folder)))
                break
    if problems:
        raise StoreError(
            f"these cannot share a table with {sources[0].folder} ({first.origin}); merge studies "
            "of the same data",
            *problems,
        )


def _keep_models_apart(sources: Sequence[MergeSource]) -> Iterator[str]:
    """Gives another key to a model that answers otherwise than an older one of the same key.

    The same recipe, trained on another machine, may end with other weights. The new key is made of
    the old one and of the answers. Yields what is to be told.
    """
    holders: dict[str, MergeSource] = {}
    for source in sources:
        trained_apart = []
        for key, record in source.records().items():
            holder = holders.setdefault(key, source)
            if holder is source:
                continue
            own, other = source.store.outcomes(key), holder.store.outcomes(key)
            if not _answers_alike(own, other):
                said = _said(own["prediction"], record.data)
                _rename(source.store, key, key[:FAMILY] + hashlib.sha256(said).hexdigest()[:8])
                trained_apart.append(f"{record.name}, seed {record.seed} ({record.role})")
        if trained_apart:
            yield (
                f"note: {source.folder} trained these apart from the same recipe, with other "
                f"answers; they are models of their own: {'; '.join(trained_apart)}"
            )


def _answers_alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two models give the same labels to all texts that both have read."""
    shared = set(one["split"]) & set(other["split"])
    own, others = (
        frame.loc[frame["split"].isin(shared), "prediction"].to_numpy() for frame in (one, other)
    )
    return np.array_equal(own, others)


def _said(predictions: pd.Series[Any], data: DataSummary) -> bytes:
    """Returns what stands for a model's answers to all texts."""
    numbers = TASKS[data.task].numbers(predictions, len(data.labels))
    return numbers.tobytes()


def _rename(store: Store, key: str, new: str) -> None:
    """Gives a model another key, in all that names it: a key is a hash and means nothing else."""
    for path in store.root.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f'"{key}"', f'"{new}"'), encoding="utf-8")
    folder = store.finished(key)
    folder.rename(folder.with_name(folder.name.removesuffix(key) + new))


def _rows(source: MergeSource) -> Iterator[StudyRow]:
    manifest, records = source.manifest(), source.records()
    for row in manifest.rows:
        yield StudyRow(manifest.study, source.folder.resolve().name, row, records)


def _join_model(key: str, holders: Sequence[Store], staged: Store) -> None:
    """Takes a model over from who read it on most splits, its forms from every machine."""
    best = max(holders, key=lambda store: len(store.read(key).quality)).finished(key)
    folder = staged.root / "models" / best.name
    with writing(folder):
        shutil.copytree(
            best, folder, ignore=lambda _, names: {name for name in names if (best / name).is_dir()}
        )
    forms = [(form, store) for store in holders for form in store.forms_everywhere(key)]
    forms.sort(key=lambda item: _worth(item[0]))
    seen: set[tuple[str, str]] = set()
    for form, holder in forms:
        if (form.runtime, form.machine) not in seen:
            is_first = all(runtime != form.runtime for runtime, _ in seen)
            place = "" if is_first else hashlib.sha256(form.machine.encode()).hexdigest()[:8]
            taken = form.model_copy(update={"place": place})
            target = staged.form(key, taken.name)  # whose name leads nowhere else
            with writing(target):
                shutil.copytree(holder.form(key, form.name), target, dirs_exist_ok=True)
            staged.write_form(taken)
            seen.add((form.runtime, form.machine))


def _worth(form: FormRecord) -> tuple[bool, int, str, str]:
    """Returns what forms of a model are sorted by: the best first, in any order of the folders."""
    return form.failure is not None, -len(form.quality), form.created, form.machine


def _join_sessions(sources: Sequence[MergeSource], staged: Store) -> None:
    """Takes over every session once; another one of the same id gets an id of its own."""
    sessions: dict[str, Session] = {}
    for session in (stored for source in sources for stored in source.store.sessions()):
        known = sessions.get(session.id, session)
        name = session.id
        if known.created != session.created:
            known = session
            name = hashlib.sha256(f"{session.id} {session.created}".encode()).hexdigest()[:16]
        timings = {
            (timing.key, timing.runtime): timing for timing in (*session.timings, *known.timings)
        }
        update = {"id": name, "timings": tuple(timings.values())}
        sessions[name] = known.model_copy(update=update)
    for session in sessions.values():
        staged.write_session(session)
