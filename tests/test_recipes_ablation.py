"""What gives what: the recipe of one change a row, run on a small sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_hub import FEW_STEPS_OF_HEAD, serve_clinc
from tiny_world import RunCommand

from kdzoo import read_verdicts
from kdzoo.recipe import load_study

SHARED = {"controls"}  # what says which rows are made beside a row changes no model

# what a shipped recipe has, beside its parts; and the best objective for longer
TOGETHER = {"random-mse", "random-mse-five-times", "dist-five-times"}


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yields each value of a recipe that holds no others, with where it stands."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from leaves(inner, (*path, name))


@pytest.mark.parametrize(
    ("study", "rows", "kinds"), [("ablation", 20, 15), ("ablation-sst2", 18, 14)]
)
def test_each_row_changes_one_thing(study: str, rows: int, kinds: int) -> None:
    """One setting; of added texts, where they are from or how they are made."""
    base, *others = load_study(f"{study}/bilstm").variants
    others = [each for each in others if each.variant not in TOGETHER]
    before = dict(leaves(base.recipe.model_dump(exclude=SHARED | {"transfer"})))
    settings = []

    for each in others:
        after = dict(leaves(each.recipe.model_dump(exclude=SHARED | {"transfer"})))
        new = {path for path in after if path not in before}  # another kind brings its own
        changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
        changed = changed or new
        transfer = each.recipe.transfer
        if transfer != base.recipe.transfer:
            assert (transfer.augment is None) != (transfer.unlabelled is None), each.variant
            changed.add(("transfer", each.variant))
        assert len(changed) == 1, (each.variant, changed)
        settings += changed

    assert len(others) >= rows
    assert len(set(settings)) >= kinds


@pytest.mark.study
def test_ends_in_a_verdict_on_each_change(
    kdzoo: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tiny_encoder: Path,
    tiny_data: Path,
) -> None:
    serve_clinc(monkeypatch, tmp_path / "hub", tiny_encoder, tiny_data)

    longer = ("five-times", "dist-five-times")
    steps = [part for name in longer for part in ("--set", f"variants.{name}.training.steps=10")]
    few = (*FEW_STEPS_OF_HEAD, *steps)

    outcome = kdzoo("run", "ablation", *few, "--no-test", "--out", "ablation")

    assert outcome.code == 0, outcome.err
    verdicts = read_verdicts("ablation")
    assert set(verdicts.query("question == 'This variant against its recipe'")["row"]) == {
        f"bilstm/{each.variant}" for each in load_study("ablation/bilstm").variants if each.variant
    }
