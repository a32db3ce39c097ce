"""The steps of a study: each finds its model in the store, or makes it, or measures it."""

from kdzoo.steps.asked import check_one_table, check_task
from kdzoo.steps.baseline import obtain_baseline
from kdzoo.steps.cascades import check_escalation, rule_of, tell_of_few_texts
from kdzoo.steps.context import StudyContext
from kdzoo.steps.deciding import check_one_rule, check_rejection, rejection_problem
from kdzoo.steps.deploying import FormJob, exported, obtain_forms
from kdzoo.steps.failing import FATAL, reason_of
from kdzoo.steps.job import StudentJob, check_kinds, plan_jobs
from kdzoo.steps.labelling import obtain_labels
from kdzoo.steps.measuring import trained_folder, write_quality
from kdzoo.steps.misfit import refuse_other_kind, refuse_other_task
from kdzoo.steps.seed_run import SeedRun
from kdzoo.steps.session import time_study
from kdzoo.steps.student import Prepared, obtain_student, prepare_student
from kdzoo.steps.study_data import NotMadeError, StudyData
from kdzoo.steps.teacher import StudyTeacher, check_outputs, obtain_teacher
from kdzoo.steps.timing import TimedRow, settings_of, teacher_runtimes, timed_rows
from kdzoo.steps.trained import Trained, baseline_name, rows_of
from kdzoo.steps.trial import Lookout, check_gold, check_labels, check_teacher, try_student_on
from kdzoo.steps.wanted import check_answers, wanted_texts, write_wanted_texts

__all__ = [
    "FATAL",
    "FormJob",
    "Lookout",
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
    "check_answers",
    "check_escalation",
    "check_gold",
    "check_kinds",
    "check_labels",
    "check_one_rule",
    "check_one_table",
    "check_outputs",
    "check_rejection",
    "check_task",
    "check_teacher",
    "exported",
    "obtain_baseline",
    "obtain_forms",
    "obtain_labels",
    "obtain_student",
    "obtain_teacher",
    "plan_jobs",
    "prepare_student",
    "reason_of",
    "refuse_other_kind",
    "refuse_other_task",
    "rejection_problem",
    "rows_of",
    "rule_of",
    "settings_of",
    "teacher_runtimes",
    "tell_of_few_texts",
    "time_study",
    "timed_rows",
    "trained_folder",
    "try_student_on",
    "wanted_texts",
    "write_quality",
    "write_wanted_texts",
]
