"""The steps of a study: each finds its model in the store, or makes it, or measures it."""

from kdzoo.steps.baseline import obtain_baseline
from kdzoo.steps.cascades import rule_of
from kdzoo.steps.context import StudyContext
from kdzoo.steps.deploying import FormJob, obtain_forms
from kdzoo.steps.failing import FATAL, reason_of
from kdzoo.steps.hidden import pooling_of
from kdzoo.steps.job import (
    StudentJob,
    brought_vocabulary,
    plan_jobs,
    student_models,
    student_options,
)
from kdzoo.steps.labelling import obtain_labels
from kdzoo.steps.measuring import trained_folder, write_quality
from kdzoo.steps.misfit import refuse_other_kind, refuse_other_task
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.session import time_study
from kdzoo.steps.student import Prepared, obtain_student, prepare_student
from kdzoo.steps.study_data import NotMadeError, StudyData
from kdzoo.steps.teacher import StudyTeacher, obtain_teacher
from kdzoo.steps.timing import TimedRow, settings_of, teacher_runtimes, timed_rows
from kdzoo.steps.trained import Trained, baseline_name, rows_of
from kdzoo.steps.wanted import wanted_texts, write_wanted_texts

__all__ = [
    "FATAL",
    "FormJob",
    "NotMadeError",
    "Prepared",
    "SeedRun",
    "StudentJob",
    "StudyContext",
    "StudyData",
    "StudyTeacher",
    "TimedRow",
    "Trained",
    "baseline_name",
    "brought_vocabulary",
    "obtain_baseline",
    "obtain_forms",
    "obtain_labels",
    "obtain_student",
    "obtain_teacher",
    "plan_jobs",
    "pooling_of",
    "prepare_student",
    "reason_of",
    "refuse_other_kind",
    "refuse_other_task",
    "rows_of",
    "rule_of",
    "settings_of",
    "student_models",
    "student_options",
    "teacher_runtimes",
    "time_study",
    "timed_rows",
    "trained_folder",
    "wanted_texts",
    "write_quality",
    "write_wanted_texts",
]
