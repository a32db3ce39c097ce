"""Recipes of the zoo for data and a teacher that were looked at: what each student gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kdzoo.checks import rejection_problem, try_student_on
from kdzoo.data import Corpus
from kdzoo.entries import Starter, StudentEntry
from kdzoo.errors import ModelError, Problem
from kdzoo.recipe import option_fields, recipe_model
from kdzoo.recipe.measure import Reject
from kdzoo.recipe.schema import FINE_TUNED
from kdzoo.runtime import lacking
from kdzoo.scaffold.classes import FEW, MANY_CLASSES, texts_of_a_class
from kdzoo.scaffold.starters import rate_at
from kdzoo.scaffold.teacher import SeenTeacher
from kdzoo.scaffold.unlabelled import MOST_NEW, Found
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL
from kdzoo.text import SpecialTokens

_WIDEST = 384  # up to here a student's embeddings are as wide as its teacher's, beyond not
_RUNTIMES = ("torch", "onnx", "onnx-int8")  # those that are installed
_REJECT = {"max_false_rejections": 0.04}  # of the texts in scope
_ROWS = 60_000  # of a word table that is kept whole: more are hundreds of megabytes
_BUDGETS = {  # by approach, and by whether texts are pairs: epochs; steps, from, to
    ("compression", False): (6, 200, 2000),
    ("change", False): (15, 300, 4000),
    ("compression", True): (12, 200, 2000),
    ("change", True): (42, 300, 4000),
}
# Epochs are so many times as many there: a gain of points with ten texts of each of 150 intents,
# and with 4,000 texts of 28 emotions; none with two classes.
_LONGER_OF_MANY = 4
# New texts of each, and of all: the teacher has to label them. A new pair puts two texts together
# that nobody has paired, and teaches more than a mask does.
_COPIES, _MOST_COPIES = 4, 20
_COPIES_OF_PAIRS, _MOST_NEW_PAIRS = 10, 45_000
# where a text may have several: from the teacher alone students lost macro-F1 on GoEmotions
_ALPHA_OF_SEVERAL = 0.5
# Classes up to which words begin with what the fine-tuned teacher makes of them: a gain with two
# classes (sentiment) and three (entailment), a loss with ten and twenty (domains, intents).
_CLASSES_OF_WORDS = 5


@dataclass(frozen=True)
class Setting:
    """What the recipes share: data with their section, teacher, and other texts."""

    corpus: Corpus
    data: dict[str, Any]
    teacher: SeenTeacher
    unlabelled: Found | None = None

    @property
    def further(self) -> int:
        """How many texts without labels there are."""
        return 0 if self.unlabelled is None else self.unlabelled.texts


def proposed(
    setting: Setting, starters: Sequence[tuple[StudentEntry, Starter]], *, are_named: bool
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Returns the recipes that the teacher allows, and why others are left out.

    Args:
        setting: data and teacher.
        starters: the students, and what each begins with.
        are_named: whether the user named them, and so is told what would make them fit.

    Raises:
        ModelError: the teacher allows none of the students.
    """
    recipes: dict[str, dict[str, Any]] = {}
    reasons: dict[str, str] = {}
    for entry, starter in starters:
        if starter.instead_of in recipes:
            continue
        body = _body(entry, starter, setting)
        try:
            recipe = recipe_model().model_validate(body)
            if entry.tokenizer_of is None:
                teacher, task = setting.teacher, setting.corpus.task
                try_student_on(recipe, teacher.looked, teacher.origin, knows_head=True, task=task)
            recipes[entry.name] = body
            reasons.pop(str(starter.instead_of), None)
        except ModelError as error:
            reasons[entry.name] = str(error)
    if not recipes:
        raise ModelError(
            f"none of the students can be made of {setting.teacher.looked.folder}",
            *(Problem(why, name) for name, why in reasons.items()),
        )
    notes = [
        f"no recipe for {name}: {why if are_named else why.partition('; ')[0]}"
        for name, why in reasons.items()
    ]
    are_augmented = any("augment" in body.get("transfer", {}) for body in recipes.values())
    if are_augmented and not (setting.corpus.has_pairs or _has_mask(setting)):
        notes.append(
            "the teacher has no mask token: texts are augmented by n-grams, not by masking"
        )
    return recipes, notes


def _has_mask(setting: Setting) -> bool:
    return SpecialTokens.of(setting.teacher.looked.tokenizer).mask is not None


