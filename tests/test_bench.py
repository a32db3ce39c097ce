"""``kdzoo bench``: any classifiers side by side on texts of one's own, whoever made them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_world import LABELS, CommandResult, RunCommand

import kdzoo as package
from kdzoo.bench import BENCH, FORMS, Bench
from kdzoo.bench.forms import _folder
from kdzoo.bench.models import Model, names_apart
from kdzoo.errors import ModelError
from kdzoo.results import Store
from kdzoo.runtime.onnx import OnnxClassifier

QUICKLY = ("--rounds", "2", "--per-visit", "3", "--cold-starts", "1", "--no-isolation")
RUNTIMES = ("torch", "onnx", "onnx-int8")


@dataclass(frozen=True)
class Folders:
    """Classifiers of every kind.

    Attributes:
        foreign: one that transformers saved, and kdzoo never saw.
        student: of a study.
        exported: the student again, deployed.
        baseline: of the same study.
        texts: with labels.
    """

    foreign: Path
    student: Path
    exported: Path
    baseline: Path
    texts: Path

    @property
    def models(self) -> tuple[Path, ...]:
        """All of them, the foreign one first."""
        return self.foreign, self.student, self.exported, self.baseline

    @property
    def named(self) -> dict[Path, str]:
        """What they are called: those of a study without their hash."""
        return dict(zip(self.models, names_apart([*map(str, self.models)]), strict=True))


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory,
    finished_study: Path,
    tiny_teacher: Path,
    tiny_data: Path,
) -> Folders:
    root = tmp_path_factory.mktemp("models")
    store = Store(finished_study)
    keys = {row.role: row.members[0].key for row in store.manifest().rows}
    student = store.finished(keys["student"])
    package.export(str(student), root / "deployed", runtime="onnx")
    baseline = store.finished(keys["baseline"])
    return Folders(tiny_teacher, student, root / "deployed", baseline, tiny_data / "test.jsonl")


@dataclass(frozen=True)
class Finished:
    """A run of the command, and where its files lie."""

    outcome: CommandResult
    folder: Path

    @property
    def bench(self) -> Bench:
        return Bench.model_validate_json((self.folder / BENCH).read_text(encoding="utf-8"))

    @property
    def lines(self) -> dict[tuple[str, str], dict[str, str]]:
        """Of the CSV, by model and runtime."""
        with (self.folder / "table.csv").open(encoding="utf-8", newline="") as file:
            return {(line["model"], line["runtime"]): line for line in csv.DictReader(file)}


@pytest.fixture
def bench(kdzoo: RunCommand, folders: Folders) -> RunCommand:
    """``kdzoo bench MODEL...`` on the texts, quickly."""

    def command(*arguments: str) -> CommandResult:
        return kdzoo("bench", *arguments, "--texts", folders.texts, *QUICKLY)

    return command


@pytest.fixture
def all_kinds(
    bench: RunCommand,
    folders: Folders,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    shared_bench: dict[str, Finished],
) -> Finished:
    """Every kind of model in every runtime, with labels; measured once for all tests."""
    if not shared_bench:
        outcome = bench(*folders.models, "--labels", "label", "--runtimes", ",".join(RUNTIMES))
        folder = tmp_path_factory.mktemp("bench")  # stays after the test that asked first
        shutil.copytree(tmp_path / "bench", folder, dirs_exist_ok=True)
        shared_bench["all kinds"] = Finished(outcome, folder)
    return shared_bench["all kinds"]


@pytest.fixture(scope="module")
def shared_bench() -> dict[str, Finished]:
    return {}


@pytest.mark.study
class TestSideBySide:
    def test_every_model_stands_in_every_form_that_it_has(
        self, all_kinds: Finished, folders: Folders
    ) -> None:
        """A trained model in each runtime; an exported one and a baseline as they are."""
        assert all_kinds.outcome.code == 0, all_kinds.outcome.err
        assert set(all_kinds.lines) == {
            *((folders.named[folders.foreign], runtime) for runtime in RUNTIMES),
            *((folders.named[folders.student], runtime) for runtime in RUNTIMES),
            (folders.named[folders.exported], "onnx"),
            (folders.named[folders.baseline], "sklearn"),
        }
        assert not any(line["notes"] for line in all_kinds.lines.values())

    def test_is_shown_and_written(self, all_kinds: Finished) -> None:
        named = {path.name for path in all_kinds.folder.iterdir()}

        assert named == {
            "table.md", "table.csv", "table.tex",
            BENCH, FORMS,
            *(f"accuracy_vs_{cost}.{suffix}" for cost in ("latency", "size")
              for suffix in ("png", "svg", "pdf")),
        }  # fmt: skip
        for name in named:
            assert f"bench/{name}" in all_kinds.outcome.out
        for name, runtime in all_kinds.lines:
            table = (all_kinds.folder / "table.md").read_text(encoding="utf-8")
            assert runtime in all_kinds.outcome.out
            assert name.replace("_", "\\_") in table

    def test_the_first_model_is_what_others_are_compared_with(
        self, all_kinds: Finished, folders: Folders
    ) -> None:
        """In the same runtime; and its fastest form with its others."""
        faster = {row for row, line in all_kinds.lines.items() if line["times_faster"]}

        assert faster == {
            *((folders.named[folders.student], runtime) for runtime in RUNTIMES),
            (folders.named[folders.exported], "onnx"),
        }
        fastest = all_kinds.lines[folders.named[folders.baseline], "sklearn"]
        assert float(fastest["times_faster_than_fastest_teacher"]) > 0

    def test_quality_is_that_of_what_the_model_predicts(
        self, all_kinds: Finished, folders: Folders
    ) -> None:
        lines = folders.texts.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        texts, gold = [row["text"] for row in rows], [row["label"] for row in rows]
        for folder, runtime in (
            (folders.foreign, "torch"), (folders.student, "torch"), (folders.exported, "onnx")
        ):  # fmt: skip
            predicted = [each.label for each in package.load(str(folder)).predict(texts)]
            right = sum(a == b for a, b in zip(predicted, gold, strict=True)) / len(gold)
            shown = all_kinds.lines[folders.named[folder], runtime]["accuracy_mean"]
            assert float(shown) == pytest.approx(right, abs=1e-3)

    def test_accuracy_has_its_interval_over_texts_in_the_picture(
        self, all_kinds: Finished, folders: Folders
    ) -> None:
        """48 texts say little, and the picture shows how little; names hold no hash."""
        (form, *_) = (each for each in all_kinds.bench.forms if each.name in folders.named.values())
        svg = (all_kinds.folder / "accuracy_vs_latency.svg").read_text(encoding="utf-8")

        assert form.quality["accuracy_low"] < form.quality["accuracy"]
        assert not re.search(r"--[0-9a-f]{16}", " ".join(folders.named.values()))
        assert "bench accuracy" not in svg

    def test_json_holds_every_figure_of_the_table(self, all_kinds: Finished) -> None:
        """And every round's milliseconds; it reads back as it was."""
        found = all_kinds.bench

        assert found.texts == 48
        assert {(form.name, form.runtime) for form in found.forms} == set(all_kinds.lines)
        assert [len(timing.rounds_ms) for timing in found.session.timings] == [2] * 8
        for form in found.forms:
            assert form.size is not None
            size_bytes = int(all_kinds.lines[form.name, form.runtime]["size_bytes"])
            assert form.size.size_bytes == size_bytes > 0
            assert (form.parity is not None) == (
                form.runtime.startswith("onnx") and form.name != "deployed"
            )
        assert Bench.model_validate_json(found.model_dump_json()) == found

    def test_work_is_known_of_trained_models(self, all_kinds: Finished, folders: Folders) -> None:
        known = {row for row, line in all_kinds.lines.items() if line["flops"]}

        assert known == {
            (name, runtime)
            for name in (folders.named[folders.foreign], folders.named[folders.student])
            for runtime in RUNTIMES
        }

    def test_without_labels_shows_latency_alone(self, bench: RunCommand, folders: Folders) -> None:
        outcome = bench(folders.exported, folders.baseline, "--out", "latency")

        assert outcome.code == 0, outcome.err
        assert "accuracy" not in outcome.out
        assert (Path("latency") / "latency.png").is_file()
        assert not (Path("latency") / "accuracy_vs_latency.png").exists()

    def test_in_processes_of_their_own_know_memory_and_cold_start(
        self, kdzoo: RunCommand, folders: Folders
    ) -> None:
        isolated = QUICKLY[:-1]
        outcome = kdzoo("bench", folders.exported, "--texts", folders.texts, *isolated)

        assert outcome.code == 0, outcome.err
        (timing,) = Finished(outcome, Path("bench")).bench.session.timings
        assert timing.memory is not None
        assert timing.memory.peak_bytes >= timing.memory.loaded_bytes > 0
        assert len(timing.cold_start_ms) == 1

    def test_measured_again_takes_the_place_of_what_was(
        self, bench: RunCommand, folders: Folders
    ) -> None:
        """Forms are exported anew: the model may have changed."""
        graph = Path("bench") / FORMS / f"{folders.named[folders.student]}--onnx" / "model.onnx"
        assert bench(folders.student, "--runtimes", "onnx").code == 0
        first = graph.stat().st_mtime_ns
        assert bench(folders.student, "--runtimes", "onnx").code == 0

        assert graph.stat().st_mtime_ns > first


