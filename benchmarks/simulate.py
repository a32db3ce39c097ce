"""How long a cluster takes, what limits it and what it costs: a simulation over kdzoo's own plan.

The steps and what each waits for are the plan's; how long they take is what the records of a study
say, drawn anew for each step from the steps of its kind. A machine takes the first that is ready.
Two things are shared by all and serve one after the other: the driver, which gives steps away, and
the store, through which texts, logits and models pass. What a machine's time goes into is counted:

    computing   the steps themselves
    driver      waiting until the driver gives a step away
    store       reading and writing, and waiting for others that do
    idle        no step is ready: the teacher is fitted, or the last steps are at work elsewhere

Two studies: a grid of a thousand students, and the labelling of a billion texts. Assumed: machines
are alike and none goes away; a process reads the whole transfer set once; what the options say.

Run:  python benchmarks/simulate.py results/clinc150 --price 0.04       half a minute
A run on two nodes can be held against it: --nodes 2 --students 8 --recipe RECIPE.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from setting import Publish, show

from kdzoo.plan import Plan, Step, plan_of
from kdzoo.recipe import Study, load_study
from kdzoo.results import RECORD, Record, read_as

SEED = 0
LIMITS = {"driver": "the driver", "store": "the store", "idle": "what waits for other steps"}
Seconds = dict[str, list[float]]  # that steps took, by kind; of students and controls by both


@dataclass(frozen=True)
class Costs:
    """What steps take that no record tells.

    Attributes:
        given_s: of the driver, for each step.
        store_bytes_s: that the store reads or writes.
        texts_s: that a machine labels.
        other_s: of a step whose kind has no record: reading quality, exporting, the baseline.
    """

    given_s: float
    store_bytes_s: float
    texts_s: float
    other_s: float


@dataclass(frozen=True)
class Load:
    """What the steps of a study take.

    Attributes:
        seconds: of each step, by name.
        set_bytes: of texts and logits, which each machine reads once.
        model_bytes: that a step writes.
    """

    seconds: Mapping[str, float]
    set_bytes: float
    model_bytes: float


@dataclass
class Course:
    """A study on so many machines of a core each, event by event.

    Attributes:
        steps: in the order of the plan.
        load: what they take.
        costs: of driver and store.
        nodes: how many machines there are.
        now_s: since the start; in the end, until the last step was made.
        spent_s: machines' time, by what it went into.
    """

    steps: Sequence[Step]
    load: Load
    costs: Costs
    nodes: int
    now_s: float = 0.0
    spent_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _driver_s: float = 0.0  # when it is free again
    _store_s: float = 0.0
    _have_read: set[int] = field(default_factory=set)  # machines that have the transfer set
    _events: list[tuple[float, str, int, str]] = field(default_factory=list)

    def run(self) -> Course:
        """Makes all steps, and counts what machines' time goes into."""
        names = {step.name for step in self.steps}
        left = {step.name: len(names.intersection(step.waits_for)) for step in self.steps}
        behind: dict[str, list[str]] = defaultdict(list)
        for step in self.steps:
            for name in step.waits_for:
                behind[name].append(step.name)
        ready = deque(name for name, count in left.items() if not count)
        free = list(range(self.nodes))
        while ready or self._events:
            while ready and free:
                self._give(free.pop(), ready.popleft())
            node, made = self._next()
            if made:
                free.append(node)
                for follower in behind[made]:
                    left[follower] -= 1
                    ready.extend([follower] * (not left[follower]))
        idle_s = self.nodes * self.now_s - sum(self.spent_s.values())
        self.spent_s["idle"] = max(0.0, idle_s)
        return self

    def _give(self, node: int, name: str) -> None:
        """Has the driver give a step to a machine, as soon as it comes to that."""
        self._driver_s = max(self._driver_s, self.now_s) + self.costs.given_s
        self.spent_s["driver"] += self._driver_s - self.now_s
        heapq.heappush(self._events, (self._driver_s, "given", node, name))

    def _use_store(self, node: int, name: str, then: str, size_bytes: float) -> None:
        """Has a machine read or write, as soon as the store comes to that."""
        self._store_s = max(self._store_s, self.now_s) + size_bytes / self.costs.store_bytes_s
        self.spent_s["store"] += self._store_s - self.now_s
        heapq.heappush(self._events, (self._store_s, then, node, name))

    def _next(self) -> tuple[int, str]:
        """Lets the next thing happen; returns its machine, and the step that it ends, if any."""
        self.now_s, what, node, name = heapq.heappop(self._events)
        if what == "given":
            self._use_store(node, name, "read", self.load.set_bytes * (node not in self._have_read))
            self._have_read.add(node)
        elif what == "read":
            self.spent_s["computing"] += self.load.seconds[name]
            computed_s = self.now_s + self.load.seconds[name]
            heapq.heappush(self._events, (computed_s, "computed", node, name))
        elif what == "computed":
            self._use_store(node, name, "written", self.load.model_bytes)
        else:
            return node, name
        return node, ""


