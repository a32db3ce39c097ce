"""Choosing what to deploy: within the limits, by validation figures, with a reason and a way."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_world import RunCommand, WriteRecipe

import kdzoo
import kdzoo.cli.pick as command
from kdzoo import registry
from kdzoo.api.choosing import Picked
from kdzoo.choosing.choice import finished_teacher
from kdzoo.choosing.command import deploying
from kdzoo.choosing.pick import Pick, limits_of, pick
from kdzoo.measure import Memory
from kdzoo.report import Table, TableRow, make_table
from kdzoo.report.figures.latency import Latency
from kdzoo.report.figures.spread import Spread
from kdzoo.results import Store


def a_row(
    accuracy: float, p50_ms: float, size_mb: float = 1.0, memory_mb: float = 100.0, **more: Any
) -> TableRow:
    memory = Memory(imported_bytes=1, loaded_bytes=2, peak_bytes=int(memory_mb * 1e6))
    return TableRow(
        **{
            "name": f"{accuracy:g} at {p50_ms:g}",
            "role": "student",
            "kind": "tiny",
            "road": "change",
            "runtime": "onnx",
            "metrics": {"accuracy": Spread(accuracy, 0.01, 3)},
            "size_bytes": int(size_mb * 1e6),
            "latency": Latency(p50_ms, p50_ms, None, 1, "Some CPU", memory=memory),
            **more,
        }
    )


def a_table(rows: Sequence[TableRow]) -> Table:
    return Table("study", "validation", tuple(rows), "files:tiny", 4, 100, 0, 100, False)


ROWS = st.lists(
    st.tuples(st.sampled_from([0.7, 0.8, 0.85, 0.9]), st.sampled_from([0.1, 0.2, 0.5, 1.0, 9.0])),
    min_size=1,
    max_size=8,
)


class TestPick:
    def test_is_the_most_accurate_that_fits(self) -> None:
        rows = [a_row(0.9, 5.0), a_row(0.87, 0.5), a_row(0.84, 0.05), a_row(0.8, 0.4)]

        found = pick(a_table(rows), limits_of(latency_ms=1.0))

        assert found.best == rows[1]
        assert found.front == (rows[1], rows[2])
        assert found.fitting == 3

    @pytest.mark.parametrize(
        ("limits", "best"),
        [
            ({}, 0),
            ({"size_mb": 10.0}, 1),
            ({"memory_mb": 90.0}, 2),
            ({"latency_ms": 0.05, "accuracy": 0.84}, 2),  # a bound itself is allowed
        ],
    )
    def test_keeps_to_every_limit(self, limits: dict[str, float], best: int) -> None:
        rows = [a_row(0.9, 5.0, 90), a_row(0.87, 0.5, 10), a_row(0.84, 0.05, 3, 80)]

        assert pick(a_table(rows), limits_of(**limits)).best == rows[best]

    @given(ROWS, st.sampled_from([0.1, 0.2, 0.5, 1.0, 9.0]), st.sampled_from([0.7, 0.8, 0.9]))
    def test_is_beaten_by_no_other_that_fits(
        self, figures: list[tuple[float, float]], latency_ms: float, accuracy: float
    ) -> None:
        rows = [a_row(*each) for each in figures]
        fitting = [each for each in figures if each[1] <= latency_ms and each[0] >= accuracy]

        found = pick(a_table(rows), limits_of(latency_ms=latency_ms, accuracy=accuracy))

        assert found.fitting == len(fitting)
        assert (found.best is None) == (not fitting)
        front = {(r.metrics["accuracy"].mean, r.latency.p50_ms) for r in found.front if r.latency}
        assert front == {
            (a, ms)
            for a, ms in fitting
            if not any((b >= a and t <= ms and (b, t) != (a, ms)) for b, t in fitting)
        }
        if found.best is not None:
            assert found.best.metrics["accuracy"].mean == max(a for a, _ in fitting)

    def test_tells_the_nearest_and_what_it_lacks_where_none_fits(self) -> None:
        rows = [a_row(0.9, 5.0), a_row(0.84, 0.11)]

        found = pick(a_table(rows), limits_of(latency_ms=0.1, accuracy=0.85))

        assert found.best is None
        assert found.nearest == rows[1]
        assert found.missed == (
            "0.11 ms (wanted at most 0.1)",
            "0.84 accuracy (wanted at least 0.85)",
        )

    @pytest.mark.parametrize(
        ("limits", "told"),
        [
            ({"accuracy": 0.8981}, "0.898 accuracy (wanted at least 0.8981)"),
            ({"size_mb": 12.66}, "12.7 MB on disk (wanted at most 12.66)"),
            ({"size_mb": 12.7}, "12.7001 MB on disk (wanted at most 12.7)"),
        ],
        ids=str,
    )
    def test_tells_what_is_missed_by_little_in_figures_that_differ(
        self, limits: dict[str, float], told: str
    ) -> None:
        found = pick(a_table([a_row(0.89799, 1.0, size_mb=12.7001)]), limits_of(**limits))

        assert found.missed == (told,)

    def test_leaves_out_what_was_not_measured_or_answers_otherwise(self) -> None:
        rows = [
            a_row(0.99, 0.1, notes=("does not answer as in PyTorch",)),
            a_row(0.98, 0.1, latency=None),
            a_row(0.97, 0.1, metrics={}),
            a_row(0.8, 0.2),
        ]

        assert pick(a_table(rows), []).best == rows[3]
        assert pick(a_table(rows[:3]), []).nearest is None


class TestCommand:
    def test_chooses_and_says_what_to_run(
        self, kdzoo: RunCommand, finished_study: Path, tmp_path: Path
    ) -> None:
        """On validation; test stands beside it; the command it names works."""
        folder = Path(shutil.copytree(finished_study, tmp_path / "study"))

        outcome = kdzoo("pick", str(folder), "--max-latency-ms", "1000")

        assert outcome.code == 0, outcome.err
        best = max(
            (row for row in make_table(Store(folder), "validation").rows),
            key=lambda row: row.metrics["accuracy"].mean,
        )
        lines = outcome.out.splitlines()
        assert f"{best.metrics['accuracy'].mean * 100:.1f}" in lines[1]
        assert "the most accurate on validation of the" in outcome.out
        assert lines[0].split()[:4] == ["model", "runtime", "validation", "test"]

    def test_of_a_finished_teacher_deploys_what_was_measured(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        tiny_teacher: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It lies where the user has it; the study holds its exported forms, and no weights."""
        quick = {"rounds": 1, "texts": 1, "isolated": False, "runtimes": ["torch", "onnx"]}
        teacher = {"model": str(tiny_teacher), "fine_tune": None}
        recipe = write_recipe(teacher=teacher, training={"steps": 1}, measure=quick)
        assert kdzoo("run", recipe, "--out", "study").code == 0

        table = make_table(Store(Path("study")), "validation")
        for best in (row for row in table.rows if row.name == "teacher"):
            elsewhere = finished_teacher(Store(Path("study")), best.name)
            deploys = deploying(best, Path("study"), elsewhere, [])
            picked = Picked(Pick(best, (best,), 1), table, elsewhere, command=deploys)
            command._say_why(picked, best, Path("study"))
            (*_, line) = capsys.readouterr().out.splitlines()
            if best.runtime == "onnx":
                words = shlex.split(line.removeprefix("next: "))
                assert words[:5] == ["kdzoo", "export", "study", "--model", "teacher"]
                assert kdzoo(*words[1:]).code == 0
                (made,) = Path("study/models").glob("teacher*/onnx/model.onnx")
                assert Path("deployed/model.onnx").read_bytes() == made.read_bytes()
            else:
                assert line == f"it is deployed as it is: {tiny_teacher}"

    def test_shows_what_the_threshold_gives_on_test(self, kdzoo: RunCommand) -> None:
        """The figure to deploy by: on validation, where the threshold was fitted, it is higher."""
        study = Path(__file__).resolve().parent.parent / "results" / "clinc150"

        head, *lines = kdzoo("pick", study, "--max-latency-ms", "0.1").out.splitlines()

        (row,) = (
            row
            for row in make_table(Store(study), "test").rows
            if (row.name, row.runtime) == tuple(lines[0].split()[:2])
        )
        assert re.split(r"  +", head)[2:5] == ["validation", "test", "test, as decided"]
        decided = row.metrics["as_decided_accuracy"].mean
        assert re.split(r"  +", lines[0])[4].startswith(f"{decided * 100:.1f} ")

    @pytest.mark.parametrize(
        ("count", "fitting", "said"),
        [
            (1, 1, "the only row within your limits.\n"),
            (1, 3, "the most accurate on validation of the 3 rows within your limits.\n"),
            (2, 2, "the 2 rows within your limits; the one below it is faster and less accurate."),
            (3, 9, "the 9 rows within your limits; the 2 below it are faster and less accurate."),
        ],
    )
    def test_says_how_many_it_chose_from_in_sentences(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        count: int,
        fitting: int,
        said: str,
    ) -> None:
        rows = tuple(a_row(0.9 - number / 10, 1.0) for number in range(count))

        chosen = Pick(rows[0], rows, fitting)
        command._say_why(Picked(chosen, a_table(rows)), rows[0], tmp_path)

        assert said in capsys.readouterr().out

    def test_ends_with_one_where_nothing_fits(
        self, kdzoo: RunCommand, finished_study: Path
    ) -> None:
        outcome = kdzoo("pick", str(finished_study), "--max-latency-ms", "0.000001")

        assert outcome.code == 1
        assert "nothing fits; the nearest:" in outcome.err
        assert re.search(r"ms( NOISY)? \(wanted at most 1e-06\)", outcome.err)

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            (("--min-accuracy", "85"), "--min-accuracy 85: write a share, as in 0.85"),
            (("--max-size-mb", "0"), "a limit must be more than 0"),
            (("--max-latency-ms", "nan"), "a limit must be more than 0"),
            (("--min-accuracy", "nan"), "a limit must be more than 0"),
        ],
    )
    def test_refuses_what_cannot_be(
        self, kdzoo: RunCommand, finished_study: Path, option: tuple[str, str], said: str
    ) -> None:
        outcome = kdzoo("pick", str(finished_study), *option)

        assert outcome.code == 2
        assert said in outcome.err

    def test_refuses_a_folder_that_is_no_study(self, kdzoo: RunCommand, tmp_path: Path) -> None:
        outcome = kdzoo("pick", str(tmp_path))

        assert outcome.code == 2
        assert "no folder of results" in outcome.err

    def test_answers_on_published_results_with_a_command_that_can_be_copied(
        self, kdzoo: RunCommand
    ) -> None:
        folder = Path(__file__).parent.parent / "results" / "clinc150"

        outcome = kdzoo("pick", str(folder), "--max-latency-ms", "0.6", "--max-size-mb", "15")

        assert outcome.code == 0, outcome.err
        (line,) = [each for each in outcome.out.splitlines() if each.startswith("next: ")]
        command, _, where = line.removeprefix("next: ").partition(" (")
        words = shlex.split(command)
        assert "published results hold no weights" in where
        assert words[:2] == ["kdzoo", "export"]
        assert "--model" in words


