"""Measuring: outcomes text by text, figures by hand, all candidates in one interleaved session."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from threadpoolctl import threadpool_info

from kdzoo.data import Corpus, Example
from kdzoo.measure import (
    baseline_size,
    environment,
    figures,
    outcomes,
    summarise,
    thread_budget,
    time_candidates,
)
from kdzoo.measure.latency import WARM_UP_CALLS
from kdzoo.model import Logits
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.progress import Silent

CORPUS = Corpus(
    labels=("a", "b", "oos"),
    train=(),
    validation=(),
    test=tuple(Example(f"text {i}", label=label) for i, label in enumerate((0, 0, 1, 2))),
    oos=2,
)
LOGITS = np.log(
    np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.5, 0.4], [0.2, 0.5, 0.3]], dtype=np.float32)
)
TEACHER = np.log(
    np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)
)


class TestOutcomes:
    def test_equal_what_one_computes_by_hand(self) -> None:
        frame = outcomes("test", CORPUS, LOGITS, TEACHER)

        assert frame["split"].tolist() == ["test"] * 4
        assert frame["row"].tolist() == [0, 1, 2, 3]
        assert frame["gold"].tolist() == [0, 0, 1, 2]
        assert frame["prediction"].tolist() == [0, 1, 1, 1]
        assert frame["teacher_prediction"].tolist() == [0, 0, 1, 2]
        assert frame["confidence"].tolist() == pytest.approx([0.7, 0.6, 0.5, 0.5])
        assert frame["oos_score"].tolist() == pytest.approx([0.1, 0.1, 0.4, 0.3])
        assert frame["gold_log_probability"].tolist() == pytest.approx(
            np.log([0.7, 0.3, 0.5, 0.3]).tolist()
        )
        assert frame["divergence"][0] == pytest.approx(
            0.8 * np.log(0.8 / 0.7) + 0.1 * np.log(0.1 / 0.2), rel=1e-5
        )

    def test_hold_no_text(self) -> None:
        """What is published of a model tells which row it got wrong, not what the row says."""
        frame = outcomes("test", CORPUS, LOGITS, TEACHER)

        assert list(frame.columns) == [
            "split", "row", "gold", "prediction", "confidence", "gold_log_probability",
            "divergence", "teacher_prediction", "oos_score",
        ]  # fmt: skip
        assert not frame.isin([example.text for example in CORPUS.test]).any(axis=None)

    def test_without_a_teacher_have_no_divergence(self) -> None:
        frame = outcomes("test", CORPUS, LOGITS, None)

        assert frame["divergence"].isna().all()
        assert frame["teacher_prediction"].tolist() == [-1] * 4

    def test_without_an_out_of_scope_class_score_by_lack_of_confidence(self) -> None:
        plain = Corpus(CORPUS.labels, (), (), CORPUS.test)

        frame = outcomes("test", plain, LOGITS, None)

        assert frame["oos_score"].tolist() == pytest.approx([0.3, 0.4, 0.5, 0.5])

    @settings(deadline=None, max_examples=50)
    @given(
        arrays.arrays(np.float32, (4, 3), elements=st.floats(-60, 60, width=32)),
        arrays.arrays(np.float32, (4, 3), elements=st.floats(-60, 60, width=32)),
        st.floats(-100, 100),
    )
    def test_are_distributions_whatever_the_logits(
        self, logits: Logits, teacher: Logits, shift: float
    ) -> None:
        """Divergences are not negative, probabilities are, and a shift of all logits is nothing."""
        frame = outcomes("test", CORPUS, logits, teacher)

        assert (frame["divergence"] >= -1e-9).all()
        assert frame["confidence"].between(1 / 3 - 1e-9, 1 + 1e-9).all()
        assert (frame["gold_log_probability"] <= np.log(frame["confidence"]) + 1e-9).all()
        same = outcomes("test", CORPUS, teacher, teacher)
        assert same["divergence"].to_numpy() == pytest.approx(np.zeros(4), abs=1e-9)
        moved = outcomes("test", CORPUS, logits.astype(np.float64) + shift, teacher)
        np.testing.assert_allclose(moved["divergence"], frame["divergence"], atol=1e-6)


class TestFigures:
    def test_equal_what_one_computes_by_hand(self) -> None:
        found = figures(outcomes("test", CORPUS, LOGITS, TEACHER), CORPUS.oos)

        f1 = (2 * 1 / (1 + 2), 2 * 1 / (3 + 1), 0.0)  # a: 1 of 1 found, 2 gold; b: 1 of 3, 1; oos
        assert found["accuracy"] == pytest.approx(2 / 4)
        assert found["in_scope_accuracy"] == pytest.approx(2 / 3)
        assert found["oos_recall"] == pytest.approx(0.0)
        assert found["macro_f1"] == pytest.approx(sum(f1) / 3)
        assert found["agreement"] == pytest.approx(2 / 4)
        assert found["divergence"] == pytest.approx(
            outcomes("test", CORPUS, LOGITS, TEACHER)["divergence"].mean()
        )

    def test_of_a_teacher_do_not_compare_it_with_itself(self) -> None:
        found = figures(outcomes("test", CORPUS, TEACHER, None), CORPUS.oos)

        assert "agreement" not in found
        assert "divergence" not in found
        assert found["accuracy"] == 1.0

    def test_without_an_out_of_scope_class_have_no_recall_of_it(self) -> None:
        found = figures(outcomes("test", CORPUS, LOGITS, TEACHER), None)

        assert "oos_recall" not in found
        assert found["in_scope_accuracy"] == found["accuracy"]


class Fake:
    """A classifier that writes down when it was asked, and what."""

    labels = ("a", "b")

    def __init__(self, name: str, calls: list[tuple[str, str]]) -> None:
        self.name = name
        self.calls = calls

    def logits(self, examples: Sequence[Example]) -> Logits:
        (example,) = examples  # one text at a time
        self.calls.append((self.name, example.text))
        return np.zeros((1, 2), dtype=np.float32)


def session(names: str, *, rounds: int = 4, per_visit: int = 7, seed: int = 0) -> Any:
    """Returns the times and the visits, each a model and the texts it read, in their order."""
    calls: list[tuple[str, str]] = []
    times = time_candidates(
        {name: Fake(name, calls) for name in names},
        [Example(f"text {number}") for number in range(50)],
        threads=1,
        rounds=rounds,
        per_visit=per_visit,
        seed=seed,
        progress=Silent(),
    )
    length = min(WARM_UP_CALLS, per_visit) + per_visit
    visits = []
    for start in range(0, len(calls), length):
        visit = calls[start : start + length]
        assert len({name for name, _ in visit}) == 1
        visits.append((visit[0][0], [text for _, text in visit]))
    return times, visits


class TestLatencySession:
    def test_visits_each_candidate_once_a_round(self) -> None:
        """A machine that slows down for a while slows all of them."""
        _, visits = session("abcd", rounds=6)

        names = [name for name, _ in visits]
        rounds = [names[i : i + 4] for i in range(0, len(names), 4)]
        assert len(rounds) == 6
        assert all(sorted(each) == list("abcd") for each in rounds)
        assert len({tuple(each) for each in rounds}) > 1

    def test_gives_all_of_them_the_same_texts_in_a_round(self) -> None:
        _, visits = session("abc", rounds=5)

        texts = [texts for _, texts in visits]
        for start in range(0, 15, 3):
            assert texts[start] == texts[start + 1] == texts[start + 2]
        assert len({tuple(each) for each in texts}) == 5  # drawn anew in every round

    def test_warms_up_on_every_visit_off_the_clock(self) -> None:
        times, visits = session("ab", rounds=3, per_visit=7)

        for _, texts in visits:
            assert texts[:WARM_UP_CALLS] == texts[WARM_UP_CALLS : 2 * WARM_UP_CALLS]
        assert all([len(each) for each in times[name]] == [7, 7, 7] for name in "ab")
        assert all(call > 0 for each in times["a"] for call in each)

    def test_depends_on_its_seed_alone(self) -> None:
        """Order and texts are those of the seed, in whatever order the candidates are given."""
        assert session("abc", seed=3)[1] == session("cba", seed=3)[1]
        assert session("abc", seed=3)[1] != session("abc", seed=4)[1]

    def test_runs_within_the_thread_budget(self) -> None:
        seen = []

        class Looks(Fake):
            def logits(self, examples: Sequence[Example]) -> Logits:
                seen.append(torch.get_num_threads())
                return super().logits(examples)

        time_candidates(
            {"a": Looks("a", [])}, [Example("text")], threads=1, rounds=1, per_visit=2, seed=0,
            progress=Silent(),
        )  # fmt: skip

        assert set(seen) == {1}


def threads_of_libraries() -> dict[str, int]:
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


class TestThreadBudget:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_holds_within_and_is_given_back_after(self, threads: int) -> None:
        torch.set_num_threads(2)
        before = threads_of_libraries()

        with thread_budget(threads):
            inside = torch.get_num_threads()

        assert inside == threads
        assert torch.get_num_threads() == 2
        assert threads_of_libraries() == before

    def test_is_given_back_after_an_error_too(self) -> None:
        torch.set_num_threads(2)

        with pytest.raises(KeyboardInterrupt), thread_budget(1):
            raise KeyboardInterrupt

        assert torch.get_num_threads() == 2

    @pytest.fixture(autouse=True)
    def _restore(self) -> Any:
        before = torch.get_num_threads()
        yield
        torch.set_num_threads(before)


class TestSummary:
    @settings(deadline=None, max_examples=50)
    @given(
        st.lists(st.lists(st.floats(0.001, 1000), min_size=1, max_size=20), min_size=1, max_size=6)
    )
    def test_is_of_all_calls_together(self, rounds: list[list[float]]) -> None:
        """Median and 90th percentile do not depend on how calls fall into rounds."""
        together = [[call for each in rounds for call in each]]

        found = summarise(rounds)

        assert found == pytest.approx(summarise(together))
        assert found["calls"] == len(together[0])
        assert min(together[0]) <= found["p50_ms"] + 1e-9
        assert found["p50_ms"] <= found["p90_ms"] + 1e-9 <= max(together[0]) + 2e-9

    def test_of_known_calls_is_known(self) -> None:
        assert summarise([[1.0, 2.0, 3.0], [4.0, 5.0]]) == pytest.approx(
            {"p50_ms": 3.0, "p90_ms": 4.6, "calls": 5.0}
        )


class TestEnvironment:
    def test_tells_what_figures_depend_on(self) -> None:
        found = environment()

        assert {"cpu", "cores", "python", "torch", "transformers", "kdzoo", "commit"} <= set(found)
        assert found["torch"] == torch.__version__
        assert all(isinstance(value, str) and value for value in found.values())

    def test_tells_nothing_of_who_and_where(self) -> None:
        """No host, no user, no path: records are published."""
        values = " ".join(environment().values())

        assert socket.gethostname() not in values.split()
        assert getpass.getuser() not in values.split()
        assert "/home" not in values
        assert str(Path.home()) not in values
        assert str(Path(__file__).parent) not in values


def test_the_baselines_size_is_that_of_its_two_files(tmp_path: Path) -> None:
    texts = ["rain and wind", "a song", "cold rain", "play a song", "wind", "loud song"]
    train = tuple(Example(text, label=number % 2) for number, text in enumerate(texts))
    pipeline = fit_baseline(Corpus(("weather", "music"), train, (), ()))
    save_baseline(tmp_path, pipeline, ("weather", "music"))
    files = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    (tmp_path / "record.json").write_bytes(b"x" * 9999)

    size = baseline_size(pipeline, tmp_path)

    assert size.size_bytes == sum(files.values())
    assert size.parameters == pipeline[-1].coef_.size
    assert size.embedding_parameters == 0
