"""What per-example outcomes say: intervals, comparisons, verdicts; calibration, scope, losses."""

from kdzoo.statistics.calibration import (
    Calibration,
    calibration,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from kdzoo.statistics.entity_errors import EntityErrors
from kdzoo.statistics.gap import Gap, gap_closed
from kdzoo.statistics.interval import Hits, Interval, Scores, over_examples, over_seeds
from kdzoo.statistics.losses import (
    ClassLoss,
    Inheritance,
    class_losses,
    inheritance,
    label_losses,
    type_losses,
)
from kdzoo.statistics.out_of_scope import (
    Detection,
    Rejection,
    detection,
    rejection,
    tune_threshold,
)
from kdzoo.statistics.outcomes import (
    Outcomes,
    OutcomesReader,
    compare_outcomes,
    control_of,
    is_covered,
    leading_over_texts,
    read_outcomes,
    teacher_of,
)
from kdzoo.statistics.paired import SIGNIFICANT, Comparison, adjusted, compare
from kdzoo.statistics.quality import (
    QUALITY_VERSION,
    beside,
    current,
    figures,
    intervals,
)
from kdzoo.statistics.recipes import RecipeComparison, compare_recipes
from kdzoo.statistics.slices import Slice, by_bounds, by_quartile
from kdzoo.statistics.verdict import (
    MARGIN,
    Effect,
    ModelVerdict,
    RecipeVerdict,
    Standing,
    against_teacher,
    in_points,
    of_distilling,
    of_seeds,
    of_variant,
)

__all__ = [
    "MARGIN",
    "QUALITY_VERSION",
    "SIGNIFICANT",
    "Calibration",
    "ClassLoss",
    "Comparison",
    "Detection",
    "Effect",
    "EntityErrors",
    "Gap",
    "Hits",
    "Inheritance",
    "Interval",
    "ModelVerdict",
    "Outcomes",
    "OutcomesReader",
    "RecipeComparison",
    "RecipeVerdict",
    "Rejection",
    "Scores",
    "Slice",
    "Standing",
    "adjusted",
    "against_teacher",
    "beside",
    "by_bounds",
    "by_quartile",
    "calibration",
    "class_losses",
    "compare",
    "compare_outcomes",
    "compare_recipes",
    "control_of",
    "current",
    "detection",
    "expected_calibration_error",
    "figures",
    "fit_temperature",
    "gap_closed",
    "in_points",
    "inheritance",
    "intervals",
    "is_covered",
    "label_losses",
    "leading_over_texts",
    "negative_log_likelihood",
    "of_distilling",
    "of_seeds",
    "of_variant",
    "over_examples",
    "over_seeds",
    "read_outcomes",
    "rejection",
    "teacher_of",
    "tune_threshold",
    "type_losses",
]
