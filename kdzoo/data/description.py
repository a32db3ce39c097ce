"""What a corpus is, in one line: its sizes, its classes, the smallest of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kdzoo.data.corpus import Corpus, Example
from kdzoo.task import MULTI_LABEL
from kdzoo.task.tags import types_of


def describe(corpus: Corpus) -> str:
    """Returns one line: sizes, classes, the smallest class."""
    counts = labels_of(corpus.train)
    if corpus.task == MULTI_LABEL:
        return f"{_sizes(corpus)}; {_sets(corpus, counts)}"
    if corpus.task.by_word:
        return f"{_sizes(corpus)}; {_entities(corpus, counts)}"
    label, smallest = min(counts.items(), key=lambda item: item[1])
    name = corpus.labels[label] if label is not None else "?"
    return f"{_sizes(corpus)}; {len(corpus.labels)} classes, the smallest '{name}' with {smallest}"


def _sets(corpus: Corpus, counts: Counter[int | None]) -> str:
    """Returns how many labels there are, how many a text has, and the rarest."""
    of_labels = {label: counts[label] for label in range(len(corpus.labels))}
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


def labels_of(examples: Sequence[Example]) -> Counter[int | None]:
    """Returns how many of the examples have each label; None counts those that have none."""
    counts: Counter[int | None] = Counter()
    for example in examples:
        label = example.label
        counts.update((label or (None,)) if isinstance(label, tuple) else (label,))
    return counts
