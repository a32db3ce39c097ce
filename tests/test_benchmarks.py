"""The benchmarks run from beginning to end; what they measure is not judged here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_results import one_student
from tiny_tokens import save_tokens, token_recipe_data
from tiny_world import WriteRecipe, tiny_recipe_data

from kdzoo import extensions, registry
from kdzoo.api import run
from kdzoo.data import Corpus, Example
from kdzoo.errors import StoreError
from kdzoo.progress import Silent
from kdzoo.results import Store, TrainingSummary
from kdzoo.teacher import cache_contents

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
RESULTS = BENCHMARKS.parent / "results"
Load = Callable[[str], ModuleType]
QUICK = {"rounds": 2, "texts": 3, "isolated": False}
STAND_IN = """
from kdzoo.registry import register_runtime
from kdzoo.runtime.onnx import OnnxClassifier


@register_runtime("stand_in", title="Stand-in")
def load(folder, threads=None):
    return OnnxClassifier(folder, threads)
"""


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
            "teacher.lower_layers=[1]",
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


def test_studies_are_told_with_their_models_and_hours(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = one_student(tmp_path / "small", seeds=2).finish()
    took = TrainingSummary(
        steps=1, best_step=1, seconds=1800.0, texts=1, augmented=0, augmented_wanted=0
    )
    for key in ("s" * 16, "1" + "s" * 15, "c" * 16):
        record = store.read(key).model_copy(update={"training": took})
        store.write(store.finished(key), record)
    script = load("studies")
    monkeypatch.setattr(script, "RESULTS", tmp_path)

    script.main()

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "| small" in line]
    assert [cell.strip() for cell in line.split("|")][2:5] == ["2", "3", "1.5"]


class TestOverview:
    def test_says_what_the_published_tables_say(self, load: Load) -> None:
        script = load("overview")

        assert (script.RESULTS / script.OVERVIEW).read_text("utf-8") == script.overview()

    def test_names_the_most_accurate_of_the_students_that_are_fast_enough(
        self, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the form that is named, the fastest of equal ones: all of a line is of one form.

        A study whose students are all slow, or of several teachers, has no line.
        """
        head = (
            "role,model,runtime,accuracy_mean,hard_labels_accuracy_mean,noise,size_bytes,"
            "times_faster_than_fastest_teacher,model_minus_teacher,model_minus_teacher_low,"
            "model_minus_teacher_high,model_verdict,effect,as_decided_accuracy_mean"
        )
        teacher, other = (f"teacher,{name},onnx-int8,0.9,,,9000000,,,,,,,0.95" for name in "ab")
        slower = "teacher,a,onnx,0.9,,,9000000,0.4,,,,,,0.95"
        slow = "student,slow,onnx,0.89,0.8,0.01,5000000,4.9,-0.01,-0.02,0.01,equal,none,0.9"
        fast = [
            "student,good,torch,0.85,0.8,0.01,4000000,2.0,-0.05,-0.07,-0.03,worse,gain,0.93",
            "student,good,onnx,0.85,0.8,0.5,4000000,6.0,,,,,,0.93",
            "student,good,onnx-int8,0.8499,,0.01,1000000,9.0,,,,,,0.92",
            "student,fine,torch,0.84,0.8,0.01,4000000,2.0,-0.06,-0.07,-0.03,worse,gain,0.9",
            "student,fine,onnx-int8,0.82,,0.01,1000000,95,,,,,,0.9",
            "student,fast,onnx,0.7,0.7,0.01,1000000,90,-0.2,-0.3,-0.1,worse,none,0.9",
        ]
        studies = {
            "some": [slower, teacher, slow, *fast],
            "slow": [teacher, slow],
            "several": [teacher, other, slow, *fast],
        }
        for name, rows in studies.items():
            store = one_student(tmp_path / name, seeds=1).finish()
            (store.root / "table.csv").write_text("\n".join([head, *rows]), "utf-8")
        script = load("overview")
        monkeypatch.setattr(script, "RESULTS", tmp_path)

        _, line = [line for line in script.overview().splitlines() if line.startswith("| ")]
        assert [cell.strip() for cell in line.strip("|").split("|")] == [
            "some", "accuracy", "90.0", "good, onnx-int8", "85.0", "80.0", "helps",
            "-5.0 (-7.0 to -3.0)", "worse", "92.0 (95.0)", "9", "onnx-int8", "1",
        ]  # fmt: skip


