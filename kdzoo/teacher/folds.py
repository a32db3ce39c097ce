"""Teachers of parts of the labelled texts: each text is labelled by one that has not seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Corpus, Example, Texts, normalised
from kdzoo.digest import content_hash
from kdzoo.errors import TeacherError
from kdzoo.progress import Progress
from kdzoo.teacher.cache import CachedRows, LogitTable, RowCache, lacking
from kdzoo.teacher.linear import FEWEST, fit_head, label_by_head
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.protocol import Labeller
from kdzoo.teacher.sentences import SentenceEncoder


@dataclass(frozen=True)
class LinearFold:
    """Linear heads that are fitted to a part of the labelled texts, when they are first needed.

    Attributes:
        encoders: one, or those of an ensemble; each with the key of its head's logits.
        corpus: the part.
    """

    encoders: tuple[tuple[str, SentenceEncoder], ...]
    corpus: Corpus = field(repr=False)

    @property
    def key(self) -> str:
        """Stands for everything that decides the logits."""
        return content_hash([key for key, _ in self.encoders])

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns the logits of the examples, in the order of the data's labels.

        Args:
            examples: N texts, or pairs.
            progress: told how far it is.
            device: that the models run on.
        """
        texts = Texts.of(examples)
        caches = self._filled(texts, WHOLE, progress, device)
        found = tuple(cache.rows(texts) for cache in caches)
        columns = np.arange(len(self.corpus.labels))
        return LogitTable(found, tuple(columns for _ in found))

    def label_part(
        self, examples: Sequence[Example], part: Part, progress: Progress, device: torch.device
    ) -> None:
        """Labels a part of the examples into the cache, where it lacks them.

        Args:
            examples: N texts, or pairs; the same for all parts.
            part: of them.
            progress: told how far it is.
            device: that the models run on.
        """
        self._filled(Texts.of(examples), part, progress, device)

    def lacking(self, examples: Sequence[Example], part: Part = WHOLE) -> int:
        """Returns how many texts of a part of these it has not labelled yet."""
        return lacking((key for key, _ in self.encoders), examples, part)

    def _filled(
        self, texts: Texts, part: Part, progress: Progress, device: torch.device
    ) -> list[RowCache]:
        """Returns the caches of the heads, with their logits of that part of the texts."""
        return [
            label_by_head(
                key,
                encoder,
                partial(fit_head, encoder, self.corpus, progress, device),
                texts,
                part,
                progress,
                device,
            )
            for key, encoder in self.encoders
        ]


