"""What can be wrong with data, found before any training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from kdzoo.data.columns import unknown_labels
from kdzoo.data.corpus import Corpus, Example, RawData, RawRow, texts_of
from kdzoo.data.words import in_one_form, is_empty, likeness, spelt, words_of
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.plain import is_unicode

SHOWN = 5  # examples of one problem that a message shows
SHOWN_CHARACTERS = 60  # of a text that a message shows
_LABEL_SEPARATORS = re.compile(r"\s*[|;,]\s*")


def check_rows(raw: RawData) -> None:
    """Refuses rows that cannot be learnt from.

    Raises:
        DataError: empty texts or labels, labels unknown to train, one label only, several labels in
            a cell; all of them at once.
    """
    problems: list[Problem] = []
    for split in raw.splits:
        rows = raw.splits[split]
        for noun, cells in _columns(rows).items():
            empty = [row for row, cell in enumerate(cells) if is_empty(cell)]
            if empty:
                problems.append(
                    Problem(
                        f"{len(empty)} of {len(rows)} {noun}s are empty",
                        _places(raw, split, empty),
                        "fill them in or remove the rows",
                    )
                )
        halves = [
            row
            for row, (given, label) in enumerate(rows)
            if not all(map(is_unicode, (*texts_of(given), label)))
        ]
        if halves:
            problems.append(
                Problem(
                    f"{len(halves)} of {len(rows)} texts or labels hold half a character (a lone "
                    "surrogate)",
                    _places(raw, split, halves),
                    "mend the text: what wrote it cut a character in two",
                )
            )
    problems += _label_problems(raw)
    if problems:
        raise DataError(raw.origin or "data", *problems)


def _places(raw: RawData, split: str, rows: Sequence[int]) -> str:
    """Returns where rows stand: in their split's file if there is one, else in the split."""
    known = raw.places.get(split)
    return f"{split}, " + (
        _list([known[row] for row in rows])
        if known is not None
        else f"row {_list([row + 1 for row in rows])}"
    )


def _columns(rows: Sequence[RawRow]) -> dict[str, list[str]]:
    """Returns the cells that must not be empty, by what a message calls them."""
    texts = [texts_of(given) for given, _ in rows]
    nouns = ("text",) if all(len(each) == 1 for each in texts) else ("first text", "second text")
    columns = {noun: [each[place] for each in texts] for place, noun in enumerate(nouns)}
    return {**columns, "label": [label for _, label in rows]}


def _label_problems(raw: RawData) -> list[Problem]:
    if "train" not in raw.splits:  # which is said where splits are made
        return []
    known = {label for _, label in raw.splits["train"] if label.strip()}
    several = [label for label in sorted(known) if _is_several(label, known)]
    if several:
        return [
            Problem(
                f"several labels in one cell: {_list(several)}",
                "train",
                "kdzoo reads one label per text; multi-label data is not supported",
            )
        ]
    problems: list[Problem] = []
    if len(known) == 1:
        problems.append(
            Problem(
                f"all rows have the one label '{next(iter(known))}'",
                "train",
                "a classifier needs two; if another column holds the labels, name it: --label, in "
                "a recipe data.label",
            )
        )
    for split in [name for name in raw.splits if name != "train"]:
        strange = {label for _, label in raw.splits[split] if label.strip()} - known
        if strange:
            problems.append(
                Problem(
                    f"{len(strange)} labels that train lacks: {_list(sorted(strange))}",
                    split,
                    _cure_of_strange(min(strange), known, split),
                )
            )
    return problems


def _cure_of_strange(label: str, known: set[str], split: str) -> str:
    """Returns what a label that train lacks may be, and what to do if a split's are not known."""
    alike = sorted(each for each in known if likeness(each) == likeness(label))
    if alike:
        return f"train writes '{spelt(alike[0])}', not '{spelt(label)}'; write both alike"
    near = f"{did_you_mean(label, known)}\n      " if len(known) <= 60 else ""
    return f"{near}{unknown_labels(split)}"


def note_labels(corpus: Corpus) -> Corpus:
    """Returns the corpus with notes on labels that look alike, and on texts that have two."""
    alike: dict[str, list[str]] = {}
    for label in corpus.labels:
        alike.setdefault(likeness(label), []).append(label)
    groups = [" and ".join(f"'{spelt(each)}'" for each in g) for g in alike.values() if len(g) > 1]
    notes = []
    if groups:
        notes.append(
            "labels that differ in case, spaces or form alone are classes of their own: "
            f"{_list(groups)}; write them alike if they are one"
        )
    return corpus.with_notes(*notes, *_contradictions(corpus))


def _contradictions(corpus: Corpus) -> list[str]:
    """Returns a note on texts that stand with two labels, in one split or in two."""
    labels: dict[str, int | None] = {}
    examples = (e for name in ("train", "validation", *corpus.tests) for e in corpus.split(name))
    found: dict[str, tuple[Example, int | None]] = {}
    for example in examples:
        text = normalised(example)
        if labels.setdefault(text, example.label) != example.label:
            found.setdefault(text, (example, labels[text]))
    if not found:
        return []
    example, first = next(iter(found.values()))
    names = [corpus.labels[each] for each in (first, example.label) if each is not None]
    shown = " | ".join(texts_of(example.input))[:SHOWN_CHARACTERS]
    return [
        f"texts that stand with two labels: {len(found):,}, for example '{shown}' with "
        f"{' and '.join(names)}"
    ]


def _is_several(label: str, known: set[str]) -> bool:
    parts = _LABEL_SEPARATORS.split(label)
    return len(parts) > 1 and all(part in known for part in parts)


def _list(values: Sequence[object]) -> str:
    shown = ", ".join(str(value) for value in values[:SHOWN])
    return f"{shown}, ..." if len(values) > SHOWN else shown


def normalised(example: Example) -> str:
    """Returns the text as the leak check compares it: its words and signs, in one form."""
    texts = texts_of(example.input)
    return "\x00".join(" ".join(words_of(text)) or in_one_form(text).strip() for text in texts)


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
    lost = {e.label for e in corpus.train} - {e.label for e in cleaned.train}
    names = sorted(corpus.labels[label] for label in lost if label is not None)
    lacking = [f"training text of '{name}'" for name in names[:SHOWN]]
    lacking += [] if cleaned.validation else ["validation text"]
    if lacking:
        raise DataError(
            f"data.on_leak: drop leaves no {', no '.join(lacking)}; "
            f"texts that stand in two splits: {found}; set data.on_leak to warn, or give more data"
        )


def describe(corpus: Corpus) -> str:
    """Returns one line: sizes, classes, the smallest class."""
    counts = Counter(example.label for example in corpus.train)
    label, smallest = min(counts.items(), key=lambda item: item[1])
    name = corpus.labels[label] if label is not None else "?"
    unlabelled = f", {len(corpus.unlabelled):,} unlabelled" if corpus.unlabelled else ""
    tests = ", ".join(f"{len(corpus.split(each)):,} {each}" for each in corpus.tests)
    noun = "pairs" if corpus.has_pairs else "texts"
    return (
        f"{len(corpus.train):,} labelled{unlabelled}, {len(corpus.validation):,} validation, "
        f"{tests} {noun}; {len(corpus.labels)} classes, the smallest '{name}' "
        f"with {smallest}"
    )