@pytest.mark.study
class TestScripts:
    def test_step(
        self,
        load: Load,
        tiny: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Three ratios for each student; profile and size with both vocabularies."""
        monkeypatch.setenv("COLUMNS", "120")  # a ratio stands in one line
        script = load("step")
        for name, value in {"ROUNDS": 2, "STEPS": 3, "PROFILED": 11}.items():
            monkeypatch.setattr(script, name, value)
        tiny["overrides"] = [*tiny["overrides"], "student.dim=32"]  # type: ignore[misc]
        script.main(**tiny)
        printed = capsys.readouterr().out

        assert len(ratios(printed)) == 6
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

    @pytest.mark.slow
    def test_whole(
        self,
        load: Load,
        write_recipe: WriteRecipe,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The seconds of both ways, and how many times one is as fast as the other."""
        monkeypatch.setenv("COLUMNS", "400")
        load("whole").main(recipe=str(write_recipe()), steps=2)
        *_, alone, chosen = cells(capsys.readouterr().out)

        assert (alone[0], chosen[0]) == ("one process, all cores", "as kdzoo chooses")
        assert float(chosen[2].split()[0]) == pytest.approx(
            float(alone[1]) / float(chosen[1]), abs=0.01
        )

    def test_word_pieces(
        self,
        load: Load,
        tiny_encoder: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Both readings of one teacher, and how they differ."""
        monkeypatch.setenv("COLUMNS", "400")
        data = save_tokens(tmp_path / "tokens")
        recipe = token_recipe_data(data, tiny_encoder)
        (tmp_path / "tokens.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
        load("word_pieces").main(recipe=str(tmp_path / "tokens.yaml"), work=tmp_path / "runs" / "a")
        *_, first, mean, _, compared = cells(capsys.readouterr().out)

        assert (first[0], mean[0]) == ("its first piece", "all its pieces, their mean")
        assert first[1:] == mean[1:], "the tiny tokenizer knows all words: they have one piece"
        difference, low, p_value, apart = (float(cell.split()[0]) for cell in compared)
        assert (difference, p_value, apart) == (0, 1, 0)
        assert low < 0, "a few texts, of which no one can say more"


class TestWordPieces:
    def test_a_word_has_the_mean_of_its_pieces(self, load: Load) -> None:
        """Special tokens and padding count for nothing; a word that was cut has zeros."""
        logits = np.arange(12, dtype=np.float32).reshape(6, 2) ** 2
        none = load("word_pieces").NO_WORD
        of_words = np.array([none, 0, 1, 1, none])

        found = load("word_pieces").by_mean(logits, of_words, 3)

        assert found.tolist() == [logits[1].tolist(), logits[2:4].mean(0).tolist(), [0, 0]]


class TestVerdicts:
    """The simulator, small: kdzoo keeps its promise, and is not silent."""

    @pytest.mark.parametrize("seeds", [2, 3])
    def test_are_seldom_false(self, load: Load, seeds: int) -> None:
        script = load("verdicts")
        found = script.tally(script.World(seeds, 500, (2.0,) * 3, effect=0), 250)

        assert (found.gains + found.losses).mean() < 0.05
        assert found.held.mean() > 0.93

    def test_tell_a_gain_of_five_points(self, load: Load) -> None:
        script = load("verdicts")
        found = script.tally(script.World(3, 2000, (1.0,) * 3, effect=5), 60)

        assert found.gains.mean() > 0.9
        assert found.losses.sum() == 0
        assert found.held.mean() > 0.9

    def test_of_one_seed_are_never_given(self, load: Load) -> None:
        script = load("verdicts")
        found = script.tally(script.World(1, 500, (2.0,) * 3, effect=5), 30)

        assert (found.gains + found.losses).sum() == 0

    def test_are_printed_for_the_whole_grid(
        self, load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "400")
        script = load("verdicts")
        monkeypatch.setattr(script, "TEXTS", (50,))
        script.main(studies=2)
        rows = cells(capsys.readouterr().out)

        wanted = len(script.SEEDS) * len(script.EFFECTS)
        assert sum(row[1] == "50" for row in rows) == wanted
        assert sum("luckier" in row[0] for row in rows) == 6
        assert sum("variants" in row[0] for row in rows) == 3


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """Returns the folder of one whose models are exported."""
    folder = tmp_path_factory.mktemp("study")
    recipe = tiny_recipe_data(tiny_data, tiny_encoder)
    recipe["measure"] = {"runtimes": ["torch", "onnx"], **QUICK}
    recipe["training"] = {"steps": 5}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return run(str(folder / "tiny.yaml"), out=folder / "runs" / "tiny").root


@pytest.mark.study
class TestOfAFinishedStudy:
    @pytest.fixture
    def options(
        self, study: Path, tiny_data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> dict[str, object]:
        """Returns what makes a benchmark quick; what it prints is wide enough for its tables."""
        monkeypatch.setenv("COLUMNS", "400")
        sets = {**QUICK, "runtimes": "[torch, onnx]"}
        overrides = [f"measure.{name}={value}" for name, value in sets.items()]
        return {
            "study": study,
            "data": str(tiny_data),
            "overrides": ["data.label=label", *overrides],
        }

    def test_deployed(
        self,
        load: Load,
        options: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Two ratios for each exported form: beside the parts alone, and in turn."""
        script = load("deployed")
        monkeypatch.setattr(script, "ROUNDS", 1)
        script.main(**options)
        printed = capsys.readouterr().out

        assert len(ratios(printed)) == 4
        assert len(re.findall(r"\| (?:teacher|tiny) +\| onnx ", printed)) == 2

    def test_int8(
        self,
        load: Load,
        options: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A line for each model and form, and a ratio in it; dynamic int8 is run one by one."""
        script = load("int8")
        monkeypatch.setattr(script, "ROUNDS", 1)
        own = {name: options[name] for name in ("study", "data", "overrides")}
        script.main(**own)
        printed = capsys.readouterr().out
        rows = [row for row in cells(printed) if row[0] in ("teacher", "tiny")]

        assert [row[1] for row in rows] == ["float32", "int8, dynamic", "int8, static"] * 2
        assert len(ratios(printed)) == len(rows)
        run = {row[1]: row[-1] for row in rows}
        assert run == {
            "float32": "in batches", "int8, dynamic": "one by one", "int8, static": "in batches",
        }  # fmt: skip
        assert all(row[3].startswith("0 of") for row in rows if row[1] == "float32")

    def test_repeat(
        self, load: Load, options: dict[str, object], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A line for each row of the study; the first session is the study's own."""
        load("repeat").main(**options)
        rows = cells(capsys.readouterr().out)

        assert [row[:2] for row in rows if row[0] in ("teacher", "tiny", "tf-idf + svm")] == [
            ["teacher", "pipeline"], ["teacher", "torch"], ["teacher", "onnx"], ["tiny", "torch"],
            ["tiny", "onnx"], ["tf-idf + svm", "sklearn"],
        ]  # fmt: skip
        (tiny,) = (row for row in rows if row[:2] == ["tiny", "onnx"])
        first, second, apart = map(float, tiny[-3:])
        assert apart == pytest.approx(100 * abs(second - first) / first, abs=0.1 + 1 / first)

    def test_rivals(
        self,
        load: Load,
        options: dict[str, object],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A stand-in copies a form of the study: its accuracy is that form's. It is made once."""
        runtimes = tmp_path / "stand_in.py"
        runtimes.write_text(STAND_IN, encoding="utf-8")
        (form,) = (options["study"] / "models").glob("tiny--*/onnx")  # type: ignore[operator]
        made: list[str] = []

        def make(encoder: str, corpus: Corpus, folder: Path) -> None:
            made.append(encoder)
            shutil.copytree(form, folder, dirs_exist_ok=True)

        script, makers = load("rivals"), load("rival_makers")
        monkeypatch.setattr(script, "RUNTIMES", runtimes)
        monkeypatch.setattr(script, "RIVALS", {"stand_in": makers.Rival(make)})
        for _ in range(2):
            script.main("clinc150/static", **options, work=tmp_path / "rivals")
        rows = {tuple(row[:2]): row for row in cells(capsys.readouterr().out)}

        assert {("teacher", "pipeline"), ("tiny", "onnx"), ("stand_in", "stand_in")} <= {*rows}
        assert rows["stand_in", "stand_in"][2] == rows["tiny", "onnx"][2]
        assert float(rows["teacher", "pipeline"][5]) == 1.0
        assert len(made) == 1

    def test_rivals_have_a_runtime_each(self, load: Load) -> None:
        """Loaded as an extension, which the processes that are measured load too."""
        script = load("rivals")
        extensions.load_extensions(script.RUNTIMES)

        assert {registry.runtimes.get(name).name for name in script.RIVALS} == {*script.RIVALS}

    @pytest.mark.parametrize(
        ("texts", "pair", "serving"),
        [
            (10, None, {"model2vec", "setfit", "fasttext"}),
            (40, None, {"model2vec", "fasttext"}),
            (10, "another", set()),
        ],
        ids=["few labels", "many", "pairs"],
    )
    def test_rivals_that_serve(
        self, load: Load, texts: int, pair: str | None, serving: set[str]
    ) -> None:
        """None of them reads pairs; SetFit is for few labels."""
        examples = tuple(Example(f"text {i}", pair, i % 2) for i in range(2 * texts))
        corpus = Corpus(("no", "yes"), examples, (), ())
        rivals = load("rival_makers").RIVALS

        assert {name for name, rival in rivals.items() if rival.serves(corpus)} == serving


def cells(printed: str) -> list[list[str]]:
    """Returns the cells of each line of the tables that a benchmark printed."""
    lines = [line for line in printed.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class TestTwice:
    def test_tells_what_differs_between_two_runs(
        self,
        load: Load,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """On a study that is published with kdzoo; in the copy a model is wrong in another way."""
        monkeypatch.setenv("COLUMNS", "400")
        one, other = RESULTS / "sick", tmp_path / "sick"
        shutil.copytree(one, other)
        (row,) = (each for each in Store(one).manifest().rows if each.name == "static")
        file = Store(other).finished(row.members[0].key) / "predictions.parquet"
        frame = pd.read_parquet(file)
        wrong = frame[(frame["split"] == "test") & (frame["prediction"] != frame["gold"])].index[0]
        frame.loc[wrong, "prediction"] = 3 - frame.loc[wrong, ["prediction", "gold"]].sum()
        frame.to_parquet(file)
        load("twice").main(one, other)
        rows = {row[0]: row for row in cells(capsys.readouterr().out)}

        assert rows["static"][4] == "2 of 3 models"
        others = {answers[4] for name, answers in rows.items() if name not in ("static", "model")}
        assert others == {"1 of 1 models", "3 of 3 models"}
        assert "static on hard labels" in rows

    def test_refuses_another_study(self, load: Load) -> None:
        with pytest.raises(StoreError, match="different studies"):
            load("twice").main(RESULTS / "sick", RESULTS / "quickstart")


class TestCascade:
    def test_keeps_its_promise_and_beats_chance(self, load: Load) -> None:
        """On a study that is published with kdzoo."""
        script = load("cascade")
        row = next(script._rows("sick", 0.02, splits=40))

        assert float(row["broken, %"]) <= 5
        assert float(row["p-value"]) > 0.05
        assert float(row["below the teacher, points"]) < float(row["as many at random, points"])

    @pytest.mark.parametrize(
        ("study", "is_alike"), [("sick", True), ("clinc150-few-mpnet", False)], ids=str
    )
    def test_says_what_is_lost_on_test_and_whether_that_is_like_validation(
        self, load: Load, study: str, is_alike: bool
    ) -> None:
        script = load("cascade")
        rows = list(script._on_test(script.RESULTS / study / "study.json"))

        assert rows
        for row in rows:
            assert 0 <= row["measurably"] <= row["more"] <= row["cascades"]
            assert (row["more"] > 0) == (float(row["most, %"]) > float(row["promised, %"]))
            assert (row["test is"] == "like validation") == is_alike