class TestNames:
    @pytest.mark.parametrize(
        ("sources", "names"),
        [
            (["a/bert"], ["bert"]),
            (["owner/bert", "other/cnn"], ["bert", "cnn"]),
            (["owner/bert", "other/bert"], ["owner/bert", "other/bert"]),
            (["x/a/bert", "y/a/bert", "cnn"], ["x/a/bert", "y/a/bert", "cnn"]),
            (["bert", "owner/bert"], ["bert", "owner/bert"]),
            (["x/cnn/onnx-int8", "x/bert"], ["cnn/onnx-int8", "bert"]),
            (["x/cnn/onnx", "x/bert/onnx"], ["cnn/onnx", "bert/onnx"]),
            (["onnx"], ["onnx"]),
            ([f"runs/x/models/cnn--s0--{'a' * 16}", "x/bert"], ["cnn", "bert"]),
            ([f"models/cnn--small--s2--{'0f' * 8}"], ["cnn/small"]),
            ([f"models/cnn--s0--{'a' * 16}/onnx-int8"], ["cnn/onnx-int8"]),
            (
                [f"models/cnn--s{seed}--{'a' * 16}" for seed in (0, 1)],
                ["cnn/seed-0", "cnn/seed-1"],
            ),
            (
                [f"models/cnn--s0--{letter * 16}" for letter in "ab"],
                [f"cnn--s0--{letter * 16}" for letter in "ab"],
            ),
            ([f"hub/models--owner--bert/snapshots/{'c' * 40}"], ["bert"]),
            (
                [f"hub/models--{owner}--bert/snapshots/{'c' * 40}" for owner in ("one", "two")],
                ["one/bert", "two/bert"],
            ),
            ([f"hub/models--bert/snapshots/{'c' * 40}", "other/bert"], ["hub/bert", "other/bert"]),
            (["cnn--s0--no-key", "snapshots/abc"], ["cnn--s0--no-key", "abc"]),
        ],
    )
    def test_are_the_shortest_that_tell_models_apart(
        self, sources: Sequence[str], names: Sequence[str]
    ) -> None:
        assert names_apart(sources) == names


