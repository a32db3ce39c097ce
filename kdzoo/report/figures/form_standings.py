"""Where students stand beside their teacher in the forms that may answer otherwise than weights."""

from __future__ import annotations

from kdzoo.registry import runtimes
from kdzoo.report.figures.forms import is_read
from kdzoo.statistics import (
    ModelVerdict,
    OutcomesReader,
    adjusted,
    against_teacher,
    compare_outcomes,
    is_covered,
    read_outcomes,
    teacher_of,
)

FormName = tuple[str, str]  # the name of a row, and a runtime


def find_standings(
    reader: OutcomesReader, split: str, teacher: str
) -> dict[FormName, ModelVerdict]:
    """Returns how good each student is beside its teacher's weights, in 8 bits and the like.

    A form that computes as the weights do has their verdict, and is left out. The p-values of the
    forms are corrected by themselves: how many there are changes nothing that is said of weights.

    Args:
        reader: of the study.
        split: whose texts.
        teacher: what sentences call a row's teacher.

    Raises:
        StoreError: outcomes are missing or damaged.
    """
    found = {}
    for row in reader.store.manifest().rows:
        other = teacher_of(row) if row.role == "student" else None
        if other is None or not all(is_covered(reader.store, each, split) for each in (row, other)):
            continue
        for runtime in row.runtimes:
            if not runtimes.get(runtime).exact and is_read(row, runtime, reader.store, split):
                form = read_outcomes(reader.store, row, split, runtime)
                found[row.name, runtime] = compare_outcomes(form, reader.of(other, split))
    p_values = adjusted([comparison.p_value for comparison in found.values()])
    return {
        name: against_teacher(comparison, p, teacher=teacher)
        for (name, comparison), p in zip(found.items(), p_values, strict=True)
    }