def test_what_python_shows_of_a_choice_is_a_line_a_row() -> None:
    shown = repr(a_row(0.9, 0.1234)).splitlines()
    assert shown == [
        "TableRow(name='0.9 at 0.1234', runtime='onnx', accuracy=0.9000, p50_ms=0.1234)"
    ]
    unread = a_row(0.9, 0.1, metrics={}, latency=None)
    assert repr(unread) == "TableRow(name='0.9 at 0.1', runtime='onnx')"


def test_what_python_shows_of_a_pick_is_the_row_and_the_command_that_deploys_it(
    finished_study: Path,
) -> None:
    found = kdzoo.pick(finished_study, max_latency_ms=1000)
    assert repr(found) == f"Picked({found.chosen.best!r}, command={found.command!r})"
    assert str(found.command).startswith(("kdzoo export ", "kdzoo predict "))

    nothing = kdzoo.pick(finished_study, max_latency_ms=1e-9)
    assert nothing.command is None
    assert repr(nothing).startswith(f"Picked(None, nearest={nothing.chosen.nearest!r}, missed=")


def test_what_python_shows_of_a_table_names_its_rows() -> None:
    table = make_table(Store(Path(__file__).parent.parent / "results" / "quickstart"))
    first, *rows, _ = repr(table).splitlines()
    assert first == "Table(study='quickstart', split='test', rows=("
    assert [row.strip() for row in rows] == [f"{row!r}," for row in table.rows]


def test_which_students_are_kdzoos_own_is_seen_without_their_code() -> None:
    """Torch is slow to load, and a choice needs none of it."""
    code = (
        "import sys; from kdzoo.choosing.choice import is_of_a_users_file; "
        "from types import SimpleNamespace as Made; "
        "row = lambda kind: Made(name='a', role='student', kind=kind); "
        "store = lambda kind: Made(manifest=lambda: Made(rows=[row(kind)])); "
        "print([is_of_a_users_file(store(kind), 'a') for kind in sys.argv[1:]], "
        "'torch' in sys.modules)"
    )
    own = sorted(registry.students.entries())

    said = subprocess.run(
        [sys.executable, "-I", "-c", code, *own], capture_output=True, text=True, check=True
    )

    assert own
    assert said.stdout.strip() == f"{[False] * len(own)} False"
