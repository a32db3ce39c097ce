"""What a model's exported forms change: the same texts, read by the form and by the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kdzoo.report.figures.forms import forms_of, is_read
from kdzoo.report.figures.rows import Table
from kdzoo.results import Store
from kdzoo.statistics import (
    Comparison,
    OutcomesReader,
    adjusted,
    compare_outcomes,
    is_covered,
    read_outcomes,
)


@dataclass(frozen=True)
class FormFinding:
    """What is known of a model in an exported form.

    Attributes:
        name: of the row.
        runtime: of the form.
        accuracy: or else the leading figure, mean over seeds, 0 to 1.
        other_labels: share of texts that get another label than from the weights.
        to_weights: the form beside the weights that it was made of.
        adjusted_p: the p-value of that, corrected for all forms of the table.
        machines: on which its models' forms were read.
    """

    name: str
    runtime: str
    accuracy: float
    other_labels: float
    to_weights: Comparison
    adjusted_p: float
    machines: tuple[str, ...]


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
    p_values = adjusted([finding.adjusted_p for finding in found])
    return tuple(replace(finding, adjusted_p=p) for finding, p in zip(found, p_values, strict=True))


def _compared(reader: OutcomesReader, split: str) -> Iterator[FormFinding]:
    """Yields the forms with their p-values as they are, not yet corrected."""
    store = reader.store
    for row in store.manifest().rows:
        if not is_covered(store, row, split):
            continue
        for runtime in row.runtimes:
            if is_read(row, runtime, store, split):
                forms = forms_of(row, runtime, store)
                weights = reader.of(row, split)
                form = read_outcomes(store, row, split, runtime)
                comparison = compare_outcomes(form, weights)
                yield FormFinding(
                    name=row.name,
                    runtime=runtime,
                    accuracy=float(form.scores.mean()),
                    other_labels=float((form.predictions != weights.predictions).mean()),
                    to_weights=comparison,
                    adjusted_p=comparison.p_value,
                    machines=tuple(dict.fromkeys(measured_form.machine for measured_form in forms)),
                )