@dataclass(frozen=True)
class OutOfFold:
    """Labels each labelled text by the teacher that has not seen it, and all others by the whole.

    The whole teacher has not seen the others either, and has learnt from more texts than a fold's.

    Attributes:
        whole: has seen all labelled texts.
        folds: has each seen all but its own.
        fold_of: which of them is a labelled text's own, by its digest.
    """

    whole: Labeller
    folds: tuple[Labeller, ...]
    fold_of: dict[bytes, int] = field(repr=False)

    @property
    def key(self) -> str:
        """Stands for everything that decides the logits."""
        return content_hash(["out of fold", self.whole.key, [fold.key for fold in self.folds]])

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns the logits of the examples, in the order of the data's labels.

        Args:
            examples: N texts, or pairs.
            progress: told how far it is.
            device: that the models run on.
        """
        texts = Texts.of(examples)
        parts = [
            (rows, labeller.label(texts.take(rows), progress, device))
            for rows, labeller in self._owned(texts)
        ]
        return _joined(parts, len(texts))

    def label_part(
        self, examples: Sequence[Example], part: Part, progress: Progress, device: torch.device
    ) -> None:
        """Labels a part of the examples into the cache, where it lacks them.

        Args:
            examples: N texts, or pairs; the same for all parts.
            part: of them.
            progress: told how far it is.
            device: that the models run on.
        """
        texts = Texts.of(examples)
        for rows, labeller in self._owned(texts):
            labeller.label_part(texts.take(rows), part, progress, device)

    def lacking(self, examples: Sequence[Example], part: Part = WHOLE) -> int:
        """Returns how many texts of a part of these have not been labelled yet."""
        texts = Texts.of(examples)
        owned = self._owned(texts)
        return sum(labeller.lacking(texts.take(rows), part) for rows, labeller in owned)

    def _owned(self, texts: Texts) -> list[tuple[npt.NDArray[np.int64], Labeller]]:
        """Returns the rows of the texts that each teacher labels."""
        digests = (digest.tobytes() for digest in texts.digests)
        owner = np.array(
            [self.fold_of.get(digest, -1) for digest in digests], dtype=np.int64
        )  # [N]
        return [
            (np.flatnonzero(owner == number), self.whole if number < 0 else self.folds[number])
            for number in np.unique(owner)
        ]


def _joined(parts: Sequence[tuple[npt.NDArray[np.int64], LogitTable]], count: int) -> LogitTable:
    """Returns the tables of some rows each as one of all rows."""
    members = []
    for number in range(len(parts[0][1].members)):
        places = np.empty((count, 2), dtype=np.int64)
        shards: list[npt.NDArray[np.void]] = []
        for rows, table in parts:
            own = table.members[number]
            places[rows] = own.places + np.array([len(shards), 0])
            shards += own.shards
        members.append(CachedRows(places, shards))
    return LogitTable(tuple(members), parts[0][1].columns)


def folds_of(corpus: Corpus, count: int) -> dict[bytes, int]:
    """Returns which of so many folds each labelled text is in, by its digest.

    Each label's texts are spread over the folds evenly, in an order of content. A text that stands
    there twice is in one fold, and so are texts that the leak check takes for the same.
    """
    labels: dict[bytes, int] = {}
    forms: dict[bytes, str] = {}
    first: dict[str, bytes] = {}  # in whose fold all texts of a form are
    for example in corpus.train:
        digest, form = example.digest, normalised(example)
        labels.setdefault(digest, example.label if isinstance(example.label, int) else 0)
        forms[digest], first[form] = form, min(digest, first.get(form, digest))
    placed: Counter[int] = Counter()
    found = {}
    for digest in sorted(first.values()):
        label = labels[digest]
        found[digest] = (placed[label] + label) % count
        placed[label] += 1
    return {digest: found[first[form]] for digest, form in forms.items()}


def refuse_folds(corpus: Corpus, count: int, *, linear: bool) -> None:
    """Refuses labels whose texts cannot be spread over so many folds.

    Args:
        corpus: the labelled texts.
        count: of the folds.
        linear: whether a linear head is fitted to the others, which needs two texts of each label.

    Raises:
        TeacherError: a label has fewer texts, or leaves too few where a fold is left out.
    """
    texts = {(example.digest, example.label) for example in corpus.train}
    counts = Counter(label for _, label in texts)
    least = FEWEST if linear else 1

    def too_few(folds: int) -> list[int]:
        """Returns the labels that cannot be."""
        fold_of = folds_of(corpus, folds)
        inside = Counter((label, fold_of[digest]) for digest, label in texts)
        return [
            label
            for label in range(len(corpus.labels))
            if counts[label] < folds
            or any(counts[label] - inside[label, fold] < least for fold in range(folds))
        ]

    few = too_few(count)
    if not few:
        return
    label = min(few, key=lambda each: counts[each])
    have = counts[label]
    most = max((folds for folds in range(2, count) if not too_few(folds)), default=0)
    cure = f"write --set teacher.folds={most}" if most else "remove teacher.folds"
    raise TeacherError(
        f"the label '{corpus.labels[label]}' has {have} training text{'s' * (have != 1)}, too few "
        f"for teacher.folds: {count}; {cure}, or give it more texts"
    )
