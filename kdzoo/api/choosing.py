"""Choosing what to deploy: pick, and cascades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.arguments import as_annotated
from kdzoo.errors import RecipeError
from kdzoo.extensions import load_extensions
from kdzoo.files import as_file_errors, with_home

if TYPE_CHECKING:
    from kdzoo.choosing.cascade import CascadeLine
    from kdzoo.choosing.pick import Pick
    from kdzoo.report import Table


@dataclass(frozen=True, repr=False)
class Picked:
    """What ``pick`` chose.

    Attributes:
        chosen: the choice, by the figures of validation.
        tested: the study's rows with the figures that its table shows, test's where it was read.
        elsewhere: the folder or hub id of the chosen model, where that is a finished teacher, of
            which the study holds no weights; else None.
        command: what deploys the choice, or answers with it as it was trained; None where nothing
            fits, or where that is a finished teacher, which is deployed as it is.
    """

    chosen: Pick
    tested: Table
    elsewhere: str | None = None
    command: str | None = None

    def __repr__(self) -> str:
        chosen = self.chosen
        if chosen.best is None:
            return f"Picked(None, nearest={chosen.nearest!r}, missed={chosen.missed!r})"
        return f"Picked({chosen.best!r}, command={self.command!r})"


@as_annotated
@as_file_errors()
def pick(
    folder: str | Path,
    *,
    max_latency_ms: float | None = None,
    max_size_mb: float | None = None,
    max_memory_mb: float | None = None,
    min_accuracy: float | None = None,
    students: str | Path | None = None,
) -> Picked:
    """Chooses what to deploy within limits, by validation figures, as ``kdzoo pick`` does.

    Args:
        folder: of a study, working or published.
        max_latency_ms: of one text, tokenisation included: the median, in milliseconds.
        max_size_mb: of the files to deploy, in millions of bytes.
        max_memory_mb: of a process that runs it, at its peak, in millions of bytes.
        min_accuracy: on validation, as a share from 0 to 1.
        students: a file or folder of students of your own.

    Returns:
        The most accurate row within the limits, with those that are faster; where none fits, the
        nearest.

    Raises:
        KdzooError: the folder is no study, or a limit cannot be.
    """
    from kdzoo.choosing.choice import finished_teacher, is_of_a_users_file
    from kdzoo.choosing.command import deploying
    from kdzoo.choosing.pick import limits_of
    from kdzoo.choosing.pick import pick as choose
    from kdzoo.report import make_table
    from kdzoo.results import Store
    from kdzoo.statistics import current

    limits = (max_latency_ms, max_size_mb, max_memory_mb, min_accuracy)
    if any(limit is not None and not limit > 0 for limit in limits):  # nan is no limit either
        raise RecipeError("a limit must be more than 0")
    if min_accuracy is not None and min_accuracy > 1:
        share = min(min_accuracy / 100, 1)
        raise RecipeError(f"--min-accuracy {min_accuracy:g}: write a share, as in {share:g}")
    load_extensions(students)
    store = current(Store(with_home(folder)))
    wanted = limits_of(
        latency_ms=max_latency_ms,
        size_mb=max_size_mb,
        memory_mb=max_memory_mb,
        accuracy=min_accuracy,
    )
    chosen = choose(make_table(store, "validation"), wanted)
    tested = make_table(store)
    if chosen.best is None:
        return Picked(chosen, tested)
    name = chosen.best.name
    elsewhere = finished_teacher(store, name)
    own = is_of_a_users_file(store, name)
    brought = ["--students", "FILE" if students is None else str(students)] if own else []
    command = deploying(chosen.best, Path(folder), elsewhere, brought)
    return Picked(chosen, tested, elsewhere, command)


@as_annotated
@as_file_errors()
def pick_cascade(
    folder: str | Path,
    escalate_to: str,
    *,
    max_loss: float | None = None,
    max_escalated: float | None = None,
    price_per_1000_texts: float | None = None,
    model: str | None = None,
) -> list[CascadeLine]:
    """Chooses from where on a student asks a teacher: ``kdzoo pick --escalate-to teacher``.

    Args:
        folder: of a study, working or published.
        escalate_to: the row of the model that is asked where a student is not sure.
        max_loss: share of the texts that may be lost against that model, with 95 % confidence.
        max_escalated: maximum share of the validation texts that it answers, in place of a loss:
            within it the most accurate threshold on them, and of equal ones the fewest texts.
        price_per_1000_texts: of that model, in any currency.
        model: the row of the only student that is looked at.

    Returns:
        A line for each student and form: the fewest escalated texts first, or within a budget of
        them the most accurate first.

    Raises:
        KdzooError: the folder is no study, there is no such model, or the promise cannot be kept.
    """
    from kdzoo.choosing.cascade import check_wanted, find_cascades
    from kdzoo.results import Store
    from kdzoo.statistics.escalation import Wanted

    if price_per_1000_texts is not None and not 0 <= price_per_1000_texts < math.inf:
        raise RecipeError(
            f"--price-per-1000-texts {price_per_1000_texts:g}: a price is 0 or more, as in 0.4"
        )
    store = Store(with_home(folder))
    wanted = Wanted(max_loss, max_escalated)
    check_wanted(wanted, escalate_to)
    return find_cascades(store, escalate_to, wanted, model)
