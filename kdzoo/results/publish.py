"""What of a study may be shown: no texts, no weights, no paths of this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath
from typing import Any

from kdzoo.errors import StoreError
from kdzoo.files import has_file
from kdzoo.results.opened import opened
from kdzoo.results.record import Manifest
from kdzoo.results.store import MANIFEST, Store
from kdzoo.results.whole import has_weights
from kdzoo.runtime.decision import Decision

REPORT_FILE = re.compile(
    r"(report|table|accuracy_\w+|gap_closed|changes|latency|bench|study)(-machine-.*)?\.\w+"
)
_FOLDERS = ("models", "measurements")
PATH_KEYS = ("files", "outputs", "vectors")  # of a recipe: what stands there is always a path
_BEGINS = r"(?:file://)?/(?!/)|~\w*/|[A-Za-z]:[\\/]|\\\\|\.{1,2}[\\/]"  # a path, of any system
_PATH = re.compile(rf"(?<![\w./\\~-])(?:{_BEGINS})(?:[^\s'\"/\\]*[/\\])*(?=[^\s'\"/\\])")
_QUOTED = re.compile(rf"(['\"])(?:{_BEGINS})(?:[^'\"]*[/\\])?([^'\"/\\]+)\1")  # it may have spaces
_TEXTS = ("csv", "text", "text_pair")
NAME_KEYS = {  # by section of a recipe: what stands there is a name, or a character, whatever it is
    "data": (
        *_TEXTS,
        *("label", "label_separator", "label_columns", "oos_label", "positive_label"),
    ),
    "unlabelled": _TEXTS,
    "teacher": ("csv", "labels"),
}


def publish(store: Store, target: Path, keys: Iterable[str]) -> Store:
    """Copies to ``target`` what may be shown: records without paths, histories, outcomes, sessions.

    No texts, no weights, no paths of this machine. What was published there before is replaced.

    Args:
        store: the study.
        target: the folder to write.
        keys: of the models that are shown.

    Raises:
        StoreError: something is missing, or ``target`` holds what was not published there.
    """
    refuse_to_overwrite(store, target)
    known = opened(store)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    new = [folder for folder in target.parents if not folder.exists()]
    try:
        public = Store(partial)
        for key in sorted(set(keys)):
            _publish_model(known, key, public)
        _publish_sessions(known, set(keys), public)
        public.write_manifest(_public(known.manifest()))
        target.mkdir(parents=True, exist_ok=True)
        for name in (*_FOLDERS, MANIFEST):
            _replace(partial / name, target / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in new:  # nothing is left where nothing was published
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return Store(target)


def _publish_model(store: Store, key: str, public: Store) -> None:
    record = store.read(key)
    folder = public.folder(record.name, record.variant, record.seed, key)
    folder.mkdir(parents=True)
    public.write_outcomes(folder, store.outcomes(key))
    if history := store.history(key):
        public.write_history(folder, history)
    _publish_decision(store.decision(key), folder, public)
    public.write(folder, record.model_copy(update={"recipe": without_paths(record.recipe)}))
    for deployed in store.forms_everywhere(key):
        failure = _without_folders(deployed.failure)
        public.write_form(deployed.model_copy(update={"failure": failure}))
        if deployed.failure is None:
            form = public.form(key, deployed.name)
            public.write_outcomes(form, store.outcomes(key, deployed.name))
            _publish_decision(store.decision(key, deployed.name), form, public)


def _publish_sessions(store: Store, wanted: set[str], public: Store) -> None:
    for session in store.sessions():
        timings = tuple(
            timing.model_copy(
                update={
                    name: _without_folders(getattr(timing, name))
                    for name in ("failure", "flops_failure")
                }
            )
            for timing in session.timings
            if timing.key in wanted
        )
        if timings:
            public.write_session(session.model_copy(update={"timings": timings}))


def _replace(new: Path, old: Path) -> None:
    """Puts what was published now in the place of what was published before, if there is any."""
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)
    if new.exists():
        new.replace(old)


def _public(manifest: Manifest) -> Manifest:
    """Returns the manifest without the paths that errors may hold."""
    failures = (
        failure.model_copy(update={"reason": _without_folders(failure.reason)})
        for failure in manifest.failures
    )
    return manifest.model_copy(update={"failures": tuple(failures)})


def _publish_decision(decision: Decision | None, folder: Path, public: Store) -> None:
    if decision is not None:
        public.write_decision(folder, decision)


def refuse_to_overwrite(store: Store, target: Path) -> None:
    """Lets published results be replaced by those of a store, and nothing else.

    Raises:
        StoreError: ``target`` is a file, a study with weights, the store itself or something else.
    """
    if target.exists() and not target.is_dir():
        raise StoreError(f"{target} is a file; name a folder, as in results/STUDY")
    held = [] if is_study(target) else list(target.glob("[!.]*"))
    working = any(has_weights(folder) for folder in (target / "models").glob("*"))
    if held or working or target.resolve() == store.root.resolve():
        raise StoreError(
            f"{target} holds other things than published results, which would be lost; "
            "name a folder of its own, as in results/STUDY"
        )


def is_study(folder: Path) -> bool:
    """Whether kdzoo wrote, or published, a study there.

    Raises:
        StoreError: its manifest is not what kdzoo writes.
    """
    if not has_file(folder / MANIFEST):
        return False
    Store(folder).manifest()
    return True


def refuse_foreign_report(folder: Path, *, is_ours: bool) -> None:
    """Lets a report replace one of kdzoo's own, and no file of the user's that has such a name.

    Args:
        folder: where tables, pictures and the page are going to lie; there or not.
        is_ours: whether kdzoo made the report there.

    Raises:
        StoreError: the folder holds a user's own file of a report's name.
    """
    if is_ours or not folder.is_dir():
        return
    names = sorted(path.name for path in folder.iterdir() if REPORT_FILE.fullmatch(path.name))
    if names:
        raise StoreError(
            f"{folder} holds {', '.join(names)}, which would be replaced by a report; "
            "give --out a folder of its own"
        )


def _without_folders(message: str | None) -> str | None:
    """Returns an error's words with paths cut down to their last part."""
    return message and _PATH.sub("", _QUOTED.sub(r"\1\2\1", message))


def without_paths(value: Any, *, within: str = "") -> Any:
    """Returns a recipe with paths cut down to their last part.

    Wherever they can stand those that say that they are paths: absolute ones, of any system, a
    user's ``~/``, and ``./`` and ``../``; in ``PATH_KEYS`` all. What ``NAME_KEYS`` lists stays as
    it is written: a separator, or a label, may look like a path.

    Args:
        value: the recipe, or a part of it.
        within: the key below which that stands.
    """
    if isinstance(value, dict):
        names = NAME_KEYS.get(within, ())
        return {
            key: inner
            if key in names
            else without_paths(inner, within=within if within in PATH_KEYS else key)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_paths(inner, within=within) for inner in value]
    is_told = isinstance(value, str) and (
        within in PATH_KEYS or re.match(_BEGINS, value) or value[:1] in ("~", "/")
    )
    return PureWindowsPath(value).name if is_told else value
