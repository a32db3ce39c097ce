"""What every step of a study works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from kdzoo.claims import Claims
from kdzoo.data import Corpus
from kdzoo.progress import Progress
from kdzoo.recipe.alike import SHAPED_BY
from kdzoo.recipe.schema import Recipe
from kdzoo.results import RECORD, DataSummary, Record, Store, without_paths
from kdzoo.steps.study_data import NotMadeError, StudyData
from kdzoo.tracking import Scalar, Tracking

MODEL_FORMAT = 1  # raise it when kdzoo trains another model from the same recipe


@dataclass
class StudyContext:
    """The store, the devices, who is told; and what several models of a study share.

    Attributes:
        data: what the recipes read.
        tracking: the experiment trackers.
        claims: who makes a model, where several runs share a folder.
        only_looks: whether nothing is made: what is not there raises ``NotMadeError``.
        looked_at: what was told about already; it grows, and copies of the context share it.
    """

    store: Store
    accelerator: Accelerator
    data: StudyData
    tracking: Tracking = field(default_factory=Tracking)
    claims: Claims = field(default_factory=Claims)
    only_looks: bool = False
    looked_at: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def progress(self) -> Progress:
        """Who is told what is done."""
        return self.data.progress

    def first_look(self, *what: str) -> bool:
        """Returns whether this study looks at these things together for the first time."""
        known = what in self.looked_at
        self.looked_at.add(what)
        return not known

    def obtain(self, key: str, noun: str, make: Callable[[], None]) -> Path:
        """Returns the folder of a finished model, which is made now where nobody has made it.

        One process makes it, of all that share a folder; the others wait for it, or come again.

        Args:
            key: stands for all that shapes the model.
            noun: what a user calls it.
            make: trains it and writes its record.

        Raises:
            ClaimedError: another run makes it, and is not to be waited for.
            NotMadeError: the model is not there, and the context only looks.
        """
        own = self.store.own(key)
        if own is not None and (self.only_looks or self.accelerator.num_processes == 1):
            return own
        with self.alone(key, noun):
            found = self.find(key, noun)  # another run may have made it meanwhile
            if found is None:
                make()
                found = self.store.finished(key)
            return found

    def note(self, key: str, noun: str, folder: Path, record: Callable[[], Record]) -> None:
        """Writes a record to which no weights belong, where it is not there already.

        Args:
            key: of the record.
            noun: what a user calls it.
            folder: where it lies.
            record: makes it.

        Raises:
            ClaimedError: another run writes it, and is not to be waited for.
            NotMadeError: the record is not there, and the context only looks.
        """
        if (folder / RECORD).is_file():
            return
        if self.only_looks:
            raise NotMadeError(noun)
        with self.alone(key, noun):
            if not (folder / RECORD).is_file():
                folder.mkdir(exist_ok=True)
                self.finish(folder, record())

    @contextmanager
    def alone(self, name: str, noun: str) -> Iterator[None]:
        """Holds the claim on a thing for the block; processes of one training hold it together.

        Raises:
            ClaimedError: another run holds it, and is not to be waited for.
            NotMadeError: the context only looks.
        """
        if self.only_looks:
            raise NotMadeError(noun)
        if self.first_look("store", str(self.store.root)):
            self.store.begin()
        with ExitStack() as stack:
            if self.accelerator.is_main_process:
                stack.enter_context(self.claims.hold(name, noun))
            self.accelerator.wait_for_everyone()
            yield

    def find(self, key: str, noun: str) -> Path | None:
        """Returns the folder of a finished model; all processes see the same one.

        Args:
            key: stands for all that shapes the model.
            noun: what a user calls it, who is told where it is taken over from another study.
        """
        with self.accelerator.main_process_first():
            own, seen = self.store.own(key), self.store.seen(key)
            if own is None:
                then = "it is made anew" if seen is None else "another one is taken"
                for file in self.store.damaged(key):
                    self.progress.say(f"{noun}: {file} is damaged; {then}")
                self.store.let_go(key)
                if seen is not None:
                    self.progress.say(f"{noun}: taken over from {seen.parent.parent}")
            return self.store.find(key)

    def finish(self, folder: Path, record: Record) -> None:
        """Writes the record, on the first process; the others wait for it."""
        if self.accelerator.is_main_process:
            self.store.write(folder, record)
        self.accelerator.wait_for_everyone()


def configuration_of(recipe: Recipe, role: str, seed: int) -> dict[str, Scalar]:
    """Returns what trackers are told of a model: what shapes it, flat and without paths."""
    sections = recipe.model_dump(mode="json", include=set(SHAPED_BY[role]), exclude_none=True)
    sections.get("training", {}).pop("checkpoint_every", None)  # it may change when one goes on
    return {"role": role, "seed": seed, **dict(_flat(without_paths(sections)))}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yields (``student.kind``, ``cnn``); lists of words become one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, ", ".join(map(str, value)) if isinstance(value, list) else value


def sizes_of(corpus: Corpus) -> dict[str, int]:
    """Returns the texts in each other test set."""
    return {name: len(examples) for name, examples in corpus.other_tests.items()}


def summary_of(corpus: Corpus, origin: str, cut_share: float) -> DataSummary:
    """Returns what a record says of the data."""
    return DataSummary(
        origin=origin,
        labels=corpus.labels,
        oos=corpus.oos,
        train=len(corpus.train),
        unlabelled=len(corpus.unlabelled),
        validation=len(corpus.validation),
        test=len(corpus.test),
        fingerprint=corpus.fingerprint,
        test_fingerprint=corpus.test_fingerprint,
        cut_share=cut_share,
        pairs=corpus.has_pairs,
        positive=corpus.positive,
        other_tests=sizes_of(corpus),
        task=corpus.task.name,
        validation_fingerprint=corpus.validation_fingerprint,
    )
