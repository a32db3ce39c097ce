"""Recipes and what they can choose: init, list, show, check, new, schema."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.arguments import as_annotated
from kdzoo.errors import ModelError, RecipeError, did_you_mean
from kdzoo.extensions import load_extensions
from kdzoo.files import as_file_errors, check_readable, with_home, write_atomically
from kdzoo.progress import Silent, quiet

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.recipe.csv import Csv
    from kdzoo.task import TaskName

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"  # what is fine-tuned where no teacher is named


@as_annotated
@as_file_errors()
@quiet()
def init(
    data: str | Path,
    output: str | Path,
    *,
    text: str = "text",
    text_pair: str | None = None,
    label: str = "label",
    label_separator: str | None = None,
    label_columns: Sequence[str] | None = None,
    task: TaskName | None = None,
    oos_label: str | None = None,
    teacher: str = ENCODER,
    csv: Csv | None = None,
    teacher_labels: str | None = None,
    fine_tune: bool = False,
    students: Sequence[str] | None = None,
    unlabelled: str | Path | None = None,
    encoder: str | None = None,
) -> list[str]:
    """Writes recipes of the zoo for a user's own data, as ``kdzoo init`` does.

    Args:
        data: a file, or a folder with train, validation and test files.
        output: the folder for the recipes.
        text: the column of the text.
        text_pair: the column of the second text, of pairs.
        label: the column of the label; a list of names in it, of .jsonl and .parquet, is several.
        label_separator: what stands between several labels in one cell.
        label_columns: columns of 0 and 1, one for each label, in place of ``label``.
        task: ``single-label``, ``multi-label`` or ``token-classification``; by default what the
            cells show.
        oos_label: the label that means out of scope.
        teacher: a fine-tuned classifier or a pretrained encoder: folder or hub id.
        csv: how the files are written, .csv or .tsv that are not as usual.
        teacher_labels: the names of the teacher's outputs in their order, as ``[yes, no]``, for a
            classifier that names them otherwise than the data.
        fine_tune: whether the teacher is fitted to the data, even if it is a classifier.
        students: names of students, and a file or folder of students of your own, which stands for
            all of them; by default those that a zoo begins with.
        unlabelled: a file or folder of texts for the teacher to label: .txt with a text a line, or
            with the data's column of the text.
        encoder: what a finished classifier was fine-tuned from: folder or hub id. Controls start
            from it.

    Returns:
        What was found out of data and teacher, and which files were written: a sentence each.

    Raises:
        KdzooError: the data cannot be learnt from, the teacher cannot teach them, a student is not
            known, or ``output`` holds such recipes already.
    """
    from kdzoo.recipe.csv import Csv
    from kdzoo.scaffold import NamedTeacher, OwnData, write_recipes

    if label_separator is not None and label_columns is not None:
        raise RecipeError(
            "labels stand in one cell, or in columns of their own; remove --label-separator or "
            "--label-columns"
        )
    if label != "label" and label_columns is not None:
        raise RecipeError(
            "labels stand in one column, or in columns of their own; remove --label or "
            "--label-columns"
        )
    return write_recipes(
        OwnData(
            files=with_home(data),
            text=text,
            text_pair=text_pair,
            label=label,
            label_separator=label_separator,
            label_columns=None if label_columns is None else tuple(label_columns),
            task=task,
            oos_label=oos_label,
            csv=csv or Csv(),
        ),
        NamedTeacher(teacher, labels=teacher_labels, fine_tune=fine_tune, encoder=encoder),
        with_home(output),
        chosen=students,
        unlabelled=None if unlabelled is None else with_home(unlabelled),
    )


@as_annotated
@as_file_errors()
def list_choices(
    what: str | None = None, *, students: str | Path | None = None
) -> dict[str, list[dict[str, str]]]:
    """Returns what recipes can choose, with options and defaults, as ``kdzoo list`` does.

    Args:
        what: ``students``, ``objectives``, ``augmenters``, ``recipes`` or ``datasets``; all by
            default.
        students: a file or folder of students of your own.

    Returns:
        By section, a mapping of column titles to cells for each thing.

    Raises:
        KdzooError: there is no such section, or ``students`` cannot be loaded.
    """
    from kdzoo.listing import SECTIONS, listing

    load_extensions(students)
    if what is not None and what not in SECTIONS:
        raise RecipeError(f"nothing to list called '{what}'; {did_you_mean(what, SECTIONS)}")
    return {section: listing(section) for section in ([what] if what else SECTIONS)}


@as_annotated
@as_file_errors()
def show(target: str, *, students: str | Path | None = None) -> dict[str, str]:
    """Returns recipes as they stand in their files, or a model layer by layer: ``kdzoo show``.

    Args:
        target: a recipe's name, a folder of recipes, a recipe file, or a model's folder.
        students: the file or folder that brings a model's architecture, where kdzoo does not have
            it.

    Returns:
        The text of each recipe by its name; or the model's layers with shapes, parameters and
        FLOPs by its folder.

    Raises:
        KdzooError: there is no such recipe, or no whole model.
    """
    from kdzoo.architecture import is_model, layer_table
    from kdzoo.recipe import find_recipes

    folder = with_home(target)
    load_extensions(students)
    if is_model(folder):
        with quiet():
            return {target: layer_table(folder)}
    if (folder / "study.json").is_file():
        models = (model_folder.name for model_folder in sorted((folder / "models").glob("*")))
        raise ModelError(
            f"{target} is a study of several models; name the folder of one: "
            + ", ".join(str(Path(target) / "models" / name) for name in models)
        )
    found = find_recipes(target)[1]
    for path in found.values():
        check_readable(path)
    return {name: path.read_text(encoding="utf-8") for name, path in found.items()}


@as_annotated
@as_file_errors()
@quiet()
def check(
    target: str,
    *,
    overrides: Sequence[str] = (),
    data: str | None = None,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Checks recipes, reads their data and looks at their teachers, as ``kdzoo check`` does.

    Nothing is trained. A teacher on a hub that is out of reach is noted, and not looked at.

    Args:
        target: a recipe's name, a folder of recipes, or a recipe file.
        overrides: ``key.path=value`` each.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        progress: told what the data is, and what is to be known of it; nobody by default.

    Returns:
        The names of the recipes and variants, all of which can be run.

    Raises:
        KdzooError: a recipe cannot be followed with its teacher and its data.
    """
    from kdzoo.checks import check_study
    from kdzoo.recipe import load_study
    from kdzoo.steps import StudyData
    from kdzoo.tuning import check_searches

    load_extensions(students)
    study = load_study(target, overrides=overrides, data=data)
    read = StudyData(progress or Silent())
    check_study(study, read, with_teachers=False)
    check_searches(study, read, overrides, data)
    return [variant.name for variant in study.variants]


