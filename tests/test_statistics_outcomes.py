"""Outcomes as they are read from a store: the models' own and their forms', seed by seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_models import tiny_corpus
from tiny_results import HandWritten, one_student, one_student_deployed

from kdzoo.errors import StoreError
from kdzoo.results import ManifestRow, Member, Store
from kdzoo.statistics import (
    compare,
    compare_recipes,
    control_of,
    gap_closed,
    read_outcomes,
    teacher_of,
)


@pytest.fixture
def seeds(tmp_path: Path) -> HandWritten:
    """A student of three seeds with their controls and one teacher, on 100 test texts."""
    study = HandWritten(Store(tmp_path / "study"))
    study.model("t" * 16, range(10), role="teacher", name="teacher")
    members = []
    for seed in range(3):
        study.model(f"s{seed}" * 8, range(20 + seed), seed=seed)
        study.model(f"c{seed}" * 8, range(40), role="control", seed=seed)
        members.append(
            Member(
                seed=seed,
                key=f"s{seed}" * 8,
                teacher_key="t" * 16,
                control_key=f"c{seed}" * 8,
            )
        )
    study.row("tiny", "student", *members)
    study.finish()
    return study


class TestReading:
    def test_brings_every_seed(self, seeds: HandWritten) -> None:
        found = read_outcomes(seeds.store, seeds.rows[0], "test")

        assert found.seeds == (0, 1, 2)
        assert list(found.gold) == seeds.corpus.gold("test").tolist()
        assert list((~found.hits).sum(1)) == [20, 21, 22]
        for name in ("predictions", "confidence", "gold_log_probability", "oos_score"):
            assert getattr(found, name).shape == (3, 100)
        np.testing.assert_allclose(
            found.gold_log_probability[found.hits], np.log(found.confidence[found.hits]), atol=1e-4
        )

    def test_is_lean(self, seeds: HandWritten) -> None:
        found = read_outcomes(seeds.store, seeds.rows[0], "test")

        assert found.gold.dtype == found.predictions.dtype == np.int32
        for values in (found.confidence, found.divergence, found.oos_score):
            assert values.dtype == np.float32

    def test_knows_a_row_without_teacher(self, seeds: HandWritten) -> None:
        """Its divergence is from nothing."""
        row = teacher_of(seeds.rows[0])
        assert row is not None

        assert np.isnan(read_outcomes(seeds.store, row, "test").divergence).all()

    def test_finds_exported_forms(self, tmp_path: Path) -> None:
        study = one_student_deployed(tmp_path)
        row = next(each for each in study.rows if each.name == "tiny")

        wrong = [
            int((~read_outcomes(study.store, row, "test", runtime).hits).sum())
            for runtime in (None, "onnx", "onnx-int8")
        ]

        assert wrong == [20, 20, 21]

    def test_refuses_seeds_that_were_read_on_other_texts(self, seeds: HandWritten) -> None:
        other = HandWritten(seeds.store, corpus=tiny_corpus(count=40))
        other.model("x" * 16, range(5), seed=3)
        row = seeds.rows[0]
        members = (*row.members, Member(seed=3, key="x" * 16))

        with pytest.raises(StoreError, match=r"seeds of tiny .* read on other test texts .*xxxx"):
            read_outcomes(seeds.store, row.model_copy(update={"members": members}), "test")

    def test_refuses_a_split_that_was_not_read(self, seeds: HandWritten) -> None:
        with pytest.raises(StoreError, match=r"no outcomes of tiny .* on validation"):
            read_outcomes(seeds.store, seeds.rows[0], "validation")

    def test_refuses_a_form_that_does_not_exist(self, seeds: HandWritten) -> None:
        with pytest.raises(StoreError, match="no predictions"):
            read_outcomes(seeds.store, seeds.rows[0], "test", "onnx")


class TestCounterparts:
    def test_are_controls_seed_by_seed_and_one_teacher(self, seeds: HandWritten) -> None:
        control, teacher = control_of(seeds.rows[0]), teacher_of(seeds.rows[0])

        assert control is not None
        assert teacher is not None
        assert [(each.seed, each.key[:2]) for each in control.members] == [
            (0, "c0"),
            (1, "c1"),
            (2, "c2"),
        ]
        assert [each.key for each in teacher.members] == ["t" * 16]
        assert (control.role, teacher.role) == ("control", "teacher")

    def test_are_as_many_teachers_as_there_are(self, seeds: HandWritten) -> None:
        row = seeds.rows[0]
        members = tuple(
            each.model_copy(update={"teacher_key": f"t{each.seed}"}) for each in row.members
        )

        found = teacher_of(row.model_copy(update={"members": members}))

        assert found is not None
        assert [each.key for each in found.members] == ["t0", "t1", "t2"]

    def test_are_none_unless_every_seed_has_one(self, seeds: HandWritten) -> None:
        row = seeds.rows[0]
        bare = row.model_copy(update={"members": (*row.members, Member(seed=3, key="s3"))})
        teacher = ManifestRow(
            name="teacher", role="teacher", kind="x", road=None, members=(Member(seed=0, key="t"),)
        )

        assert control_of(bare) is None
        assert teacher_of(bare) is None
        assert control_of(teacher) is None

    def test_make_the_comparisons_of_a_row(self, seeds: HandWritten) -> None:
        """Student 21 wrong on average, control 40, teacher 10: 19 of 30 points are closed."""
        row = seeds.rows[0]
        control, teacher = control_of(row), teacher_of(row)
        assert control is not None
        assert teacher is not None
        own, hard, ideal = (
            read_outcomes(seeds.store, each, "test").hits for each in (row, control, teacher)
        )

        (gain,) = compare_recipes({"own": own, "hard": hard}, [("own", "hard")])
        gap = gap_closed(own, hard, ideal, gain)

        assert compare(own, ideal).difference.value == pytest.approx(-0.11)
        assert gain.difference.value == pytest.approx(0.19)
        assert gap is not None
        assert gap.closed.value == pytest.approx(19 / 30)


def test_a_row_of_one_seed_is_read_as_well(tmp_path: Path) -> None:
    study = one_student(tmp_path)

    found = read_outcomes(study.store, study.rows[1], "test")

    assert found.predictions.shape == (1, 100)
