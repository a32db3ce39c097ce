"""Whether the cascades that recipes ask rows for can be had, and what they promise be kept."""

from __future__ import annotations

from kdzoo.errors import RecipeError
from kdzoo.recipe import Study
from kdzoo.recipe.schema import Recipe
from kdzoo.registry import exported_runtimes
from kdzoo.statistics.cascade import RISK, texts_needed
from kdzoo.statistics.escalation import SCORE_COLUMNS
from kdzoo.steps import StudyData


def check_escalation(recipe: Recipe) -> None:
    """Sees that a recipe which asks for rows of cascades can have some.

    Raises:
        RecipeError: it exports no form.
    """
    if recipe.measure.escalate is not None and not exported_runtimes(recipe.measure.runtimes):
        raise RecipeError(
            f"{recipe.name}: measure.escalate: a cascade is made of exported forms; name one in "
            "measure.runtimes, as in [torch, onnx-int8], or remove measure.escalate"
        )


def tell_of_few_texts(study: Study, data: StudyData) -> None:
    """Tells before anything is trained that validation is too small for what is promised.

    Args:
        study: the recipes; what they promise holds for all of their cascades together.
        data: reads what they name, and tells.
    """
    asking = [variant.recipe for variant in study.variants if variant.recipe.measure.escalate]
    candidates = sum(len(exported_runtimes(recipe.measure.runtimes)) for recipe in asking)
    for recipe in asking:
        corpus, escalate = data.corpus(recipe.data, recipe.seeds[0]), recipe.measure.escalate
        if escalate is None or escalate.max_loss is None:
            continue
        scores = len(SCORE_COLUMNS) - (corpus.oos is None)
        needed = texts_needed(escalate.max_loss, RISK / candidates / scores)
        if len(corpus.validation) < needed:
            data.progress.say(
                f"note: {recipe.name}: validation has {len(corpus.validation):,} texts, too few "
                f"for measure.escalate.max_loss {escalate.max_loss:g}, which needs {needed:,} at "
                "least: its cascades will have a row without figures"
            )
