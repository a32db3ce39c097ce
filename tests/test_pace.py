"""How long a study may still take: told where it is known, and then about right."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from kdzoo import console
from kdzoo.console import ConsoleProgress
from kdzoo.engines import pace, relay
from kdzoo.engines.pace import Pace
from kdzoo.plan import Plan, Step, plan_of
from kdzoo.recipe import Study, load_study

EVERY_S = 5.0  # between two looks
TOLD = re.compile(r"about (\d+) min of (.+) left")
ALONE = {"teacher": 100.0, "baseline": 5.0, "labels": 200.0, "quality": 4.0, "export": 30.0}
Costs = Callable[[Step], float]


def costs(study: Study, slow: str, times: float) -> Costs:
    """Returns what each step takes, in seconds: one architecture so many times the others."""
    kinds = {each.name: each.recipe.student.kind for each in study.variants}

    def of(step: Step) -> float:
        if step.kind not in ("student", "control"):
            return ALONE[step.kind]
        return 60.0 * (times if kinds[step.variant] == slow else 1.0)

    return of


def looks(
    plan: Plan, seconds: Costs, processes: int
) -> Iterator[tuple[float, Collection[Step], Collection[Step]]]:
    """Yields (time, running, waiting), now and then, of a study on so many processes."""
    now, running, waiting = 0.0, dict[Step, float](), list(plan.steps)
    while waiting or running:
        ended = [step for step, until in running.items() if until <= now]
        for step in ended:
            del running[step]
        there = {step.name for step in plan.steps} - {s.name for s in (*running, *waiting)}
        for step in list(waiting):
            if not there.issuperset(step.waits_for):
                continue
            room = 1 if any(each.is_wide for each in (step, *running)) else processes
            if len(running) >= room:
                break
            waiting.remove(step)
            running[step] = now + seconds(step)
        yield now, tuple(running), tuple(waiting)
        now += EVERY_S


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize(("slow", "times"), [("none", 1.0), ("bilstm", 3.0), ("static", 3.0)])
def test_what_is_told_is_about_right(slow: str, times: float, processes: int) -> None:
    """As far off, at first, as architectures differ; right when each has been trained once."""
    study = load_study("quickstart", seeds=[0, 1])
    plan, of = plan_of(study), Pace(study)
    told: list[tuple[str, float, float, bool]] = []
    ends = dict.fromkeys(pace.PHASES, 0.0)
    for now_s, running, waiting in looks(plan, costs(study, slow, times), processes):
        of.look(running, waiting, now_s)
        open_ = {step.name for step in (*running, *waiting)}
        for phase, kinds in pace.PHASES.items():
            if any(step.kind in kinds for step in (*running, *waiting)):
                ends[phase] = now_s + EVERY_S
        made = {s.variant for s in plan.steps if s.kind == "student" and s.name not in open_}
        found = TOLD.fullmatch(of.left(waiting))
        if found is not None:
            told.append((found[2], now_s, 60.0 * int(found[1]), made == set(of._students)))

    assert {phase for phase, *_ in told} == {*pace.PHASES}
    for phase, now_s, left_s, is_known in told:
        off = 1.35 * (1.0 if is_known else times * processes)
        true_s, alone_s = ends[phase] - now_s, 60.0 * times + 60.0  # the last ones, side by side
        assert true_s / off - alone_s <= left_s <= true_s * off + alone_s


def test_it_is_told_when_the_first_student_has_been_trained() -> None:
    study = load_study("quickstart", seeds=[0, 1])
    plan, of = plan_of(study), Pace(study)
    for now_s, running, waiting in looks(plan, costs(study, "none", 1.0), 2):
        of.look(running, waiting, now_s)
        open_ = {step.name for step in (*running, *waiting)}
        trained = [s for s in plan.steps if s.kind in pace.TRAINED and s.name not in open_]
        assert bool(of.left(waiting)) == bool(trained)
        if trained:
            return


@pytest.mark.parametrize("kind", ["student", "quality"])
def test_a_step_that_another_run_made_tells_nothing(kind: str) -> None:
    """It was asked for again, and then it was there: that took no time."""
    study = load_study("quickstart/cnn", seeds=[0, 1])
    of = Pace(study)
    steps = [step for step in plan_of(study).steps if step.kind == kind]
    of.look(steps[:1], steps[1:], 0.0)
    of.look([], steps, 1.0)
    of.look(steps[:1], steps[1:], 2.0)
    of.look(steps[1:2], steps[2:], 3.0)

    assert of.left(steps[2:]) == ""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_the_bar_of_a_study_says_what_is_known(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not what it would be if each step took as long as those before."""
    monkeypatch.setattr(console, "LOG_EVERY_S", 0.0)
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(relay, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    study = load_study("quickstart/cnn", seeds=[0, 1, 2, 3])
    steps = [step for step in plan_of(study).steps if step.kind == "student"]
    written = io.StringIO()
    shown = ConsoleProgress(Console(file=written, force_terminal=is_terminal, width=200))

    with ExitStack() as closing:
        show = relay.Show(relay.Relay(tmp_path, shown), Pace(study), closing)
        for ended in range(3):
            show.look(steps[ended : ended + 1], steps[ended + 1 :], ended)

    said = written.getvalue()
    assert "about 2 min of training left" in said
    assert "min left" not in said
    assert ":--" not in said  # of a bar that counts on what is done
