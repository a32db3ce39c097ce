"""The transfer set: the data's own texts, unlabelled and augmented ones; each once.

A text that stands in train with several labels has the most frequent one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kdzoo.data import Corpus, Texts, distinct, normalised
from kdzoo.progress import Progress, Silent
from kdzoo.recipe.schema import Transfer
from kdzoo.task.gold import Ids, is_labelled
from kdzoo.transfer.augment import Augmentation, new_texts
from kdzoo.transfer.augmenters import AugmentContext
from kdzoo.transfer.near_words import NearWords
from kdzoo.transfer.nearest import ReadVectors, nearness
from kdzoo.transfer.unlabelled import read_of_folders, refuse_other_texts, unlabelled_texts


@dataclass(frozen=True)
class TransferSet:
    """What a student learns from.

    Attributes:
        examples: the data's own texts, gold ones first; then unlabelled, then augmented ones.
        own: how many of them are the data's.
        unlabelled: how many came from ``transfer.unlabelled``.
        wanted: how many augmented texts were asked for.
        made: how many of them there are.
        source: stands for all texts that ``transfer.unlabelled`` names, kept or not.
        notes: what to tell the user of it.
    """

    examples: Texts
    own: int
    unlabelled: int = 0
    wanted: int = 0
    made: int = 0
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def gold(self) -> Ids:
        """Gold label ids, NO_LABEL where there is none, [N]; [N, K] where texts have several."""
        return self.examples.gold

    def labelled(self) -> TransferSet:
        """Returns the part that has gold labels: what a hard-label control learns from."""
        examples = self.examples.where(is_labelled(self.gold))
        return TransferSet(examples, len(examples))


def build_transfer_set(
    corpus: Corpus,
    section: Transfer,
    mask_token: str | None,
    seed: int,
    progress: Progress | None = None,
    open_words: Callable[[], NearWords] | None = None,
    read_vectors: ReadVectors | None = None,
) -> TransferSet:
    """Returns the transfer set; no new text equals one of train, validation or test.

    Args:
        corpus: the data, whose texts come first.
        section: what else is wanted.
        mask_token: the teacher's, for augmenters; None where it has none.
        seed: of the augmentation.
        progress: told how far it is; nobody by default.
        open_words: opens the words of the teacher's model, for augmenters; None where there is
            none.
        read_vectors: gives sentence vectors, where unlabelled texts are chosen by them.

    Raises:
        DataError: unlabelled texts cannot be read, the teacher lacks a mask token or a model that
            the augmenter needs, or the augmenter returns something that is no text.
    """
    taken: set[bytes] = set()
    first = distinct((*corpus.train, *corpus.unlabelled), taken, corpus.outvoted)
    parts = [Texts.of(first)]
    own = len(parts[0])
    unlabelled = wanted = made = 0
    source = ""
    notes: list[str] = []
    kept_apart = ("validation", *corpus.tests)
    held_out = {normalised(example) for name in kept_apart for example in corpus.split(name)}
    if section.unlabelled is not None:
        refuse_other_texts(section.unlabelled, pairs=corpus.has_pairs)
        by_word = corpus.task.by_word
        near = None
        if read_vectors is not None:
            near = partial(nearness, labelled=Texts.of(corpus.train), read=read_vectors)
        texts, unread = unlabelled_texts(
            section.unlabelled, taken, held_out, by_word=by_word, near=near
        )
        parts.append(texts)
        unlabelled = len(texts)
        source = unread.digest
        notes += [str(unread), *read_of_folders(section.unlabelled)]
    if section.augment is not None:
        context = AugmentContext(mask_token, corpus.train, open_words=open_words)
        augmentation = Augmentation.of(section.augment, context, seed, by_word=corpus.task.by_word)
        copies = section.augment.copies
        wanted = own * copies
        known = held_out | {normalised(example) for example in parts[0]}
        shown = progress or Silent()
        with shown.task(f"augmenting ({section.augment.kind})", wanted, unit="texts") as bar:
            parts.append(Texts.of(new_texts(parts[0], augmentation, copies, taken, known, bar)))
        made = len(parts[-1])
        if made < wanted:
            notes.append(
                f"{section.augment.kind} found {made:,} new texts of {wanted:,} asked for "
                "(transfer.augment.copies); short texts have few"
            )
    return TransferSet(Texts.joined(parts), own, unlabelled, wanted, made, source, tuple(notes))
