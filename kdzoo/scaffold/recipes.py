"""The story of ``kdzoo init``: data and teacher are looked at, recipes proposed and written."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kdzoo.data import describe
from kdzoo.entries import Starter, StudentEntry
from kdzoo.errors import DataError
from kdzoo.files import check_writable, write_atomically
from kdzoo.recipe import OWN_SCHEMA
from kdzoo.registry import students
from kdzoo.scaffold.data import OwnData, read_data
from kdzoo.scaffold.proposals import Setting, proposed
from kdzoo.scaffold.starters import chosen_starters, own_file, usual_starters
from kdzoo.scaffold.teacher import NamedTeacher, look_at_teacher
from kdzoo.scaffold.unlabelled import look_at_unlabelled

_MORE_TEXTS = (
    "no texts without labels: --unlabelled FILE has the teacher label them, which helps students "
    "most where the texts are like those to be classified"
)
_NO_ENCODER = (
    "note: --encoder NAME says what the classifier was fine-tuned from; without it hard-label "
    "controls start from the classifier too, so gains are understated"
)


def write_recipes(
    data: OwnData,
    teacher: NamedTeacher,
    output: Path,
    *,
    chosen: Sequence[str] | None = None,
    unlabelled: Path | None = None,
) -> list[str]:
    """Writes a recipe per student into ``output`` and returns what to tell the user.

    Each is tried on the teacher first: an architecture that cannot be made of it is left out.

    Args:
        data: what students learn from.
        teacher: whom they learn from.
        output: the folder for the recipes.
        chosen: names of students, and a file of the user's own; those that a zoo begins with if
            None.
        unlabelled: a file or folder of texts for the teacher to label.

    Raises:
        DataError: the data cannot be learnt from, or the recipes are there already.
        FileError: ``output`` cannot be written.
        TeacherError: the teacher cannot be found, or is a classifier over other labels.
        ModelError: its files do not fit each other.
        RecipeError: the names of its outputs are no list.
        RegistryError: a chosen student is not known, or needs more than a recipe of the zoo says.
    """
    starters = usual_starters() if chosen is None else chosen_starters(chosen)
    own = own_file(chosen or ())
    check_writable(output, "give -o a folder that you may write")
    section, corpus = read_data(data)
    _refuse_present(output, starters)
    seen = look_at_teacher(teacher, corpus)
    spare = None if unlabelled is None else look_at_unlabelled(unlabelled, data, corpus)
    setting = Setting(corpus, section, seen, spare)
    recipes, notes = proposed(setting, starters, are_named=chosen is not None)
    files = _write(recipes, output, own)
    return [
        *_found(setting, data.files),
        *[f"note: {remark}" for remark in notes],
        f"wrote {', '.join(map(str, files))}",
        f"next: {_run(output, own)}",
    ]


def _refuse_present(output: Path, starters: Sequence[tuple[StudentEntry, Starter]]) -> None:
    """Sees that no recipe is overwritten.

    Raises:
        DataError: a file of a recipe's name is there already.
    """
    present = [entry.name for entry, _ in starters if (output / f"{entry.name}.yaml").exists()]
    if present:
        raise DataError(f"{output} holds {present[0]}.yaml already; give -o another folder")


def _found(setting: Setting, files: Path) -> list[str]:
    """Returns what to tell the user of data and teacher."""
    corpus, teacher, spare = setting.corpus, setting.teacher, setting.unlabelled
    is_bare = teacher.is_finished and "encoder" not in teacher.section
    headless = f"note: no linear head, the usual one for such data: {teacher.headless}"
    return [
        f"data: {describe(corpus)}",
        *[f"note: {remark}" for remark in corpus.notes],
        teacher.said,
        *([] if teacher.looked.note is None else [f"note: {teacher.looked.note}"]),
        *([_NO_ENCODER] if is_bare else []),
        *(_perhaps_seen(setting.data, files) if teacher.is_finished else []),
        *([] if teacher.headless is None else [headless]),
        *teacher.reads,
        spare.said if spare else _MORE_TEXTS,
    ]


def _perhaps_seen(section: Mapping[str, Any], files: Path) -> list[str]:
    """Returns a warning where a finished teacher may have been trained on what it is tested on."""
    if "split" not in section:
        return []
    drawn = " and ".join(section["split"])
    return [
        f"note: from {files.name}, kdzoo draws {drawn}: if the teacher was trained on these texts, "
        "its figures are too good; --data FOLDER takes the files that were held out then"
    ]


def _write(recipes: Mapping[str, dict[str, Any]], output: Path, own: str | None) -> list[Path]:
    """Writes the recipes, all or none, and returns their files.

    Args:
        recipes: by the names of their students.
        output: the folder for them.
        own: a file of the user's own students.
    """
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
    return [*files]


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
