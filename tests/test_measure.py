"""Outcomes text by text, figures by hand, the machine, sizes."""

from __future__ import annotations

import getpass
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax
from sklearn.metrics import brier_score_loss

from kdzoo.data import Corpus, Example
from kdzoo.measure import baseline_size, conditions, environment, machine, outcomes_of
from kdzoo.model import Logits
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.plan.perform import computing_with
from kdzoo.runtime.decision import Decision
from kdzoo.statistics import figures

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
        frame = outcomes_of("test", CORPUS, LOGITS, TEACHER)

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
        assert frame["brier"][0] == pytest.approx(0.3**2 + 0.2**2 + 0.1**2)
        assert frame["brier"][3] == pytest.approx(0.2**2 + 0.5**2 + 0.7**2)

    def test_are_calibrated_where_there_is_a_temperature(self) -> None:
        """Those of the logits divided by it; without one they are not known."""
        scaled = outcomes_of("test", CORPUS, LOGITS / 2, TEACHER)

        frame = outcomes_of("test", CORPUS, LOGITS, TEACHER, decision=Decision(temperature=2.0))

        np.testing.assert_allclose(frame["calibrated_confidence"], scaled["confidence"])
        np.testing.assert_allclose(
            frame["calibrated_gold_log_probability"], scaled["gold_log_probability"]
        )
        plain = outcomes_of("test", CORPUS, LOGITS, TEACHER)
        assert plain["calibrated_confidence"].isna().all()
        assert plain["calibrated_gold_log_probability"].isna().all()
        assert frame["prediction"].equals(plain["prediction"])

    def test_say_how_long_a_text_is_and_how_rare_its_rarest_word(self) -> None:
        """Words are counted in all texts to learn from, whatever their case; of pairs, in both."""
        corpus = Corpus(
            labels=("a",),
            train=(Example("play a song", label=0), Example("Play it!", label=0)),
            validation=(),
            unlabelled=(Example("a song"),),
            test=(
                Example("play a song", label=0),
                Example("PLAY", "play nothing", label=0),
                Example("...", label=0),
            ),
        )

        frame = outcomes_of("test", corpus, np.zeros((3, 1), dtype=np.float32), None)

        assert frame["words"].tolist() == [3, 3, 0]
        assert frame["rarest_word"].tolist() == [2, 0, 0]

    @settings(deadline=None, max_examples=30)
    @given(arrays.arrays(np.float32, (4, 3), elements=st.floats(-30, 30, width=32)))
    def test_have_the_brier_score_of_scikit_learn(self, logits: Logits) -> None:
        probabilities = softmax(logits.astype(np.float64), axis=1)
        gold = np.array(CORPUS.gold("test"))

        frame = outcomes_of("test", CORPUS, logits, None)

        wanted = brier_score_loss(gold, probabilities, labels=[0, 1, 2], scale_by_half=False)
        assert frame["brier"].mean() == pytest.approx(wanted, abs=1e-9)

    def test_hold_no_text(self) -> None:
        """What is published of a model tells which row it got wrong, not what the row says."""
        frame = outcomes_of("test", CORPUS, LOGITS, TEACHER)

        assert list(frame.columns) == [
            "split", "row", "gold", "prediction", "confidence", "gold_log_probability",
            "brier", "divergence", "teacher_prediction", "oos_score", "calibrated_confidence",
            "calibrated_gold_log_probability", "words", "rarest_word", "decided",
            "decision_score", "margin", "energy", "in_scope",
        ]  # fmt: skip
        assert not frame.isin([example.text for example in CORPUS.test]).any(axis=None)

    def test_without_a_teacher_have_no_divergence(self) -> None:
        frame = outcomes_of("test", CORPUS, LOGITS, None)

        assert frame["divergence"].isna().all()
        assert frame["teacher_prediction"].tolist() == [-1] * 4

    def test_without_an_out_of_scope_class_score_by_lack_of_confidence(self) -> None:
        plain = Corpus(CORPUS.labels, (), (), CORPUS.test)

        frame = outcomes_of("test", plain, LOGITS, None)

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
        frame = outcomes_of("test", CORPUS, logits, teacher)

        assert (frame["divergence"] >= -1e-9).all()
        assert frame["confidence"].between(1 / 3 - 1e-9, 1 + 1e-9).all()
        assert (frame["gold_log_probability"] <= np.log(frame["confidence"]) + 1e-9).all()
        same = outcomes_of("test", CORPUS, teacher, teacher)
        assert same["divergence"].to_numpy() == pytest.approx(np.zeros(4), abs=1e-9)
        moved = outcomes_of("test", CORPUS, logits.astype(np.float64) + shift, teacher)
        np.testing.assert_allclose(moved["divergence"], frame["divergence"], atol=1e-6)


