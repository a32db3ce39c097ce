"""Texts without labels, from files or the hub: read as a stream, new ones kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.data import Example, Input, Texts, distinct, is_empty, normalised, texts_of
from kdzoo.data.formats import SUFFIXES, is_data
from kdzoo.data.hub import read_hub_texts
from kdzoo.data.place import UNLABELLED, Place
from kdzoo.data.sentences import Sentence
from kdzoo.data.stream import AS_NAMED, read_texts
from kdzoo.errors import DataError
from kdzoo.files import with_home
from kdzoo.plain import first_few, is_unicode
from kdzoo.recipe.schema import Unlabelled
from kdzoo.transfer.nearest import Nearness

_READ = (".txt", *SUFFIXES)


@dataclass
class Unread:
    """What a stream of texts held, and why some of it was left out."""

    texts: int = 0
    empty: int = 0
    known: int = 0
    held_out: int = 0
    beyond: int = 0
    cosines: tuple[float, float] | None = None  # of the chosen texts: the lowest, and the median
    _hash: Any = field(default_factory=hashlib.sha256, init=False)

    def read(self, example: Example) -> None:
        """Counts a text of the stream."""
        self.texts += 1
        self._hash.update(example.digest)

    @property
    def digest(self) -> str:
        """Stands for all texts of the stream, whichever of them were kept."""
        digest: str = self._hash.hexdigest()
        return digest

    def __str__(self) -> str:
        """Says it in one line."""
        beyond = f", {self.beyond:,} beyond transfer.unlabelled.max_texts" if self.beyond else ""
        return (
            f"of {self.texts:,} unlabelled texts left out: {self.known:,} that are there already, "
            f"{self.held_out:,} that stand in validation or test, {self.empty:,} empty or not "
            f"whole characters{beyond}{self._nearness()}"
        )

    def _nearness(self) -> str:
        if self.cosines is None:
            return ""
        lowest, median = self.cosines
        return (
            f"; those that were chosen have a cosine of {lowest:.2f} or more with the nearest "
            f"labelled text, half of them {median:.2f} or more"
        )


def unlabelled_texts(
    section: Unlabelled,
    taken: set[bytes],
    held_out: Collection[str],
    *,
    by_word: bool = False,
    near: Callable[[Texts], Nearness] | None = None,
) -> tuple[Texts, Unread]:
    """Returns the section's new texts, each once.

    Args:
        section: where they are, and how many of them are wanted.
        taken: digests of the texts that are there already; those of the new ones are added.
        held_out: texts of validation and test, as the leak check compares them.
        by_word: whether they become sentences of words, each of which the teacher labels.
        near: compares texts with the labelled ones, where the nearest are wanted.

    Raises:
        DataError: the source cannot be read, or has no new text.
    """
    unread = Unread()
    stream = map(_as_sentence, _stream(section)) if by_word else _stream(section)
    fresh = _fresh(stream, taken, held_out, unread)
    if section.max_texts is None:
        texts = Texts.of(distinct(fresh, taken))
    else:
        if section.choose == "random":
            texts = Texts.of(_fewest(fresh, section.max_texts, unread))
        else:
            assert near is not None  # noqa: S101 - whoever wants the nearest can compare
            texts = _nearest(fresh, section.max_texts, taken, near, unread)
        taken.update(example.digest for example in texts)
        new = unread.texts - unread.empty - unread.known - unread.held_out
        unread.beyond = new - len(texts)
    if not len(texts):
        source = section.hub or ", ".join(_named(section))
        raise DataError(f"transfer.unlabelled: {source} holds no new text ({unread})")
    return texts, unread


def refuse_other_texts(section: Unlabelled, *, pairs: bool) -> None:
    """Single texts teach nothing of pairs, nor pairs of single texts.

    Args:
        section: of the texts without labels.
        pairs: whether the data's texts are pairs.

    Raises:
        DataError: the section has pairs and the data have not, or the other way round.
    """
    if pairs and section.text_pair is None:
        raise DataError(
            "transfer.unlabelled: the data are pairs; name the column of the second text, too, as "
            "text_pair"
        )
    if not pairs and section.text_pair is not None:
        raise DataError("transfer.unlabelled.text_pair: the data are single texts; remove it")


def try_unlabelled(section: Unlabelled, *, pairs: bool, place: Place = UNLABELLED) -> None:
    """Looks at the first text of each of the section's files.

    Args:
        section: names the files.
        pairs: whether the data's texts are pairs.
        place: where the user says how they are read.

    Raises:
        DataError: a file is not there, is not what its name says, or lacks the column; or the texts
            are single ones where the data are pairs, or pairs where they are not.
    """
    refuse_other_texts(section, pairs=pairs)
    for path in _paths(section):
        next(_texts(path, section, place), None)


def _stream(section: Unlabelled) -> Iterator[Input]:
    if section.hub is not None:
        split = section.split or "train"
        yield from read_hub_texts(
            section.hub,
            section.config,
            section.revision,
            split,
            section.text,
            section.text_pair,
        )
        return
    for path in _paths(section):
        yield from _texts(path, section)


def _as_sentence(given: Input) -> Input:
    return Sentence.of(given).text if isinstance(given, str) and is_unicode(given) else given


def _texts(path: Path, section: Unlabelled, place: Place = UNLABELLED) -> Iterator[Input]:
    return read_texts(path, section.text, section.text_pair, section.csv or AS_NAMED, place)


def _named(section: Unlabelled) -> list[str]:
    named = section.files or []
    return [named] if isinstance(named, str) else named


def _paths(section: Unlabelled) -> list[Path]:
    return [path for name in _named(section) for path in _files(with_home(name))]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in sorted(path.iterdir()) if _is_read(file)]
    if not found:
        raise DataError(f"{path} holds no file of texts; wanted {', '.join(_READ)}")
    return found


def _is_read(file: Path) -> bool:
    return is_data(file) or file.suffix.lower() == ".txt"


def read_of_folders(section: Unlabelled) -> Iterator[str]:
    """Yields which files of the section's folders are read, and which are not."""
    for path in map(with_home, _named(section)):
        if not path.is_dir():
            continue
        read = [file.name for file in _files(path)]
        rest = [file.name for file in sorted(path.iterdir()) if file.name not in read]
        shown = [name for name in rest if not name.startswith(".")]
        but = f", and not {first_few(shown)}: wanted {', '.join(_READ)}" if shown else ""
        yield f"read in {path.name}: {first_few(read)}{but}"


