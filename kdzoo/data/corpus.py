"""Texts and labels as the rest of kdzoo sees them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from kdzoo.data.words import numbered, words_of
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Answers, Label, Task, rows_of
from kdzoo.task.protocol import Input as Input

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


class Tags(tuple[str, ...]):
    """The tag of each word of a sentence."""

    __slots__ = ()


# the name of a label; those of several, or of none; or the tags of a sentence
RawLabel = str | tuple[str, ...] | Tags
RawRow = tuple[Input, RawLabel]  # a text or pair, and its label


@dataclass(frozen=True, slots=True)
class Example:
    """A text, or a pair of texts, and its gold label if it has one.

    That is an id, or those of several labels; or, of a sentence, those of its words' tags.
    """

    text: str
    text_pair: str | None = None
    label: Label | None = None

    @classmethod
    def of(cls, given: Input, label: Label | None = None) -> Example:
        """Returns the example of a text, or of the two of a pair."""
        return cls(given, None, label) if isinstance(given, str) else cls(*given, label)

    @property
    def input(self) -> Input:
        """The text, or both of a pair, as tokenizers read them."""
        return self.text if self.text_pair is None else (self.text, self.text_pair)

    @property
    def words(self) -> list[str]:
        """The words and signs of its text, or of both."""
        return [*words_of(self.text), *words_of(self.text_pair or "")]

    @property
    def digest(self) -> bytes:
        """16 bytes that stand for the texts (not the label), in every cache key."""
        digest = hashlib.blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16)
        if self.text_pair is not None:
            digest.update(b"\x00pair\x00" + self.text_pair.encode("utf-8", "surrogatepass"))
        return digest.digest()


def texts_of(given: Input) -> tuple[str, ...]:
    """Returns a text, or both of a pair."""
    return (given,) if isinstance(given, str) else given


@dataclass(frozen=True)
class RawData:
    """Rows as a source gives them, before any check, per split."""

    splits: dict[str, list[RawRow]]
    labels: tuple[str, ...] | None = None  # in the source's own order, if it has one
    origin: str = ""
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)  # of each row, by split


@dataclass(frozen=True)
class Corpus:
    """Checked data: every label is known to train, every text says something.

    Attributes:
        labels: names of the classes, in the order of their ids.
        train: texts to learn from.
        validation: texts to choose by.
        test: texts to judge by, once.
        unlabelled: texts without a gold label that may be learnt from.
        oos: the id of the out-of-scope label, if there is one.
        positive: the id of the label whose F1 is told, of two.
        other_tests: more texts to judge by, by the name of their set.
        notes: what to tell the user of it.
        task: whether a text has one label, any number of them, or one for each word.
    """

    labels: tuple[str, ...]
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    unlabelled: tuple[Example, ...] = ()
    oos: int | None = None
    positive: int | None = None
    other_tests: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    task: Task = SINGLE_LABEL

    @property
    def tests(self) -> tuple[str, ...]:
        """The splits to judge by."""
        return ("test", *self.other_tests)

    @property
    def has_pairs(self) -> bool:
        """Whether its examples are pairs of texts."""
        return bool(self.train) and self.train[0].text_pair is not None

    @cached_property
    def has_one_each(self) -> bool:
        """Whether each text has exactly one label, where it may have several."""
        labels = (
            e.label for name in ("train", "validation", *self.tests) for e in self.split(name)
        )
        return self.task == MULTI_LABEL and all(
            isinstance(label, tuple) and len(label) == 1 for label in labels
        )

    def split(self, name: str) -> tuple[Example, ...]:
        """Returns the examples of a split, or of another test set."""
        own = {"train": self.train, "validation": self.validation, "test": self.test}
        return own[name] if name in own else self.other_tests[name]

    def gold(self, name: str) -> Answers:
        """Returns the gold answers of a split, as its task has them: label ids [N], for example."""
        known = [example.label for example in self.split(name) if example.label is not None]
        return self.task.gold(rows_of(known), len(self.labels))

    @cached_property
    def word_counts(self) -> Counter[str]:
        """How often each word occurs in the texts to learn from, labelled or not."""
        texts = (example for split in (self.train, self.unlabelled) for example in split)
        return Counter(word for example in texts for word in example.words)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what training depends on: labels; texts of train, validation and unlabelled."""
        return fingerprint(self.labels, self.train, self.validation, self.unlabelled)

    @cached_property
    def gold_fingerprint(self) -> str:
        """A hash of what a model sees that learns from gold labels only."""
        return fingerprint(self.labels, self.train, self.validation)

    @cached_property
    def validation_fingerprint(self) -> str:
        """A hash of what any model is chosen by: labels, and the validation split."""
        return fingerprint(self.labels, self.validation)

    @cached_property
    def test_fingerprint(self) -> str:
        """A hash of the test split: figures with another one do not stand in one table."""
        return fingerprint(self.labels, *(self.split(name) for name in self.tests))

    @cached_property
    def copies(self) -> npt.NDArray[np.int64] | None:
        """The number of each training text [N], which copies share; None where none has one.

        Copies are texts that the leak check takes for the same.
        """
        numbers = numbered(example.input for example in self.train)
        return np.array(numbers) if max(numbers, default=-1) + 1 < len(numbers) else None

    @cached_property
    def outvoted(self) -> dict[bytes, Label]:
        """The most frequent label of each training text whose first one is another, by its digest.

        Of labels that are as frequent, the one that stands first counts.
        """
        first: dict[bytes, Label | None] = {}
        counts = {
            digest: Counter[Label | None]()
            for example in self.train
            if first.setdefault(digest := example.digest, example.label) != example.label
        }
        for example in self.train if counts else ():
            if (digest := example.digest) in counts:
                counts[digest][example.label] += 1
        most = {digest: count.most_common(1)[0][0] for digest, count in counts.items()}
        return {d: label for d, label in most.items() if label not in (None, first[d])}

    def with_notes(self, *notes: str) -> Corpus:
        """Returns the corpus with more to tell its user."""
        return replace(self, notes=(*self.notes, *notes))


def fingerprint(labels: Sequence[str], *splits: Iterable[Example]) -> str:
    """Returns a hash of label names and examples, in order."""
    digest = hashlib.sha256("\x00".join(labels).encode())
    for split in splits:
        digest.update(b"\x01split")
        for example in split:
            digest.update(example.digest)
            digest.update(str(example.label).encode())
    return digest.hexdigest()[:16]
