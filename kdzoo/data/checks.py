"""What can be wrong with data, found before any training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from kdzoo.data.corpus import Corpus, Example, Input, RawData, RawRow
from kdzoo.data.words import in_one_form, words_of
from kdzoo.errors import DataError, Problem, did_you_mean

SHOWN = 5  # examples of one problem that a message shows
_LABEL_SEPARATORS = re.compile(r"\s*[|;,]\s*")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can spell it, no tokenizer can read it


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
            empty = [number for number, cell in enumerate(cells, start=1) if not cell.strip()]
            if empty:
                problems.append(
                    Problem(
                        f"{len(empty)} of {len(rows)} {noun}s are empty",
                        f"{split}, row {_list(empty)}",
                        "fill them in or remove the rows",
                    )
                )
        halves = [
            number
            for number, (given, _) in enumerate(rows, start=1)
            if not all(map(is_unicode, texts_of(given)))
        ]
        if halves:
            problems.append(
                Problem(
                    f"{len(halves)} of {len(rows)} texts hold half a character (a lone surrogate)",
                    f"{split}, row {_list(halves)}",
                    "mend the text: what wrote it cut a character in two",
                )
            )
    problems += _label_problems(raw)
    if problems:
        raise DataError(raw.origin or "data", *problems)


def texts_of(given: Input) -> tuple[str, ...]:
    """Returns a text, or both of a pair."""
    return (given,) if isinstance(given, str) else given


def _columns(rows: Sequence[RawRow]) -> dict[str, list[str]]:
    """Returns the cells that must not be empty, by what a message calls them."""
    texts = [texts_of(given) for given, _ in rows]
    nouns = ("text",) if all(len(each) == 1 for each in texts) else ("first text", "second text")
    columns = {noun: [each[place] for each in texts] for place, noun in enumerate(nouns)}
    return {**columns, "label": [label for _, label in rows]}


def is_unicode(text: str) -> bool:
    """Whether the text consists of whole characters."""
    return text.isascii() or not _LONE_SURROGATE.search(text)


def _label_problems(raw: RawData) -> list[Problem]:
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
                "a classifier needs two; is data.label the right column?",
            )
        )
    for split in [name for name in raw.splits if name != "train"]:
        strange = {label for _, label in raw.splits[split] if label.strip()} - known
        if strange:
            problems.append(
                Problem(
                    f"{len(strange)} labels that train lacks: {_list(sorted(strange))}",
                    split,
                    did_you_mean(min(strange), known) if len(known) <= 60 else "",
                )
            )
    return problems


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
            f"texts stand in two splits ({found}; for example '{example[:60]}'); "
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
            f"texts that stand in two splits: {found}"
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
