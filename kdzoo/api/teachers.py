"""Teachers that are files, and the cache of their logits: label, texts, cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.arguments import as_annotated
from kdzoo.errors import DataError
from kdzoo.extensions import load_extensions
from kdzoo.files import as_file_errors, with_home
from kdzoo.progress import Silent, quiet

if TYPE_CHECKING:
    from kdzoo.progress import Progress
    from kdzoo.recipe import Study
    from kdzoo.recipe.csv import Csv
    from kdzoo.teacher.contents import Cached


@as_annotated
@as_file_errors()
@quiet()
def label(
    teacher: str,
    file: str | Path,
    output: str | Path,
    *,
    text: str = "text",
    text_pair: str | None = None,
    csv: Csv | None = None,
    max_length: int = 128,
    batch_size: int = 128,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> int:
    """Writes what a classifier says of each text, as ``kdzoo label`` does.

    Label, logits and probabilities, in the file's order. An interrupted labelling goes on where it
    was.

    Args:
        teacher: a finished classifier, kdzoo's own included: folder or hub id.
        file: the texts: .txt (one a line), .jsonl, .json, .csv, .tsv or .parquet.
        output: the .parquet to write.
        text: the column of the text.
        text_pair: the column of the second text, of pairs.
        csv: how the file is written, a .csv or .tsv that is not as usual.
        max_length: in tokens; longer texts are cut, as ``teacher.max_length`` does.
        batch_size: texts labelled at once.
        students: a file or folder of students of your own.
        progress: told what is being done; nobody by default.

    Returns:
        How many texts were labelled.

    Raises:
        KdzooError: the teacher is no finished classifier, the texts cannot be read, or ``output``
            cannot be written.
    """
    from kdzoo.recipe.csv import Csv
    from kdzoo.teacher import label_file
    from kdzoo.training import make_accelerator

    load_extensions(students)
    return label_file(
        teacher,
        with_home(file),
        with_home(output),
        column=text,
        column_pair=text_pair,
        csv=csv or Csv(),
        max_length=max_length,
        batch_size=batch_size,
        progress=progress or Silent(),
        device=make_accelerator().device,
    )


@dataclass(frozen=True)
class Cache:
    """The cache of teachers' logits.

    Attributes:
        folder: where it lies.
        models: what it holds of each.
    """

    folder: Path
    models: tuple[Cached, ...]


@as_annotated
@as_file_errors()
def cache(*, clear: bool = False) -> Cache:
    """Returns what is in the cache of logits and vectors, as ``kdzoo cache`` shows it.

    Args:
        clear: whether all of it is removed, as ``kdzoo cache clear`` does.

    Returns:
        Its folder; key, texts and bytes of each model, where it was cleared those that were
        there.
    """
    from kdzoo.teacher.contents import cache_contents, clear_cache
    from kdzoo.teacher.shards import KINDS, cache_root

    held = tuple(content for kind in KINDS for content in cache_contents(kind))
    found = Cache(cache_root(), held)
    if clear:
        clear_cache()
    return found


@as_annotated
@as_file_errors()
@quiet()
def texts(
    target: str,
    output: str | Path,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
    students: str | Path | None = None,
    evaluation: bool = False,
    progress: Progress | None = None,
) -> int:
    """Lists the texts that recipes want labelled, each once, as ``kdzoo texts`` does.

    What the recipe's ``teacher.outputs`` covers already is left out.

    Args:
        target: a recipe's name, a folder of recipes, or a recipe file.
        output: the .jsonl, .csv or .parquet to write.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        evaluation: whether validation and test texts are wanted too, for the teacher's own figures.
        progress: told what is read; nobody by default.

    Returns:
        How many texts were written.

    Raises:
        KdzooError: a mistake in recipe or data, or ``output`` cannot be written.
    """
    from kdzoo.data import check_output
    from kdzoo.recipe import load_study
    from kdzoo.steps import StudyData, write_wanted_texts

    file = with_home(output)
    check_output(file)
    load_extensions(students)
    study = load_study(target, overrides=overrides, seeds=seeds, data=data)
    _refuse_own_outputs(study, file)
    return write_wanted_texts(study, file, StudyData(progress or Silent()), evaluation=evaluation)


def _refuse_own_outputs(study: Study, file: Path) -> None:
    for recipe in (variant.recipe for variant in study.variants):
        outputs = recipe.teacher.outputs
        if outputs is not None and with_home(outputs).resolve() == file.resolve():
            raise DataError(f"{file} is the recipe's teacher.outputs; give -o another name")