def recorded(folders: Sequence[Path]) -> tuple[Seconds, list[Record]]:
    """Returns how long the trainings of studies took, and their records."""
    records = [read_as(p, Record) for f in folders for p in sorted(f.glob(f"models/*/{RECORD}"))]
    seconds: Seconds = defaultdict(list)
    for record in records:
        if record.training is not None:
            kind = "teacher" if record.role == "teacher" else f"{record.role} {record.kind}"
            seconds[kind].append(record.training.seconds)
    return seconds, records


def loaded(
    study: Study, plan: Plan, seconds: Seconds, costs: Costs, texts: int
) -> dict[str, float]:
    """Returns how long each step takes: one of those that its like took."""
    rng = random.Random(SEED)
    kinds = {variant.name: variant.recipe.student.kind for variant in study.variants}
    parts = sum(step.whole != step.name for step in plan.steps)

    def of(step: Step) -> float:
        if step.kind == "labels":
            is_whole = step.whole == step.name
            return 0.0 if is_whole and parts else texts / costs.texts_s / max(1, parts)
        kind = step.kind if step.kind == "teacher" else f"{step.kind} {kinds[step.variant]}"
        return rng.choice(seconds[kind]) if seconds.get(kind) else costs.other_s

    return {step.name: of(step) for step in plan.steps}


def row_of(course: Course, price: float) -> dict[str, object]:
    """Returns the row of a table: time, cost, where a machine's time went, what limits it."""
    whole_s = course.nodes * course.now_s
    shares = {
        name: course.spent_s[name] / whole_s for name in ("computing", "driver", "store", "idle")
    }
    limit = max(list(shares)[1:], key=shares.__getitem__)
    return {
        "machines": f"{course.nodes:,}",
        "hours": f"{course.now_s / 3600:.4g}",
        "cost": f"{whole_s / 3600 * price:,.2f}",
        **{name: f"{share:.0%}" for name, share in shares.items()},
        "limit": "the work" if shares["computing"] > 0.8 else LIMITS[limit],
    }


def chain_s(steps: Sequence[Step], load: Load) -> float:
    """Returns how long the longest chain of steps takes: no number of machines is quicker."""
    ended_s: dict[str, float] = {}
    for step in steps:
        begun_s = max((ended_s.get(name, 0.0) for name in step.waits_for), default=0.0)
        ended_s[step.name] = begun_s + load.seconds[step.name]
    return max(ended_s.values())


def grid(recipe: str, students: int) -> Study:
    """Returns a recipe with as many seeds as make so many students."""
    variants = len(load_study(recipe).variants)
    return load_study(recipe, seeds=range(-(-students // variants)))


def main(
    studies: Annotated[list[Path], typer.Argument(help="Studies whose records tell the times.")],
    price: Annotated[float, typer.Option(min=0, help="Of an hour of a core.")],
    recipe: Annotated[str, typer.Option(help="Whose plan it is.")] = "clinc150",
    students: Annotated[int, typer.Option(min=1, help="Of the grid.")] = 1000,
    texts: Annotated[float, typer.Option(min=1, help="To label.")] = 1e9,
    parts: Annotated[int, typer.Option(min=2, help="Of that labelling.")] = 10_000,
    nodes: Annotated[list[int] | None, typer.Option(min=1, help="Machines of a core each.")] = None,
    texts_s: Annotated[float, typer.Option(min=0.1, help="That a core labels in a second.")] = 300,
    text_bytes: Annotated[float, typer.Option(min=1, help="Of a text.")] = 50,
    store_mb_s: Annotated[float, typer.Option(min=0.1, help="That the store gives.")] = 500,
    given_ms: Annotated[float, typer.Option(min=0, help="Of the driver, for a step.")] = 5,
    other_s: Annotated[float, typer.Option(min=0, help="Of a step without a record.")] = 10,
    publish: Publish = False,
) -> None:
    """Simulate both studies on 1, 10, 100 and 1,000 machines, and print where the time goes."""
    seconds, records = recorded(studies)
    costs = Costs(given_ms / 1e3, store_mb_s * 1e6, texts_s, other_s)
    trained = [record for record in records if record.role == "student" and record.training]
    if not trained:
        raise typer.BadParameter("no record of a trained student in these folders")
    model_bytes = median(record.size.size_bytes for record in trained)
    labels = len(trained[0].data.labels)
    own = max(record.training.texts for record in trained if record.training)
    shown: dict[str, list[dict[str, object]]] = {}
    for title, count, study, divided in (
        (f"{students:,} students", own, grid(recipe, students), 1),
        (
            f"{texts:,.0f} texts in {parts:,} parts",
            int(texts),
            load_study(recipe, seeds=[0]),
            parts,
        ),
    ):
        plan = plan_of(study, divided)
        steps = plan.steps if divided == 1 else plan.chosen("teacher labels")
        set_bytes = count * (text_bytes + (2 * labels + 16) * (divided == 1))
        written = model_bytes if divided == 1 else texts / parts * (2 * labels + 16)
        load = Load(loaded(study, plan, seconds, costs, count), set_bytes, written)
        least_h = chain_s(steps, load) / 3600
        shown[f"{title}: {len(steps):,} steps, {least_h:.2f} hours on any number of machines"] = [
            row_of(Course(steps, load, costs, machines).run(), price)
            for machines in nodes or (1, 10, 100, 1000)
        ]
    show("simulate", shown, publish=publish)


if __name__ == "__main__":
    typer.run(main)
