"""The steps of a study: each finds its model in the store, or makes it, or measures it."""

from kdzoo.steps.baseline import obtain_baseline
from kdzoo.steps.context import StudyContext
from kdzoo.steps.deploying import FormJob, obtain_forms
from kdzoo.steps.job import StudentJob, check_kinds, plan_jobs
from kdzoo.steps.measuring import read_quality, trained_folder
from kdzoo.steps.student import Prepared, obtain_student, prepare_student
from kdzoo.steps.teacher import StudyTeacher, check_teacher, obtain_teacher
from kdzoo.steps.timing import TimedRow, settings_of, teacher_runtimes, time_rows, timed_rows
from kdzoo.steps.wanted import wanted_texts

__all__ = [
    "FormJob",
    "Prepared",
    "StudentJob",
    "StudyContext",
    "StudyTeacher",
    "TimedRow",
    "check_kinds",
    "check_teacher",
    "obtain_baseline",
    "obtain_forms",
    "obtain_student",
    "obtain_teacher",
    "plan_jobs",
    "prepare_student",
    "read_quality",
    "settings_of",
    "teacher_runtimes",
    "time_rows",
    "timed_rows",
    "trained_folder",
    "wanted_texts",
]
