"""The finalists of a search for low latency: measured alone, when all trials have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kdzoo import registry
from kdzoo.errors import ModelError, RecipeError, did_you_mean
from kdzoo.measure import Candidate, measure_candidates, summarise
from kdzoo.recipe import Variant
from kdzoo.results import Session, session_of, timing_of
from kdzoo.runtime import require_runtimes
from kdzoo.steps import FormJob, StudyContext, obtain_forms, settings_of
from kdzoo.steps.timing import TIMING_SEED, session_id
from kdzoo.tuning.training import run_of


@dataclass(frozen=True)
class Finalist:
    """A model that is measured.

    Attributes:
        name: of its trial, or the recipe's as it stands.
        variant: the recipe with its values.
        key: of its model of the first seed.
    """

    name: str
    variant: Variant
    key: str


def measured_runtime(variant: Variant, named: str | None) -> str:
    """Returns the runtime in which latency is measured: the one named, or the recipe's last.

    Raises:
        RecipeError: a student cannot be measured in it, or what it needs is not installed.
    """
    if named is None:
        return variant.recipe.measure.runtimes[-1]
    known = [name for name, entry in registry.runtimes.entries().items() if entry.reads == "models"]
    if named not in known:
        raise RecipeError(f"--runtime {named}: no student runs in it; {did_you_mean(named, known)}")
    require_runtimes([named])
    return named


def measure_alone(
    finalists: Sequence[Finalist], runtime: str, seed: int, context: StudyContext
) -> dict[str, float]:
    """Returns the median milliseconds of a validation text of each, all in one session.

    What this machine has measured before is not measured again. One that has no such form, or does
    not run, is told of and left out: the others are measured without it.

    Args:
        finalists: the models, each once.
        runtime: in which they are measured.
        seed: of the models.
        context: the store, and who is told.
    """
    candidates: dict[str, Candidate] = {}
    for each in finalists:
        try:
            candidates[each.name] = _candidate(each, runtime, seed, context)
        except ModelError as error:
            context.progress.say(f"not measured: {error}")
    finalists = [each for each in finalists if each.name in candidates]
    if not finalists:
        return {}
    first = finalists[0].variant.recipe
    models = [(each.name, each.key) for each in finalists]
    name = session_id(first.measure, models=models, runtime=runtime)
    session = context.store.session(name)
    if session is None:
        session = _session(name, finalists, candidates, seed, context)
    found = {}
    for each, timing in zip(finalists, session.timings, strict=True):
        if timing.failure is None:
            found[each.name] = summarise(timing.rounds_ms).p50_ms
        else:
            context.progress.say(f"not measured: {each.name}: {timing.failure}")
    return found


def _candidate(finalist: Finalist, runtime: str, seed: int, context: StudyContext) -> Candidate:
    """Returns a model in a runtime, exported where that reads a form of its own."""
    folder = context.store.finished(finalist.key)
    if registry.runtimes.get(runtime).is_exported:
        recipe = finalist.variant.recipe
        section = recipe.measure.model_copy(update={"runtimes": [runtime]})
        exporting = recipe.model_copy(update={"measure": section})
        run = run_of(replace(finalist.variant, recipe=exporting), seed, context)
        obtain_forms(FormJob(run, finalist.key, folder), ("validation",), context)
        form = context.store.read_form(finalist.key, runtime)
        if form is not None and form.failure is not None:
            raise ModelError(f"{finalist.name} has no form for {runtime}: {form.failure}")
        folder = context.store.form(finalist.key, runtime)
    return Candidate(finalist.name, folder, runtime)


def _session(
    name: str,
    finalists: Sequence[Finalist],
    candidates: Mapping[str, Candidate],
    seed: int,
    context: StudyContext,
) -> Session:
    """Measures the finalists, and writes down what came out."""
    recipe = finalists[0].variant.recipe
    texts = context.data.corpus(recipe.data, seed).validation  # test is not read
    measured = measure_candidates(
        list(candidates.values()),
        [example.input for example in texts],
        references=[candidates[finalists[0].name]],
        settings=settings_of(recipe.measure),
        seed=TIMING_SEED,
        progress=context.progress,
    )
    timings = [
        timing_of(each.key, candidates[each.name].runtime, measured.speeds[candidates[each.name]])
        for each in finalists
    ]
    session = session_of(name, measured, timings)
    context.store.write_session(session)
    return session