class TestFigures:
    def test_equal_what_one_computes_by_hand(self) -> None:
        found = figures(outcomes_of("test", CORPUS, LOGITS, TEACHER), CORPUS.oos)

        f1 = (2 * 1 / (1 + 2), 2 * 1 / (3 + 1), 0.0)  # a: 1 of 1 found, 2 gold; b: 1 of 3, 1; oos
        assert found["accuracy"] == pytest.approx(2 / 4)
        assert found["in_scope_accuracy"] == pytest.approx(2 / 3)
        assert found["oos_recall"] == pytest.approx(0.0)
        assert found["macro_f1"] == pytest.approx(sum(f1) / 3)
        assert found["agreement"] == pytest.approx(2 / 4)
        assert found["divergence"] == pytest.approx(
            outcomes_of("test", CORPUS, LOGITS, TEACHER)["divergence"].mean()
        )

    def test_of_a_teacher_do_not_compare_it_with_itself(self) -> None:
        found = figures(outcomes_of("test", CORPUS, TEACHER, None), CORPUS.oos)

        assert "agreement" not in found
        assert "divergence" not in found
        assert found["accuracy"] == 1.0

    def test_without_an_out_of_scope_class_have_no_recall_of_it(self) -> None:
        found = figures(outcomes_of("test", CORPUS, LOGITS, TEACHER), None)

        assert "oos_recall" not in found
        assert found["in_scope_accuracy"] == found["accuracy"]


class TestEnvironment:
    def test_tells_what_figures_depend_on(self) -> None:
        found = environment()

        assert {"cpu", "cores", "python", "torch", "transformers", "kdzoo", "commit"} <= set(found)
        assert found["torch"] == torch.__version__
        assert all(isinstance(value, str) and value for value in found.values())

    def test_tells_the_versions_of_what_is_installed_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A runtime that is not there has no version, and is no error."""

        def without_onnx(name: str) -> str:
            if name.startswith("onnx"):
                raise PackageNotFoundError(name)
            return version(name)

        monkeypatch.setattr(machine, "version", without_onnx)
        found = machine._machine.__wrapped__()

        assert not [name for name in found if name.startswith("onnx")]
        assert {"skops", "scipy", "tokenizers"} <= set(found)

    @pytest.mark.parametrize(
        ("own", "recorded"),
        [({}, ""), ({"OMP_NUM_THREADS": "3"}, " OMP_NUM_THREADS=3")],
        ids=["none", "one"],
    )
    def test_tells_the_thread_settings(
        self, monkeypatch: pytest.MonkeyPatch, own: dict[str, str], recorded: str
    ) -> None:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in own.items():
            monkeypatch.setenv(name, value)

        for threads in (1, 2, 3):  # as a process has them that makes one step after the other
            with computing_with(threads):
                assert environment()["thread_settings"] == f"threads={threads}{recorded}"

    @pytest.mark.parametrize("there", [True, False])
    def test_names_the_gpu_that_models_were_trained_on_where_there_is_one(
        self, monkeypatch: pytest.MonkeyPatch, there: bool
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H200")

        assert environment().get("gpu") == ("NVIDIA H200" if there else None)

    def test_tells_nothing_of_who_and_where(self) -> None:
        """No host, no user, no path: records are published."""
        values = " ".join(environment().values())

        assert socket.gethostname() not in values.split()
        assert getpass.getuser() not in values.split()
        assert "/home" not in values
        assert str(Path.home()) not in values
        assert str(Path(__file__).parent) not in values


class TestConditions:
    def test_are_shares_of_a_machine_at_work(self) -> None:
        found = conditions()

        assert float(found["load_average"]) >= 0
        for name in ("cpu_percent_of_others", "steal_percent"):
            assert 0 <= float(found[name]) <= 100

    @pytest.mark.parametrize("governor", [None, "performance"])
    def test_name_the_governor_where_it_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, governor: str | None
    ) -> None:
        if governor is not None:
            (tmp_path / "governor").write_text(f"{governor}\n", encoding="utf-8")
        monkeypatch.setattr(machine, "_GOVERNOR", tmp_path / "governor")

        assert conditions().get("governor") == governor


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
