"""The steps of a study: shown, or some of them made, for the queue of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.api.reading import folder_of, read_study
from kdzoo.arguments import as_annotated
from kdzoo.files import as_file_errors

if TYPE_CHECKING:
    from kdzoo.plan.estimate import PlannedStep
    from kdzoo.progress import Progress


@dataclass(frozen=True)
class MadeStep:
    """A step that was to be made.

    Attributes:
        name: as in the plan.
        failure: why it could not be made; empty where it was.
    """

    name: str
    failure: str = ""


@as_annotated
@as_file_errors()
def list_steps(
    target: str,
    only: str | None = None,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
    students: str | Path | None = None,
    out: str | Path | None = None,
    read_test: bool = True,
    track: Sequence[str] = (),
    workers: int | None = None,
    engine: str = "local",
    threads: int | None = None,
    label_parts: int = 1,
    progress: Progress | None = None,
) -> list[PlannedStep]:
    """Returns the steps of a study and what there is of them, as ``kdzoo run --plan`` does.

    Nothing is made; how it is to be made is checked as ``run`` would.

    Args:
        target: a recipe's name (``clinc150/bilstm``), a folder of recipes, or a recipe file.
        only: the steps to return, as in ``make_steps``; all by default.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        out: the study's folder; ``runs/<study>`` by default.
        read_test: whether the test split is to be read.
        track: experiment trackers that are to get a run per model.
        workers: processes that are to make the steps, as in ``run``.
        engine: ``local`` or ``ray``, as in ``run``.
        threads: that each step is to compute with, as in ``run``.
        label_parts: steps into which each labelling is divided, as in ``run``.
        progress: told what is read: this process's stderr by default.

    Raises:
        KdzooError: a mistake in recipe, data or teacher, or no such step.
    """
    from kdzoo.progress import quiet

    study, shown = read_study(target, overrides, seeds, data, students, progress)
    with quiet():
        from kdzoo.engines import Way
        from kdzoo.study import plan_study

        way = Way(
            read_test=read_test,
            track=track,
            workers=workers,
            engine=engine,
            threads=threads,
            label_parts=label_parts,
        )
        return plan_study(study, folder_of(study, out), only, way, shown)


@as_annotated
@as_file_errors()
def make_steps(
    target: str,
    only: str,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
    students: str | Path | None = None,
    out: str | Path | None = None,
    read_test: bool = True,
    track: Sequence[str] = (),
    workers: int | None = None,
    engine: str = "local",
    threads: int | None = None,
    label_parts: int = 1,
    progress: Progress | None = None,
) -> list[MadeStep]:
    """Makes some steps of a study, as ``kdzoo run --only`` does; reports nothing.

    Processes that are given the same steps share them: each makes what the others do not.

    Args:
        target: a recipe's name (``clinc150/bilstm``), a folder of recipes, or a recipe file.
        only: the steps, by name, number, range (``3-7``) or kind (``student``), or several of these
            with spaces in between.
        overrides: ``key.path=value`` each.
        seeds: instead of the recipes' own.
        data: a file or folder in place of the recipes' data source.
        students: a file or folder of students of your own.
        out: the study's folder; ``runs/<study>`` by default.
        read_test: whether the test split is read where a step reads the quality of a model.
        track: experiment trackers that get a run per model.
        workers: processes that make the steps side by side, as in ``run``.
        engine: ``local`` or ``ray``, as in ``run``.
        threads: that each step computes with, as in ``run``.
        label_parts: steps into which each labelling is divided, as in ``run``.
        progress: told what is being done: this process's stderr by default.

    Raises:
        KdzooError: a mistake in recipe, data or teacher, or steps of which others have to be made
            before.
    """
    from kdzoo.progress import quiet

    study, shown = read_study(target, overrides, seeds, data, students, progress)
    with quiet():
        from kdzoo.engines import Way
        from kdzoo.plan import Failed
        from kdzoo.study import make_steps as make

        way = Way(
            read_test=read_test,
            track=track,
            workers=workers,
            engine=engine,
            threads=threads,
            label_parts=label_parts,
        )
        results = make(study, folder_of(study, out), only, way, shown)
    return [
        MadeStep(name, result.reason if isinstance(result, Failed) else "")
        for name, result in results.items()
    ]
