"""How often a cascade's promise is broken, and what it escalates, over re-splits of real texts.

Validation and test texts of published results are put together and halved at random, again and
again: thresholds are fitted on one half and judged on the other, as texts meet them that come
later. Beside each stands what as many texts would give that go to the teacher whichever they are.

Halvings are alike, and a study's test texts need not be like its validation texts. The last table
has what is fitted on validation and judged on test, as a study does it, of each published study.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from scipy.stats import binomtest
from setting import Publish, show

from kdzoo.report.figures.escalations import PROMISES
from kdzoo.results import Store
from kdzoo.statistics.cascade import RISK, Cascaded, cascaded, promised
from kdzoo.statistics.escalation import (
    EscalationPair,
    Wanted,
    pairs_with_teacher,
    threshold_for,
)
from kdzoo.statistics.shift import shift_in_words
from kdzoo.task import SINGLE_LABEL

RESULTS = Path(__file__).resolve().parent.parent / "results"
STUDIES = (  # with the loss that is promised
    ("clinc150", 0.005),
    ("sick", 0.02),
    ("sst2-mpnet", 0.01),
)
SEED = 0
Flags = npt.NDArray[np.bool_]


def main(
    splits: Annotated[int, typer.Option(help="Random halvings of the texts.")] = 1000,
    publish: Publish = False,
) -> None:
    """Prints for each student, in each form, what was promised and what came of it."""
    sections = {
        f"{study}, at most {max_loss * 100:g} points below the teacher, promised with 95 % "
        f"confidence, over {splits:,} halvings (means; p-value: of not broken more often)": [
            *_rows(study, max_loss, splits)
        ]
        for study, max_loss in STUDIES
    }
    sections[
        "Fitted on validation and judged on test, each cascade by itself, all published studies "
        "(means; more: cascades that lose more than was promised; measurably: of these, by a "
        "binomial test, p < 0.05)"
    ] = [line for folder in sorted(RESULTS.glob("*/study.json")) for line in _on_test(folder)]
    show("cascade", sections, publish=publish)


def _rows(study: str, max_loss: float, splits: int) -> Iterator[dict[str, object]]:
    """Yields a line per student and form."""
    store = Store(RESULTS / study)
    rows = store.manifest().rows
    teacher = next(row for row in rows if row.role == "teacher").members[0].key
    for row in rows:
        for runtime in row.runtimes if row.role == "student" else ():
            own = _outcomes(store, row.members[0].key, runtime)
            right = _outcomes(store, teacher, runtime)["right"]
            told = _told(judged(own, right, max_loss, splits), max_loss)
            yield {"student": row.name, "form": runtime} | told


def _outcomes(store: Store, key: str, runtime: str) -> dict[str, Any]:
    frame = store.outcomes(key, None if runtime == "torch" else runtime)
    right = (frame["gold"] == frame["prediction"]).to_numpy()
    return {"right": right, "sure": frame["calibrated_confidence"].to_numpy(float)}


def judged(own: dict[str, Any], teacher: Flags, max_loss: float, splits: int) -> list[Cascaded]:
    """Returns what cascades that were fitted on one half of the texts come to on the other."""
    generator, student, sure = np.random.default_rng(SEED), own["right"], own["sure"]
    found = []
    for _ in range(splits):
        fitted, other = np.array_split(generator.permutation(len(student)), 2)
        threshold = promised({"sure": sure[fitted]}, student[fitted], teacher[fitted], max_loss)
        found.append(cascaded(threshold.answers(sure[other]), student[other], teacher[other]))
    return found


def _told(found: list[Cascaded], max_loss: float) -> dict[str, object]:
    broken = sum(each.loss > max_loss for each in found)
    random = np.mean([each.accuracy + each.loss - each.at_random for each in found])
    test = binomtest(broken, len(found), RISK, alternative="greater")
    return {
        "escalated, %": f"{np.mean([each.escalated for each in found]) * 100:.1f}",
        "below the teacher, points": f"{np.mean([each.loss for each in found]) * 100:+.2f}",
        "as many at random, points": f"{random * 100:+.2f}",
        "broken, %": f"{broken / len(found) * 100:.1f}",
        "p-value": f"{test.pvalue:.2f}",
    }


def _on_test(manifest: Path) -> Iterator[dict[str, object]]:
    """Yields a line per promise that a study's validation is large enough for."""
    store = Store(manifest.parent)
    rows = store.manifest().rows
    if any(store.read(row.members[0].key).data.task != SINGLE_LABEL.name for row in rows):
        return
    students = [row for row in rows if row.role == "student"]
    found = [pair for row in students for pair in pairs_with_teacher(store, row, rows)]
    pairs = [pair for pair in found if pair.texts("test")]
    for max_loss in PROMISES:
        fitted = [(pair, threshold_for(pair, Wanted(max_loss), 1)) for pair in pairs]
        read = [
            [pair.read(threshold, split) for split in ("validation", "test")]
            for pair, threshold in fitted
            if threshold is not None
        ]
        if read:
            yield {"study": store.root.name} | _beside(read, pairs[0], max_loss)


def _beside(read: list[list[Cascaded]], pair: EscalationPair, max_loss: float) -> dict[str, object]:
    """Returns what cascades come to on validation and on test, and how these differ."""
    validation, test = zip(*read, strict=True)
    gold = {
        split: pair.student.loc[pair.student["split"] == split, "gold"].to_numpy()
        for split in ("validation", "test")
    }
    shift = shift_in_words(gold["validation"], gold["test"], "test", pair.oos)
    texts = len(gold["test"])
    broken = [each.lost for each in test if each.lost > max_loss]
    measurably = [
        lost
        for lost in broken
        if binomtest(round(lost * texts), texts, max_loss, alternative="greater").pvalue < RISK
    ]
    return {
        "promised, %": f"{max_loss * 100:g}",
        "cascades": len(test),
        "escalated, validation, %": f"{np.mean([each.escalated for each in validation]) * 100:.1f}",
        "test, %": f"{np.mean([each.escalated for each in test]) * 100:.1f}",
        "lost, test, %": f"{np.mean([each.lost for each in test]) * 100:.2f}",
        "most, %": f"{max(each.lost for each in test) * 100:.2f}",
        "more": len(broken),
        "measurably": len(measurably),
        "test is": "like validation" if shift is None else shift.removeprefix("test is "),
    }


if __name__ == "__main__":
    typer.run(main)
