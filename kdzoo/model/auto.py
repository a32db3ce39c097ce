"""What transformers' Auto classes load: models for texts or for words, and tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kdzoo.task import Task, task_of_problem


def auto_class(task: Task) -> Any:
    """Returns the Auto class of classifiers for a task."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    import kdzoo.hf  # noqa: F401 - registers kdzoo's own model type

    return AutoModelForTokenClassification if task.by_word else AutoModelForSequenceClassification


def auto_tokenizer(folder: Path, **settings: Any) -> Any:
    """Returns the Hugging Face tokenizer of a model's folder, none of whose own code is run.

    Args:
        folder: of the model.
        settings: that hold in place of what its files say.

    Raises:
        Exception: it cannot be loaded; what tokenizers are made of has errors of its own.
    """
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **settings)


def task_of(config: Any) -> Task:
    """Returns what the model of a Hugging Face configuration is asked."""
    return task_of_problem(config.problem_type, config.architectures)
