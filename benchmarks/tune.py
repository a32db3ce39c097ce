"""A search at a reduced budget, and what its best is worth: ranks, fresh seeds, the test texts.

For each recipe, three questions in turn, each answered by kdzoo's own commands:

* which settings does ``kdzoo tune`` find with few steps a trial?
* do few steps rank settings as many do? Some of the trials are trained with all steps, on the same
  seed; Spearman's correlation of their validation accuracies says it.
* is the best better than the recipe as it stands? Both are trained with all steps on seeds that no
  trial has seen, and the test texts are read once.

What is there already is not made again, so the same command goes on where it was stopped.

Run:  python benchmarks/tune.py --data FOLDER --set data.label=label          about an hour
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from scipy.stats import spearmanr
from setting import Data, Overrides, Publish, show

from kdzoo import api
from kdzoo.console import ConsoleProgress
from kdzoo.report.columns.numbers import spread_percent
from kdzoo.report.page.notebook import Results
from kdzoo.statistics import Effect, compare_recipes, in_points, of_distilling
from kdzoo.tuning.search import Trial, Tuned

FRESH = (10, 11, 12)  # seeds that no trial has seen
# a search needs no control, and a comparison on one seed's validation texts no timing
PLAIN = ("controls.hard_labels=false", "controls.baseline=false", "measure.runtimes=[torch]",
         "measure.rounds=1", "measure.isolated=false")  # fmt: skip
FOUND = "found"
VERDICTS = {
    Effect.GAIN: "what was found is better",
    Effect.LOSS: "what was found is worse",
    Effect.NONE: "not told apart",
}


@dataclass(frozen=True)
class Question:
    """A recipe and its two budgets.

    Attributes:
        recipe: its name.
        few: steps of a trial.
        many: steps with which settings are compared in the end.
        settings: trials that are trained with both, to see whether they rank alike.
        has_files: whether its data come from ``--data``.
        more: what else is set.
    """

    recipe: str
    few: int
    many: int
    settings: int = 8
    has_files: bool = False
    more: tuple[str, ...] = ()


QUESTIONS = (
    Question("quickstart/bilstm", 125, 500),
    Question("clinc150-few/bilstm", 80, 320, has_files=True, settings=0,
             more=("teacher.model=sentence-transformers/all-mpnet-base-v2", "teacher.head=linear",
                   "teacher.fine_tune=null")),
)  # fmt: skip


def main(
    data: Data = None,
    overrides: Overrides = None,
    work: Annotated[Path, typer.Option(help="Where searches and studies lie.")] = Path("runs"),
    trials: Annotated[int, typer.Option(help="Trials of each search.")] = 30,
    only: Annotated[str | None, typer.Option(help="The only recipe that is looked at.")] = None,
    publish: Publish = False,
) -> None:
    """Prints for each recipe what was found, whether few steps rank alike, and what it is worth."""
    sections: dict[str, list[dict[str, object]]] = {}
    for question in QUESTIONS:
        if only in (None, question.recipe):
            files = (data, overrides or ()) if question.has_files else (None, ())
            sections |= Asked(question, *files, work).answers(trials)
    show("tune", sections, publish=publish)


@dataclass(frozen=True)
class Asked:
    """A question, and where its answers come from.

    Attributes:
        question: the recipe and its budgets.
        data: a file or folder in place of its data source.
        overrides: the user's.
        work: the folder of searches and studies.
    """

    question: Question
    data: str | None
    overrides: Sequence[str]
    work: Path

    def answers(self, trials: int) -> dict[str, list[dict[str, object]]]:
        """Returns the tables of all three, by what stands above them."""
        tuned = self._tuned(trials)
        found = {**self._found(tuned), **self._worth(self._fresh(tuned))}
        return found | (self._ranks(tuned) if self.question.settings else {})

    def _said(self, steps: int) -> list[str]:
        return [*self.overrides, *self.question.more, *PLAIN, f"training.steps={steps}"]

    def _folder(self, noun: str) -> Path:
        return self.work / f"{noun}-{self.question.recipe.replace('/', '-')}"

    def _tuned(self, trials: int) -> Tuned:
        return api.tune(
            self.question.recipe,
            trials=trials,
            overrides=[*self._said(self.question.few), "training.evaluations=4"],
            data=self.data,
            out=self._folder("tune"),
            progress=ConsoleProgress(Console(stderr=True)),
        )

    def _run(
        self, noun: str, variants: dict[str, Any], seeds: Sequence[int], *, read_test: bool
    ) -> Results:
        """Trains the recipe as it stands, and beside it others, with all steps."""
        nested = {name: _sections(values) for name, values in variants.items()}
        own = [f"variants={json.dumps(nested)}", "training.evaluations=1"]
        return api.run(
            self.question.recipe,
            overrides=[*self._said(self.question.many), *own],
            seeds=seeds,
            data=self.data,
            out=self._folder(noun),
            read_test=read_test,
            workers=1,
            threads=1,
        )

    def _found(self, tuned: Tuned) -> dict[str, list[dict[str, object]]]:
        finished = sum(bool(trial.figures) for trial in tuned.trials)
        title = (
            f"{self.question.recipe}: {len(tuned.trials)} trials of {self.question.few} steps, "
            f"{finished} finished and the others pruned; the recipe as it stands has "
            f"{tuned.own[0] * 100:.1f} % on the {tuned.texts:,} validation texts, the best "
            f"{tuned.best[0].figures[0] * 100:.1f} %"
        )
        values = tuned.best[0].values
        return {title: [{"key": key, "found": f"{value:.4g}"} for key, value in values.items()]}

    def _fresh(self, tuned: Tuned) -> Results:
        return self._run("fresh", {FOUND: tuned.best[0].values}, FRESH, read_test=True)

    def _worth(self, fresh: Results) -> dict[str, list[dict[str, object]]]:
        """Compares what was found with the recipe as it stands, on the test texts."""
        report = fresh.report
        rows = {row.name: row for row in fresh.manifest().rows if row.role == "student"}
        (own,) = (name for name in rows if not name.endswith(FOUND))
        (found,) = (name for name in rows if name.endswith(FOUND))
        hits = {name: report.reader.of(row, "test").hits for name, row in rows.items()}
        (comparison,) = compare_recipes(hits, [(found, own)])
        told = VERDICTS[of_distilling(comparison, comparison.p_value).kind]
        title = (
            f"{self.question.recipe}: both with {self.question.many:,} steps on {len(FRESH)} fresh "
            f"seeds, test read once: {told} "
            f"({in_points(comparison.difference.value)} points; 95 % interval over texts and seeds "
            f"{in_points(comparison.difference.low or 0)} to "
            f"{in_points(comparison.difference.high or 0)}; p {comparison.p_value:.3f})"
        )
        lines: list[dict[str, object]] = []
        for row in report.table.rows:
            standing = row.finding.standing if row.finding and row.is_first else None
            if row.name in rows and row.quality is not None:
                lines.append({
                    "recipe": "found" if row.name == found else "default",
                    "test accuracy, %": spread_percent(row.quality),
                    "by seed": " ".join(f"{hit * 100:.1f}" for hit in hits[row.name].mean(1)),
                    "beside its teacher": standing.sentence if standing else "",
                })  # fmt: skip
        return {title: lines}

    def _ranks(self, tuned: Tuned) -> dict[str, list[dict[str, object]]]:
        """Trains some of the finished trials, evenly spread over their ranks, with all steps."""
        chosen = spread([trial for trial in tuned.trials if trial.figures], self.question.settings)
        variants = {f"t{trial.number}": trial.values for trial in chosen}
        seeds = tuned.variant.recipe.seeds[:1]
        store = self._run("ranks", variants, seeds, read_test=False)
        whole = {
            row.name.rpartition("/")[2]: store.read(row.members[0].key).quality["validation"]
            for row in store.manifest().rows
            if row.role == "student"
        }
        pairs = [(trial.figures[0], whole[f"t{trial.number}"]["accuracy"]) for trial in chosen]
        found = spearmanr([few for few, _ in pairs], [many for _, many in pairs])
        title = (
            f"{self.question.recipe}: {len(chosen)} of the finished trials with "
            f"{self.question.few} and with {self.question.many:,} steps, seed {seeds[0]}; "
            f"Spearman's rank correlation {found.statistic:.2f} (p {found.pvalue:.3f})"
        )
        (own,) = (name for name in whole if name not in variants)
        named = [("the recipe as it stands", (tuned.own[0], whole[own]["accuracy"]))]
        named += [(f"trial {trial.number}", pair)
                  for trial, pair in zip(chosen, pairs, strict=True)]  # fmt: skip
        lines: list[dict[str, object]] = [
            {
                "settings": name,
                f"validation accuracy, {self.question.few} steps": f"{few * 100:.1f}",
                f"validation accuracy, {self.question.many:,} steps": f"{many * 100:.1f}",
            }
            for name, (few, many) in named
        ]
        return {title: lines}


def _sections(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns values by dotted key as the sections of a recipe."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        found.setdefault(section, {})[name] = value
    return found


def spread(trials: Sequence[Trial], count: int) -> list[Trial]:
    """Returns so many of the trials, from the best to the worst, evenly spread over their ranks."""
    ranked = sorted(trials, key=lambda trial: -trial.figures[0])
    count = min(count, len(ranked))
    return [ranked[round(place * (len(ranked) - 1) / max(1, count - 1))] for place in range(count)]


if __name__ == "__main__":
    typer.run(main)
