"""Which model of a study a user means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from kdzoo import registry
from kdzoo.errors import ModelError, did_you_mean, nearest
from kdzoo.extensions import is_brought
from kdzoo.results import is_study
from kdzoo.results.opened import check_member, table_of
from kdzoo.results.record import ManifestRow, Member, Role
from kdzoo.results.store import Store
from kdzoo.results.whole import has_weights
from kdzoo.runtime.folder import is_exported_form

MODELS: tuple[Role, ...] = ("teacher", "student")  # which export, and go to the hub


@dataclass(frozen=True)
class Choice:
    """A row of a study's table, one seed of it, and the folder of that model, weights and all."""

    row: ManifestRow
    member: Member
    folder: Path


def choose(
    store: Store,
    name: str | None,
    seed: int | None,
    roles: Sequence[Role] = MODELS,
) -> Choice:
    """Returns the model of a study that a row's name and a seed stand for.

    Args:
        store: the study.
        name: the row's.
        seed: of that row; its first by default.
        roles: those of the rows to choose from.

    Raises:
        ModelError: there is no such row or seed, or the study holds no weights of it.
        StoreError: the folder is no study, or that model is not there or is damaged.
    """
    known = table_of(store).rows
    rows = {row.name: row for row in known if row.role in roles}
    if name is None:
        raise ModelError(
            f"{store.root} is a study of several models; choose one with --model NAME: "
            f"{', '.join(rows)}"
        )
    other = next((row for row in known if row.name == name and row.role not in roles), None)
    if other is not None:
        raise ModelError(
            f"'{name}' is the {other.role} of {store.root}, and what is wanted is a "
            f"{' or '.join(roles)}: {', '.join(rows)}"
        )
    if name not in rows:
        raise ModelError(f"{store.root} has no model '{name}'; {did_you_mean(name, rows)}")
    members = {member.seed: member for member in rows[name].members}
    if seed is not None and seed not in members:
        seeds = ", ".join(map(str, members))
        raise ModelError(f"'{name}' was not trained with seed {seed}; its seeds: {seeds}")
    member = members[next(iter(members)) if seed is None else seed]
    check_member(store, rows[name], member)
    folder = store.finished(member.key)
    if not has_weights(folder):
        raise ModelError(
            f"{store.root} holds no weights of '{name}' ({store.read(member.key).kind}): name the "
            "folder or hub id of that model itself, or the study that trained it"
        )
    return Choice(rows[name], member, folder)


def model_folder(
    folder: Path, name: str | None, seed: int | None, roles: Sequence[Role] = MODELS
) -> Path:
    """Returns a model's folder: the one that is named itself, or that of a row of a study.

    Args:
        folder: a study's, or a model's.
        name: the row's, of a study.
        seed: of that row; its first by default.
        roles: those of the rows to choose from.

    Raises:
        ModelError: the study has no such model, or no weights of it; or a row or seed is named, and
            the folder is no study.
        StoreError: the study is damaged.
    """
    if is_study(folder):
        return choose(Store(folder), name, seed, roles).folder
    refuse_name(folder, name, seed)
    return folder


def refuse_name(folder: Path, name: str | None, seed: int | None) -> None:
    """Refuses a row or seed that is named beside a folder that is no study.

    Args:
        folder: a model's.
        name: the row's; None where none is named.
        seed: of that row; None where none is named.

    Raises:
        ModelError: a row or a seed is named; where there is no such folder, that is said.
        StoreError: the folder is a study's, whose run has not ended.
    """
    if name is not None or seed is not None:
        if not folder.exists():
            raise ModelError(f"no such folder: {folder}{_folder_meant(folder)}")
        Store(folder).refuse_unfinished()
        raise ModelError(
            f"--model and --seed choose from a study's table, and {folder} is no study; remove them"
        )


def _folder_meant(folder: Path) -> str:
    """Returns the question after the folder beside this one that has almost its name, if any."""
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    meant = nearest(folder.name, sorted(each.name for each in beside if each.is_dir()))
    return "" if meant is None else f"; did you mean {folder.with_name(meant)}?"


def finished_teacher(store: Store, name: str) -> str | None:
    """Returns the folder or hub id of a row's model, where that is a teacher that was not fitted.

    The study holds no weights of it. None for all other rows.
    """
    teachers = {row.name: row for row in store.manifest().rows if row.role == "teacher"}
    if name not in teachers:
        return None
    told = store.read(teachers[name].members[0].key).recipe.get("teacher", {})
    if told.get("fine_tune") is not None or told.get("head") is not None:
        return None
    source = told.get("model")
    return source if isinstance(source, str) else None


def of_finished_teacher(folder: Path, name: str | None) -> tuple[str, Path] | None:
    """Returns a finished teacher's source, and the folder of its forms in a study that made some.

    None for all other rows, and where the folder is no study or a published one, without forms.

    Args:
        folder: a study's, or a model's.
        name: the row's, of a study.
    """
    if name is None or not is_study(folder):
        return None
    store = Store(folder)
    row = next((row for row in store.manifest().rows if row.name == name), None)
    source = None if row is None else finished_teacher(store, name)
    if row is None or source is None:
        return None
    own = store.finished(row.members[0].key)
    if not any(is_exported_form(form) for form in own.iterdir() if form.is_dir()):
        return None
    return source, own


def is_of_a_users_file(store: Store, name: str) -> bool:
    """Whether a row's model is a student that another process knows only by a user's file."""
    row = next(row for row in store.manifest().rows if row.name == name)
    if row.role != "student" or _is_shipped(row.kind):
        return False
    known = registry.students.entries().get(row.kind)
    return known is None or is_brought(known)


def _is_shipped(kind: str) -> bool:
    """Whether a student comes with kdzoo, in the file of its name; its code loads for seconds."""
    package = find_spec("kdzoo.students")
    places = () if package is None else package.submodule_search_locations or ()
    return any(Path(place, f"{kind}.py").is_file() for place in places)
