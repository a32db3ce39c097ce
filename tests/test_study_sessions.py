"""What a study times together, and what apart: each row on its own test texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo.results import Store, Timing

QUICK: dict[str, Any] = {
    "measure": {"rounds": 1, "texts": 1, "isolated": False, "cold_starts": 1},
    "training": {"steps": 2, "evaluations": 1},
}


def timings_of(study: Path) -> dict[str, list[Timing]]:
    """Returns what was timed, by the name of the row."""
    store = Store(study)
    rows = {member.key: row.name for row in store.manifest().rows for member in row.members}
    found: dict[str, list[Timing]] = {}
    for session in store.sessions():
        for timing in session.timings:
            found.setdefault(rows[timing.key], []).append(timing)
    return found


def with_longer_texts(data: Path, to: Path) -> Path:
    """Returns a folder of the data with another column, whose texts are five times as long."""
    to.mkdir()
    for file in data.glob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        lines = (json.dumps({**row, "longer": " ".join([row["text"]] * 5)}) for row in rows)
        (to / file.name).write_text("\n".join(lines), encoding="utf-8")
    return to


@pytest.mark.study
def test_every_row_is_timed_on_its_own_texts(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path
) -> None:
    files = str(with_longer_texts(tiny_data, tmp_path / "data"))
    recipe = write_recipe(
        **QUICK,
        data={"files": files},
        variants={"longer": {"data": {"text": "longer"}}},
        controls={"hard_labels": False, "baseline": False},
    )

    outcome = kdzoo("run", recipe, "--out", "study")

    assert outcome.code == 0, outcome.err
    timings = timings_of(Path("study"))
    (short,), (longer,) = timings["tiny"], timings["tiny/longer"]
    assert short.tokens is not None
    assert longer.tokens is not None
    assert longer.tokens > 3 * short.tokens


def test_settings_that_come_back_are_shown_with_their_own_figures(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    """What was timed is not timed again; nor do figures of other settings stand beside it."""
    recipe = write_recipe(**QUICK, controls={"hard_labels": False, "baseline": False})

    def run(rounds: int) -> str:
        outcome = kdzoo("run", recipe, "--out", "study", "--set", f"measure.rounds={rounds}")
        assert outcome.code == 0, outcome.err
        assert len(Store(Path("study")).sessions()[-1].timings[0].rounds_ms) == rounds
        return Path("study/table.csv").read_text(encoding="utf-8")

    first, other, again = run(1), run(2), run(1)

    assert again == first != other
    assert len(Store(Path("study")).sessions()) == 2
    assert run(1) == again


def test_other_test_texts_are_another_study(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path
) -> None:
    """Two recipes that init wrote into one folder, of two files, are compared by nobody."""
    (tmp_path / "more").mkdir()
    for file in tiny_data.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = lines[:-1] if file.stem == "test" else lines
        (tmp_path / "more" / file.name).write_text("\n".join(kept), encoding="utf-8")
    write_recipe("both/one.yaml", name="one")
    write_recipe("both/two.yaml", name="two", data={"files": str(tmp_path / "more")})

    outcome = kdzoo("check", tmp_path / "both")

    assert outcome.code == 2
    assert "two has other test texts than one" in outcome.err


def test_other_validation_texts_are_another_study(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    """A teacher that both share is read once: on which texts would be left to chance."""
    recipe = write_recipe(**QUICK, grid={"data.validation_per_class": [2, 3]})

    outcome = kdzoo("check", recipe)

    assert outcome.code == 2
    assert "has other validation texts than" in outcome.err


@pytest.mark.study
@pytest.mark.trains
def test_a_study_of_other_texts_in_the_folder_is_told_of(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path
) -> None:
    """Recipes in two projects' folders of one name write to one; the same study is silent."""
    other = with_longer_texts(tiny_data, tmp_path / "other")
    recipe = write_recipe(**QUICK)
    note = "holds a study of other test texts (files:tiny_data"
    first = kdzoo("run", recipe, "--out", "runs/mine")
    again = kdzoo("run", recipe, "--out", "runs/mine")
    longer = write_recipe("longer.yaml", **QUICK, data={"files": str(other), "text": "longer"})

    second = kdzoo("run", longer, "--out", "runs/mine", "--plan")

    assert first.code == again.code == second.code == 0, second.err
    assert note in second.out + second.err
    assert note not in first.out + first.err + again.out + again.err


@pytest.mark.study
def test_the_baseline_of_each_setting_is_timed(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    """Of other labelled texts there is another one."""
    recipe = write_recipe(
        **QUICK,
        data={"labels_per_class": 10},
        variants={"fewer": {"data": {"labels_per_class": 5}}},
        controls={"hard_labels": False},
    )

    outcome = kdzoo("run", recipe, "--out", "study")

    assert outcome.code == 0, outcome.err
    baselines = [name for name in timings_of(Path("study")) if name.startswith("tf-idf")]
    assert len(baselines) == 2


@pytest.mark.parametrize("command", ["check", "run"])
def test_data_with_other_labels_are_another_study(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path, tmp_path: Path, command: str
) -> None:
    """One table compares all rows: that they cannot be is said before anything is trained."""
    (tmp_path / "fewer").mkdir()
    for file in tiny_data.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines()
        dropped = json.loads(lines[0])["label"]
        kept = [line for line in lines if json.loads(line)["label"] != dropped]
        (tmp_path / "fewer" / file.name).write_text("\n".join(kept), encoding="utf-8")
    fewer = {"data": {"files": str(tmp_path / "fewer")}}

    outcome = kdzoo(command, write_recipe(variants={"fewer": fewer}))

    assert outcome.code == 2
    assert "tiny/fewer has other labels than tiny" in outcome.err
    assert "folders of their own (--out)" in outcome.err
    assert not Path("runs").exists()
