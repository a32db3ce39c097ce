"""All that can be seen of a study before anything is trained, in the order in which it is told."""

from __future__ import annotations

from kdzoo.checks.escalation import check_escalation, tell_of_few_texts
from kdzoo.checks.kinds import check_kinds, tell_of_unmeasured
from kdzoo.checks.labels import check_gold, check_labels
from kdzoo.checks.outputs import check_answers, check_outputs
from kdzoo.checks.rejection import check_rejection
from kdzoo.checks.table import check_one_rule, check_one_table
from kdzoo.checks.task import check_task
from kdzoo.checks.teacher import Lookout, check_teacher
from kdzoo.errors import OutOfReachError
from kdzoo.recipe import Study
from kdzoo.steps import StudyData, settings_of


def check_study(study: Study, data: StudyData, *, with_teachers: bool = True) -> None:
    """Sees, before anything is trained, what recipes, teachers and data let one see.

    Args:
        study: the recipes.
        data: reads what they name, and keeps it.
        with_teachers: whether a teacher that lies on a hub out of reach is an error; else it is
            noted, and the rest is seen.

    Raises:
        KdzooError: a recipe cannot be followed with its teacher and its data.
    """
    check_one_rule(study)
    lookout = Lookout()
    for variant in study.variants:
        check_kinds(variant.recipe)
        check_escalation(variant.recipe)
        check_outputs(variant.recipe, data)
        settings_of(variant.recipe.measure).check()
        tell_of_unmeasured(variant.recipe, data.progress)
    check_one_table(study, data)
    for variant in study.variants:
        corpus = data.corpus(variant.recipe.data, variant.recipe.seeds[0])
        check_task(variant.recipe, corpus)
        check_gold(variant.recipe, corpus)
        try:
            readers = check_teacher(variant.recipe, lookout, corpus)
            data.note_reach(readers, variant.recipe.teacher.max_length, corpus)
            check_labels(variant.recipe, corpus)
            check_rejection(variant.recipe.measure.reject, corpus)
            check_answers(variant.recipe, data)
        except OutOfReachError as error:
            if with_teachers:
                raise
            data.progress.say(f"note: not looked at, for {variant.name}: {error}")
    for note in lookout.notes:
        data.progress.say(f"note: {note}")
    tell_of_few_texts(study, data)
