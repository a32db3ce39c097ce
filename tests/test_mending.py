"""An int8 form that loses too much keeps the fewest layers in float with which it does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_exports import export_to, save_student
from tiny_results import one_student_deployed, parity_of
from tiny_world import WriteRecipe

import kdzoo as package
from kdzoo.progress import Silent
from kdzoo.report import make_table
from kdzoo.report.formats.table import notes
from kdzoo.results import Store
from kdzoo.runtime import load_classifier
from kdzoo.runtime.export import int8_layers
from kdzoo.runtime.settings import ExportSettings
from kdzoo.steps import deploying, mending
from kdzoo.steps.mending import fewest, kept_in_float

TEXTS = ["wake me at six", "play some jazz", "will it rain", "tell me a joke", "b c d e"]


@given(st.integers(1, 8), st.data())
def test_the_fewest_pass_and_none_of_them_can_be_left_out(count: int, data: Any) -> None:
    """Whatever is needed, in whatever order the layers are tried."""
    names = data.draw(st.permutations([f"n{number}" for number in range(count)]))
    needed = set(data.draw(st.lists(st.sampled_from(names), min_size=1)))
    kept = fewest(names, lambda chosen: needed <= set(chosen))

    assert set(kept) == needed


def test_nothing_is_kept_where_nothing_helps() -> None:
    assert fewest(["a", "b"], lambda _: False) == ()
    assert fewest([], lambda _: True) == ()


@pytest.mark.parametrize("by_word", [False, True])
def test_layers_are_ranked_by_the_logits_that_there_are(by_word: bool) -> None:
    """A sentence that is shorter than others has no logits for the words that it lacks."""
    wanted = np.array([[[1.0, 2.0], [3.0, 4.0]]], dtype=np.float32)
    if by_word:
        wanted[0, 1] = np.nan
    near, far, none = wanted + 0.1, wanted + 0.5, wanted.copy()
    none[0, 0, 0] = np.nan
    apart = [mending._distance(logits, wanted) for logits in (near, far, none)]

    assert 0 < apart[0] < apart[1] < apart[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    return save_student("fasttext", tmp_path_factory.mktemp("mended") / "fasttext", tiny_encoder)


def test_a_layer_that_is_kept_has_no_8_bits(trained: Path, tmp_path: Path) -> None:
    names = int8_layers(trained)
    plain = load_classifier(export_to(trained, tmp_path / "onnx"), "onnx").logits(TEXTS)

    def apart(kept: Sequence[str]) -> float:
        form = export_to(trained, tmp_path / "int8", "onnx-int8", kept=tuple(kept))
        return float(np.abs(load_classifier(form, "onnx-int8").logits(TEXTS) - plain).max())

    assert len(names) >= 2
    assert apart(names) < 1e-5 < apart([])
    kinds = {node.op_type for node in onnx.load(tmp_path / "int8" / "model.onnx").graph.node}
    assert any("Quantize" in kind or "Integer" in kind for kind in kinds)


def test_the_costliest_layer_is_found(trained: Path) -> None:
    """The gate is made so strict that nothing but one layer in float passes it."""
    names = int8_layers(trained)
    wanted = load_classifier(trained, "torch").logits(TEXTS)

    def gate(bound: float) -> Any:
        def parity(form: Any) -> Any:
            return parity_of(passed=bool(np.abs(form.logits(TEXTS) - wanted).max() < bound))

        return parity

    def found(bound: float) -> tuple[str, ...]:
        return kept_in_float(trained, "onnx-int8", ExportSettings(), TEXTS, gate(bound), Silent())

    assert set(found(1e-5)) == set(names)
    assert found(-1.0) == ()
    assert len(found(1e9)) == 1  # it is looked for where the form does not pass


@pytest.mark.slow
@pytest.mark.trains
def test_a_study_mends_its_forms_and_says_so(
    write_recipe: WriteRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record, the table and an export from the study know which layers; once is enough."""
    parity_of = deploying.parity_of

    def strict(*given: Any, exact: bool, **named: Any) -> Any:
        found = parity_of(*given, exact=exact, **named)
        return (
            found if exact else found.model_copy(update={"passed": found.logit_difference < 1e-4})
        )

    monkeypatch.setattr(deploying, "parity_of", strict)
    recipe = str(
        write_recipe(
            training={"steps": 5}, controls={"hard_labels": False, "baseline": False},
            measure={"runtimes": ["onnx-int8"], "rounds": 1, "texts": 1},
        )
    )  # fmt: skip
    study = tmp_path / "runs" / "tiny"
    package.run(recipe, out=study, read_test=False)
    store = Store(study)
    (row,) = (row for row in store.manifest().rows if row.role == "student")
    form = store.read_form(row.members[0].key, "onnx-int8")

    assert form is not None
    assert form.kept
    assert form.parity is not None
    assert form.parity.passed
    assert any(form.kept[0] in note and "float" in note for note in notes(make_table(store)))
    mended = store.form(form.key, "onnx-int8")
    exported = package.export(study, tmp_path / "deployed", model="tiny")
    assert exported.in_study == form.parity
    assert (tmp_path / "deployed" / "model.onnx").read_bytes() == (
        mended / "model.onnx"
    ).read_bytes()
    before = (mended / "record.json").read_bytes()
    package.run(recipe, out=study, read_test=False)
    assert (mended / "record.json").read_bytes() == before


def test_a_row_with_layers_in_float_is_no_wrong_row(tmp_path: Path) -> None:
    study = one_student_deployed(tmp_path / "study")
    form = study.store.read_form("s" * 16, "onnx-int8")
    assert form is not None
    study.store.write_form(form.model_copy(update={"kept": ("node_a", "node_b")}))
    table = make_table(study.finish())
    (row,) = (row for row in table.rows if (row.name, row.runtime) == ("tiny", "onnx-int8"))

    assert row.notes == ()
    assert row.remarks == ("2 of its operations stay in float: node_a, node_b",)
