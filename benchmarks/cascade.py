"""How often a cascade's promise is broken, and what it escalates, over re-splits of real texts.

Validation and test texts of published results are put together and halved at random, again and
again: thresholds are fitted on one half and judged on the other, as texts meet them that come
later. Beside each stands what as many texts would give that go to the teacher whichever they are.
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

from kdzoo.results import Store
from kdzoo.statistics.cascade import RISK, Cascaded, cascaded, promised

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


if __name__ == "__main__":
    typer.run(main)
