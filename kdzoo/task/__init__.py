"""What a classifier is asked: which label a text has, or which of them; and what follows."""

from kdzoo.entries import TaskName
from kdzoo.task.gold import NO_LABEL, Label, is_labelled, joined_rows, labels_of, rows_of
from kdzoo.task.multi_label import MULTI_LABEL
from kdzoo.task.protocol import Answers, Task, Thresholds
from kdzoo.task.single_label import SINGLE_LABEL

TASKS: dict[str, Task] = {task.name: task for task in (SINGLE_LABEL, MULTI_LABEL)}


def task_of_problem(problem_type: str | None) -> Task:
    """Returns the task of a Hugging Face classifier; one that says nothing chooses one label."""
    known = {task.problem_type: task for task in TASKS.values()}
    return known.get(problem_type or "", SINGLE_LABEL)


__all__ = [
    "MULTI_LABEL",
    "NO_LABEL",
    "SINGLE_LABEL",
    "TASKS",
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
