"""The front matter of a card: what the hub reads, shows and filters by."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from kdzoo.card.facts import StudentFacts
from kdzoo.plain import one_line
from kdzoo.recipe.card import Card
from kdzoo.task import MULTI_LABEL, TASKS

TASK, WORD_TASK = "text-classification", "token-classification"


def metadata(facts: StudentFacts) -> ModelCardData:
    """Returns the front matter; language and licence are there where the user says them."""
    results, said = _results(facts), facts.row.card or Card()
    return ModelCardData(
        base_model=_or_none(teachers_on_hub(facts.record.recipe)),
        datasets=_or_none(_datasets(facts.record.recipe)),
        eval_results=results or None,
        language=_or_none(said.language),
        license=said.license,
        library_name="kdzoo" if facts.is_kdzoos else "transformers",
        metrics=["accuracy", "f1"] if results else None,
        model_name=one_line(facts.row.name) if results else None,
        pipeline_tag=_task(facts),
        tags=[
            "kdzoo",
            *(["knowledge-distillation"] if facts.is_distilled else []),
            *(["onnx"] if facts.forms else []),
            *(["multi-label"] if facts.record.data.task == MULTI_LABEL.name else []),
        ],
    )


def _or_none(found: list[str]) -> list[str] | None:
    return found or None


def _task(facts: StudentFacts) -> str:
    return WORD_TASK if TASKS[facts.record.data.task].by_word else TASK


def _results(facts: StudentFacts) -> list[EvalResult]:
    """Returns the model's own accuracy and F1."""
    quality = facts.record.quality.get(facts.table.split, {})
    data = facts.record.recipe.get("data", {})
    name = dataset_name(facts)
    on_hub = on_the_hub(data.get("hub"))
    known = {
        "task_type": _task(facts),
        "dataset_type": on_hub or name,
        "dataset_name": name,
        "dataset_config": one_line(data["config"]) if on_hub and data.get("config") else None,
        "dataset_revision": one_line(data["revision"]) if on_hub and data.get("revision") else None,
        "dataset_split": facts.table.split,
    }
    metrics: dict[str, dict[str, Any]] = {
        "accuracy": {"metric_type": "accuracy", "metric_name": "accuracy"},
        "macro_f1": {
            "metric_type": "f1",
            "metric_name": "macro-F1",
            "metric_args": {"average": "macro"},
        },
        "micro_f1": {
            "metric_type": "f1",
            "metric_name": "micro-F1",
            "metric_args": {"average": "micro"},
        },
    }
    if _task(facts) == WORD_TASK:
        metrics = {
            "token_accuracy": {"metric_type": "accuracy", "metric_name": "token accuracy"},
            **{
                f"entity_{name}": {"metric_type": name, "metric_name": f"entity {title}"}
                for name, title in (("f1", "F1"), ("precision", "precision"), ("recall", "recall"))
            },
        }
    if facts.record.data.task == MULTI_LABEL.name:
        metrics["accuracy"]["metric_name"] = "subset accuracy"
    return [
        EvalResult(**known, **described, metric_value=round(quality[metric], 6))
        for metric, described in metrics.items()
        if math.isfinite(quality.get(metric, math.nan))
    ]


def dataset_name(facts: StudentFacts) -> str:
    """Returns what the data is called, on one line and without the folders above it."""
    kind, _, name = facts.record.data.origin.partition(":")
    on_hub = on_the_hub(facts.record.recipe.get("data", {}).get("hub"))
    return one_line(on_hub or Path(name).name or kind)


def _datasets(recipe: dict[str, Any]) -> list[str]:
    """Returns the hub's data sets that the student learnt from."""
    sections = (recipe.get("data"), (recipe.get("transfer") or {}).get("unlabelled"))
    named = (on_the_hub(section.get("hub")) for section in sections if section)
    return list(dict.fromkeys(name for name in named if name is not None))


def teachers_on_hub(recipe: dict[str, Any]) -> list[str]:
    """Returns the hub's models that the recipe names as teacher.

    One that took the place of a package counts where the recipe pins its weights.
    """
    section = recipe.get("teacher") or {}
    sources = [section.get("model"), *(section.get("models") or [])]
    in_package = any((source or "").startswith("package:") for source in sources)
    if in_package and section.get("sha256"):
        sources.append(section.get("fallback"))
    named = (on_the_hub(source) for source in sources)
    return list(dict.fromkeys(name for name in named if name is not None and "/" in name))


def on_the_hub(source: str | None) -> str | None:
    """Returns the id of a repository of the hub, without its revision; None of what is none.

    A name that is a folder here is none.
    """
    name = (source or "").partition("@")[0]
    try:
        validate_repo_id(name)
    except HFValidationError:
        return None
    return None if Path(name).exists() else name
