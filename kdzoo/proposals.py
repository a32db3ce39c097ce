"""Recipes of the zoo for data and a teacher that were looked at: what each student gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kdzoo.data import Corpus
from kdzoo.entries import Starter, StudentEntry
from kdzoo.errors import ModelError
from kdzoo.recipe import option_fields, recipe_model
from kdzoo.recipe.measure import Reject
from kdzoo.runtime import lacking
from kdzoo.steps import rejection_problem, try_student_on
from kdzoo.task import MULTI_LABEL
from kdzoo.teacher import Looked
from kdzoo.text import SpecialTokens

_WIDEST = 384  # up to here a student's embeddings are as wide as its teacher's, beyond not
_RUNTIMES = ("torch", "onnx", "onnx-int8")  # those that are installed
_REJECT = {"max_false_rejections": 0.04}  # of the texts in scope
_ROWS = 60_000  # of a word table that is kept whole: more are hundreds of megabytes
_BUDGETS = {"compression": (6, 200, 2000), "change": (15, 300, 4000)}  # epochs; steps, from, to
# where a text may have several: from the teacher alone students lost macro-F1 on GoEmotions
_ALPHA_OF_SEVERAL = 0.5


@dataclass(frozen=True)
class Setting:
    """What the recipes share: data, teacher, and what was found out about them."""

    corpus: Corpus
    data: dict[str, Any]
    teacher: dict[str, Any]
    looked: Looked


def proposed(
    setting: Setting, starters: Sequence[tuple[StudentEntry, Starter]]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Returns the recipes that the teacher allows, and why others are left out."""
    recipes: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for entry, starter in starters:
        if starter.instead_of in recipes:
            continue
        body = _body(entry, starter, setting)
        try:
            recipe = recipe_model().model_validate(body)
            if entry.tokenizer_of is None:
                looked, task = setting.looked, setting.corpus.task
                try_student_on(recipe, looked, looked, knows_head=True, task=task)
            recipes[entry.name] = body
            reasons.pop(str(starter.instead_of), None)
        except ModelError as error:
            reasons[entry.name] = str(error)
    if not recipes:
        raise ModelError(f"none of the students can be made of {setting.looked.folder}: {reasons}")
    notes = [f"no recipe for {name}: {why}" for name, why in reasons.items()]
    if not _has_mask(setting):
        notes.append(
            "the teacher has no mask token: texts are augmented by n-grams, not by masking"
        )
    return recipes, notes


def _has_mask(setting: Setting) -> bool:
    return SpecialTokens.of(setting.looked.tokenizer).mask is not None


def _body(entry: StudentEntry, starter: Starter, setting: Setting) -> dict[str, Any]:
    """Returns a recipe as it is written."""
    student: dict[str, Any] = {"kind": entry.name}
    if starter.embeddings == "teacher":
        student["embeddings"] = "teacher"
        width = getattr(setting.looked.model.config, "hidden_size", None)
        if width and width <= _WIDEST and "dim" in option_fields(entry):
            student["dim"] = width
        if len(setting.looked.tokenizer) <= _ROWS:
            student["vocabulary"] = "whole"  # words that training never saw keep their vectors
    batches = math.ceil(len(setting.corpus.train) / starter.batch_size)
    epochs, fewest, most = _BUDGETS[entry.road]
    alpha = _ALPHA_OF_SEVERAL if setting.corpus.task == MULTI_LABEL else 0.0
    augment = {"kind": "mask", "copies": 4, "p_mask": 0.1}
    if not _has_mask(setting):
        augment = {"kind": "ngram", "copies": 4, "p_ng": 0.5}
    return {
        "version": 1,
        "name": entry.name,
        "seeds": [0, 1, 2],
        "data": setting.data,
        "teacher": setting.teacher,
        "transfer": {"augment": augment},
        "student": student,
        "objective": {"kind": "kl", "temperature": 1.0, "alpha": alpha},
        "training": {
            "steps": max(fewest, min(most, epochs * batches)),
            "batch_size": starter.batch_size,
            "learning_rate": starter.learning_rate,
        },
        "measure": _measure(setting.corpus),
    }


def _measure(corpus: Corpus) -> dict[str, Any]:
    """Returns how the models are measured: in what is installed, as their users would decide."""
    section: dict[str, Any] = {"runtimes": [name for name in _RUNTIMES if not lacking(name)]}
    if rejection_problem(Reject.model_validate(_REJECT), corpus) is None:
        section["reject"] = _REJECT
    return section
