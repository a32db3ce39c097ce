"""Cascades: the threshold keeps its promise, says where it cannot, and escalates what it should."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from kdzoo.results import ManifestRow, Member
from kdzoo.statistics.cascade import (
    RISK,
    Threshold,
    cascaded,
    promise_in_words,
    promised,
    texts_needed,
    within,
)
from kdzoo.statistics.escalation import SCORE_COLUMNS, EscalationPair

Flags = npt.NDArray[np.bool_]


def a_world(
    texts: int, seed: int, sure: float = 2.0, teacher: float = 0.9
) -> tuple[npt.NDArray[np.float64], Flags, Flags]:
    """Returns scores, and whether student and teacher are right: the surer, the more often."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=texts)
    student = generator.random(texts) < 1 / (1 + np.exp(-sure * scores - 1.5))
    return scores, student, generator.random(texts) < teacher


@pytest.mark.parametrize(
    ("max_loss", "risk", "texts"),
    [(0.006, 0.05, 498), (0.005, 0.05, 598), (0.02, 0.05, 149), (0.02, 0.01, 228), (0.5, 0.05, 5)],
)
def test_a_promise_needs_so_many_texts(max_loss: float, risk: float, texts: int) -> None:
    """So that 500 texts without a single loss still allow 0.6 points."""
    needed = texts_needed(max_loss, risk)
    assert needed == texts
    assert (1 - max_loss) ** needed <= risk < (1 - max_loss) ** (needed - 1)
    right, scores = np.ones(needed, dtype=bool), {"sure": np.zeros(needed)}
    assert math.isfinite(promised(scores, right, right, max_loss, risk).value)
    fewer = {"sure": np.zeros(needed - 1)}
    assert math.isinf(promised(fewer, right[1:], right[1:], max_loss, risk).value)


@pytest.mark.parametrize("has_oos", [True, False])
def test_a_score_that_another_is_takes_no_share_of_the_risk(has_oos: bool) -> None:
    """Without a label that is out of scope, the surest in scope is the surest."""
    sure = np.linspace(0.5, 1, 8)
    columns = dict.fromkeys(SCORE_COLUMNS.values(), sure)
    outcomes = pd.DataFrame({"split": ["validation"] * 4 + ["test"] * 4, **columns})
    if has_oos:
        outcomes.loc[0, "in_scope"] = 0.1
    row = ManifestRow(
        name="a", role="student", kind="a", road="change", members=(Member(seed=0, key="a"),)
    )
    pair = EscalationPair(row, "torch", "key", outcomes, outcomes)

    for split in ("validation", "test"):
        assert ("in_scope" in pair.scores(split)) == has_oos
        assert {*SCORE_COLUMNS} - {*pair.scores(split)} <= {"in_scope"}


def test_a_promise_is_told_with_its_risk() -> None:
    assert promise_in_words(0.005, "bert", ", of all") == (
        "promised with 95 % confidence, of all: of texts like those of validation, at most 0.5 % "
        "get a wrong answer where that of bert would be right"
    )


@pytest.mark.parametrize(
    ("max_loss", "texts", "scores"),
    [(0.02, 500, 1), (0.05, 300, 1), (0.02, 800, 3), (0.01, 1500, 2)],
)
def test_the_promise_is_broken_in_no_more_studies_than_it_says(
    max_loss: float, texts: int, scores: int
) -> None:
    """The truth is read from many more texts of the same kind; some scores may be noise."""
    broken, studies = 0, 150
    for seed in range(studies):
        sure, student, teacher = a_world(texts, seed)
        noise = np.random.default_rng(seed).normal(size=(scores - 1, texts))
        known = {"sure": sure, **{f"noise {i}": each for i, each in enumerate(noise)}}
        found = promised(known, student, teacher, max_loss)
        if found.score == "sure" and math.isfinite(found.value):
            many, own, others = a_world(50_000, 10_000 + seed)
            broken += cascaded(found.answers(many), own, others).lost > max_loss
    assert binomtest(broken, studies, RISK, alternative="greater").pvalue > 0.01


@given(st.integers(0, 10_000), st.integers(1, 400), st.floats(0.005, 0.3))
@settings(max_examples=60, deadline=None)
def test_what_is_lost_of_the_fitted_texts_is_less_than_promised(
    seed: int, texts: int, max_loss: float
) -> None:
    scores, student, teacher = a_world(texts, seed)
    found = cascaded(
        promised({"sure": scores}, student, teacher, max_loss).answers(scores), student, teacher
    )

    assert found.lost <= max_loss
    assert found.loss <= found.lost + 1e-12


