"""Seeded, stratified choices: splits that a source lacks, and the few labels that a study keeps."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Literal

from kdzoo.data.corpus import SPLITS, Corpus, Example, RawData, RawRow
from kdzoo.data.draw import SPLIT_SEED, stratified
from kdzoo.data.words import form_of
from kdzoo.errors import DataError, did_you_mean
from kdzoo.task import Label

_SHARE = re.compile(r"^(0?\.\d+) of (\w+)$")

Wanted = Mapping[Literal["validation", "test"], str]


@dataclass(frozen=True)
class _Share:
    """A split that is taken from another.

    Attributes:
        rule: as the recipe has it.
        fraction: of the rows that the other has in the source.
        source: the other's name.
    """

    rule: str
    fraction: float
    source: str


def _shares(wanted: Wanted | None) -> dict[str, _Share]:
    """Returns the splits that are a share of another: ``0.1 of train``."""
    matches = {name: _SHARE.match(rule) for name, rule in (wanted or {}).items()}
    return {
        name: _Share(match[0], float(match[1]), match[2])
        for name, match in matches.items()
        if match
    }


def _renamed(wanted: Wanted | None) -> dict[str, str]:
    """Returns the splits that the source calls otherwise, with its names."""
    return {name: rule for name, rule in (wanted or {}).items() if not _SHARE.match(rule)}


def named_splits(wanted: Wanted | None, other_tests: Mapping[str, str] | None) -> list[str]:
    """Returns the source's own names of the splits that a recipe asks for."""
    return [*_renamed(wanted).values(), *(other_tests or {}).values()]


def replaced_splits(wanted: Wanted | None, other_tests: Mapping[str, str] | None) -> set[str]:
    """Returns the splits that come from another one, so that what a source calls so is not read."""
    taken_from = {share.source for share in _shares(wanted).values()}
    return set(map(str, wanted or {})) - taken_from - {*named_splits(wanted, other_tests)}


def make_splits(
    raw: RawData,
    wanted: Wanted | None,
    other_tests: Mapping[str, str] | None = None,
    *,
    together: bool = True,
) -> RawData:
    """Returns the data with the splits that it lacked: ``0.1 of train``, or another split renamed.

    Args:
        raw: as the source gave it.
        wanted: where validation and test are to come from.
        other_tests: more test sets: the source's split of each name.
        together: whether copies of a text, as the leak check tells them, are drawn together, so
            that no text is on two sides.

    Raises:
        DataError: a split is still missing, or a rule names a split that is not there.
    """
    splits, shares = dict(raw.splits), _shares(wanted)
    others: dict[str, list[RawRow]] = {}
    for name, source in (other_tests or {}).items():
        if source not in splits:
            raise DataError(
                f"data.other_tests.{name}: no split '{source}'; {did_you_mean(source, splits)}"
            )
        others[name] = splits.pop(source)
    moved: dict[str, list[RawRow]] = {}
    for name, rule in _renamed(wanted).items():  # first: a share may be taken from what is left
        if rule not in splits:
            raise DataError(
                f"data.split.{name}: '{rule}' is neither a share such as '0.1 of train' "
                f"nor a split; {did_you_mean(rule, splits)}"
            )
        moved[name] = splits.pop(rule)
    splits |= moved  # at the end, so that two splits can swap their names
    _refuse_trainless(raw, splits)
    _take_shares(splits, shares, together=together)
    _refuse_missing(raw, splits, shares)
    return replace(raw, splits={**{name: splits[name] for name in SPLITS}, **others})


def _take_shares(
    splits: dict[str, list[RawRow]], shares: Mapping[str, _Share], *, together: bool
) -> None:
    """Divides the splits of which a share is wanted: a fraction of what each had at first."""
    total = {name: len(rows) for name, rows in splits.items()}
    asked: dict[str, float] = {}
    for name, share in shares.items():
        source = share.source
        if source not in splits:
            raise DataError(
                f"data.split.{name}: no split '{source}'; {did_you_mean(source, splits)}"
            )
        if source == name:
            raise DataError(f"data.split.{name}: {name} cannot be a share of itself")
        asked[source] = asked.get(source, 0.0) + share.fraction
        if asked[source] >= 1:
            raise DataError(
                f"data.split asks for {asked[source]:.0%} of {source}; leave some of it"
            )
        fraction = share.fraction * total[source] / max(1, len(splits[source]))
        splits[name], splits[source] = stratified(splits[source], fraction, together=together)
        total[name] = len(splits[name])


