"""A candidate's own process: what it sees, what it answers, and that it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tiny_runtimes import RUNTIME, children, installed, notes, obedient

from kdzoo import extensions
from kdzoo.measure import Candidate
from kdzoo.measure.worker import SAME_CALLS
from kdzoo.measure.workers import MODULE, Worker, WorkerError, cores_for
from kdzoo.runtime.export import export_model
from kdzoo.runtime.settings import ExportSettings

LIMIT_S = 120.0  # far more than any of this takes
SOON_S = 0.5


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(tmp_path_factory.mktemp("installed")):
        yield


def has_ended(pid: int) -> bool:
    """Whether a process that is not this one's child ends, if need be within the limit."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def seen_by(folder: Path, **orders: Any) -> dict[str, Any]:
    """Returns what a candidate saw of its process while it was loaded with one thread."""
    candidate = obedient(folder, "candidate", **orders)
    with Worker(candidate, 1) as worker:
        answer = worker.load("text", LIMIT_S)
    seen = json.loads((candidate.folder / "seen.json").read_text(encoding="utf-8"))
    return {**seen, "answer": answer}


class TestItsSurroundings:
    def test_fix_the_threads_of_every_library(self, tmp_path: Path) -> None:
        """They are there before anything is imported, whatever the user's own settings are."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MKL_NUM_THREADS", "7")
            patch.setenv("TOKENIZERS_PARALLELISM", "true")
            seen = seen_by(tmp_path)

        assert seen["threads"] == 1
        wanted = {
            "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0",
            "HF_HUB_OFFLINE": "1",
        }  # fmt: skip
        assert wanted.items() <= seen["environment"].items()

    def test_bind_it_to_as_many_cores_as_threads(self, tmp_path: Path) -> None:
        seen = seen_by(tmp_path)

        assert seen["cores"] == seen["answer"]["cores"] == cores_for(1)
        assert len(seen["cores"]) == 1

    @pytest.mark.parametrize("threads", [1, 2, 3, 1000])
    def test_cores_are_this_processs_own_and_the_same_for_all(self, threads: int) -> None:
        own = os.sched_getaffinity(0)

        assert len(cores_for(threads)) == min(threads, len(own))
        assert set(cores_for(threads)) <= own
        assert cores_for(threads) == cores_for(threads)

    @pytest.mark.skipif(sys.platform != "linux", reason="Linux chooses what is killed by a score")
    def test_let_it_be_killed_first_where_memory_runs_out(self, tmp_path: Path) -> None:
        """Rather than the study that has trained for hours."""
        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            worker.load("text", LIMIT_S)
            (child,) = children()
            score = Path(f"/proc/{child.pid}/oom_score_adj").read_text(encoding="utf-8")

        assert int(score) == 1000

    def test_do_not_hold_the_memory_of_the_process_that_started_it(self, tmp_path: Path) -> None:
        """Linux passes the high-water mark on to a child; what is reported is the child's own."""
        ballast = np.ones(400 << 17)  # 400 MiB

        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            loaded = worker.load("text", LIMIT_S)
            peak_bytes = worker.ask("memory", {}, LIMIT_S)["peak_bytes"]

        assert 0 < loaded["imported_bytes"] <= loaded["loaded_bytes"] <= peak_bytes < ballast.nbytes

    def test_hold_no_python_file_of_the_folder_it_is_started_in(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A user's own json.py beside their data is not taken for the library."""
        (tmp_path / "json.py").write_text("raise SystemExit('taken')", encoding="utf-8")
        monkeypatch.chdir(tmp_path)

        assert seen_by(tmp_path)["folder"] == str(tmp_path)


class TestAnswers:
    def test_outlive_what_a_library_prints(self, tmp_path: Path) -> None:
        """Prints of the candidate, and of processes that it starts, are no answers."""
        with Worker(obedient(tmp_path, "candidate", prints=True), 1) as worker:
            worker.load("text", LIMIT_S)

            assert set(worker.ask("visit", {"texts": ["a"], "same": "b"}, LIMIT_S)) == {
                "text_ms",
                "same_ms",
                "model_ms",
            }

    def test_of_a_visit_are_one_figure_per_text(self, tmp_path: Path) -> None:
        """Text to label, and the model alone, on the same texts in their order; and one again."""
        texts = ["one", "two", "three"]
        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            worker.load("text", LIMIT_S)
            answer = worker.ask("visit", {"texts": texts, "same": "a"}, LIMIT_S)

        found = notes(tmp_path)
        assert [note.texts for note in found if note.what == "encode"] == [[each] for each in texts]
        runs = [note.texts[0] for note in found if note.what == "run"][
            1:
        ]  # the first was loading's
        same = ["a"] * SAME_CALLS
        assert runs[-6 - SAME_CALLS :] == [*texts, *same, *texts]
        assert len(runs) - 6 - SAME_CALLS >= 10  # warmed up
        assert {name: len(figures) for name, figures in answer.items()} == {
            "text_ms": 3, "same_ms": SAME_CALLS, "model_ms": 3,
        }  # fmt: skip
        for figures in answer.values():
            assert all(milliseconds >= 5 for milliseconds in figures)  # it sleeps for that long
            assert all(milliseconds == round(milliseconds, 4) for milliseconds in figures)

    @pytest.mark.parametrize(
        ("batch_size", "sizes"), [(1, [1] * 10), (8, [8, 2]), (32, [10]), (None, [10])]
    )
    def test_of_a_throughput_read_the_texts_in_batches_in_their_order(
        self, tmp_path: Path, batch_size: int | None, sizes: list[int]
    ) -> None:
        texts = [f"text {number}" for number in range(10)]
        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            worker.load("text", LIMIT_S)
            details = {"texts": texts, "batch_size": batch_size}
            seconds = worker.ask("throughput", details, LIMIT_S)["seconds"]

        timed = notes(tmp_path)[2:]  # without loading's text and the first batch, off the clock
        assert [len(note.texts) for note in timed] == sizes
        assert [text for note in timed for text in note.texts] == texts
        assert seconds >= 0.005 * len(sizes)

    @pytest.mark.parametrize("text", ["a" * 3_000_000, "ünï\ncode\u2028\U0001f600", "\ud800", ""])
    def test_take_texts_of_any_length_and_kind(self, tmp_path: Path, text: str) -> None:
        """More than a pipe holds at once neither hangs nor breaks a line."""
        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            worker.load("text", LIMIT_S)
            details = {"texts": [text], "batch_size": None}
            worker.ask("throughput", details, LIMIT_S)

        assert notes(tmp_path)[-1].texts == [text]

    def test_take_pairs(self, tmp_path: Path) -> None:
        """JSON knows lists alone; the runtime gets a tuple, which tokenizers take for a pair."""
        details = {"texts": [("premise", "hypothesis")], "batch_size": 1}
        with Worker(obedient(tmp_path, "candidate", types=True), 1) as worker:
            worker.load(("premise", "hypothesis"), LIMIT_S)
            worker.ask("throughput", details, LIMIT_S)

        assert notes(tmp_path)[-1].texts == [["tuple", "premise", "hypothesis"]]

    @pytest.mark.study
    def test_are_waited_for_without_using_the_processor(self, tmp_path: Path) -> None:
        """A parent that spins takes a core away from what is measured."""
        with Worker(obedient(tmp_path, "candidate", sleep_ms=1000), 1) as worker:
            worker.load("text", LIMIT_S)
            used, waited = time.process_time(), time.monotonic()
            worker.ask("throughput", {"texts": ["a"], "batch_size": 1}, LIMIT_S)
            used, waited = time.process_time() - used, time.monotonic() - waited

        assert waited > 1
        assert used < waited / 4


class TestFailures:
    @pytest.mark.parametrize(
        ("then", "message"),
        [
            ("exits", r"^its process ended with exit code 3: out of luck$"),
            ("aborts", r"^its process ended by SIGKILL \(as happens where memory runs out\)"),
            ("raises", r"^ValueError: no such luck$"),
            ("hangs", r"^no answer within 0.5 s$"),
        ],
    )
    def test_say_what_happened(self, tmp_path: Path, then: str, message: str) -> None:
        """The worker is gone afterwards, whatever it was doing."""
        with Worker(obedient(tmp_path, "candidate", calls=1, then=then), 1) as worker:
            worker.load("text", LIMIT_S)
            limit_s = SOON_S if then == "hangs" else LIMIT_S
            with pytest.raises(WorkerError, match=message):
                worker.ask("visit", {"texts": ["a"], "same": "a"}, limit_s)

        assert children() == []

    def test_of_loading_say_what_kdzoo_says(self, tmp_path: Path) -> None:
        with (
            Worker(Candidate("gone", tmp_path / "gone", "onnx"), 1) as worker,
            pytest.raises(WorkerError, match=r"gone is no exported model"),
        ):
            worker.load("text", LIMIT_S)

    def test_of_the_system_to_start_a_process_are_the_candidates(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where memory or a limit on processes leaves no room for another."""

        def refuses(*_: Any, **__: Any) -> None:
            raise BlockingIOError(11, "Resource temporarily unavailable")

        monkeypatch.setattr(subprocess, "Popen", refuses)

        with pytest.raises(WorkerError, match=r"cannot be started: .*temporarily unavailable"):
            Worker(Candidate("any", tmp_path, "onnx"), 1)

    def test_of_one_that_ended_before_it_was_asked_are_told_too(self, tmp_path: Path) -> None:
        with Worker(obedient(tmp_path, "candidate"), 1) as worker:
            worker.load("text", LIMIT_S)
            for child in children():
                child.kill()
                os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet buried
            with pytest.raises(WorkerError, match="by SIGKILL"):
                worker.ask("visit", {"texts": ["a" * 1_000_000], "same": "a"}, LIMIT_S)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_of_the_parent_leave_no_process(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        """Nor any that the candidate itself started."""
        candidate = obedient(tmp_path, "candidate", starts=True)
        with pytest.raises(error), Worker(candidate, 1) as worker:
            worker.load("text", LIMIT_S)
            raise error

        assert children() == []
        started = json.loads((candidate.folder / "child.json").read_text(encoding="utf-8"))
        assert has_ended(started)

    def test_of_a_parent_that_is_killed_leave_no_process(self, tmp_path: Path) -> None:
        """A worker without a parent has nobody to answer and ends by itself."""
        candidate = obedient(tmp_path, "candidate")
        script = f"""
import os, signal
from pathlib import Path
from kdzoo.measure.candidate import Candidate
from kdzoo.measure.workers import Worker
worker = Worker(Candidate("candidate", Path({str(candidate.folder)!r}), {RUNTIME!r}), 1)
worker.load("text", {LIMIT_S})
print(worker._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

        assert has_ended(int(ran.stdout))


@pytest.mark.study
class TestUsersFiles:
    def test_are_loaded_by_the_worker(self, tmp_path: Path) -> None:
        """A runtime that only a file of --students registers is known there as well."""
        source = tmp_path / "mine.py"
        source.write_text(
            "import obedient_runtime\n"
            "from kdzoo.registry import register_runtime\n"
            "@register_runtime('mine', title='mine')\n"
            "def mine(folder, threads=None):\n"
            "    return obedient_runtime.Obedient(folder, threads)\n",
            encoding="utf-8",
        )
        extensions.load_extensions(source)
        candidate = obedient(tmp_path, "candidate")

        with Worker(Candidate("mine", candidate.folder, "mine"), 1) as worker:
            worker.load("text", LIMIT_S)

        assert [note.texts for note in notes(tmp_path)] == [["text"]]


@pytest.mark.study
class TestAnExportedModel:
    def test_is_measured_without_torch(self, tiny_teacher: Path, tmp_path: Path) -> None:
        """Its memory and its cold start are those of ONNX Runtime, users' files or not."""
        exported = tmp_path / "onnx"
        export_model(tiny_teacher, exported, "onnx", ExportSettings())
        (tmp_path / "students.py").write_text("import torch\n", encoding="utf-8")
        extensions.load_extensions(tmp_path / "students.py")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # lists every import, as an error
            with Worker(Candidate("exported", exported, "onnx"), 1) as worker:
                worker.load("play a song", LIMIT_S)
                worker.ask("visit", {"texts": ["play a song"], "same": "play"}, LIMIT_S)
                worker._errors.seek(0)
                lines = worker._errors.read().decode().splitlines()

        imported = {line.rpartition("|")[2].strip() for line in lines if "|" in line}
        assert {"onnxruntime", "tokenizers", MODULE.rpartition(".")[0]} <= imported
        assert not imported & {
            "torch", "transformers", "pandas", "pydantic", "scipy", "sklearn", "psutil", "onnx",
            "kdzoo.data", "kdzoo.model", "kdzoo.text", "kdzoo.students", "kdzoo.measure.latency",
        }  # fmt: skip
