"""A study that is merged with others, and what is told where they were not made by one rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdzoo.results.record import Manifest, Record
from kdzoo.results.store import Store


@dataclass(frozen=True)
class MergeSource:
    """A study to merge: as its user names it, and a published copy to work on."""

    folder: Path
    store: Store

    def manifest(self) -> Manifest:
        """Returns the study's table, as it is stored."""
        return self.store.manifest()

    def records(self) -> dict[str, Record]:
        """Returns what is written down of each model of the table, by its key."""
        return {key: self.store.read(key) for key in self.manifest().keys}

    def order(self) -> tuple[str, ...]:
        """Returns what sources are sorted by: the oldest results first, in any order given."""
        manifest = self.manifest()
        oldest = min(record.created for record in self.records().values())
        return oldest, manifest.study, self.folder.name, manifest.model_dump_json()


def notes_of(sources: Sequence[MergeSource]) -> Iterator[str]:
    """Yields what the table cannot compare, in words."""
    yield from _untested(sources)
    told: dict[str, str] = {}
    for what, rule in _RULES:
        said = [(str(source.folder), rule(source)) for source in sources]
        if len({one for _, one in said if one}) > 1:
            places = "; ".join(f"{folder}: {one}" for folder, one in said if one)
            told.setdefault(what, f"note: {what} ({places})")
    yield from told.values()


def _untested(sources: Sequence[MergeSource]) -> Iterator[str]:
    """Yields which studies were not read on test where others were: the table shows validation."""
    untested = [
        str(source.folder)
        for source in sources
        if any(
            "test" not in record.quality
            for record in source.records().values()
            if not record.is_file
        )
    ]
    if 0 < len(untested) < len(sources):
        yield f"note: test was not read in {', '.join(untested)}: all figures are validation's"


def _validation_size(source: MergeSource) -> str:
    sizes = {record.data.validation for record in _students(source)}
    return f"{next(iter(sizes)):,} texts" if len(sizes) == 1 else ""


def _validation_digest(source: MergeSource) -> str:
    """Returns a digest of the validation texts, where all models share them and it is known."""
    digests = {record.data.validation_fingerprint for record in _students(source)}
    (digest,) = digests if len(digests) == 1 else (None,)
    return "" if digest is None else digest[:8]


def _students(source: MergeSource) -> list[Record]:
    return [record for record in source.records().values() if record.role == "student"]


def _threads(source: MergeSource) -> str:
    sessions = source.store.sessions()
    return f"{sessions[-1].threads}" if sessions else ""


def _rejection(source: MergeSource) -> str:
    """Returns the rule by which the study's students reject texts."""
    rules = {
        json.dumps((record.recipe.get("measure") or {}).get("reject"), sort_keys=True)
        for record in _students(source)
        if record.data.oos is not None
    }
    return next(iter(rules)) if len(rules) == 1 else ""


_OTHER_TEXTS = "validation texts differ: compare no validation figures of rows of both"
_RULES: tuple[tuple[str, Callable[[MergeSource], str]], ...] = (
    (_OTHER_TEXTS, _validation_size),
    (_OTHER_TEXTS, _validation_digest),
    ("threads differ (measure.threads): compare no latencies of rows of both", _threads),
    (
        "texts are rejected by other rules (measure.reject): compare no accuracies as decided of "
        "rows of both",
        _rejection,
    ),
)
