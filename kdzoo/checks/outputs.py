"""A teacher that is a file of outputs: whether it has what a study asks of it."""

from __future__ import annotations

import torch

from kdzoo import registry
from kdzoo.data.stream import AS_NAMED
from kdzoo.errors import Problem, TeacherError
from kdzoo.files import with_home
from kdzoo.recipe.schema import OF_A_MODEL, Recipe
from kdzoo.steps import StudyData
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import NO_ENCODER, NO_TOKENIZER, open_outputs, refuse_bare_labels


def check_outputs(recipe: Recipe, data: StudyData) -> None:
    """Looks at a teacher that is a file, before anything is trained for it.

    Args:
        recipe: names the file.
        data: what recipes read. Where a text may have several labels, logits follow from
            probabilities, so that these serve too.

    Raises:
        TeacherError: it is not there, or lacks what the student or the objective needs.
        DataError: it is not what its name says.
    """
    section, student, objective = recipe.teacher, recipe.student, recipe.objective
    if section.outputs is None:
        return
    file = open_outputs(with_home(section.outputs), section.csv or AS_NAMED)
    if file.kind == "label":
        refuse_bare_labels(file, data.corpus(recipe.data, recipe.seeds[0]).task)
    problems = []
    if section.encoder is None:
        problems += [Problem(NO_TOKENIZER)] if student.text == "teacher" else []
        problems += [Problem(NO_ENCODER)] if student.embeddings in OF_A_MODEL else []
        by_vectors = {
            "transfer.unlabelled.choose": recipe.transfer.is_chosen_by_vectors,
            "objective.hidden": objective.hidden,
        }
        problems += [
            Problem(
                f"{name} compares by an encoder's sentence vectors, and the teacher is a file: "
                f"name teacher.encoder, or remove {name}"
            )
            for name, is_asked in by_vectors.items()
            if is_asked
        ]
    exact = registry.objectives.get(objective.kind).needs_logits
    if exact and objective.alpha < 1 and file.kind != "logits" and _has_one_label(recipe, data):
        problems.append(
            Problem(
                f"objective '{objective.kind}' needs logits, and {file.path.name} holds "
                f"{file.holds}; use kl"
            )
        )
    if problems:
        raise TeacherError(f"{recipe.name} with the file of outputs {file.path}", *problems)


def check_answers(recipe: Recipe, data: StudyData) -> None:
    """Reads a teacher that is a file to its end, and asks it what a study is going to ask.

    Args:
        recipe: any; where its teacher is a model, nothing is read.
        data: what recipes read.

    Raises:
        KdzooError: the data cannot be read, the file holds mistakes, or it lacks a text.
    """
    if recipe.teacher.outputs is None:
        return
    for seed in recipe.seeds:
        corpus = data.corpus(recipe.data, seed)
        teacher = data.outputs(recipe.teacher, corpus)
        if recipe.objective.alpha < 1:
            texts = data.transfer_set(recipe, corpus, seed).examples
            teacher.label(texts, data.progress, torch.device("cpu"))


def _has_one_label(recipe: Recipe, data: StudyData) -> bool:
    return data.corpus(recipe.data, recipe.seeds[0]).task == SINGLE_LABEL
