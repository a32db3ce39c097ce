"""Recipes of the zoo for a user's own data."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import Any

import yaml

from kdzoo.data import Corpus, describe, load_corpus
from kdzoo.data.files import split_files
from kdzoo.data.stream import AS_NAMED
from kdzoo.errors import DataError, TeacherError
from kdzoo.files import check_writable
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.schema import Data
from kdzoo.results import write_atomically
from kdzoo.teacher import align, find_model

_WIDEST = 384  # up to here a student's embeddings are as wide as its teacher's, beyond not

_STUDENTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "distilbert": (
        "The teacher's own architecture, every other layer.",
        {"kind": "distilbert"},
        {"batch_size": 32, "learning_rate": 3e-4},
    ),
    "bilstm": (
        "A BiLSTM with a non-linear head, its embeddings from the teacher's encoder.",
        {"kind": "bilstm", "embeddings": "teacher"},
        {"batch_size": 64, "learning_rate": 2e-3},
    ),
    "cnn": (
        "A small CNN, its embeddings from the teacher's encoder.",
        {"kind": "cnn", "embeddings": "teacher"},
        {"batch_size": 64, "learning_rate": 2e-3},
    ),
}


def write_recipes(
    data: Path,
    output: Path,
    *,
    text: str,
    text_pair: str | None = None,
    label: str,
    oos_label: str | None,
    teacher: str,
    csv: Csv = AS_NAMED,
) -> list[str]:
    """Writes a recipe per student into ``output`` and returns what to tell the user.

    Raises:
        DataError: the data cannot be learnt from, or the recipes are there already.
        FileError: ``output`` cannot be written.
        TeacherError: the teacher cannot be found, or is a classifier over other labels.
    """
    check_writable(output, "give -o a folder that you may write")
    section = data_section(data, text, text_pair, label, oos_label, csv)
    corpus = load_corpus(Data(**section))
    present = [name for name in _STUDENTS if (output / f"{name}.yaml").exists()]
    if present:
        raise DataError(f"{output} holds {present[0]}.yaml already; choose another folder")
    folder = find_model(teacher)
    config = _model_config(folder)
    taught, note = _teacher_section(teacher, folder, config, corpus)
    width = config.get("hidden_size") or config.get("dim")
    recipes = {
        output / f"{name}.yaml": _recipe(name, section, taught, corpus, output, width)
        for name in _STUDENTS
    }
    output.mkdir(parents=True, exist_ok=True)
    try:
        for path, recipe in recipes.items():
            write_atomically(path, recipe)
    except OSError:
        for path in recipes:
            path.unlink(missing_ok=True)  # the same command begins anew
        raise
    return [
        f"data: {describe(corpus)}",
        *[f"note: {each}" for each in corpus.notes],
        note,
        f"wrote {', '.join(f'{output / name}.yaml' for name in _STUDENTS)}",
        f"next: {_run(output)}",
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


def _model_config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise TeacherError(f"{folder / 'config.json'} is damaged: {error}") from error
    return config


def _teacher_section(
    teacher: str, folder: Path, config: dict[str, Any], corpus: Corpus
) -> tuple[dict[str, Any], str]:
    """Returns the teacher section: fine-tuned here unless the model is a classifier already."""
    named = Path(teacher)
    section: dict[str, Any] = {
        "model": str(named.resolve()) if named.is_dir() else teacher,
        "max_length": 128 if corpus.has_pairs else 64,
    }
    architectures = config.get("architectures") or [""]
    if architectures[0].endswith("ForSequenceClassification"):
        names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}  # left out if default
        own = [names[str(i)] for i in range(len(names))]
        align(own, corpus.labels, folder.name)
        return section, f"teacher: {teacher}, a finished classifier over these labels"
    if not config.get("model_type"):
        raise TeacherError(f"{teacher}: config.json names no model_type")
    epochs = max(3, min(15, round(3000 / len(corpus.train))))
    section["fine_tune"] = {"epochs": epochs, "learning_rate": 3e-4, "batch_size": 32}
    return section, f"teacher: {teacher}, to be fine-tuned on this data ({epochs} epochs)"


def _recipe(
    name: str,
    data: dict[str, Any],
    teacher: dict[str, Any],
    corpus: Corpus,
    output: Path,
    width: int | None,
) -> str:
    about, student, training = _STUDENTS[name]
    if student.get("embeddings") == "teacher" and width and width <= _WIDEST:
        student = {**student, "dim": width}
    epochs = math.ceil(len(corpus.train) / training["batch_size"])
    steps = max(300, min(4000, 15 * epochs))
    if name == "distilbert":
        steps = max(200, min(2000, 6 * epochs))
    body = {
        "version": 1,
        "name": name,
        "seeds": [0, 1, 2],
        "data": data,
        "teacher": teacher,
        "transfer": {"augment": {"kind": "mask", "copies": 4, "p_mask": 0.1}},
        "student": student,
        "objective": {"kind": "kl", "temperature": 2.0, "alpha": 0.0},
        "training": {"steps": steps, **training},
    }
    written = yaml.safe_dump(
        body, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return (
        "# yaml-language-server: $schema=recipe.schema.json   (kdzoo schema > recipe.schema.json)\n"
        f"# {about}\n"
        f"# Run:  {_run(output / f'{name}.yaml')}     ({_run(output)} runs the zoo)\n"
        f"{written}"
    )


def _run(path: Path) -> str:
    return shlex.join(["kdzoo", "run", str(path)])
