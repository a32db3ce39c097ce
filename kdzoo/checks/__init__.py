"""What is seen before a study: whether recipes, data and teachers fit each other."""

from kdzoo.checks.rejection import rejection_problem
from kdzoo.checks.student import try_student_on
from kdzoo.checks.study import check_study

__all__ = ["check_study", "rejection_problem", "try_student_on"]
