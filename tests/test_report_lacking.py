"""A table never gives a figure of one thing for another: it says what is lacking."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_results import HandWritten

from kdzoo.registry import register_runtime
from kdzoo.report.figures.making import make_table
from kdzoo.report.formats.table import notes
from kdzoo.results import Member, Store


@pytest.fixture
def study(tmp_path: Path) -> HandWritten:
    return HandWritten(Store(tmp_path / "study"))


@pytest.mark.parametrize("controls", [0, 1, 2, 3])
def test_hard_labels_of_fewer_seeds_than_their_row_say_so(
    study: HandWritten, controls: int
) -> None:
    """A training may fail for one seed: the means are then of other seeds."""
    members = []
    for seed in range(3):
        key = study.model(f"s{seed}".ljust(16, "0"), range(seed), seed=seed)
        control = f"c{seed}".ljust(16, "0")
        if seed < controls:
            study.model(control, range(9), role="control", seed=seed)
        known = control if seed < controls else None
        members.append(Member(seed=seed, key=key, control_key=known))
    study.row("tiny", "student", *members, road="change")

    table = make_table(study.finish())

    told = [note for note in notes(table) if "hard labels" in note]
    assert bool(told) == (controls in (1, 2))
    assert all(f"{controls} of 3 seeds" in note for note in told)
    assert bool(table.rows[0].control) == (controls > 0)


@pytest.mark.usefixtures("own_registries")
@pytest.mark.parametrize("exact", [True, False])
def test_a_runtime_that_answers_otherwise_and_has_no_export_has_no_accuracy(
    study: HandWritten, *, exact: bool
) -> None:
    """What PyTorch answers is no figure of it; its row says why there is none."""
    register_runtime("mine", title="mine", exact=exact)(lambda *_: None)  # type: ignore[arg-type, return-value]
    key = study.model("s" * 16, range(4))
    study.row("tiny", "student", Member(seed=0, key=key), runtimes=("torch", "mine"))

    torch, mine = make_table(study.finish()).rows

    assert torch.quality is not None
    assert (mine.quality == torch.quality) == exact
    assert any("without an export" in note for note in mine.notes) != exact


@pytest.mark.parametrize("role", ["teacher", "baseline"])
def test_texts_are_sliced_by_the_words_that_students_learnt_from(
    study: HandWritten, role: str
) -> None:
    """A teacher that another study made counted its own texts, which may be fewer."""
    keys = {name: study.model(name[0] * 16, range(4), role=name) for name in (role, "student")}  # type: ignore[arg-type]
    for name, count in ((role, 0), ("student", 7)):
        frame = study.store.outcomes(keys[name]).assign(rarest_word=count)
        study.store.write_outcomes(study.store.finished(keys[name]), frame)
        study.row(name, name, Member(seed=0, key=keys[name]))  # type: ignore[arg-type]

    findings = [row.finding for row in make_table(study.finish()).rows]

    assert [[(part.least, part.most) for part in each.by_rarity] for each in findings if each] == [
        [(7, 7)]
    ] * 2
