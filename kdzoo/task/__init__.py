"""What a classifier is asked: which label a text has, which of them, or each word; what follows."""

from kdzoo.entries import TaskName
from kdzoo.task.gold import NO_LABEL, Label, is_labelled, joined_rows, labels_of, rows_of
from kdzoo.task.multi_label import MULTI_LABEL
from kdzoo.task.protocol import Answers, Task, Thresholds
from kdzoo.task.single_label import SINGLE_LABEL
from kdzoo.task.tokens import TOKEN_CLASSIFICATION

TASKS: dict[str, Task] = {
    task.name: task for task in (SINGLE_LABEL, MULTI_LABEL, TOKEN_CLASSIFICATION)
}
BY_WORD = "ForTokenClassification"  # how transformers' classes end that answer for each piece


def task_of_problem(problem_type: object, architectures: object = None) -> Task:
    """Returns the task of a Hugging Face classifier; one that says nothing chooses one label.

    Args:
        problem_type: that its configuration names.
        architectures: the classes of the model that it names.
    """
    if isinstance(architectures, list) and architectures and _labels_words(architectures[0]):
        return TOKEN_CLASSIFICATION
    return MULTI_LABEL if problem_type == MULTI_LABEL.problem_type else SINGLE_LABEL


def _labels_words(name: object) -> bool:
    return isinstance(name, str) and name.endswith(BY_WORD)


__all__ = [
    "BY_WORD",
    "MULTI_LABEL",
    "NO_LABEL",
    "SINGLE_LABEL",
    "TASKS",
    "TOKEN_CLASSIFICATION",
    "Answers",
    "Label",
    "Task",
    "TaskName",
    "Thresholds",
    "is_labelled",
    "joined_rows",
    "labels_of",
    "rows_of",
    "task_of_problem",
]
