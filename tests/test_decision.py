"""How logits become an answer: fitted on validation, kept beside the model, used when asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score
from tiny_exports import TEXTS, export_to
from tiny_world import RunCommand, tiny_recipe_data

import kdzoo as package
from kdzoo.bounds import LARGEST_JSON
from kdzoo.choosing import choose
from kdzoo.data import load_corpus
from kdzoo.errors import ModelError
from kdzoo.recipe import load_study
from kdzoo.report import make_table, write_report
from kdzoo.results import OUTCOMES, Store
from kdzoo.runtime import load_classifier
from kdzoo.runtime.decision import DECISION, SCORES, Decision, read_decision
from kdzoo.runtime.rejection import oos_scores
from kdzoo.statistics import fit_temperature, tune_threshold

RUNTIMES = ("torch", "onnx", "onnx-int8")
RECIPE = "tiny.yaml"
NEW_COLUMNS = (
    "brier", "calibrated_confidence", "calibrated_gold_log_probability", "words", "rarest_word",
    "decided", "decision_score",
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Store:
    """A finished study of a student in all forms."""
    folder = tmp_path_factory.mktemp("decided")
    measure = {"runtimes": list(RUNTIMES), "rounds": 1, "texts": 2, "isolated": False}
    data = {**tiny_recipe_data(tiny_data, tiny_encoder), "measure": measure}
    (folder / RECIPE).write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return package.run(str(folder / RECIPE), out=folder / "runs" / "tiny")


@pytest.fixture(scope="module", params=RUNTIMES)
def form(request: pytest.FixtureRequest, study: Store) -> Path:
    """The student's folder in each form."""
    choice = choose(study, "tiny", 0)
    return choice.folder if request.param == "torch" else choice.folder / request.param


def decide(folder: Path, **changes: object) -> None:
    """Edits what lies beside a model."""
    content = json.loads((folder / DECISION).read_text(encoding="utf-8")) | changes
    (folder / DECISION).write_text(json.dumps(content), encoding="utf-8")


def exported(study: Store, out: Path) -> Path:
    """A deployed folder of the student, that a test may change."""
    return package.export(study.root, out, model="tiny", runtime="onnx").folder


class TestStudy:
    def test_fits_every_form_on_its_own_validation_logits(self, study: Store, form: Path) -> None:
        section = load_study(str(study.root.parent.parent / RECIPE)).variants[0].recipe.data
        corpus = load_corpus(section)
        classifier = load_classifier(
            form, "torch" if (form / "config.json").is_file() else form.name
        )
        logits = np.concatenate([classifier.logits([each.input]) for each in corpus.validation])
        gold = np.array(corpus.gold("validation"))

        found = read_decision(form)

        assert found is not None
        assert found.temperature == pytest.approx(fit_temperature(logits, gold), rel=0.01)
        assert corpus.oos is not None
        assert found.oos_label == "oos"
        is_oos = gold == corpus.oos
        gains = {}
        for name in SCORES:
            scores = oos_scores(name, logits, corpus.oos)
            best = tune_threshold(scores, is_oos)
            assert best is not None
            gains[name] = balanced_accuracy_score(is_oos, scores >= best)
            if name == found.oos_score:
                assert found.oos_threshold == pytest.approx(best, rel=0.01)
        assert gains[found.oos_score] == max(gains.values())

    @pytest.mark.parametrize(
        ("runtime", "int8", "source"),
        [
            ("onnx", "dynamic", "onnx"),
            ("onnx-int8", "dynamic", "onnx-int8"),
            ("onnx-int8", "static", "."),
        ],
    )
    def test_goes_along_with_the_form_that_it_was_fitted_on(
        self, study: Store, tmp_path: Path, runtime: str, int8: str, source: str
    ) -> None:
        """A form that the study does not have gets what was fitted on the trained model."""
        trained = choose(study, "tiny", 0).folder
        fitted = {name: (trained / name / DECISION).read_bytes() for name in (".", "onnx-int8")}

        out = export_to(trained, tmp_path / "out", runtime, int8=int8, calibration=TEXTS[:8])

        assert (out / DECISION).read_bytes() == (trained / source / DECISION).read_bytes()
        assert fitted["."] != fitted["onnx-int8"]

    def test_of_a_published_study_keeps_it(
        self, study: Store, tmp_path: Path, kdzoo: RunCommand
    ) -> None:
        assert kdzoo("report", study.root, "--publish", tmp_path / "out").code == 0

        own, public = (
            {
                str(path).rpartition("--")[2]: path.read_bytes()
                for path in root.glob(f"models/**/{DECISION}")
            }
            for root in (study.root, tmp_path / "out")
        )

        assert public == own
        assert len(own) == 4 * 2  # teacher and student: torch, onnx, int8; control; baseline


class TestCalibrated:
    def test_probabilities_are_those_at_the_temperature(self, form: Path) -> None:
        decision = read_decision(form)
        assert decision is not None
        plain, calibrated = (package.load(form, calibrated=each) for each in (False, True))

        for text in TEXTS:
            (before,), (after,) = (list(each.predict([text])) for each in (plain, calibrated))
            scaled = softmax(np.log([p for _, p in before.top]) / decision.temperature)
            assert [label for label, _ in after.top] == [label for label, _ in before.top]
            np.testing.assert_allclose([p for _, p in after.top], scaled, rtol=1e-4, atol=1e-6)