def _body(entry: StudentEntry, starter: Starter, setting: Setting) -> dict[str, Any]:
    """Returns a recipe as it is written."""
    student: dict[str, Any] = {"kind": entry.name}
    teacher = setting.teacher
    width = getattr(teacher.looked.model.config, "hidden_size", None)
    is_change = entry.road == "change"
    rate = starter.learning_rate if is_change else rate_at(width, starter.learning_rate)
    if starter.embeddings == "teacher":
        is_apt = len(setting.corpus.labels) <= _CLASSES_OF_WORDS
        is_fitted = "fine_tune" in teacher.section or "encoder" in teacher.section
        student["embeddings"] = FINE_TUNED if is_fitted and is_apt else "teacher"
        if width and width <= _WIDEST and "dim" in option_fields(entry):
            student["dim"] = width
        if len(teacher.looked.tokenizer) <= _ROWS:
            student["vocabulary"] = "whole"  # words that training never saw keep their vectors
    batches = math.ceil(_learnt_from(setting) / starter.batch_size)
    epochs, fewest, most = _BUDGETS[entry.road, setting.corpus.has_pairs]
    if len(setting.corpus.labels) >= MANY_CLASSES:
        epochs, fewest = epochs * _LONGER_OF_MANY, fewest * _LONGER_OF_MANY
    return {
        "version": 1,
        "name": entry.name,
        "seeds": [0, 1, 2],
        "data": setting.data,
        "teacher": teacher.section,
        **_transfer(setting, starter),
        "student": student,
        "objective": _objective(setting),
        "training": {
            "steps": max(fewest, min(most, epochs * batches)),
            "batch_size": starter.batch_size,
            "learning_rate": rate,
        },
        "measure": _measure(setting.corpus),
    }


def copies_of_each(texts: int, *, pairs: bool) -> int:
    """Returns how many new texts are made of each of so many; none where these are enough.

    Args:
        texts: those with labels.
        pairs: whether they are pairs, which are put together anew.
    """
    if pairs:
        return min(_COPIES_OF_PAIRS, _MOST_NEW_PAIRS // texts)
    return min(_COPIES, MOST_NEW // texts)


def _learnt_from(setting: Setting) -> float:
    """Returns how many labelled texts the budgets of epochs are for.

    As many new ones as would be made of them take no steps more; further ones do.
    """
    labelled = len(setting.corpus.train)
    usual = 1 + copies_of_each(labelled, pairs=setting.corpus.has_pairs)
    return max(labelled, (labelled + setting.further) / usual)


def _objective(setting: Setting) -> dict[str, Any]:
    """Returns the objective: the order of a teacher's answers where many texts have no label.

    With many classes, few labels and many other texts ``dist`` gained up to half a point on ``kl``;
    without such texts, or with many labels, nothing.
    """
    alpha = _ALPHA_OF_SEVERAL if setting.corpus.task == MULTI_LABEL else 0.0
    is_mostly_other = setting.further >= len(setting.corpus.train)
    kind = "dist" if is_mostly_other and _has_few_of_many(setting.corpus) else "kl"
    return {"kind": kind, "temperature": 1.0, "alpha": alpha}


def _transfer(setting: Setting, starter: Starter) -> dict[str, Any]:
    """Returns the section of other texts: made of the labelled ones, and the user's own."""
    copies = _copies_beside(setting)
    section: dict[str, Any] = {}
    if setting.unlabelled is not None:
        section["unlabelled"] = setting.unlabelled.section
    if copies > 0:
        section["augment"] = _augment(setting, starter, copies)
    return {"transfer": section} if section else {}


def _copies_beside(setting: Setting) -> int:
    """Returns how many new texts are made of each labelled one, beside the user's own.

    Texts of another domain take the place of what a student has to learn. With ten texts of each of
    150 intents, 60,000 of them alone cost a mean of words 18 to 25 points, and 5 with four new ones
    of each beside them; a BiLSTM lost 4 with four, and hardly anything with twenty. Beside texts of
    the same domain new ones cost nothing. With two classes other domains cost nothing, and new ones
    gained a point.
    """
    labelled = len(setting.corpus.train)
    usual = copies_of_each(labelled, pairs=setting.corpus.has_pairs)
    if setting.corpus.has_pairs or len(setting.corpus.labels) < MANY_CLASSES:
        return usual
    balanced = min(setting.further // (2 * labelled), _MOST_COPIES, MOST_NEW // labelled)
    return max(usual, balanced)


def _augment(setting: Setting, starter: Starter, copies: int) -> dict[str, Any]:
    if setting.corpus.has_pairs:
        return {"kind": "nearest", "copies": copies}
    if starter.reads_order and _has_few_of_many(setting.corpus):
        return {"kind": "ngram", "copies": copies}
    if _has_mask(setting):
        return {"kind": "mask", "copies": copies, "p_mask": 0.1}
    return {"kind": "ngram", "copies": copies, "p_ng": 0.5}


def _has_few_of_many(corpus: Corpus) -> bool:
    """Whether there are many classes, one a text, with few labelled texts of each.

    With ten texts of each of 25 and 150 intents and no others, n-grams gained one to three points
    on masks for students that read words in their order, and none for a mean of words.
    """
    is_of_many = corpus.task == SINGLE_LABEL and len(corpus.labels) >= MANY_CLASSES
    return is_of_many and texts_of_a_class(corpus) <= FEW


def _measure(corpus: Corpus) -> dict[str, Any]:
    """Returns how the models are measured: in what is installed, as their users would decide."""
    section: dict[str, Any] = {"runtimes": [name for name in _RUNTIMES if not lacking(name)]}
    if rejection_problem(Reject.model_validate(_REJECT), corpus) is None:
        section["reject"] = _REJECT
    return section