@as_annotated
@as_file_errors()
def new(recipe: str, file: str | Path) -> Path:
    """Copies a recipe out, to be edited, as ``kdzoo new`` does.

    Args:
        recipe: one that comes with kdzoo, as in ``clinc150/bilstm``.
        file: the file to write.

    Returns:
        The file.

    Raises:
        RecipeError: there is no such recipe, it is a folder of them, or the file is there already.
    """
    from kdzoo.recipe import OWN_SCHEMA, SHIPPED_SCHEMA, find_recipes

    target = with_home(file)
    paths = find_recipes(recipe)[1]
    if len(paths) > 1:
        names = ", ".join(f"{recipe}/{path.stem}" for path in paths.values())
        raise RecipeError(f"'{recipe}' is a folder of recipes; copy one of them: {names}")
    if target.exists():
        raise RecipeError(f"{file} is there already; choose another name")
    ((name, path),) = paths.items()
    text = path.read_text(encoding="utf-8").replace(f"{SHIPPED_SCHEMA}\n", f"{OWN_SCHEMA}\n", 1)
    command, own = re.escape(f"kdzoo run {name}"), f"kdzoo run {shlex.quote(str(file))}"
    text = re.sub(rf"(?m)(?<=:  ){command}(?=\s)", lambda _: own, text)  # in what it says of itself
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, text)
    return target


@as_annotated
@as_file_errors()
def schema(*, students: str | Path | None = None) -> dict[str, Any]:
    """Returns the JSON schema of recipes, for editors, as ``kdzoo schema`` does.

    Args:
        students: a file or folder of students of your own, whose options it then knows.

    Raises:
        RegistryError: ``students`` cannot be loaded.
    """
    from kdzoo.recipe import json_schema

    load_extensions(students)
    return json_schema()