def notes_of_shares(raw: RawData, wanted: Wanted | None) -> list[str]:
    """Returns what to tell of shares that became far larger: each label gives one text at least."""
    total = sum(len(raw.splits[name]) for name in SPLITS)
    return [
        f"{name} has {len(raw.splits[name]):,} of {total:,} texts, more than {share.rule}: it "
        "takes one text of each label at least"
        for name, share in _shares(wanted).items()
        if len(raw.splits[name]) > 1.5 * share.fraction * total
    ]


def _refuse_trainless(raw: RawData, splits: Mapping[str, Sequence[RawRow]]) -> None:
    if not splits.get("train"):
        raise DataError(
            f"{raw.origin} has no train split, which the others are taken from; add a file named "
            "train (as in train.jsonl), or say which file it is: in a recipe\n"
            "  data: {files: {train: FILE}}"
        )


def _refuse_missing(
    raw: RawData, splits: Mapping[str, Sequence[RawRow]], shares: Mapping[str, _Share]
) -> None:
    missing = [name for name in SPLITS if not splits.get(name)]
    unfilled = [name for name in missing if name in shares]
    if unfilled:
        name = unfilled[0]
        rows = splits[shares[name].source]
        labels, texts = (
            len({label for _, label in rows}),
            len({form_of(given) for given, _ in rows}),
        )
        of_texts = f" ({texts:,} texts)" if texts < len(rows) else ""
        raise DataError(
            f"{raw.origin}: {name}, {shares[name].rule}, takes nothing: {labels:,} labels stand on "
            f"{len(rows):,} rows{of_texts} that are left, and one of each stays; if the labels are "
            "in another column, name it (--label, in a recipe data.label), else give a file for "
            f"{name}"
        )
    if missing:
        rules = {"validation": "0.15 of train", "test": "0.25 of train"}
        taken = ", ".join(f"{name}: {rule}" for name, rule in rules.items() if name in missing)
        raise DataError(
            f"{raw.origin} has no {' and no '.join(missing)} split; say where to take it from: "
            f"--set 'data.split={{{taken}}}', in a recipe\n  data: {{split: {{{taken}}}}}"
        )


def keep_few_labels(
    corpus: Corpus, labels_per_class: int | None, validation_per_class: int | None, seed: int
) -> Corpus:
    """Returns the corpus with so many labels per class; the rest of train becomes unlabelled text.

    A text with several labels is kept as long as one of them is wanted. Copies of a text that is
    kept, with its label, come along and count as one.

    The out-of-scope class counts as one class. The same seed keeps the same texts, whoever asks;
    of validation all seeds keep the same, so that what they are chosen by can be compared.
    """
    train, unlabelled = corpus.train, corpus.unlabelled
    validation = corpus.validation
    if labels_per_class is not None:
        train, rest = _keep(corpus.train, labels_per_class, seed)
        unlabelled = (*unlabelled, *(replace(example, label=None) for example in rest))
    if validation_per_class is not None:
        validation, _ = _keep(corpus.validation, validation_per_class, SPLIT_SEED)
    return replace(corpus, train=train, unlabelled=unlabelled, validation=validation)


def fewer(examples: Sequence[Example], most: int) -> tuple[Example, ...]:
    """Returns at most so many examples, in their order, chosen by a hash of their content.

    More of them include fewer, whatever the seed.
    """
    places = nsmallest(most, range(len(examples)), key=lambda place: examples[place].digest)
    return tuple(examples[place] for place in sorted(places))


def _keep(
    examples: Sequence[Example], per_class: int, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    rng = random.Random(seed)
    order = list(range(len(examples)))
    rng.shuffle(order)
    kept: set[int] = set()
    texts: set[tuple[bytes, Label | None]] = set()
    counts: dict[int | None, int] = defaultdict(int)
    for index in order:
        label = examples[index].label
        own = (label or (None,)) if isinstance(label, tuple) else (label,)  # "none" is a class too
        text = (examples[index].digest, label)
        if text in texts:
            kept.add(index)
        elif any(counts[answer] < per_class for answer in own):
            for answer in own:
                counts[answer] += 1
            texts.add(text)
            kept.add(index)
    return (
        tuple(example for index, example in enumerate(examples) if index in kept),
        tuple(example for index, example in enumerate(examples) if index not in kept),
    )