@given(st.integers(0, 10_000), st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_a_bolder_promise_escalates_no_fewer_texts(seed: int, texts: int) -> None:
    scores, student, teacher = a_world(texts, seed)
    shares = [
        1 - promised({"sure": scores}, student, teacher, loss).answers(scores).mean()
        for loss in (0.005, 0.02, 0.1, 0.3)
    ]
    assert shares == sorted(shares, reverse=True)


def test_texts_of_one_score_are_answered_together() -> None:
    scores = np.repeat([0.9, 0.5, 0.1], 200)
    student = np.concatenate([np.ones(200), np.ones(199), [0], np.zeros(200)]).astype(bool)
    found = promised({"sure": scores}, student, np.ones(600, dtype=bool), 0.02)

    assert found.answers(scores).sum() == 400


def test_the_score_that_tells_is_chosen() -> None:
    scores, student, teacher = a_world(2000, 1)
    noise = np.random.default_rng(2).normal(size=2000)

    assert promised({"a": noise, "b": scores}, student, teacher, 0.02).score == "b"
    assert within({"a": noise, "b": scores}, student, teacher, 0.3).score == "b"


@given(st.integers(0, 10_000), st.integers(1, 200), st.floats(0.001, 0.999))
@settings(max_examples=60, deadline=None)
def test_a_budget_is_kept(seed: int, texts: int, share: float) -> None:
    scores, student, teacher = a_world(texts, seed)
    scores = np.round(scores)  # with ties
    found = within({"sure": scores}, student, teacher, share)

    assert cascaded(found.answers(scores), student, teacher).escalated <= share + 1e-12


@given(st.integers(0, 10_000), st.integers(1, 120), st.floats(0.001, 0.999))
@settings(max_examples=60, deadline=None)
@example(seed=1, texts=45, share=1 / 3)
def test_of_a_budget_no_more_is_spent_than_helps(seed: int, texts: int, share: float) -> None:
    """No score and no threshold within it gives more right answers, or as many for fewer texts."""
    sure, student, teacher = a_world(texts, seed, teacher=0.7)
    noise = np.random.default_rng(seed).normal(size=texts)
    scores = {"sure": np.round(sure, 1), "noise": noise}
    found = within(scores, student, teacher, share)
    read = cascaded(found.answers(scores[found.score]), student, teacher)
    others = [
        cascaded(values >= least, student, teacher)
        for values in scores.values()
        for least in values
    ]

    best = max(
        (round(other.accuracy * texts), -round(other.escalated * texts))
        for other in others
        if other.escalated <= share + 1e-12  # 15 of 45 are 1 / 3, however they are counted
    )
    assert (round(read.accuracy * texts), -round(read.escalated * texts)) == best


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_of_a_hundred_texts_is_as_many(percent: int) -> None:
    """Every one helps, so the whole budget is spent; 0.29 times 100 is a little less than 29."""
    student, teacher = np.zeros(100, dtype=bool), np.ones(100, dtype=bool)
    scores = np.arange(100.0)

    found = within({"sure": scores}, student, teacher, percent / 100)

    assert (~found.answers(scores)).sum() == percent


def test_a_teacher_that_is_never_better_is_not_asked() -> None:
    scores, right = np.arange(100.0), np.ones(100, dtype=bool)
    found = within({"sure": scores}, right, right, 0.5)

    assert found.answers(scores).all()


def test_a_threshold_holds_for_scores_before_they_were_rounded() -> None:
    """Outcomes are stored rounded: what was just below 1 is 1 there."""
    exact = np.concatenate([np.full(300, 1 - 1e-6), np.full(100, 0.9), np.full(100, 0.5)])
    stored = np.round(exact * 2**14) / 2**14
    student = np.concatenate([np.ones(400), np.zeros(100)]).astype(bool)
    found = promised({"sure": stored}, student, np.ones(500, dtype=bool), 0.02)

    assert found.answers(exact).tolist() == found.answers(stored).tolist()
    assert found.answers(exact).sum() == 400


def test_what_it_comes_to_is_counted() -> None:
    student = np.array([True, False, True, False])
    teacher = np.array([True, True, False, True])
    found = cascaded(
        Threshold("sure", 0.5).answers(np.array([0.9, 0.8, 0.7, 0.1])), student, teacher
    )

    assert (found.escalated, found.accuracy, found.loss, found.lost) == (0.25, 0.75, 0.0, 0.25)
    assert found.at_random == pytest.approx(0.5 + 0.25 * (0.75 - 0.5))


def test_where_nothing_can_be_answered_the_teacher_answers_all() -> None:
    wrong, right = np.zeros(400, dtype=bool), np.ones(400, dtype=bool)
    found = promised({"sure": np.arange(400.0)}, wrong, right, 0.02)

    assert cascaded(found.answers(np.arange(400.0)), wrong, right).escalated >= 0.99