def _fresh(
    texts: Iterable[Input], taken: Collection[bytes], held_out: Collection[str], unread: Unread
) -> Iterator[Example]:
    """Yields what says something, is not there already and is not held out."""
    for given in texts:
        example = Example.of(given)
        unread.read(example)
        if not all(is_unicode(text) and not is_empty(text) for text in texts_of(given)):
            unread.empty += 1
        elif example.digest in taken:
            unread.known += 1
        elif normalised(example) in held_out:
            unread.held_out += 1
        else:
            yield example


def _fewest(examples: Iterable[Example], most: int, unread: Unread) -> list[Example]:
    """Returns the ``most`` examples with the lowest digests, in little more memory than that.

    They are a sample that does not depend on the order of the source, and larger ones begin with.
    """
    kept: dict[bytes, Example] = {}
    for example in examples:
        unread.known += example.digest in kept
        kept[example.digest] = example
        if len(kept) == 2 * most:
            kept = _lowest(kept, most)
    return [example for _, example in sorted(_lowest(kept, most).items())]


def _nearest(
    examples: Iterable[Example],
    most: int,
    taken: set[bytes],
    near: Callable[[Texts], Nearness],
    unread: Unread,
) -> Texts:
    """Returns the ``most`` examples that are most like the labelled ones, as many of each class."""
    texts = Texts.of(distinct(examples, taken))
    if not len(texts):
        return texts
    nearness = near(texts)
    order = nearness.order(texts)
    taken.difference_update(example.digest for example in texts.take(order[most:]))
    chosen = order[:most]
    cosine = nearness.cosine[chosen]
    unread.cosines = float(cosine.min()), float(np.median(cosine))
    return texts.take(chosen)


def _lowest(kept: dict[bytes, Example], most: int) -> dict[bytes, Example]:
    if len(kept) <= most:
        return kept
    highest = sorted(kept)[most - 1]
    return {digest: example for digest, example in kept.items() if digest <= highest}
