"""What can be wrong with data, found before any training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kdzoo.data.columns import unknown_labels
from kdzoo.data.corpus import Corpus, Example, RawData, RawLabel, RawRow, Tags, texts_of
from kdzoo.data.description import labels_of
from kdzoo.data.leaks import SHOWN, SHOWN_CHARACTERS, normalised
from kdzoo.data.several import several_in_a_cell
from kdzoo.data.tagging import tag_problems
from kdzoo.data.word_rows import tags_as_labels
from kdzoo.data.words import is_empty, likeness
from kdzoo.errors import DataError, Problem, did_you_mean
from kdzoo.plain import is_unicode, spelt
from kdzoo.task import MULTI_LABEL, TOKEN_CLASSIFICATION, Label
from kdzoo.task.words import words_in

_TWO = (
    "a classifier needs two; if another column holds the labels, name it: --label, in a recipe "
    "data.label"
)
# what stands for no value: in tables of pandas (STR_NA_VALUES), of SQL (\N), and in SNLI (-)
_PLACEHOLDERS = frozenset(
    ("nan", "NaN", "NAN", "-nan", "-NaN", "NaT", "null", "NULL", "Null", "None", "N/A", "n/a",
     "NA", "<NA>", "#N/A", "#NA", r"\N", "-", "--", "?", "??")
)  # fmt: skip


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
                        _for_empty(noun, split, are_all=len(empty) == len(rows)),
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


def _for_empty(noun: str, split: str, *, are_all: bool) -> str:
    """Returns what to do with empty cells; whoever hides the labels of a split hides them all."""
    if noun == "label" and are_all and split != "train":
        return (
            f"use other texts in its place, in a recipe data: {{split: {{{split}: 0.1 of train}}}}"
        )
    also = "; in a file of their own, as transfer.unlabelled, the teacher labels them"
    return f"fill them in or remove the rows{also if (noun, split) == ('label', 'train') else ''}"


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
    alone = _mixed(raw) or (None if is_said else tags_as_labels(raw.splits["train"]))
    if alone is not None:
        return [alone]
    if any(isinstance(label, Tags) for _, label in raw.splits["train"]):
        return [*tag_problems(raw)]
    known = _known(raw.splits["train"])
    in_lists = any(not isinstance(label, str) for _, label in raw.splits["train"])
    if in_lists or not is_said:
        is_noted = raw.labels is not None
        several = several_in_a_cell(known, in_lists=in_lists, is_noted=is_noted)
        if several is not None:
            return [several]
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
                "write all of them as words with tags ([] where a text has no entity), or all as "
                "texts",
            )
        if len(kinds) == 2:
            places = (_places(raw, split, [row]) for split, row in kinds.values())
            return Problem(
                "some labels are lists, others are one name",
                "; ".join(places),
                "write all of them as lists (of one name, or none, too), or all as one name",
            )
    return None


def _cure_of_strange(label: str, known: set[str], split: str) -> str:
    """Returns what a label that train lacks may be, and what to do if a split's are not known."""
    alike = sorted(other for other in known if likeness(other) == likeness(label))
    if alike:
        return f"train writes '{spelt(alike[0])}', not '{spelt(label)}'; write both alike"
    near = f"{did_you_mean(label, known)}\n      " if len(known) <= 60 else ""
    return f"{near}{unknown_labels(split)}"


def note_labels(corpus: Corpus) -> Corpus:
    """Returns the corpus with notes on labels: alike, never given, or several of one text."""
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
    notes += [*_placeholders(corpus), *_never_given(corpus), *_contradictions(corpus)]
    return corpus.with_notes(*notes)


def _placeholders(corpus: Corpus) -> list[str]:
    """Returns a note on each label that often says that nobody knows one."""
    if corpus.task.by_word:
        return []
    found = [label for label in corpus.labels if label in _PLACEHOLDERS]
    numbers = {*corpus.labels} - {"-1"}
    if 1 < len(numbers) < len(corpus.labels) and numbers == {*map(str, range(len(numbers)))}:
        found.append("-1")
    if not found:  # as in most data: nothing is counted
        return []
    splits = ("train", "validation", *corpus.tests)
    counts = labels_of([example for split in splits for example in corpus.split(split)])
    return [
        f"the label '{spelt(label)}' of {counts[corpus.labels.index(label)]:,} texts is a class "
        "like the others; if it says that a label is not known, take those rows out (their texts "
        "may be --unlabelled, in a recipe transfer.unlabelled)"
        for label in found
    ]


def _never_given(corpus: Corpus) -> list[str]:
    """Returns a note on labels that no training text has, where each is asked by itself."""
    if corpus.task is not MULTI_LABEL:
        return []
    counts = corpus.gold("train").sum(0)
    names = [spelt(label) for label, count in zip(corpus.labels, counts, strict=True) if not count]
    if not names:
        return []
    return [
        f"labels that no training text has, so that they are never given: {_list(names)}; leave "
        "them out, or give texts that have them"
    ]


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


def _list(values: Sequence[object]) -> str:
    shown = ", ".join(str(value) for value in values[:SHOWN])
    return f"{shown}, ..." if len(values) > SHOWN else shown
