"""What can be wrong with data, found before any training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from kdzoo.data.columns import unknown_labels
from kdzoo.data.corpus import Corpus, Example, RawData, RawLabel, RawRow, Tags, texts_of
from kdzoo.data.tagging import tag_problems
from kdzoo.data.words import in_one_form, is_empty, likeness, spelt, words_of
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.plain import is_unicode
from kdzoo.task import MULTI_LABEL, TOKEN_CLASSIFICATION, Label
from kdzoo.task.tags import types_of
from kdzoo.task.words import words_in

SHOWN = 5  # examples of one problem that a message shows
SHOWN_CHARACTERS = 60  # of a text that a message shows
_LABEL_SEPARATORS = re.compile(r"\s*([|;,])\s*")
_TWO = (
    "a classifier needs two; if another column holds the labels, name it: --label, in a recipe "
    "data.label"
)
_LIST = re.compile(r"\[.*\]", re.DOTALL)


def check_rows(raw: RawData, *, is_said: bool = False) -> None:
    """Refuses rows that cannot be learnt from.

    Args:
        raw: the rows.
        is_said: whether a user says how many labels a text has, so that names may look like lists.

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
            if not all(map(is_unicode, (*texts_of(given), *_names(label))))
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
    problems += _label_problems(raw, is_said=is_said)
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
    nouns = ("text",) if all(len(text) == 1 for text in texts) else ("first text", "second text")
    columns = {noun: [text[place] for text in texts] for place, noun in enumerate(nouns)}
    return {**columns, "label": [label for _, label in rows if isinstance(label, str)]}


def _names(label: RawLabel) -> tuple[str, ...]:
    return (label,) if isinstance(label, str) else label


def _known(rows: Sequence[RawRow]) -> set[str]:
    return {name for _, label in rows for name in _names(label) if name.strip()}


def _label_problems(raw: RawData, *, is_said: bool) -> list[Problem]:
    if "train" not in raw.splits:  # which is said where splits are made
        return []
    mixed = _mixed(raw)
    if mixed is not None:
        return [mixed]
    if any(isinstance(label, Tags) for _, label in raw.splits["train"]):
        return [*tag_problems(raw)]
    known = _known(raw.splits["train"])
    in_lists = any(not isinstance(label, str) for _, label in raw.splits["train"])
    several = [label for label in sorted(known) if _is_several(label, known)]
    lists = [label for label in sorted(known) if _LIST.fullmatch(label)]
    if several and not (is_said and not in_lists):
        return [_in_one_cell(several, in_lists=in_lists)]
    if lists and len(lists) == len(known) and not is_said:
        return [
            Problem(
                f"labels that look like lists: {_list(lists)}",
                "train",
                "save the rows as .jsonl or .parquet, with a list of names in each, or as 0/1 "
                "columns; if a list is one label, say so: data.task: single-label",
            )
        ]
    problems: list[Problem] = []
    if not known and in_lists:
        problems.append(Problem("no row has a label", "train", _TWO))
    if len(known) == 1:
        problems.append(
            Problem(f"all rows have the one label '{next(iter(known))}'", "train", _TWO)
        )
    for split in [name for name in raw.splits if name != "train"]:
        strange = _known(raw.splits[split]) - known
        if strange:
            problems.append(
                Problem(
                    f"{len(strange)} labels that train lacks: {_list(sorted(strange))}",
                    split,
                    _cure_of_strange(min(strange), known, split),
                )
            )
    return problems


def _mixed(raw: RawData) -> Problem | None:
    """Returns where lists of labels and single names stand together: which is meant is not told."""
    kinds: dict[type, tuple[str, int]] = {}
    for split, rows in raw.splits.items():
        for row, (_, label) in enumerate(rows):
            kinds.setdefault(type(label), (split, row))
        if len(kinds) > 1 and Tags in kinds:
            places = (_places(raw, split, [row]) for split, row in kinds.values())
            return Problem(
                "some rows are words with tags, others texts with labels",
                "; ".join(places),
                "write all of them as words with tags, or all as texts",
            )
        if len(kinds) == 2:
            places = (_places(raw, split, [row]) for split, row in kinds.values())
            return Problem(
                "some labels are lists, others are one name",
                "; ".join(places),
                "write all of them as lists (of one name, or none, too), or all as one name",
            )
    return None


def _in_one_cell(several: Sequence[str], *, in_lists: bool) -> Problem:
    """Returns what to do where the name of a label is made of others' names."""
    separators = (_LABEL_SEPARATORS.search(label) for label in several)
    mark = next((found[1] for found in separators if found), ",")
    cure = (
        "if a cell holds several labels, say what stands between them: --label-separator "
        f"'{mark}', in a recipe data: {{label_separator: '{mark}'}}; if it is one label, say so: "
        "data: {task: single-label}"
    )
    if in_lists:
        cure = "write them as names of their own, or rename the label"
    return Problem(f"several labels in one cell: {_list(several)}", "train", cure)


def _cure_of_strange(label: str, known: set[str], split: str) -> str:
    """Returns what a label that train lacks may be, and what to do if a split's are not known."""
    alike = sorted(other for other in known if likeness(other) == likeness(label))
    if alike:
        return f"train writes '{spelt(alike[0])}', not '{spelt(label)}'; write both alike"
    near = f"{did_you_mean(label, known)}\n      " if len(known) <= 60 else ""
    return f"{near}{unknown_labels(split)}"


