"""The texts that a study's teachers would be asked to label: for one that is only a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.data import PAIR_COLUMN, Corpus, Texts, texts_of, write_rows
from kdzoo.errors import RecipeError, TeacherError
from kdzoo.files import with_home
from kdzoo.recipe import Study
from kdzoo.recipe.schema import Recipe
from kdzoo.steps.study_data import StudyData
from kdzoo.teacher import OutputsTeacher

Seen = npt.NDArray[np.void]  # digests, sorted


def wanted_texts(study: Study, data: StudyData, *, evaluation: bool = False) -> Iterator[Texts]:
    """Yields the texts of all transfer sets, each once, without those that the file covers already.

    Args:
        study: the recipes; students on hard labels alone ask nothing of a teacher.
        data: what they read.
        evaluation: whether the texts of validation and test are wanted too, of which the teacher's
            own figures are made.

    Raises:
        KdzooError: the data, or the file of outputs, cannot be read.
        TeacherError: a file cannot be their teacher, because words have a label each.
    """
    seen: Seen = np.empty(0, dtype="V16")
    for recipe, seed in _distinct(study):
        corpus = data.corpus(recipe.data, seed)
        if corpus.task.by_word:
            raise TeacherError(
                f"{recipe.name}: words have a label each, and a file of outputs has one for each "
                "text: none can be their teacher; the recipe's own labels them, in kdzoo run"
            )
        teacher = _opened(recipe, corpus, data)
        wanted = [data.transfer_set(recipe, corpus, seed).examples]
        if evaluation:
            wanted += [Texts.of(corpus.split(name)) for name in ("validation", *corpus.tests)]
        for texts in wanted:
            new = texts if teacher is None else texts.where(~teacher.covered(texts.digests))
            new, seen = _new(new, seen)
            yield new


def write_wanted_texts(
    study: Study, output: Path, data: StudyData, *, evaluation: bool = False
) -> int:
    """Writes the texts that ``wanted_texts`` yields, a row each, and returns how many there are.

    Args:
        study: the recipes.
        output: a .jsonl, .csv or .parquet.
        data: what the recipes read.
        evaluation: whether the texts of validation and test are wanted too.

    Raises:
        KdzooError: the data cannot be read, or the file cannot be written.
    """
    kinds = {v.recipe.data.text_pair is not None: v.recipe.name for v in study.variants}
    if len(kinds) > 1:
        raise RecipeError(
            f"{kinds[True]} reads pairs of texts and {kinds[False]} single ones, which no file of "
            "texts has together; name one recipe in place of the folder"
        )
    parts = wanted_texts(study, data, evaluation=evaluation)
    rows = (texts_of(example.input) for part in parts for example in part)
    return write_rows(output, ("text", PAIR_COLUMN) if True in kinds else ("text",), rows)


def _distinct(study: Study) -> Iterator[tuple[Recipe, int]]:
    """Yields recipes and seeds, once where the same texts would come out."""
    done: set[tuple[str, ...]] = set()
    for recipe in (variant.recipe for variant in study.variants):
        parts = (recipe.data, recipe.transfer, recipe.teacher)
        for seed in recipe.seeds if recipe.objective.alpha < 1 else ():
            made_from = (*(part.model_dump_json() for part in parts), str(seed))
            if made_from not in done:
                done.add(made_from)
                yield recipe, seed


def _opened(recipe: Recipe, corpus: Corpus, data: StudyData) -> OutputsTeacher | None:
    """Returns the teacher that is a file, if there is one already."""
    outputs = recipe.teacher.outputs
    if outputs is None or not with_home(outputs).exists():
        return None
    return data.outputs(recipe.teacher, corpus)


def _new(texts: Texts, seen: Seen) -> tuple[Texts, Seen]:
    """Returns the texts that were not seen yet, each once, in their order; and all seen by now."""
    own: Seen = np.ascontiguousarray(texts.digests).view("V16").ravel()
    first = np.zeros(len(own), dtype=bool)
    first[np.unique(own, return_index=True)[1]] = True
    fresh = first & ~np.isin(own, seen)
    return texts.where(fresh), np.unique(np.concatenate([seen, own[fresh]]))
