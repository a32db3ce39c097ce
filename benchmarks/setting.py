"""What the benchmarks share: a recipe's data, its teacher and its students, as kdzoo makes them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from tabulate import tabulate

from kdzoo.console import ConsoleProgress
from kdzoo.data import load_corpus
from kdzoo.measure import environment
from kdzoo.progress import Progress
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.steps import (
    SeedRun,
    StudentJob,
    StudyContext,
    StudyData,
    obtain_teacher,
    plan_jobs,
)
from kdzoo.teacher import Teacher
from kdzoo.training import make_accelerator

RESULTS = Path(__file__).parent / "results"

Data = Annotated[
    str | None, typer.Option(help="A folder in place of the recipes' data from the hub.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="As in `kdzoo run`: data.label=label.")
]
Work = Annotated[
    Path,
    typer.Option(help="Where the teacher is kept; one of a study beside it is taken over."),
]
Publish = Annotated[bool, typer.Option("--publish", help="Write the tables to benchmarks/results.")]
WORK = Path("runs/benchmarks")


@dataclass(frozen=True)
class Setting:
    """A recipe's first seed, its teacher ready."""

    run: SeedRun
    context: StudyContext

    @property
    def progress(self) -> Progress:
        """Who is told how far things are."""
        return self.context.progress

    @property
    def teacher(self) -> Teacher:
        """The teacher, a model and no file.

        Raises:
            typer.BadParameter: it is a file.
        """
        teacher = self.run.teacher.whole
        if not isinstance(teacher, Teacher):
            raise typer.BadParameter(
                f"the teacher of {self.run.variant.name} is a file; name a recipe with a model"
            )
        return teacher

    def job(self) -> StudentJob:
        """Returns the distilled student's job."""
        return plan_jobs(self.run, self.context.data)[0]


def open_setting(
    name: str, data: str | None, overrides: list[str] | None, work: Path, *own: str
) -> Setting:
    """Reads the recipe and its data and finds its teacher, or fine-tunes it.

    Args:
        name: of the recipe, as in ``kdzoo run``.
        data: a folder in place of the recipe's data.
        overrides: the user's, applied first.
        work: the store's folder.
        own: the benchmark's overrides.
    """
    study = load_study(name, overrides=[*(overrides or ()), *own], data=data)
    variant = study.variants[0]
    progress = ConsoleProgress(Console(stderr=True))
    context = StudyContext(Store(work), make_accelerator(), StudyData(progress))
    corpus, seed = load_corpus(variant.recipe.data), variant.recipe.seeds[0]
    teacher = obtain_teacher(variant.recipe, corpus, seed, context)
    return Setting(SeedRun(variant, seed, corpus, teacher), context)


@contextmanager
def empty_cache() -> Iterator[None]:
    """Puts an empty folder in the place of the cache of logits for a while."""
    before = os.environ.get("KDZOO_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KDZOO_CACHE"] = folder
        try:
            yield
        finally:
            del os.environ["KDZOO_CACHE"]
            if before is not None:
                os.environ["KDZOO_CACHE"] = before


def show(
    name: str, sections: Mapping[str, Sequence[Mapping[str, object]]], *, publish: bool
) -> None:
    """Prints each section's rows as a table; writes them to ``results/NAME.md`` if asked to."""
    machine = environment()
    lines = [f"{machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}", ""]
    for title, rows in sections.items():
        lines += [f"{title}:", "", tabulate(rows, headers="keys", tablefmt="pipe"), ""]
    text = "\n".join(lines)
    Console().print(text, markup=False, highlight=False)
    if publish:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(f"# {name}\n\n{text}", encoding="utf-8")
