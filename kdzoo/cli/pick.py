"""Choosing what to deploy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdzoo import api
from kdzoo.cli.app import (
    EscalateTo,
    MaxEscalated,
    MaxLoss,
    Students,
    app,
    err_console,
    out_console,
    say,
)
from kdzoo.cli.cascade import check_options, show_lines

if TYPE_CHECKING:
    from kdzoo.api.choosing import Picked
    from kdzoo.choosing.pick import Pick
    from kdzoo.report import Table, TableRow

AS_DECIDED = "as_decided_accuracy"  # the column of it
_NO_WEIGHTS = " (in the study's own folder: published results hold no weights)"


@app.command(
    epilog="""Examples:

`kdzoo pick runs/clinc150 --max-latency-ms 0.5 --max-size-mb 10 --min-accuracy 0.85`

`kdzoo pick results/clinc150 --max-memory-mb 150`

`kdzoo pick results/clinc150 --escalate-to teacher --max-loss 0.005`"""
)
def pick(
    folder: Annotated[
        Path, typer.Argument(help="Study folder, such as runs/clinc150 or results/clinc150.")
    ],
    max_latency_ms: Annotated[
        float | None,
        typer.Option(help="Maximum median latency of one text in ms, tokenisation included."),
    ] = None,
    max_size_mb: Annotated[
        float | None, typer.Option(help="Maximum size of the deployed files in MB.")
    ] = None,
    max_memory_mb: Annotated[
        float | None, typer.Option(help="Maximum peak memory of the process in MB.")
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(help="Minimum validation accuracy, as a share such as 0.85.")
    ] = None,
    escalate_to: EscalateTo = None,
    max_loss: MaxLoss = None,
    max_escalated: MaxEscalated = None,
    price_per_1000_texts: Annotated[
        float | None, typer.Option(help="Price of the model that is asked, in any currency.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Consider only this student for cascades.")
    ] = None,
    students: Students = None,
) -> None:
    """Choose what to deploy within your limits, by validation figures; test figures are shown too.

    Rows are chosen by the most probable label, without an out-of-scope threshold.
    With --escalate-to: choose below which confidence a student asks the teacher.
    Exit code 1 where nothing fits; the nearest is shown.
    """
    limits = {
        "--max-latency-ms": max_latency_ms,
        "--max-size-mb": max_size_mb,
        "--max-memory-mb": max_memory_mb,
        "--min-accuracy": min_accuracy,
    }
    own = {"--max-loss": max_loss, "--max-escalated": max_escalated, "--model": model}
    own |= {"--price-per-1000-texts": price_per_1000_texts}
    check_options(escalate_to, own, {**limits, "--students": students})
    if escalate_to is not None:
        from kdzoo.statistics.escalation import Wanted

        lines = api.pick_cascade(
            folder,
            escalate_to,
            max_loss=max_loss,
            max_escalated=max_escalated,
            price_per_1000_texts=price_per_1000_texts,
            model=model,
        )
        wanted, is_of_one = Wanted(max_loss, max_escalated), model is not None
        show_lines(lines, folder, escalate_to, wanted, price_per_1000_texts, is_of_one=is_of_one)
        return
    picked = api.pick(
        folder,
        max_latency_ms=max_latency_ms,
        max_size_mb=max_size_mb,
        max_memory_mb=max_memory_mb,
        min_accuracy=min_accuracy,
        students=students,
    )
    chosen = picked.chosen
    if chosen.best is None:
        _show_nearest(chosen, picked.tested)
        sys.exit(1)
    _show(chosen.front, picked.tested)
    _say_why(picked, chosen.best, folder)


def _show(rows: tuple[TableRow, ...], tested: Table) -> None:
    from kdzoo.console import table
    from kdzoo.report.columns.column import ShownIn
    from kdzoo.report.columns.costs import noise_note, sessions_of
    from kdzoo.report.columns.declared import cells, leading_column, shown
    from kdzoo.report.columns.numbers import NOTHING

    tests = {(row.name, row.runtime): row for row in tested.rows}
    # what the options limit in their order: latency first
    columns = sorted(shown(tested, ShownIn.PICK), key=lambda column: not column.is_of_time)
    leading, lines = leading_column(tested), []
    for row in rows:
        on_test = tests[row.name, row.runtime]
        accuracies = {
            "validation": leading.text(row, tested),
            "test": leading.text(on_test, tested) if tested.split == "test" else NOTHING,
        }
        accuracies |= {
            f"{tested.split}, {column.title}": column.text(on_test, tested)
            for column in columns
            if column.name == AS_DECIDED
        }
        texts = cells(row, tested, [each for each in columns if each.name != AS_DECIDED])
        lines.append({name: texts.pop(name) for name in ("model", "runtime")} | accuracies | texts)
    drawn = table(list(lines[0]), [list(line.values()) for line in lines])
    out_console.print(drawn, "")
    timed = [row.latency for row in rows if row.latency is not None]
    if noise := noise_note(timed):
        say(noise)
    if apart := sessions_of(timed):
        say(f"note: {apart}; kdzoo run --measure-again times all rows in one")


def _say_why(picked: Picked, best: TableRow, folder: Path) -> None:
    from kdzoo.choosing.command import holds_weights
    from kdzoo.registry import runtimes

    chosen = picked.chosen
    others = len(chosen.front) - 1
    among = f"the most accurate on validation of the {chosen.fitting} rows"
    if chosen.fitting == 1:
        among = "the only row"
    below = "the one below it is" if others == 1 else f"the {others} below it are"
    faster = f"; {below} faster and less accurate" if others else ""
    say(f"{best.name} in {best.runtime}: {among} within your limits{faster}.")
    where = "" if holds_weights(folder) else _NO_WEIGHTS
    if picked.command is None:
        say(f"it is deployed as it is: {picked.elsewhere}{where}")
    elif runtimes.get(best.runtime).is_exported:
        say(f"next: {picked.command}{where}")
    else:
        say(f"it is deployed as it was trained: {picked.command}{where}")


def _show_nearest(chosen: Pick, tested: Table) -> None:
    if chosen.nearest is None:
        say("no row was measured on validation and timed", err_console)
        return
    say("nothing fits; the nearest:", err_console)
    _show((chosen.nearest,), tested)
    name = f"{chosen.nearest.name} in {chosen.nearest.runtime}"
    say(f"{name} misses {' and '.join(chosen.missed)}", err_console)
