"""Whether validation has the texts which a rule of rejection is fitted on."""

from __future__ import annotations

import math

from kdzoo.data import Corpus
from kdzoo.errors import RecipeError
from kdzoo.recipe.measure import Reject


def check_rejection(reject: Reject | None, corpus: Corpus) -> None:
    """Sees that validation has the texts which a rule of rejection is fitted on.

    Raises:
        RecipeError: it has none out of scope, or too few in scope for the share that may be
            rejected.
    """
    problem = None if reject is None else rejection_problem(reject, corpus)
    if problem is not None:
        raise RecipeError(f"measure.reject{problem}")


def rejection_problem(reject: Reject, corpus: Corpus) -> str | None:
    """Returns why a rule of rejection cannot be fitted on validation; None where it can."""
    if corpus.oos is None:
        return (
            ": the data has no out-of-scope label; name it as data.oos_label, or remove "
            "measure.reject"
        )
    gold = corpus.gold("validation")
    outside = int((gold == corpus.oos).sum())
    inside = len(gold) - outside
    if not outside or not inside:
        return (
            f": {outside:,} of {len(gold):,} validation texts are '{corpus.labels[corpus.oos]}', "
            "and a threshold is fitted on both kinds; add the others to validation, or remove "
            "measure.reject"
        )
    if reject.max_false_rejections * inside < 1:
        return (
            f".max_false_rejections: {reject.max_false_rejections:g} of {inside:,} validation "
            f"texts in scope is less than one text; write at least {_up(1 / inside)}, or add "
            "validation texts"
        )
    return None


def _up(share: float) -> str:
    """Returns a share with three digits, rounded up."""
    step = 10.0 ** (math.floor(math.log10(share)) - 2)
    return f"{math.ceil(share / step) * step:.3g}"
