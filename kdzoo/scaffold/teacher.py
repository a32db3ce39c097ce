"""What ``kdzoo init`` writes of the teacher: finished, with a linear head, or to be fine-tuned."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo.amounts import percent
from kdzoo.data import Corpus
from kdzoo.errors import KdzooError, RecipeError, TeacherError
from kdzoo.files import with_home
from kdzoo.model import sentence_limit
from kdzoo.recipe import parse_scalar
from kdzoo.scaffold.classes import FEW, MANY_CLASSES, texts_of_a_class
from kdzoo.scaffold.starters import rate_at
from kdzoo.steps import refuse_other_kind, refuse_other_task
from kdzoo.task import Task
from kdzoo.teacher import (
    LabelCures,
    Looked,
    columns_of,
    find_model,
    is_classifier,
    look_at,
    look_at_sentences,
    reach_at,
    refuse_few,
    refuse_other_vocabulary,
    uncut,
)

_LARGE = 50_000  # texts, of which two epochs are enough
_RATE = 1.5e-4  # of fine-tuning, at a width of 384
_CUTS = (64, 128, 256, 512)  # tokens that max_length is chosen from
_READ_WHOLE = 0.99  # of the texts, at least, if the teacher reads as far
_CURES = LabelCures("--teacher-labels", "--fine-tune", is_option=True)


@dataclass(frozen=True)
class NamedTeacher:
    """A teacher as its user names it.

    Attributes:
        model: folder or hub id.
        labels: names of its outputs in their order, as a YAML list.
        fine_tune: whether a finished classifier is fitted to the data too.
        encoder: what a finished classifier was fine-tuned from: folder or hub id.
    """

    model: str
    labels: str | None = None
    fine_tune: bool = False
    encoder: str | None = None


@dataclass(frozen=True)
class SeenTeacher:
    """A teacher that was looked at, and can teach the data.

    Attributes:
        section: of the recipes.
        looked: the model.
        origin: what it was fine-tuned from; the model itself where no other is named.
        is_finished: whether it is a classifier as it is.
        said: what to tell the user of it.
        headless: why it has no linear head, the usual one for such data; None where it has one, or
            another kind is usual.
        reads: what to tell the user of how far it reads, a line each.
    """

    section: dict[str, Any]
    looked: Looked
    origin: Looked
    is_finished: bool
    said: str
    headless: str | None
    reads: tuple[str, ...]


def look_at_teacher(named: NamedTeacher, corpus: Corpus) -> SeenTeacher:
    """Returns a teacher once it is seen to be sound, and what recipes for the data say of it.

    Raises:
        TeacherError: it cannot be found, or is a classifier over other labels.
        ModelError: its files do not fit each other.
        RecipeError: the names of its outputs are no list.
    """
    folder = find_model(named.model)
    finished = not named.fine_tune and is_classifier(folder)
    if finished:
        refuse_other_task(folder, corpus)
    looked = look_at(folder, _CUTS[-1], finished=finished, task=corpus.task)
    if finished:
        refuse_other_kind(folder, corpus)
    names = _names_of(named.labels, finished=finished)
    is_told_how = finished or named.fine_tune
    head, headless = ({}, None) if is_told_how else _linear_head(looked, corpus)
    most = (sentence_limit(folder) if head else None) or looked.max_length
    limit, reads = _max_length(looked, corpus, min(most, looked.max_length))
    section, said = _section_of(named.model, looked, corpus, names, head, finished=finished)
    origin, encoder = _origin_of(named.encoder, looked, limit, corpus.task, finished=finished)
    section |= encoder | {"max_length": limit}
    return SeenTeacher(
        section=section,
        looked=looked,
        origin=origin,
        is_finished=finished,
        said=said,
        headless=headless,
        reads=reads,
    )


def _max_length(looked: Looked, corpus: Corpus, most: int) -> tuple[int, tuple[str, ...]]:
    """Returns at how many tokens texts are to be cut, the most or fewer, and what to say of it."""
    encoded = uncut(looked.tokenizer, corpus.train)
    counts = encoded.lengths  # [N]
    wanted = int(np.quantile(counts, _READ_WHOLE, method="higher"))
    enough = next((cut for cut in _CUTS if cut >= wanted), _CUTS[-1])
    limit = min(max(enough, 128 if corpus.has_pairs else 0), most)
    reach = reach_at(encoded, looked.tokenizer, corpus.train, limit)
    said = (
        f"texts: {int(np.median(counts))} tokens in the middle, {counts.max()} at most; "
        f"max_length {limit} cuts {percent(reach.cut / len(counts))} of them"
    )
    return limit, (said, *(f"note: {note}" for note in reach.notes_of_unread("training texts")))


def _names_of(written: str | None, *, finished: bool) -> list[str] | None:
    """Returns the names that the user gave the teacher's outputs."""
    if written is None:
        return None
    if not finished:
        raise TeacherError(
            "--teacher-labels names the outputs of a finished classifier, and this teacher is to "
            "be fine-tuned; remove --teacher-labels"
        )
    names = parse_scalar(written, ("teacher", "labels"))
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise RecipeError(
            f"--teacher-labels '{written}' is no list of names; write them in brackets, in the "
            "order of the teacher's outputs: --teacher-labels '[no, yes]', in quotes where a name "
            "means something else to YAML"
        )
    return names


