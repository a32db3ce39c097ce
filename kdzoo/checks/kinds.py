"""Whether what a recipe chooses by name works: student, objective, augmenter, runtimes."""

from __future__ import annotations

from kdzoo import registry
from kdzoo.extensions import is_here_alone
from kdzoo.model import try_student
from kdzoo.objectives import bind_objective
from kdzoo.progress import Progress
from kdzoo.recipe import options_of
from kdzoo.recipe.schema import Recipe, Vectors
from kdzoo.runtime import require_runtimes
from kdzoo.steps import brought_vocabulary, student_models
from kdzoo.text import check_vectors
from kdzoo.transfer import try_augmenter, try_unlabelled


def check_kinds(recipe: Recipe) -> None:
    """Tries student, objective and augmenter on a toy, before a teacher is trained for them.

    Runtimes only have to be installed.

    Raises:
        ModelError: one of them breaks its contract, or names a model that cannot be found or does
            not serve.
        RecipeError: the augmenter's options cannot be, or a runtime is not installed.
        DataError: the augmenter fails or returns something that is no text, or a file of
            unlabelled texts cannot be read.
    """
    require_runtimes(recipe.measure.runtimes)
    pairs = recipe.data.text_pair is not None
    if recipe.transfer.unlabelled is not None:
        try_unlabelled(recipe.transfer.unlabelled, pairs=pairs)
    if recipe.transfer.augment is not None:
        try_augmenter(recipe.transfer.augment, pairs=pairs)
    if recipe.objective.alpha < 1:
        bind_objective(recipe.objective.kind, options_of(recipe.objective))
    named = recipe.student.embeddings
    width = check_vectors(named.vectors) if isinstance(named, Vectors) else None
    pair_head = recipe.student.pair_head if pairs else 0
    try_student(
        recipe.student.kind,
        options_of(recipe.student),
        pair_head,
        table_rate=recipe.training.embedding_rate is not None,
        vectors=width,
        is_mapped=recipe.objective.hidden > 0,
    )
    student_models(recipe.student)
    brought_vocabulary(recipe)


def tell_of_unmeasured(recipe: Recipe, progress: Progress) -> None:
    """Tells, before anything is trained, of what the processes that measure cannot know."""
    if not recipe.measure.isolated:
        return
    runtimes = [registry.runtimes.get(name) for name in recipe.measure.runtimes]
    own = [registry.students.get(recipe.student.kind)] if "torch" in recipe.measure.runtimes else []
    unknown = sorted(entry.name for entry in (*own, *runtimes) if is_here_alone(entry))
    if unknown:
        progress.say(
            f"note: {recipe.name}: '{unknown[0]}' was registered in this process, and those that "
            "measure do not know it: latency in its row will be a dash; put it into a file and "
            "give that as students=FILE, or set measure.isolated=false"
        )
