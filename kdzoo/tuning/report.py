"""What a search says at its end: the trials, a picture, the recipe it found, an honest sentence."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from tabulate import tabulate

from kdzoo.files import write_atomically
from kdzoo.plain import escaped, one_line
from kdzoo.report.formats.spreadsheet import inert
from kdzoo.report.pictures.canvas import canvas, no_picture
from kdzoo.report.pictures.letters import legible
from kdzoo.statistics import in_points
from kdzoo.tuning.search import MeasuredBest, Trial, Tuned, own_values
from kdzoo.tuning.space import Source

_DROPPED = {"search"}  # of the recipe that was found
PICTURE = "trials"


def write_trials(tuned: Tuned) -> list[Path]:
    """Writes the trials as tables and a picture into the search's folder; returns the files."""
    rows = [_row(tuned, trial) for trial in tuned.trials]
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(map(inert, rows[0]))
    writer.writerows(map(_cell, row.values()) for row in rows)
    write_atomically(tuned.folder / "trials.csv", lines.getvalue())
    shown = [{escaped(key): escaped(str(value)) for key, value in row.items()} for row in rows]
    table = tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True)
    text = f"# {escaped(tuned.variant.name)}: trials\n\n{table}\n\n"
    write_atomically(tuned.folder / "trials.md", text + "\n\n".join(map(escaped, told(tuned))))
    written = [tuned.folder / "trials.csv", tuned.folder / "trials.md"]
    return [*written, *_draw(tuned, tuned.folder / PICTURE)]


def _row(tuned: Tuned, trial: Trial) -> dict[str, Any]:
    figures = trial.figures or ("",) * len(tuned.goals)
    named = {goal.title: _number(figure) for goal, figure in zip(tuned.goals, figures, strict=True)}
    values = {key: _number(value) for key, value in trial.values.items()}
    best = "best" if trial in tuned.best else trial.state
    measured = {}
    if tuned.measured is not None:
        latency_ms = tuned.measured.by_trial.get(trial.number)
        title = f"ms in {tuned.measured.runtime}, measured"
        measured = {title: "" if latency_ms is None else _number(latency_ms)}
    state = best if not trial.reason else "failed"
    return {"trial": trial.number, **values, **named, **measured, "": state}


def _cell(value: Any) -> str:
    """Returns a value as a table's cell: a number as it is, text as no spreadsheet runs it."""
    text = str(value)
    try:
        float(text)
    except ValueError:
        return inert(text)
    return text


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def told(tuned: Tuned) -> list[str]:
    """Returns in sentences what was found, how much better it is, and how far that can be trusted.

    Validation was chosen on: the best of many is lucky, which no figure of validation shows.
    """
    best = tuned.best[0]
    points = in_points(best.figures[0] - tuned.own[0])
    counts = {state: sum(trial.state == state for trial in tuned.trials)
              for state in ("finished", "pruned", "failed")}  # fmt: skip
    ended = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    sentences = [
        f"{len(tuned.trials)} trials ended: {ended}",
        f"the best has validation accuracy {best.figures[0] * 100:.1f} %, {points} points "
        f"beside the recipe as it stands ({tuned.own[0] * 100:.1f} %)",
        f"it was chosen on these {tuned.texts:,} validation texts among {counts['finished']} "
        "trials, so that part of the difference is luck: fresh seeds and the test texts, which no "
        "trial has read, say what it is worth",
    ]
    if not any(max(_gains(trial.figures, tuned.own)) > 0 for trial in tuned.best):
        sentences.append("no trial was better than the recipe as it stands: keep that one")
    if len(tuned.goals) > 1:
        others = ", ".join(goal.name for goal in tuned.goals[1:])
        sentences.insert(
            2,
            f"{len(tuned.best)} trials make up the front: none beats them in accuracy and "
            f"{others}; the recipe of -o is the most accurate of them",
        )
    if tuned.measured is not None:
        sentences.append(_said_of_latency(tuned.measured))
    if tuned.mattered:
        named = ", ".join(f"{key} {share * 100:.0f} %" for key, share in tuned.mattered.items())
        sentences.append(f"what mattered for accuracy (PED-ANOVA): {named}")
    return sentences


def _gains(figures: Sequence[float], own: Sequence[float]) -> list[float]:
    """Returns by how much a trial is better than the recipe in each goal; negative where worse.

    Args:
        figures: accuracy first, then costs.
        own: those of the recipe as it stands.
    """
    accuracy, *costs = (one - other for one, other in zip(figures, own, strict=True))
    return [accuracy, *(-cost for cost in costs)]


def _said_of_latency(found: MeasuredBest) -> str:
    """Tells what the best trials took, as far as they could be measured."""
    said = "latency was estimated from FLOPs and weights while trials ran"
    if not found.by_trial:
        return f"{said}; none of the best could be measured in {found.runtime}"
    own = "" if found.own_ms is None else f", the recipe as it stands {found.own_ms:.3g} ms"
    return (
        f"{said}; the best were measured alone in {found.runtime}, on validation texts: "
        f"{min(found.by_trial.values()):.3g} ms and more{own}"
    )


def _draw(tuned: Tuned, stem: Path) -> list[Path]:
    """Draws each finished trial's accuracy, and the best so far; with a second goal, the front."""
    finished = [trial for trial in tuned.trials if trial.figures]
    if not finished:
        return no_picture(stem)
    has_front = len(tuned.goals) > 1
    with canvas(stem, (7.5, 4.2), [tuned.variant.name]) as (axes, paths):
        accuracies = [trial.figures[0] * 100 for trial in finished]
        places = [trial.figures[1] if has_front else trial.number for trial in finished]
        axes.scatter(places, accuracies, color="#0072B2", s=24, label="a trial")
        if has_front:
            front = sorted((trial.figures[1], trial.figures[0] * 100) for trial in tuned.best)
            costs, shares = zip(*front, strict=True)  # in steps: no trial lies between two
            between = "-" if len(tuned.goals) == 2 else ""  # of three, this plane shows two
            axes.step(costs, shares, between, where="post", color="#009E73", marker="o",
                      label="the front" if between else "the best")  # fmt: skip
        else:
            so_far = [max(accuracies[: place + 1]) for place in range(len(accuracies))]
            axes.step(places, so_far, where="post", color="#009E73", label="the best so far")
        axes.axhline(
            tuned.own[0] * 100, color="#000000", linewidth=1, label="the recipe as it stands"
        )
        axes.set_xlabel(tuned.goals[1].title if has_front else "trial")
        axes.set_ylabel("validation accuracy, %")
        axes.set_title(legible(f"{tuned.variant.name}: trials"), loc="left")
        axes.legend(frameon=False)
    return paths


def write_best(tuned: Tuned, source: Source, output: Path) -> None:
    """Writes the recipe that was found, whole: all settings, those that were searched too."""
    best = tuned.best[0]
    recipe = source.variant(best.values).recipe
    dumped = recipe.model_dump(mode="json", exclude=_DROPPED, exclude_none=True)
    own = own_values(tuned)
    lines = [f"# Found by kdzoo tune, in {len(tuned.trials)} trials on validation."]
    for key, value in best.values.items():
        lines.append(one_line(f"# {key}: {_number(value)}, was {_number(own[key])}"))
    text = "\n".join(lines) + "\n" + yaml.safe_dump(dumped, sort_keys=False, allow_unicode=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, text)
