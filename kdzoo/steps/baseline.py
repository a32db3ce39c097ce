"""The classical baseline of a study: found in the store or fitted now."""

from __future__ import annotations

import time

from kdzoo.data import Corpus
from kdzoo.measure import baseline_size, environment
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.recipe.schema import Recipe
from kdzoo.results import Record
from kdzoo.steps.context import MODEL_FORMAT, StudyContext, now, summary_of
from kdzoo.steps.fitting import origin_of
from kdzoo.teacher import content_hash


def obtain_baseline(recipe: Recipe, corpus: Corpus, seed: int, context: StudyContext) -> str:
    """Returns the key of the baseline on the gold texts, which is in the store afterwards."""
    key = content_hash(
        {"format": MODEL_FORMAT, "role": "baseline", "corpus": corpus.gold_fingerprint}
    )
    if context.find(key) is not None:
        return key
    folder = context.store.folder("baseline", "", seed, key)
    start = time.perf_counter()
    pipeline = fit_baseline(corpus)
    if context.accelerator.is_main_process:
        save_baseline(folder, pipeline, corpus.labels)
    context.accelerator.wait_for_everyone()
    record = Record(
        key=key,
        role="baseline",
        name="tf-idf + svm",
        seed=seed,
        kind="tf-idf + svm",
        data=summary_of(corpus, origin_of(recipe), 0.0),
        recipe=recipe.model_dump(mode="json", include={"version", "data"}),
        size=baseline_size(pipeline, folder),
        quality={},
        environment=environment(),
        created=now(),
    )
    context.finish(folder, record)
    context.progress.say(f"baseline fitted ({time.perf_counter() - start:.0f} s)")
    return key