def _origin_of(
    encoder: str | None, teacher: Looked, max_length: int, task: Task, *, finished: bool
) -> tuple[Looked, dict[str, str]]:
    """Returns what the teacher was fine-tuned from, and what its section says of it.

    Args:
        encoder: a folder or hub id that the user named.
        teacher: that stands for it where none is named.
        max_length: tokens of a text.
        task: what the data ask.
        finished: whether the teacher is a classifier as it is.

    Raises:
        TeacherError: it cannot be found or loaded, or is not what the teacher was fine-tuned from.
        ModelError: its files do not fit each other.
    """
    if encoder is None:
        return teacher, {}
    if not finished:
        raise TeacherError(
            "--encoder names what a finished classifier was fine-tuned from, and this teacher is "
            "to be fitted here; remove --encoder"
        )
    looked = look_at(find_model(encoder), max_length, finished=False, task=task)
    refuse_other_vocabulary(looked, teacher, "--encoder")
    return looked, {"encoder": _as_written(encoder)}


def _as_written(model: str) -> str:
    """Returns a model as recipes name it: a folder whole, as they may be run from elsewhere."""
    folder = with_home(model)
    return str(folder.resolve()) if folder.is_dir() else model


def _section_of(
    teacher: str,
    looked: Looked,
    corpus: Corpus,
    names: list[str] | None,
    head: dict[str, Any],
    *,
    finished: bool,
) -> tuple[dict[str, Any], str]:
    """Returns the teacher section: a finished classifier, a linear head, or fine-tuned here."""
    section: dict[str, Any] = {"model": _as_written(teacher)}
    if finished:
        columns_of(looked.folder, corpus.labels, names, _CURES)
        if names is not None:
            section["labels"] = names
        return section, f"teacher: {teacher}, a finished classifier over these labels"
    if head:
        mean = ", pooled by the mean, as its own pooling cannot be read" * ("pooling" in head)
        return section | head, (
            f"teacher: {teacher}, frozen{mean}, with a linear head over several layers: the better "
            f"teacher up to {FEW} labels a class, or from {MANY_CLASSES} classes on"
        )
    width = getattr(looked.model.config, "hidden_size", None)
    section["fine_tune"] = tuning = fine_tuning(len(corpus.train), width)
    return section, (
        f"teacher: {teacher}, to be fine-tuned on this data ({tuning['epochs']} epochs at a "
        f"learning rate of {tuning['learning_rate']:g}, which fits its width)"
    )


def fine_tuning(texts: int, width: int | None) -> dict[str, Any]:
    """Returns how an encoder is fitted to labelled texts.

    Args:
        texts: how many there are.
        width: of the encoder; None where it is not known.
    """
    return {
        "epochs": max(2 if texts > _LARGE else 3, min(15, round(25_000 / texts))),
        "learning_rate": rate_at(width, _RATE),
        "batch_size": 64 if texts > _LARGE else 32,
    }


def _linear_head(looked: Looked, corpus: Corpus) -> tuple[dict[str, Any], str | None]:
    """Returns the fields of a linear head; none where it is not the better teacher.

    It is for single texts with few labels a class or many classes. It reads the first layer and the
    one in the middle too. An encoder whose own pooling cannot be read is given the mean. Where such
    a head cannot be had, the second answer says why.
    """
    if corpus.task.by_word or corpus.has_pairs:
        return {}, None
    layers = getattr(looked.model.config, "num_hidden_layers", None)
    is_apt = texts_of_a_class(corpus) <= FEW or len(corpus.labels) >= MANY_CLASSES
    if not is_apt or not isinstance(layers, int):
        return {}, None
    lower = sorted({min(1, layers - 1), layers // 2})
    try:
        refuse_few(corpus)
        pooling = _pooling(looked.folder, looked.max_length, lower)
    except KdzooError as error:  # it can be fine-tuned all the same
        return {}, str(error)
    return {"head": "linear", **pooling, "lower_layers": lower}, None


def _pooling(folder: Path, max_length: int, lower: Sequence[int]) -> dict[str, str]:
    """Returns what a recipe says of an encoder's pooling: nothing where its own files do.

    Raises:
        KdzooError: it gives no sentence vectors, by the mean neither; why its own way fails.
    """
    try:
        look_at_sentences(folder, None, max_length, lower)
    except KdzooError:
        with suppress(KdzooError):
            look_at_sentences(folder, "mean", max_length, lower)
            return {"pooling": "mean"}
        raise
    return {}
