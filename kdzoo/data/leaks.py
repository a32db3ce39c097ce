"""Texts that stand in two splits: counted, dropped or refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from kdzoo.data.corpus import Corpus, Example
from kdzoo.data.description import labels_of
from kdzoo.data.words import form_of
from kdzoo.errors import DataError

SHOWN = 5  # labels that a message names
SHOWN_CHARACTERS = 60  # of a text that a message shows


def normalised(example: Example) -> str:
    """Returns the text as the leak check compares it: its words and signs, in one form."""
    return form_of(example.input)


def handle_leaks(corpus: Corpus, on_leak: str) -> Corpus:
    """Returns the corpus, texts that stand in two splits counted, or dropped from the earlier one.

    Raises:
        DataError: there are some, and ``on_leak`` is ``error``; or dropping them leaves a label of
            train, or validation, without a text.
    """
    names = ("train", "validation", *corpus.tests)
    texts = {name: {normalised(example) for example in corpus.split(name)} for name in names}
    pairs = [pair for pair in combinations(names, 2) if pair[0] not in corpus.tests]
    counts = {(a, b): len(texts[a] & texts[b]) for a, b in pairs if texts[a] & texts[b]}
    if not counts:
        return corpus
    found = ", ".join(f"{a} and {b} {count}" for (a, b), count in counts.items())
    if on_leak == "error":
        first, second = next(iter(counts))
        example = min(texts[first] & texts[second]).strip("\x00").replace("\x00", " | ")
        raise DataError(
            f"texts stand in two splits ({found}; for example '{example[:SHOWN_CHARACTERS]}'); "
            "set data.on_leak to drop or warn, or mend the data"
        )
    if on_leak == "warn":
        return corpus.with_notes(
            f"texts that stand in two splits: {found} (data.on_leak: drop removes them)"
        )
    tests = set().union(*(texts[name] for name in corpus.tests))
    later = {"train": texts["validation"] | tests, "validation": tests}
    cleaned = replace(
        corpus,
        train=tuple(e for e in corpus.train if normalised(e) not in later["train"]),
        validation=tuple(e for e in corpus.validation if normalised(e) not in later["validation"]),
    )
    _refuse_nothing_left(corpus, cleaned, found)
    return cleaned.with_notes(f"dropped texts that stand in two splits: {found}")


def _refuse_nothing_left(corpus: Corpus, cleaned: Corpus, found: str) -> None:
    lost = labels_of(corpus.train).keys() - labels_of(cleaned.train).keys()
    names = sorted(corpus.labels[label] for label in lost if label is not None)
    lacking = [f"training text of '{name}'" for name in names[:SHOWN]]
    lacking += [] if cleaned.validation else ["validation text"]
    if lacking:
        raise DataError(
            f"data.on_leak: drop leaves no {', no '.join(lacking)}; "
            f"texts that stand in two splits: {found}; set data.on_leak to warn, or give more data"
        )
