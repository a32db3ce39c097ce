"""When a text is called out of scope: scores, a budget, what is stored."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from tiny_world import CommandResult, RunCommand, WriteRecipe

from kdzoo.checks.rejection import check_rejection
from kdzoo.data import Corpus, Example
from kdzoo.errors import RecipeError
from kdzoo.measure import outcomes_of
from kdzoo.recipe.measure import Measure, Reject
from kdzoo.report import make_table
from kdzoo.results import Store
from kdzoo.results.publish import REPORT_FILE
from kdzoo.runtime.decision import DECISION, SCORES, Decision, ScoreName, read_decision
from kdzoo.runtime.rejection import decided, oos_scores
from kdzoo.statistics import tune_threshold
from kdzoo.steps.deciding import decide

OOS = 1
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (200, 4)).astype(np.float32)
GOLD = np.where(RNG.random(200) < 0.25, OOS, np.array([0, 2, 3])[RNG.integers(0, 3, 200)])
LOGITS[GOLD == OOS, OOS] += 4
CORPUS = Corpus(
    labels=("a", "oos", "b", "c"),
    train=(),
    validation=tuple(Example(f"text {i}", label=int(label)) for i, label in enumerate(GOLD)),
    test=(),
    oos=OOS,
)


def by_hand(name: ScoreName, row: np.ndarray) -> float:
    """A score as its definition reads, for one text."""
    e = [math.exp(float(each)) for each in row]
    p = sorted((each / sum(e) for i, each in enumerate(e) if i != OOS), reverse=True)
    return {
        "oos_probability": e[OOS] / sum(e),
        "odds": math.log(e[OOS] / sum(e) / p[0]),
        "max_in_scope": 1 - p[0],
        "margin": 1 - (p[0] - p[1]),
        "energy": -math.log(sum(each for i, each in enumerate(e) if i != OOS)),
    }[name]


@pytest.mark.parametrize("name", SCORES)
class TestScores:
    def test_are_what_their_definition_says(self, name: ScoreName) -> None:
        found = oos_scores(name, LOGITS, OOS)

        np.testing.assert_allclose(found, [by_hand(name, row) for row in LOGITS], rtol=1e-5)

    def test_do_not_depend_on_where_the_label_stands(self, name: ScoreName) -> None:
        order = [3, 0, 1, 2]

        found = oos_scores(name, LOGITS[:, order], order.index(OOS))

        np.testing.assert_allclose(found, oos_scores(name, LOGITS, OOS), rtol=1e-5)

    def test_of_two_labels_and_huge_logits_are_numbers(self, name: ScoreName) -> None:
        logits = np.array([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]])

        found = oos_scores(name, logits, OOS)

        assert np.isfinite(found).all()
        assert found[0] <= found[2] <= found[1]


def test_a_text_gets_the_label_or_the_best_of_the_others() -> None:
    is_out = RNG.random(200) < 0.5

    found = decided(LOGITS, is_out, OOS)

    others = [max((0, 2, 3), key=lambda i, row=row: row[i]) for row in LOGITS]
    assert found.tolist() == [
        OOS if out else best for out, best in zip(is_out, others, strict=True)
    ]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9]), st.booleans()),
        min_size=2,
        max_size=30,
    ).filter(lambda texts: len({is_oos for _, is_oos in texts}) == 2),
    st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.99]),
)
def test_the_threshold_finds_the_most_that_its_budget_allows(
    texts: list[tuple[float, bool]], budget: float
) -> None:
    scores = np.array([score for score, _ in texts])
    is_oos = np.array([flag for _, flag in texts])

    found = tune_threshold(scores, is_oos, budget)

    assert found is not None
    assert (scores[~is_oos] >= found).mean() <= budget
    allowed = [each for each in {*scores, np.inf} if (scores[~is_oos] >= each).mean() <= budget]
    assert (scores[is_oos] >= found).mean() == max((scores[is_oos] >= e).mean() for e in allowed)


class TestFitting:
    @pytest.mark.parametrize("budget", [0.01, 0.04, 0.2])
    def test_keeps_the_budget_on_validation_whatever_the_score(self, budget: float) -> None:
        found = decide(CORPUS, LOGITS, Measure(reject=Reject(max_false_rejections=budget)))

        assert found.max_false_rejections == budget
        assert found.oos_threshold is not None
        called = oos_scores(found.oos_score, LOGITS, OOS) >= found.oos_threshold
        assert called[GOLD != OOS].mean() <= budget
        recalls = [_recall(name, budget) for name in SCORES]
        assert called[GOLD == OOS].mean() == pytest.approx(max(recalls))

    def test_stores_of_each_text_what_its_user_gets(self) -> None:
        decision = decide(CORPUS, LOGITS, Measure(reject=Reject(max_false_rejections=0.1)))

        frame = outcomes_of("validation", CORPUS, LOGITS, None, decision)

        scores = oos_scores(decision.oos_score, LOGITS, OOS)
        assert decision.oos_threshold is not None
        wanted = decided(LOGITS, scores >= decision.oos_threshold, OOS)
        assert frame["decided"].tolist() == wanted.tolist()
        np.testing.assert_allclose(frame["decision_score"], scores)

    def test_where_nothing_can_be_told_stores_the_most_probable_label(self) -> None:
        corpus = replace(CORPUS, oos=None)

        frame = outcomes_of("validation", corpus, LOGITS, None, decide(corpus, LOGITS, Measure()))

        assert frame["decided"].tolist() == LOGITS.argmax(1).tolist()
        assert frame["decision_score"].isna().all()


def _recall(name: ScoreName, budget: float) -> float:
    scores = oos_scores(name, LOGITS, OOS)
    threshold = tune_threshold(scores, GOLD == OOS, budget)
    return float((scores[GOLD == OOS] >= threshold).mean())


class TestBadInput:
    @pytest.mark.parametrize(
        ("corpus", "budget", "message"),
        [
            (replace(CORPUS, oos=None), 0.04, "no out-of-scope label; name it as data.oos_label"),
            (
                replace(
                    CORPUS,
                    validation=tuple(each for each in CORPUS.validation if each.label != OOS),
                ),
                0.04,
                "a threshold is fitted on both kinds",
            ),
            (CORPUS, 0.001, "is less than one text; write at least 0.0"),
        ],
    )
    def test_is_refused_with_a_cure(self, corpus: Corpus, budget: float, message: str) -> None:
        with pytest.raises(RecipeError, match=message):
            check_rejection(Reject(max_false_rejections=budget), corpus)

    def test_the_cure_of_a_budget_that_is_too_small_works(self) -> None:
        for texts in range(50, 200, 7):
            corpus = replace(CORPUS, validation=CORPUS.validation[:texts])
            with pytest.raises(RecipeError) as error:
                check_rejection(Reject(max_false_rejections=1e-6), corpus)
            least = str(error.value).split("write at least ")[1].split(",")[0]
            check_rejection(Reject(max_false_rejections=float(least)), corpus)

    def test_is_seen_by_check_and_before_training(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe
    ) -> None:
        recipe = write_recipe(measure={"reject": {"max_false_rejections": 1e-5}})

        for command in ("check", "run"):
            _is_refused(kdzoo(command, recipe), "is less than one text")
        assert not Path("runs").exists()

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("reject.max_false_rejections", [0.1, 0.2]),
            ("thresholds", ["per_label", "shared"]),
            ("int8", ["dynamic", "static"]),
            ("threads", [1, 2]),
        ],
    )
    def test_of_two_rules_in_one_study_is_refused(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, field: str, values: list[object]
    ) -> None:
        """A model, and each form of it, is decided, stored and timed once for all of its rows."""
        outcome = kdzoo("check", write_recipe(grid={f"measure.{field}": values}))

        name = field.partition(".")[0]
        _is_refused(outcome, f"measure.{name}: all rows of a study have the same")


def _is_refused(outcome: CommandResult, message: str) -> None:
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())


@pytest.mark.study
def test_another_rule_decides_anew_and_trains_nothing(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    recipe = write_recipe(measure={"rounds": 1, "texts": 2, "isolated": False})
    assert kdzoo("run", recipe).code == 0
    store = Store(Path("runs/tiny"))
    weights = {path: path.stat().st_mtime_ns for path in store.root.rglob("*.safetensors")}

    outcome = kdzoo("run", recipe, "--set", "measure.reject.max_false_rejections=0.2")

    assert outcome.code == 0, outcome.err
    assert {path: path.stat().st_mtime_ns for path in weights} == weights
    found = [read_decision(path.parent) for path in store.root.glob(f"models/*/{DECISION}")]
    assert [each and each.max_false_rejections for each in found] == [0.2] * 4
    for name in ("table.md", "report.html", "table.tex"):
        assert "as decided" in (store.root / name).read_text(encoding="utf-8"), name
    pictures = {path.name for path in store.root.glob("*.png")}
    assert "accuracy_as_decided_vs_latency.png" in pictures
    assert all(REPORT_FILE.fullmatch(name) for name in pictures)  # else a report would refuse them
    for row in make_table(store).rows:
        assert 0 <= row.metrics["false_rejections"].mean <= 1
        assert row.metrics["as_decided_accuracy"].mean == pytest.approx(_by_hand(store, row.name))


def _by_hand(store: Store, name: str) -> float:
    """The accuracy on test of what was decided, from a row's own outcomes."""
    (row,) = [each for each in store.manifest().rows if each.name == name]
    outcomes = store.outcomes(row.members[0].key)
    test = outcomes[outcomes["split"] == "test"]
    return float((test["decided"] == test["gold"]).mean())


def test_an_older_decision_is_of_the_probability() -> None:
    older = '{"schema_version": 1, "temperature": 2, "oos_label": "oos", "oos_threshold": 0.25}'

    found = Decision.model_validate_json(older)

    assert (found.oos_score, found.oos_threshold) == ("oos_probability", 0.25)
    assert softmax(LOGITS, axis=1)[:, OOS] == pytest.approx(
        oos_scores(found.oos_score, LOGITS, OOS), rel=1e-4
    )
