"""Which of transformers' Auto classes a model is of: for texts, or for words."""

from __future__ import annotations

from typing import Any

from kdzoo.task import Task, task_of_problem


def auto_class(task: Task) -> Any:
    """Returns the Auto class of classifiers for a task."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    import kdzoo.hf  # noqa: F401 - registers kdzoo's own model type

    return AutoModelForTokenClassification if task.by_word else AutoModelForSequenceClassification


def task_of(config: Any) -> Task:
    """Returns what the model of a Hugging Face configuration is asked."""
    return task_of_problem(config.problem_type, config.architectures)
