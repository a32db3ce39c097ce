"""Recipes of the zoo for a user's own data."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from kdzoo.data import Corpus, describe, load_corpus
from kdzoo.data.files import split_files
from kdzoo.data.stream import AS_NAMED
from kdzoo.errors import DataError, KdzooError, RecipeError, TeacherError
from kdzoo.files import check_writable, with_home, write_atomically
from kdzoo.model import PoolingKind
from kdzoo.proposals import Setting, proposed
from kdzoo.recipe import parse_scalar
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.schema import Data
from kdzoo.registry import students
from kdzoo.starters import chosen_starters, own_file, usual_starters
from kdzoo.steps import refuse_other_kind, refuse_other_task
from kdzoo.task import SINGLE_LABEL
from kdzoo.teacher import (
    LabelCures,
    Looked,
    columns_of,
    find_model,
    is_classifier,
    look_at,
    look_at_sentences,
    refuse_few,
    token_counts,
)

_CUTS = (64, 128, 256, 512)  # tokens that max_length is chosen from
_READ_WHOLE = 0.99  # of the texts, at least, if the teacher reads as far
# where a linear head over several layers was the better teacher: few texts a class, many classes
_FEW, _MANY = 15, 30
_CURES = LabelCures("--teacher-labels", "--fine-tune", is_option=True)


def write_recipes(
    data: Path,
    output: Path,
    *,
    text: str,
    text_pair: str | None = None,
    label: str,
    oos_label: str | None,
    teacher: str,
    label_separator: str | None = None,
    label_columns: Sequence[str] | None = None,
    csv: Csv = AS_NAMED,
    teacher_labels: str | None = None,
    fine_tune: bool = False,
    chosen: Sequence[str] | None = None,
) -> list[str]:
    """Writes a recipe per student into ``output`` and returns what to tell the user.

    Each is tried on the teacher first: an architecture that cannot be made of it is left out.

    Args:
        data: a file, or a folder with train, validation and test files.
        output: the folder for the recipes.
        text: column of the text.
        text_pair: column of the second text, of pairs.
        label: column of the label.
        oos_label: the label that means out of scope.
        teacher: folder or hub id.
        label_separator: what stands between several labels in one cell.
        label_columns: columns of 0 and 1, one for each label, in place of ``label``.
        csv: how a .csv or .tsv is written.
        teacher_labels: names of its outputs in their order, as a YAML list.
        fine_tune: whether a finished classifier is fitted to the data too.
        chosen: names of students, and a file of the user's own; those that a zoo begins with if
            None.

    Raises:
        DataError: the data cannot be learnt from, or the recipes are there already.
        FileError: ``output`` cannot be written.
        TeacherError: the teacher cannot be found, or is a classifier over other labels.
        ModelError: its files do not fit each other.
        RecipeError: ``teacher_labels`` is no list.
        RegistryError: a chosen student is not known, or needs more than a recipe of the zoo says.
    """
    starters = usual_starters() if chosen is None else chosen_starters(chosen)
    own = own_file(chosen or ())
    check_writable(output, "give -o a folder that you may write")
    section = data_section(data, text, text_pair, label, oos_label, csv)
    section |= _several(section, label_separator, label_columns)
    corpus = load_corpus(_validated(section))
    present = [entry.name for entry, _ in starters if (output / f"{entry.name}.yaml").exists()]
    if present:
        raise DataError(f"{output} holds {present[0]}.yaml already; give -o another folder")
    folder = find_model(teacher)
    finished = not fine_tune and is_classifier(folder)
    if finished:
        refuse_other_task(folder, corpus.task)
    looked = look_at(folder, _CUTS[-1], finished=finished, task=corpus.task)
    if finished:
        refuse_other_kind(folder, corpus)
    names = _names(teacher_labels, finished=finished)
    cut, length = _max_length(looked, corpus)
    head, why = ({}, None) if finished or fine_tune else _linear_head(looked, corpus, cut)
    teacher_section, note = _teacher_section(
        teacher, folder, corpus, names, head, finished=finished
    )
    teacher_section["max_length"] = cut
    setting = Setting(corpus, section, teacher_section, looked)
    recipes, notes = proposed(setting, starters)
    files = {
        output / f"{name}.yaml": _written(name, body, output, own) for name, body in recipes.items()
    }
    output.mkdir(parents=True, exist_ok=True)
    try:
        for path, content in files.items():
            write_atomically(path, content)
    except OSError:
        for path in files:
            path.unlink(missing_ok=True)  # the same command begins anew
        raise
    return [
        f"data: {describe(corpus)}",
        *[f"note: {remark}" for remark in corpus.notes],
        note,
        *([] if why is None else [f"note: no linear head, the usual one for such data: {why}"]),
        length,
        *[f"note: {remark}" for remark in notes],
        f"wrote {', '.join(map(str, files))}",
        f"next: {_run(output, own)}",
    ]


def data_section(
    data: Path,
    text: str,
    text_pair: str | None,
    label: str,
    oos_label: str | None,
    csv: Csv,
) -> dict[str, Any]:
    """Returns the data section, with a split rule for every split that the files lack."""
    if not data.exists():
        raise DataError(f"no such file or folder of data: {data}")
    section: dict[str, Any] = {"files": str(data.resolve()), "text": text, "label": label}
    if text_pair is not None:
        section["text_pair"] = text_pair
    if oos_label is not None:
        section["oos_label"] = oos_label
    if said := csv.model_dump(exclude_none=True):
        section["csv"] = said
    rules = {"validation": "0.15 of train", "test": "0.25 of train"}
    present = split_files(str(data))
    lacking = {split: rule for split, rule in rules.items() if split not in present}
    if lacking:
        section["split"] = lacking
    return section


def _several(
    section: dict[str, Any], separator: str | None, columns: Sequence[str] | None
) -> dict[str, Any]:
    """Returns what the data section says where several labels stand in cells, or in columns."""
    if separator is not None:
        return {"label_separator": separator}
    if columns is None:
        return {}
    del section["label"]
    return {"label_columns": list(columns)}


def _validated(section: dict[str, Any]) -> Data:
    """Returns the data section as recipes have it.

    Raises:
        DataError: the options contradict each other.
    """
    try:
        return Data(**section)
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise DataError(f"how the labels of {section['files']} are written: {what}") from None


def _names(written: str | None, *, finished: bool) -> list[str] | None:
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


def _teacher_section(
    teacher: str,
    folder: Path,
    corpus: Corpus,
    names: list[str] | None,
    head: dict[str, Any],
    *,
    finished: bool,
) -> tuple[dict[str, Any], str]:
    """Returns the teacher section: a finished classifier, a linear head, or fine-tuned here."""
    named = with_home(teacher)
    section: dict[str, Any] = {"model": str(named.resolve()) if named.is_dir() else teacher}
    if finished:
        columns_of(folder, corpus.labels, names, _CURES)
        if names is not None:
            section["labels"] = names
        return section, f"teacher: {teacher}, a finished classifier over these labels"
    if head:
        return section | head, (
            f"teacher: {teacher}, frozen, with a linear head over several layers: the better "
            f"teacher up to {_FEW} labels a class, or from {_MANY} classes on"
        )
    epochs = max(3, min(15, round(3000 / len(corpus.train))))
    section["fine_tune"] = {"epochs": epochs, "learning_rate": 3e-4, "batch_size": 32}
    return section, f"teacher: {teacher}, to be fine-tuned on this data ({epochs} epochs)"


def _linear_head(
    looked: Looked, corpus: Corpus, max_length: int
) -> tuple[dict[str, Any], str | None]:
    """Returns the fields of a linear head; none where it is not the better teacher.

    It is for single texts with one label, with few texts a class or many classes. It reads the
    first layer and the one in the middle too. An encoder that does not say how it pools is given
    the mean. Where such a head cannot be had, the second answer says why.
    """
    if corpus.task != SINGLE_LABEL or corpus.has_pairs:
        return {}, None
    counts = np.bincount(corpus.gold("train"), minlength=len(corpus.labels))  # [C]
    layers = getattr(looked.model.config, "num_hidden_layers", None)
    is_apt = np.median(counts) <= _FEW or len(counts) >= _MANY
    if not is_apt or not isinstance(layers, int):
        return {}, None
    lower = sorted({min(1, layers - 1), layers // 2})
    why: str | None = None
    poolings: tuple[PoolingKind | None, ...] = (None, "mean")  # its own, the usual one
    for pooling in poolings:
        try:
            refuse_few(corpus)
            look_at_sentences(looked.folder, pooling, max_length, lower)
        except KdzooError as error:  # it can be fine-tuned all the same
            why = why or str(error)
        else:
            said = {} if pooling is None else {"pooling": pooling}
            return {"head": "linear", **said, "lower_layers": lower}, None
    return {}, why


def _max_length(looked: Looked, corpus: Corpus) -> tuple[int, str]:
    """Returns at how many tokens texts are to be cut, and what to say of it."""
    counts = token_counts(looked.tokenizer, corpus.train)  # [N]
    wanted = int(np.quantile(counts, _READ_WHOLE, method="higher"))
    enough = next((cut for cut in _CUTS if cut >= wanted), _CUTS[-1])
    limit = min(max(enough, 128 if corpus.has_pairs else 0), looked.max_length)
    cut = float((counts > limit).mean())
    said = f"texts: {int(np.median(counts))} tokens in the middle, {counts.max()} at most"
    return limit, f"{said}; max_length {limit} cuts {cut:.1%} of them"


def _written(name: str, recipe: dict[str, Any], output: Path, own: str | None) -> str:
    """Returns a recipe as a YAML file."""
    written = yaml.safe_dump(
        recipe, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return (
        "# yaml-language-server: $schema=recipe.schema.json   (kdzoo schema > recipe.schema.json)\n"
        f"# {students.get(name).summary}\n"
        f"# Run:  {_run(output / f'{name}.yaml', own)}     ({_run(output, own)} runs the zoo)\n"
        f"{written}"
    )


def _run(path: Path, own: str | None) -> str:
    students = [] if own is None else ["--students", own]
    return shlex.join(["kdzoo", "run", str(path), *students])
