"""Recipes of the zoo for a user's own data."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from kdzoo.data import Corpus, describe, load_corpus
from kdzoo.data.files import split_files
from kdzoo.data.stream import AS_NAMED
from kdzoo.errors import DataError
from kdzoo.files import check_writable, write_atomically
from kdzoo.proposals import Setting, proposed
from kdzoo.recipe import OWN_SCHEMA
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.data import Data
from kdzoo.registry import students
from kdzoo.scaffold_teacher import linear_head, names_of, origin_of, section_of
from kdzoo.scaffold_unlabelled import look_at_unlabelled
from kdzoo.starters import chosen_starters, own_file, usual_starters
from kdzoo.steps import refuse_other_kind, refuse_other_task
from kdzoo.task import TaskName
from kdzoo.teacher import (
    Looked,
    find_model,
    is_classifier,
    look_at,
    token_counts,
)

_CUTS = (64, 128, 256, 512)  # tokens that max_length is chosen from
_MORE_TEXTS = (
    "no texts without labels: --unlabelled FILE has the teacher label them, which helps students "
    "most where the texts are like those to be classified"
)
_NO_ENCODER = (
    "note: --encoder NAME says what the classifier was fine-tuned from; without it hard-label "
    "controls start from the classifier too, so gains are understated"
)
_READ_WHOLE = 0.99  # of the texts, at least, if the teacher reads as far


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
    task: TaskName | None = None,
    csv: Csv = AS_NAMED,
    teacher_labels: str | None = None,
    fine_tune: bool = False,
    chosen: Sequence[str] | None = None,
    unlabelled: Path | None = None,
    encoder: str | None = None,
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
        task: what the data asks; None where its cells show it.
        csv: how a .csv or .tsv is written.
        teacher_labels: names of its outputs in their order, as a YAML list.
        fine_tune: whether a finished classifier is fitted to the data too.
        chosen: names of students, and a file of the user's own; those that a zoo begins with if
            None.
        unlabelled: a file or folder of texts for the teacher to label.
        encoder: what a finished classifier was fine-tuned from: folder or hub id.

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
    section |= {} if task is None else {"task": task}
    corpus = load_corpus(_validated(section))
    present = [entry.name for entry, _ in starters if (output / f"{entry.name}.yaml").exists()]
    if present:
        raise DataError(f"{output} holds {present[0]}.yaml already; give -o another folder")
    folder = find_model(teacher)
    finished = not fine_tune and is_classifier(folder)
    if finished:
        refuse_other_task(folder, corpus)
    looked = look_at(folder, _CUTS[-1], finished=finished, task=corpus.task)
    if finished:
        refuse_other_kind(folder, corpus)
    names = names_of(teacher_labels, finished=finished)
    cut, length = _max_length(looked, corpus)
    head, why = ({}, None) if finished or fine_tune else linear_head(looked, corpus, cut)
    width = getattr(looked.model.config, "hidden_size", None)
    teacher_section, note = section_of(
        teacher, folder, corpus, names, head, width, finished=finished
    )
    origin, named = origin_of(encoder, looked, cut, corpus.task, finished=finished)
    teacher_section |= named | {"max_length": cut}
    spare = None
    if unlabelled is not None:
        spare = look_at_unlabelled(unlabelled, corpus, text, text_pair, csv)
    setting = Setting(corpus, section, teacher_section, looked, origin, spare)
    recipes, notes = proposed(setting, starters, are_named=chosen is not None)
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
        *([_NO_ENCODER] if finished and encoder is None else []),
        *_perhaps_seen(section, data, finished=finished),
        *([] if why is None else [f"note: no linear head, the usual one for such data: {why}"]),
        length,
        spare.said if spare else _MORE_TEXTS,
        *[f"note: {remark}" for remark in notes],
        f"wrote {', '.join(map(str, files))}",
        f"next: {_run(output, own)}",
    ]


def _perhaps_seen(section: Mapping[str, Any], data: Path, *, finished: bool) -> list[str]:
    """Returns a warning where a finished teacher may have been trained on what it is tested on."""
    if not finished or "split" not in section:
        return []
    drawn = " and ".join(section["split"])
    return [
        f"note: from {data.name}, kdzoo draws {drawn}: if the teacher was trained on these texts, "
        "its figures are too good; --data FOLDER takes the files that were held out then"
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
        f"{OWN_SCHEMA}\n"
        f"# {students.get(name).summary}\n"
        f"# Run:  {_run(output / f'{name}.yaml', own)}     ({_run(output, own)} runs the zoo)\n"
        f"{written}"
    )


def _run(path: Path, own: str | None) -> str:
    students = [] if own is None else ["--students", own]
    return shlex.join(["kdzoo", "run", str(path), *students])
