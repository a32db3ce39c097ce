"""The texts that a study's teachers would be asked to label: for one that is only a file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kdzoo.data import Corpus, Texts, few_labels, load_corpus
from kdzoo.files import with_home
from kdzoo.progress import Progress
from kdzoo.recipe import Study
from kdzoo.recipe.schema import Recipe
from kdzoo.teacher import OutputsTeacher, find_model, load_hf_tokenizer, open_outputs_teacher
from kdzoo.text import SpecialTokens
from kdzoo.transfer import build_transfer_set

Seen = npt.NDArray[np.void]  # digests, sorted


def wanted_texts(study: Study, progress: Progress, *, evaluation: bool = False) -> Iterator[Texts]:
    """Yields the texts of all transfer sets, each once, without those that the file covers already.

    Args:
        study: the recipes; students on hard labels alone ask nothing of a teacher.
        progress: told what is read.
        evaluation: whether the texts of validation and test are wanted too, of which the teacher's
            own figures are made.

    Raises:
        KdzooError: the data, or the file of outputs, cannot be read.
    """
    seen: Seen = np.empty(0, dtype="V16")
    wholes: dict[str, Corpus] = {}
    teachers: dict[tuple[str, ...], OutputsTeacher | None] = {}
    for recipe, seed in _distinct(study):
        section = recipe.data.model_dump_json()
        if section not in wholes:
            wholes[section] = load_corpus(recipe.data)
        corpus = few_labels(wholes[section], recipe.data, seed)
        transfer = build_transfer_set(corpus, recipe.transfer, _mask_token(recipe), seed, progress)
        named = (recipe.teacher.model_dump_json(), *corpus.labels)
        if named not in teachers:
            teachers[named] = _opened(recipe, corpus, progress)
        teacher = teachers[named]
        wanted = [transfer.examples]
        if evaluation:
            wanted += [Texts.of(corpus.split(name)) for name in ("validation", *corpus.tests)]
        for texts in wanted:
            new = texts if teacher is None else texts.where(~teacher.covered(texts.digests))
            new, seen = _new(new, seen)
            yield new


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


def _mask_token(recipe: Recipe) -> str | None:
    """Returns the mask token of the teacher's own tokenizer, where an augmenter may want it."""
    teacher = recipe.teacher
    source = teacher.encoder if teacher.outputs is not None else teacher.sources[0]
    if source is None or recipe.transfer.augment is None:
        return None
    folder = find_model(source, teacher.fallback, teacher.sha256)
    return SpecialTokens.of(load_hf_tokenizer(folder)).mask


def _opened(recipe: Recipe, corpus: Corpus, progress: Progress) -> OutputsTeacher | None:
    """Returns the teacher that is a file, if there is one already."""
    outputs = recipe.teacher.outputs
    if outputs is None or not with_home(outputs).exists():
        return None
    return open_outputs_teacher(recipe.teacher, corpus.labels, progress)


def _new(texts: Texts, seen: Seen) -> tuple[Texts, Seen]:
    """Returns the texts that were not seen yet, each once, in their order; and all seen by now."""
    own: Seen = np.ascontiguousarray(texts.digests).view("V16").ravel()
    first = np.zeros(len(own), dtype=bool)
    first[np.unique(own, return_index=True)[1]] = True
    fresh = first & ~np.isin(own, seen)
    return texts.where(fresh), np.unique(np.concatenate([seen, own[fresh]]))
