"""The classical baseline of a study: found in the store or fitted now."""

from __future__ import annotations

import time

from kdzoo.data import Corpus, origin_of
from kdzoo.digest import content_hash
from kdzoo.measure import baseline_size, environment
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.recipe.schema import Recipe
from kdzoo.results import Record, now
from kdzoo.steps.context import MODEL_FORMAT, StudyContext, summary_of
from kdzoo.steps.trained import baseline_name


def obtain_baseline(recipe: Recipe, corpus: Corpus, seed: int, context: StudyContext) -> str:
    """Returns the key of the baseline on the gold texts, which is in the store afterwards.

    Args:
        recipe: whose section ``data`` says where the texts come from.
        corpus: the data as the seed sees it.
        seed: of the run that asks first.
        context: the store, and who is told.
    """
    content = {"format": MODEL_FORMAT, "role": "baseline", "corpus": corpus.gold_fingerprint}
    if corpus.task.by_word:
        content["task"] = corpus.task.name
    key = content_hash(content)
    context.obtain(key, "the baseline", lambda: _fit(key, recipe, corpus, seed, context))
    return key


def _fit(key: str, recipe: Recipe, corpus: Corpus, seed: int, context: StudyContext) -> None:
    folder = context.store.folder("baseline", "", seed, key)
    start = time.perf_counter()
    pipeline = fit_baseline(corpus)
    if context.accelerator.is_main_process:
        save_baseline(folder, pipeline, corpus.labels)
    context.accelerator.wait_for_everyone()
    name = baseline_name(corpus.task)
    record = Record(
        key=key,
        role="baseline",
        name=name,
        seed=seed,
        kind=name,
        data=summary_of(corpus, origin_of(recipe.data), 0.0),
        recipe=recipe.model_dump(mode="json", include={"version", "data"}),
        size=baseline_size(pipeline, folder),
        quality={},
        environment=environment(),
        created=now(),
    )
    context.finish(folder, record)
    context.progress.say(f"baseline fitted ({time.perf_counter() - start:.0f} s)")