def note_labels(corpus: Corpus) -> Corpus:
    """Returns the corpus with notes on labels that look alike, and on texts that have two."""
    alike: dict[str, list[str]] = {}
    for label in corpus.labels:
        alike.setdefault(likeness(label), []).append(label)
    groups = [
        " and ".join(f"'{spelt(label)}'" for label in g) for g in alike.values() if len(g) > 1
    ]
    notes = []
    if groups:
        notes.append(
            "labels that differ in case, spaces or form alone are classes of their own: "
            f"{_list(groups)}; write them alike if they are one"
        )
    return corpus.with_notes(*notes, *_contradictions(corpus))


def _contradictions(corpus: Corpus) -> list[str]:
    """Returns a note on texts that stand with two labels, in one split or in two."""
    labels: dict[str, Label | None] = {}
    examples = (e for name in ("train", "validation", *corpus.tests) for e in corpus.split(name))
    found: dict[str, tuple[Example, Label | None]] = {}
    for example in examples:
        text = normalised(example)
        if labels.setdefault(text, example.label) != example.label:
            found.setdefault(text, (example, labels[text]))
    if not found:
        return []
    example, first = next(iter(found.values()))
    shown = " | ".join(texts_of(example.input))[:SHOWN_CHARACTERS]
    if corpus.task is TOKEN_CLASSIFICATION:
        tags = _differing_tags(example.text, (first, example.label), corpus)
        return [
            f"texts that stand with other tags too: {len(found):,}, for example '{shown}'{tags}"
        ]
    names = [_told(label_id, corpus) for label_id in (first, example.label) if label_id is not None]
    return [
        f"texts that stand with two labels: {len(found):,}, for example '{shown}' with "
        f"{' and '.join(names)}"
    ]


def _differing_tags(text: str, labels: Sequence[Any], corpus: Corpus) -> str:
    """Returns the first word of a text whose tag is another in another row, and both tags."""
    for word, *ids in zip(words_in(text), *labels, strict=False):  # cut in other words, perhaps
        if len(set(ids)) > 1:
            return f", where '{word}' is " + " and ".join(corpus.labels[each] for each in ids)
    return ""


def _told(label: Label, corpus: Corpus) -> str:
    """Returns the name of a label, or those of several."""
    ids = label if isinstance(label, tuple) else (label,)
    return " + ".join(corpus.labels[label_id] for label_id in ids) or "none"


def _labels_of(examples: Sequence[Example]) -> Counter[int | None]:
    """Returns how many of the examples have each label; None counts those that have none."""
    counts: Counter[int | None] = Counter()
    for example in examples:
        label = example.label
        counts.update((label or (None,)) if isinstance(label, tuple) else (label,))
    return counts


def _is_several(label: str, known: set[str]) -> bool:
    parts = _LABEL_SEPARATORS.split(label)[::2]
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
    lost = _labels_of(corpus.train).keys() - _labels_of(cleaned.train).keys()
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
    counts = _labels_of(corpus.train)
    if corpus.task == MULTI_LABEL:
        return f"{_sizes(corpus)}; {_sets(corpus, counts)}"
    if corpus.task.by_word:
        return f"{_sizes(corpus)}; {_entities(corpus, counts)}"
    label, smallest = min(counts.items(), key=lambda item: item[1])
    name = corpus.labels[label] if label is not None else "?"
    return f"{_sizes(corpus)}; {len(corpus.labels)} classes, the smallest '{name}' with {smallest}"


def _sets(corpus: Corpus, counts: Counter[int | None]) -> str:
    """Returns how many labels there are, how many a text has, and the rarest."""
    of_labels = {label: count for label, count in counts.items() if label is not None}
    rarest = min(of_labels, key=of_labels.__getitem__)
    none = f", {counts[None]:,} have none" if counts[None] else ""
    return (
        f"{len(corpus.labels)} labels, {sum(of_labels.values()) / len(corpus.train):.2f} a text"
        f"{none}, the rarest '{corpus.labels[rarest]}' with {of_labels[rarest]:,}"
    )


def _entities(corpus: Corpus, counts: Counter[int | None]) -> str:
    """Returns how many types of entities there are, how many a sentence has, and the rarest."""
    types = types_of(corpus.labels)
    of_types = {name: counts[2 * number + 1] for number, name in enumerate(types)}  # of each B-
    rarest = min(types, key=of_types.__getitem__)
    noun = "type" if len(types) == 1 else "types"
    return (
        f"{len(types)} {noun} of entities, {sum(of_types.values()) / len(corpus.train):.2f} a "
        f"sentence, the rarest '{rarest}' with {of_types[rarest]:,}"
    )


def _sizes(corpus: Corpus) -> str:
    unlabelled = f", {len(corpus.unlabelled):,} unlabelled" if corpus.unlabelled else ""
    tests = ", ".join(f"{len(corpus.split(test)):,} {test}" for test in corpus.tests)
    noun = "pairs" if corpus.has_pairs else "sentences" if corpus.task.by_word else "texts"
    return (
        f"{len(corpus.train):,} labelled{unlabelled}, {len(corpus.validation):,} validation, "
        f"{tests} {noun}"
    )
