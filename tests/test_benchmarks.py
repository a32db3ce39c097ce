"""The benchmarks run from beginning to end; what they measure is not judged here."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from kdzoo.progress import Silent
from kdzoo.teacher.cache import cache_contents

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
Load = Callable[[str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a script of benchmarks/ as Python does when it is started: its folder comes first."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def script(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return script


@pytest.fixture
def tiny(tiny_data: Path, tiny_encoder: Path, tmp_path: Path) -> dict[str, object]:
    """Returns what makes the CLINC150 recipes tiny."""
    return {
        "data": str(tiny_data),
        "overrides": [
            "data.label=label",
            f"teacher.model={tiny_encoder}",
            "teacher.fine_tune.epochs=1",
            "student.vocabulary=whole",
        ],
        "work": tmp_path / "runs" / "benchmarks",
    }


def ratios(text: str) -> list[str]:
    """Returns the ratios with their quartiles that a benchmark printed."""
    return re.findall(r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)", text)


class TestTakeTurns:
    def test_visits_both_sides_in_each_round_and_drops_the_warm_up(self, load: Load) -> None:
        visits: list[str] = []

        def side(name: str, seconds: list[float]) -> Callable[[], float]:
            def visit() -> float:
                visits.append(name)
                return seconds[visits.count(name) - 1]

            return visit

        turns = load("rounds").take_turns(
            side("a", [9.0, 1.0, 2.0]), side("b", [9.0, 3.0, 4.0]), 2, "turns", Silent()
        )

        assert [set(visits[i : i + 2]) for i in (0, 2, 4)] == [{"a", "b"}] * 3
        assert (turns.ours, turns.theirs) == ((1.0, 2.0), (3.0, 4.0))

    def test_gives_the_median_of_the_rounds_ratios(self, load: Load) -> None:
        turns = load("rounds").Turns(ours=(1.0, 2.0, 4.0), theirs=(2.0, 2.0, 2.0))

        assert turns.ratio() == "1.00 (0.75 to 1.50)"
        assert turns.ratio(overhead=1.0).startswith("0.67")


class TestScripts:
    def test_step(
        self,
        load: Load,
        tiny: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A ratio for each student; profile and size with both vocabularies."""
        script = load("step")
        for name, value in {"ROUNDS": 2, "STEPS": 3, "PROFILED": 11}.items():
            monkeypatch.setattr(script, name, value)
        tiny["overrides"] = [*tiny["overrides"], "student.dim=32"]  # type: ignore[misc]
        script.main(**tiny)
        printed = capsys.readouterr().out

        assert len(ratios(printed)) == 2
        for name in ("bilstm", "cnn"):
            for vocabulary in ("occurring", "whole"):
                assert len(re.findall(rf"\| {name} +\| {vocabulary} ", printed)) == 2

    def test_labelling(
        self, load: Load, tiny: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A ratio, and nothing new in the user's cache."""
        tiny["overrides"] = [*tiny["overrides"], "teacher.batch_size=8"]  # type: ignore[misc]
        before = cache_contents()
        load("labelling").main(**tiny)

        assert len(ratios(capsys.readouterr().out)) == 1
        assert cache_contents() == before

    def test_distilling(
        self,
        load: Load,
        tiny: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A ratio for each student, and the accuracy that both ways come to."""
        script = load("distilling")
        for name, value in {
            "ROUNDS": 1,
            "STEPS": 2,
            "STUDENTS": {"distilbert": ["clinc150/distilbert"]},
        }.items():
            monkeypatch.setattr(script, name, value)
        tiny["overrides"] = [*tiny["overrides"], "student.layers=[0,1]"]  # type: ignore[misc]
        script.main(**tiny, train_steps=60)
        printed = capsys.readouterr().out

        assert len(ratios(printed)) == 1
        usual, own = re.findall(r"distilbert +\| +(\d\.\d+) +\| +(\d\.\d+) ", printed)[-1]
        assert abs(float(usual) - float(own)) < 0.25

    def test_transfer(
        self,
        load: Load,
        tiny: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A speed for each augmenter; speed and memory of each phase; a ratio to the bare pass."""
        script = load("transfer")
        for name, value in {"STEPS": 2, "SAMPLE": 64, "VISITS": 3}.items():
            monkeypatch.setattr(script, name, value)
        tiny["overrides"] = [*tiny["overrides"], "student.dim=32"]  # type: ignore[misc]
        before = cache_contents()
        script.main(**tiny, texts=600)
        printed = capsys.readouterr().out

        assert len(ratios(printed)) == 1
        for phase in ("augment", "label", "find the vocabulary", "train, 2 steps"):
            assert re.search(rf"\| {phase} +\| +[\d,]+ \|", printed)
        assert all(f"| {kind} " in printed for kind in script.AUGMENTERS)
        assert cache_contents() == before
