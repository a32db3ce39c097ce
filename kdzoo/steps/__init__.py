"""The steps of a study: each finds its model in the store, or makes it, or measures it."""

from kdzoo.steps.baseline import obtain_baseline
from kdzoo.steps.context import StudyContext
from kdzoo.steps.job import StudentJob, check_kinds, plan_jobs
from kdzoo.steps.measuring import deployed_folder, read_quality, time_models
from kdzoo.steps.student import Prepared, obtain_student, prepare_student
from kdzoo.steps.teacher import StudyTeacher, check_teacher, obtain_teacher
from kdzoo.steps.wanted import wanted_texts

__all__ = [
    "Prepared",
    "StudentJob",
    "StudyContext",
    "StudyTeacher",
    "check_kinds",
    "check_teacher",
    "deployed_folder",
    "obtain_baseline",
    "obtain_student",
    "obtain_teacher",
    "plan_jobs",
    "prepare_student",
    "read_quality",
    "time_models",
    "wanted_texts",
]