class TestReject:
    @pytest.mark.parametrize("threshold", [0.0, 0.2, 1.0])
    def test_gives_the_label_from_the_threshold_on_and_only_then(
        self, study: Store, tmp_path: Path, threshold: float
    ) -> None:
        """Below it the best of the other labels is given, even where it was the less probable."""
        folder = exported(study, tmp_path / "deployed")
        decide(folder, oos_score="oos_probability", oos_threshold=threshold)
        plain = list(package.load(folder).predict(TEXTS))

        found = list(package.load(folder, reject=True).predict(TEXTS))

        for before, after in zip(plain, found, strict=True):
            others = [label for label, _ in before.top if label != "oos"]
            is_out = dict(before.top)["oos"] >= threshold
            wanted = ["oos", *others] if is_out else [*others, "oos"]
            assert [label for label, _ in after.top] == wanted
            assert dict(after.top) == dict(before.top)
            assert (after.label, after.probability) == after.top[0]

    def test_without_a_threshold_is_refused(self, study: Store, tmp_path: Path) -> None:
        folder = exported(study, tmp_path / "deployed")
        decide(folder, oos_threshold=None)

        with pytest.raises(ModelError, match="no threshold to reject by"):
            package.load(folder, reject=True)


class TestCommand:
    def test_predicts_as_asked(self, kdzoo: RunCommand, study: Store, tmp_path: Path) -> None:
        folder = exported(study, tmp_path / "deployed")
        decide(folder, temperature=1e6, oos_threshold=0.0)

        outcome = kdzoo("predict", folder, "play a song", "--calibrated", "--reject")

        assert outcome.code == 0, outcome.err
        assert outcome.out.splitlines()[0].split() == ["0.2500", "oos"]

    def test_of_a_model_that_was_never_fitted_is_refused(
        self, kdzoo: RunCommand, study: Store, tmp_path: Path
    ) -> None:
        folder = exported(study, tmp_path / "deployed")
        (folder / DECISION).unlink()

        outcome = kdzoo("predict", folder, "play a song", "--calibrated")

        assert outcome.code == 2
        assert f"holds no {DECISION}" in outcome.err

    def test_exports_what_was_fitted_and_says_how_to_use_it(
        self, study: Store, tmp_path: Path
    ) -> None:
        folder = exported(study, tmp_path / "deployed")

        assert read_decision(folder) == read_decision(choose(study, "tiny", 0).folder / "onnx")
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert "`temperature`" in readme
        assert "`oos_threshold`" in readme


class TestOlderStudy:
    """One that was finished before anything was fitted, or before these columns were written."""

    @pytest.fixture
    def older(self, study: Store, tmp_path: Path) -> Store:
        shutil.copytree(study.root, tmp_path / "runs" / "tiny")
        store = Store(tmp_path / "runs" / "tiny")
        for path in store.root.glob(f"models/**/{DECISION}"):
            path.unlink()
            outcomes = pd.read_parquet(path.with_name(OUTCOMES))
            old = [name for name in outcomes.columns if name not in NEW_COLUMNS]
            outcomes[old].to_parquet(path.with_name(OUTCOMES), index=False)
        return store

    def test_is_reported_without_what_it_lacks(self, older: Store) -> None:
        table = make_table(older)

        write_report(older)

        assert table.judged
        for _, each in table.judged:
            assert each.calibration.brier is None
            assert each.calibration.scaled_error is None
            assert each.by_length == each.by_rarity == ()
            assert each.decision is None

    def test_is_read_again_by_its_recipe_and_not_trained(
        self, study: Store, older: Store, kdzoo: RunCommand
    ) -> None:
        weights = {path: path.stat().st_mtime_ns for path in older.root.rglob("*.safetensors")}

        outcome = kdzoo("run", study.root.parent.parent / RECIPE, "--out", older.root)

        assert outcome.code == 0, outcome.err
        assert {path: path.stat().st_mtime_ns for path in weights} == weights
        for path in study.root.glob("models/**/decision.json"):
            again = older.root / path.relative_to(study.root)
            assert again.read_bytes() == path.read_bytes()
            outcomes = (each.with_name(OUTCOMES) for each in (path, again))
            pd.testing.assert_frame_equal(*map(pd.read_parquet, outcomes))


class TestBadFiles:
    @pytest.mark.parametrize(
        "content",
        [
            "", "[]", "{}", '{"temperature": 0}', '{"temperature": NaN}', '{"temperature": 1e999}',
            '{"temperature": 1, "oos_threshold": 1e999}', '{"temperature": 1, "extra": 1}',
            '{"schema_version": 3, "temperature": 1}', '{"temperature": 1, "oos_label": ["x"]}',
        ],
    )  # fmt: skip
    def test_are_told(self, tmp_path: Path, content: str) -> None:
        (tmp_path / DECISION).write_text(content, encoding="utf-8")

        with pytest.raises(ModelError, match=r"decision\.json is not what this kdzoo writes"):
            read_decision(tmp_path)

    def test_of_any_size_are_not_read(self, tmp_path: Path) -> None:
        (tmp_path / DECISION).write_bytes(b" " * (LARGEST_JSON + 1))

        with pytest.raises(ModelError, match=r"it has more than 16,777,216 bytes"):
            read_decision(tmp_path)

    def test_that_are_not_there_are_none(self, tmp_path: Path) -> None:
        assert read_decision(tmp_path) is None

    def test_written_are_read_again(self, tmp_path: Path) -> None:
        decision = Decision(temperature=1.25, oos_label="o\no", oos_threshold=0.5)
        (tmp_path / DECISION).write_text(decision.model_dump_json(), encoding="utf-8")

        assert read_decision(tmp_path) == decision

    def test_of_thousands_of_labels_are_read_again(self, tmp_path: Path) -> None:
        thresholds = {f"a label with quite a long name {number}": 0.123 for number in range(5000)}
        decision = Decision(temperature=1.0, thresholds=thresholds, threshold_rule="per_label")
        (tmp_path / DECISION).write_text(decision.model_dump_json(indent=1), encoding="utf-8")

        assert read_decision(tmp_path) == decision
