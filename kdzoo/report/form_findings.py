"""What a model's exported forms change: the same texts, read by the form and by the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdzoo.report.rows import Table, is_covered
from kdzoo.results import Row, Store
from kdzoo.statistics import Comparison, OutcomesReader, adjusted, compare, read_outcomes


@dataclass(frozen=True)
class FormFinding:
    """What is known of a model in an exported form.

    Attributes:
        name: of the row.
        runtime: of the form.
        accuracy: mean over seeds, 0 to 1.
        other_labels: share of texts that get another label than from the weights.
        to_weights: the form beside the weights that it was made of.
        adjusted_p: the p-value of that, corrected for all forms of the table.
    """

    name: str
    runtime: str
    accuracy: float
    other_labels: float
    to_weights: Comparison
    adjusted_p: float


def find_forms(
    store: Store, table: Table, reader: OutcomesReader | None = None
) -> tuple[FormFinding, ...]:
    """Returns what the outcomes of the table's split say of every exported form.

    Args:
        store: of the study.
        table: of the same.
        reader: of the same, where others need the outcomes too.

    Raises:
        StoreError: outcomes are missing or damaged.
    """
    found = list(_compared(reader or OutcomesReader(store), table.split))
    p_values = adjusted([comparison.p_value for *_, comparison in found])
    return tuple(
        FormFinding(name, runtime, accuracy, other_labels, comparison, p)
        for (name, runtime, accuracy, other_labels, comparison), p in zip(
            found, p_values, strict=True
        )
    )


def _compared(
    reader: OutcomesReader, split: str
) -> Iterator[tuple[str, str, float, float, Comparison]]:
    store = reader.store
    for row in store.manifest().rows:
        if not is_covered(store, row, split):
            continue
        for runtime in row.runtimes:
            if _is_whole(store, row, runtime, split):
                weights = reader.of(row, split)
                form = read_outcomes(store, row, split, runtime)
                other_labels = float((form.predictions != weights.predictions).mean())
                comparison = compare(form.hits, weights.hits)
                yield row.name, runtime, float(form.hits.mean()), other_labels, comparison


def _is_whole(store: Store, row: Row, runtime: str, split: str) -> bool:
    """Whether all models of the row were exported to the runtime, and read on the split."""
    forms = (store.read_form(member.key, runtime) for member in row.members)
    return all(form is not None and split in form.quality for form in forms)
