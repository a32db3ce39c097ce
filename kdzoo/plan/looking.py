"""What the store has of a plan already: seen in this process, and nothing made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kdzoo.plan.perform import Made, Performer, Result
from kdzoo.plan.step import Step
from kdzoo.results import StoreBeside


def seen(
    performer: Performer, steps: Iterable[Step] | None = None, *, beside: bool = False
) -> dict[str, Result]:
    """Returns the steps that have been made before, by name.

    A step is looked for when those that it waits for have been found: without its teacher's weights
    a student has no key.

    Args:
        performer: of the study; it makes nothing.
        steps: those that are looked for, with all that they wait for; the whole plan by default.
        beside: whether what may be taken over from studies beside this one counts too.
    """
    store = performer.context.store
    store = StoreBeside(store.root) if beside else store
    looking = replace(performer, context=replace(performer.context, only_looks=True, store=store))
    found: dict[str, Result] = {}
    for step in performer.plan.steps if steps is None else performer.plan.behind(steps):
        if all(name in found for name in step.waits_for):
            of = found.get(step.of)
            keys = {step.of: of.key} if isinstance(of, Made) else {}
            result = looking.attempt(step, keys, threads=0)
            if isinstance(result, Made):
                found[step.name] = result
    return found
