"""The folder of a study: models with their records, latency sessions, the table's manifest."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from kdzoo.bounds import read_json
from kdzoo.errors import StoreError
from kdzoo.files import has_file, link, whole_folder, write_atomically, writing
from kdzoo.results.history import HISTORY_POINTS
from kdzoo.results.outcome_file import packed, read_outcome_file
from kdzoo.results.reading import LARGEST, T, read_as
from kdzoo.results.record import FormRecord, Manifest, Record, Session
from kdzoo.results.whole import (
    OUTCOMES,
    RECORD,
    damaged_file,
    has_record,
    has_weights,
    is_whole,
    leave_damaged,
    let_go,
    may_be_read,
)
from kdzoo.runtime.decision import DECISION, Decision, read_decision

HISTORY, MANIFEST = "history.json", "study.json"
_SEARCH = "search.json"  # a search's folder (kdzoo.tuning) holds models too, and never a table


@dataclass(frozen=True)
class Store:
    """Reads and writes ``models/``, ``measurements/`` and ``study.json`` below a folder."""

    root: Path

    def begin(self) -> None:
        """Makes the folder: once, when a study begins.

        Nothing else makes it, so that a study whose disk is away for a while is not begun anew in
        its place, where the disk would hide it when it is back.
        """
        self._models.mkdir(parents=True, exist_ok=True)

    def is_there(self) -> bool:
        """Returns whether a study that has begun can be reached."""
        return self._models.is_dir()

    @property
    def _models(self) -> Path:
        return self.root / "models"

    def folder(self, name: str, variant: str, seed: int, key: str) -> Path:
        """Returns where the model of that key lies or will lie.

        Args:
            name: the recipe's.
            variant: the variant's; empty for the recipe itself.
            seed: of the model.
            key: stands for all that shapes it.
        """
        parts = [slug(part) for part in (name, variant) if part]
        return self._models / "--".join([*parts, f"s{seed}", slug(key)])

    def find(self, key: str) -> Path | None:
        """Returns the folder of the finished model with that key, weights and all.

        One of a sister study (a folder beside this one) is taken over. What is damaged is none.
        """
        own = self.own(key)
        if own is not None:
            return own
        sister = self._sister(key)
        return None if sister is None else self._take_over(sister)

    def own(self, key: str) -> Path | None:
        """Returns the folder of the finished model of this study, weights and all."""
        own = self._finished(self.root, key)
        return own if own is not None and is_whole(own) else None

    def seen(self, key: str) -> Path | None:
        """Returns where ``find`` would find it, and takes nothing over."""
        return self.own(key) or self._sister(key)

    def _sister(self, key: str) -> Path | None:
        whole = (each for each in self._of_sisters(key) if is_whole(each) and has_record(each))
        return next(whole, None)

    def _of_sisters(self, key: str) -> Iterator[Path]:
        own = self.root.resolve()
        for sister in sorted(own.parent.glob("*/models")):
            if sister.parent == own or not os.access(sister, os.R_OK | os.X_OK):
                continue  # another user's: theirs to keep
            found = self._finished(sister.parent, key)
            if found is not None and has_weights(found) and may_be_read(found):
                yield found

    def damaged(self, key: str) -> list[Path]:
        """Returns a file of each model of that key, here and in sister studies, that is damaged."""
        own = self._finished(self.root, key)
        held = [own] if own is not None and has_weights(own) else []
        found = ((each, damaged_file(each)) for each in (*held, *self._of_sisters(key)))
        return [file or each / RECORD for each, file in found if file or not has_record(each)]

    def let_go(self, key: str) -> None:
        """Takes the damaged weights of a model of this study away, which is then to be made anew.

        What others have linked to stays as it is: nothing is written into a damaged file.
        """
        own = self._finished(self.root, key)
        if own is not None and not is_whole(own):
            let_go(own)

    @staticmethod
    def _finished(root: Path, key: str) -> Path | None:
        models = root / "models"
        names = os.listdir(models) if models.is_dir() else []  # noqa: PTH208 - often: 5 times as fast
        folders = (models / name for name in names if name.endswith(f"--{key}"))
        return min((folder for folder in folders if (folder / RECORD).is_file()), default=None)

    def _take_over(self, folder: Path) -> Path:
        target = self._models / folder.name
        # in place of an unfinished attempt of our own
        with whole_folder(target) as partial, writing(partial):
            # what its own study writes beside them at this moment is not whole yet
            unfinished = shutil.ignore_patterns("*.partial", ".*")
            shutil.copytree(folder, partial, ignore=unfinished, copy_function=link)
            leave_damaged(partial)
        return target

    def read(self, key: str) -> Record:
        """Returns the record of a model.

        Raises:
            StoreError: the model has no record, or a newer kdzoo wrote it.
        """
        return self._read(self.finished(key) / RECORD, Record)

    def holds(self, key: str) -> bool:
        """Returns whether the study has a finished model of that key, weights or not."""
        return self._finished(self.root, key) is not None

    def finished(self, key: str) -> Path:
        """Returns the folder of a finished model, weights or not.

        Raises:
            StoreError: the store has no finished model of that key.
        """
        folder = self._finished(self.root, key)
        if folder is None:
            raise StoreError(f"{self.root} holds no finished model {key}; run its recipe again")
        return folder

    def write(self, folder: Path, record: Record) -> None:
        """Writes the record that declares the model in ``folder`` finished."""
        write_atomically(folder / RECORD, record.model_dump_json(indent=1))

    def form(self, key: str, runtime: str) -> Path:
        """Returns where a model's exported form lies or will lie."""
        return self.finished(key) / slug(runtime)

    def read_form(self, key: str, runtime: str) -> FormRecord | None:
        """Returns what is known of a model's exported form; None where it was not made yet.

        Raises:
            StoreError: a newer kdzoo wrote it, or it is damaged.
        """
        path = self.form(key, runtime) / RECORD
        return self._read(path, FormRecord) if has_file(path) else None

    def forms(self, key: str) -> list[FormRecord]:
        """Returns what is known of all exported forms of a model, one for each runtime."""
        return [form for form in self.forms_everywhere(key) if not form.place]

    def forms_everywhere(self, key: str) -> list[FormRecord]:
        """Returns the same, with what other machines read where several were merged."""
        paths = sorted(self.finished(key).glob(f"*/{RECORD}"))
        return [self._read(path, FormRecord) for path in paths]

    def write_form(self, deployed: FormRecord) -> None:
        """Writes the record that declares an exported form finished."""
        folder = self.form(deployed.key, deployed.name)
        folder.mkdir(exist_ok=True)
        write_atomically(folder / RECORD, deployed.model_dump_json(indent=1))

    def write_history(self, folder: Path, history: Sequence[Mapping[str, float]]) -> None:
        """Writes the figures of a model's training, evaluation by evaluation."""
        write_atomically(folder / HISTORY, json.dumps(history, indent=1))

    def history(self, key: str) -> list[dict[str, int | float]]:
        """Returns the figures of a model's training, evaluation by evaluation; none without it.

        Raises:
            StoreError: it is damaged.
        """
        path = self.finished(key) / HISTORY
        if not has_file(path):
            return []
        try:
            return HISTORY_POINTS.validate_python(read_json(path, LARGEST))
        except ValueError as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise StoreError(
                f"{path} is damaged: {reason}; remove its folder and run the recipe again"
            ) from error

    def write_decision(self, folder: Path, decision: Decision) -> None:
        """Writes how the logits of a model, or of its exported form, become an answer."""
        write_atomically(folder / DECISION, decision.model_dump_json(indent=1))

    def decision(self, key: str, runtime: str | None = None) -> Decision | None:
        """Returns how a model's logits become an answer; None where nothing was fitted.

        Raises:
            ModelError: it is damaged.
        """
        return read_decision(self.finished(key) if runtime is None else self.form(key, runtime))

    def write_outcomes(self, folder: Path, outcomes: pd.DataFrame) -> None:
        """Writes a model's outcomes, or those of its exported form, text by text."""
        write_atomically(folder / OUTCOMES, packed(outcomes))

    def outcomes(self, key: str, runtime: str | None = None) -> pd.DataFrame:
        """Returns the model's outcomes, text by text (see ``kdzoo.measure.outcomes_of``).

        What an older kdzoo did not write is NaN.

        Args:
            key: of the model.
            runtime: of one of its exported forms; the model's own by default.

        Raises:
            StoreError: there are none, or they are not what the record says of them.
        """
        record = self.read(key) if runtime is None else self.read_form(key, runtime)
        path = (self.finished(key) if runtime is None else self.form(key, runtime)) / OUTCOMES
        if record is None or not has_file(path):
            raise StoreError(
                f"{self.root} holds no predictions of model {key}; run its recipe again"
            )
        return read_outcome_file(path, record)

    def manifest(self) -> Manifest:
        """Returns which models make up the table.

        Raises:
            StoreError: the folder is no study, its run has not ended, or a newer kdzoo wrote it.
        """
        if not has_file(self.root / MANIFEST):
            self.refuse_unfinished()
            raise StoreError(f"{self.root} is no folder of results: it holds no {MANIFEST}")
        return self._read(self.root / MANIFEST, Manifest)

    def refuse_unfinished(self) -> None:
        """Refuses a study whose run was interrupted, or is at work: it has models and no table.

        Raises:
            StoreError: it is one.
        """
        if has_file(self.root / MANIFEST) or has_file(self.root / _SEARCH):
            return
        if any(self._models.glob(f"*/{RECORD}")):
            raise StoreError(
                f"the run of {self.root} has not ended: it holds models and no {MANIFEST}; give "
                "the same kdzoo run command again, which goes on from there"
            )

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes which models make up the table."""
        self.root.mkdir(parents=True, exist_ok=True)
        write_atomically(self.root / MANIFEST, manifest.model_dump_json(indent=1))

    def sessions(self) -> list[Session]:
        """Returns the latency sessions; last is what was measured, or asked for again, last."""
        paths = (self.root / "measurements").glob("*.json")
        found = [self._read(path, Session) for path in paths if has_file(path)]
        return sorted(found, key=lambda session: session.age)

    def session(self, name: str) -> Session | None:
        """Returns the latency session of that id; None where there is none."""
        return next((session for session in self.sessions() if session.id == name), None)

    def write_session(self, session: Session) -> None:
        """Adds a latency session."""
        folder = self.root / "measurements"
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{slug(session.id)}.json", session.model_dump_json())

    def _read(self, path: Path, model: type[T]) -> T:
        """Returns what a file says; a store that many read from may remember it."""
        return read_as(path, model)


def slug(text: str) -> str:
    """Returns a name that leaves no folder: results may come from others."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:60]