class TestAFormThatCannotBe:
    @pytest.fixture
    def no_export(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise ModelError("no such luck")

        monkeypatch.setattr("kdzoo.runtime.export._write_graph", broken)

    @pytest.mark.usefixtures("no_export")
    def test_is_marked_and_the_others_finish(self, bench: RunCommand, folders: Folders) -> None:
        outcome = bench(folders.student, folders.exported, "--runtimes", "torch,onnx")

        assert outcome.code == 0, outcome.err
        lines = Finished(outcome, Path("bench")).lines
        assert lines[folders.named[folders.student], "onnx"]["notes"] == "no such luck"
        assert lines[folders.named[folders.student], "onnx"]["latency_p50_ms"] == ""
        assert float(lines[folders.named[folders.student], "torch"]["latency_p50_ms"]) > 0
        assert float(lines[folders.named[folders.student], "torch"]["flops"]) > 0
        assert float(lines[folders.named[folders.exported], "onnx"]["latency_p50_ms"]) > 0
        assert "no such luck" in outcome.out

    @pytest.mark.usefixtures("no_export")
    def test_alone_is_an_error(self, bench: RunCommand, folders: Folders) -> None:
        outcome = bench(folders.student, "--runtimes", "onnx")

        assert outcome.code == 2
        assert "none of the models can be run" in outcome.err
        assert "no such luck" in outcome.err

    def test_that_answers_otherwise_than_its_model_is_marked(
        self, bench: RunCommand, folders: Folders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = OnnxClassifier.run
        monkeypatch.setattr(OnnxClassifier, "run", lambda self, fed: right(self, fed) + 0.5)
        outcome = bench(folders.student, "--runtimes", "torch,onnx")

        assert outcome.code == 0, outcome.err
        assert (
            "0.5"
            in Finished(outcome, Path("bench")).lines[folders.named[folders.student], "onnx"][
                "notes"
            ]
        )


class TestNoise:
    @pytest.mark.parametrize(("allowed", "code"), [("0.1", 1), ("0.3", 0)])
    def test_above_what_is_allowed_fails_when_all_is_written(
        self,
        bench: RunCommand,
        folders: Folders,
        monkeypatch: pytest.MonkeyPatch,
        allowed: str,
        code: int,
    ) -> None:
        monkeypatch.setattr("kdzoo.report.figures.latency.noise", lambda _: 0.2)
        outcome = bench(folders.exported, "--max-noise", allowed)

        assert outcome.code == code
        assert (f"--max-noise {allowed}" in outcome.err) == bool(code)
        assert (Path("bench") / BENCH).is_file()


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["{exported}", "nowhere/at/all"], ["nowhere/at/all"]),
            (["{exported}", "empty"], ["empty is no model"]),
            (["{study}"], ["is a study", "models"]),
            (["{exported}", "{exported}/"], ["is the same model as"]),
            (["{student}", "--runtimes", "onx"], ["'onx'", "did you mean 'onnx'"]),
            (["{student}", "--runtimes", "sklearn"], ["baseline"]),
            (["{exported}", "--threads", "0"], ["--threads"]),
            (["{exported}", "--rounds", "0"], ["--rounds"]),
            (["{exported}", "--max-noise", "-1"], ["--max-noise"]),
            (["{exported}", "--labels", "lable"], ["no column 'lable'", "did you mean 'label'"]),
            (["{exported}", "--text", "txt"], ["no column 'txt'", "did you mean 'text'"]),
            (["{exported}", "--texts", "nowhere.csv"], ["no such data file: nowhere.csv"]),
            (["{exported}", "--texts", "void.txt"], ["there are no texts"]),
            (["{exported}", "--texts", "blank.csv"], ["text 2 is empty"]),
            (
                ["{exported}", "--texts", "wrong.csv", "--labels", "label"],
                ["knows no label", "did you mean"],
            ),
        ],
    )
    def test_is_told_and_nothing_is_written(
        self,
        kdzoo: RunCommand,
        folders: Folders,
        finished_study: Path,
        arguments: Sequence[str],
        words: Sequence[str],
    ) -> None:
        Path("empty").mkdir()
        Path("void.txt").write_text("\n", encoding="utf-8")
        Path("blank.csv").write_text('text\na\n""\n', encoding="utf-8")
        wrong = f"text,label\na,{LABELS[0]}s\n"
        Path("wrong.csv").write_text(wrong, encoding="utf-8")
        places = {**vars(folders), "study": finished_study}
        options = [each.format(**places) for each in arguments]

        outcome = kdzoo("bench", "--texts", folders.texts, *QUICKLY, *options)

        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        said = " ".join(outcome.err.split())
        assert all(word in said for word in words), outcome.err
        assert not Path("bench").exists()

    def test_of_a_damaged_export_is_told(self, bench: RunCommand, folders: Folders) -> None:
        shutil.copytree(folders.exported, "damaged")
        with (Path("damaged") / "model.onnx").open("ab") as file:
            file.write(b"more")

        outcome = bench("damaged")

        assert outcome.code == 2
        assert "model.onnx" in outcome.err
        assert not Path("bench").exists()


def test_no_two_models_are_exported_to_one_folder(tmp_path: Path) -> None:
    """Of names with slashes, and of those that look like such a one written out."""
    names = ["cnn/mse", "cnn--mse", "cnn-/mse", "cnn/-mse", "cnn%2Fmse", "cnn-mse", "cnn"]
    models = [Model(name, tmp_path, "torch", ("a", "b"), None) for name in names]

    folders = {_folder(model, "onnx", tmp_path) for model in models}

    assert len(folders) == len(names)
    assert all(folder.parent == tmp_path for folder in folders)
