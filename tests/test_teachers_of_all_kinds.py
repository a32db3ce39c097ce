"""Teachers of many architectures: each goes the whole way, or is refused before any training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_teachers import SOUND, UNSOUND, save_teacher
from tiny_world import RunCommand

SHORT = [
    "training.steps=4", "training.evaluations=1", "teacher.fine_tune.epochs=0.1", "seeds=[0]",
    "measure.rounds=1", "measure.texts=1", "measure.isolated=false", "measure.cold_starts=1",
    "transfer.augment.copies=1",
]  # fmt: skip
LONG = "what is the weather like tomorrow " * 200


NOT_EXPORTED = {"longformer", "t5", "xlnet"}  # torch cannot trace them


def labels_in(file: str) -> list[str]:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["label"] for line in lines]


def shortened(*, fine_tuned: bool) -> list[str]:
    """Returns the options that make a run of it that takes seconds."""
    wanted = [each for each in SHORT if fine_tuned or "fine_tune" not in each]
    return [part for each in wanted for part in ("--set", each)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("fine_tuned", [False, True], ids=["as_it_is", "fine_tuned"])
def test_a_sound_teacher_goes_the_whole_way(
    kdzoo: RunCommand, tiny_data: Path, tmp_path: Path, name: str, fine_tuned: bool
) -> None:
    """Recipes that fit it, a study with every row, answers, an export and a bench."""
    teacher = save_teacher(name, tmp_path / "teacher")
    more = ["--fine-tune"] if fine_tuned else []
    made = kdzoo("init", "--data", tiny_data, "--teacher", teacher, "-o", "mine", *more)
    assert made.code == 0, made.err
    checked = kdzoo("check", "mine")
    assert checked.code == 0, checked.err

    ran = kdzoo("run", "mine", *shortened(fine_tuned=fine_tuned))

    assert ran.code == 0, ran.err + ran.out
    manifest = json.loads(Path("runs/mine/study.json").read_text(encoding="utf-8"))
    assert manifest["failures"] == []
    rows = [row["name"] for row in manifest["rows"]]
    assert {path.stem for path in Path("mine").glob("*.yaml")} < set(rows)
    assert {"bilstm", "cnn"} < set(rows)
    Path("texts.txt").write_text(f"play some jazz\nrain\n{LONG}\n", encoding="utf-8")
    predicted = kdzoo("predict", teacher, "texts.txt", "-o", "labels.jsonl")
    assert predicted.code == 0, predicted.err
    assert len(Path("labels.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    student = next(Path("runs/mine/models").glob("cnn--s0--*"))
    benched = kdzoo(
        "bench", teacher, student, "--texts", tiny_data / "test.jsonl", "--labels", "label",
        "--runtimes", "torch", "--rounds", "1", "--out", "bench", "--no-isolation",
    )  # fmt: skip
    assert benched.code == 0, benched.err
    exported = kdzoo("export", teacher, "--out", "exported", "--runtime", "onnx")
    if name in NOT_EXPORTED:
        assert exported.code == 2
        assert "cannot be exported to ONNX" in exported.err
        assert not Path("exported").exists()
        return
    assert exported.code == 0, exported.err
    answered = kdzoo("predict", "exported", "texts.txt", "-o", "again.jsonl")
    assert answered.code == 0, answered.err
    assert labels_in("again.jsonl") == labels_in("labels.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("name", UNSOUND)
@pytest.mark.parametrize("command", ["init", "predict", "bench", "export", "run", "check"])
def test_an_unsound_one_is_refused_by_name(
    kdzoo: RunCommand, tiny_data: Path, tmp_path: Path, name: str, command: str
) -> None:
    """With one message, before anything is trained; each command says it."""
    teacher = save_teacher(name, tmp_path / "teacher")
    Path("mine.yaml").write_text(
        json.dumps(
            {
                "version": 1, "name": "mine", "data": {"files": str(tiny_data)},
                "teacher": {"model": str(teacher)}, "student": {"kind": "cnn"},
                "objective": {"kind": "kl"},
            }
        ),
        encoding="utf-8",
    )  # fmt: skip
    arguments = {
        "init": ["--data", tiny_data, "--teacher", teacher, "-o", "mine"],
        "predict": [teacher, "play some jazz"],
        "bench": [teacher, "--texts", tiny_data / "test.jsonl"],
        "export": [teacher, "--out", "exported"],
        "run": ["mine.yaml"],
        "check": ["mine.yaml"],
    }[command]

    outcome = kdzoo(command, *arguments)

    assert "Traceback" not in outcome.err
    if not (name == "logits too large" and command in ("predict", "bench", "export")):
        assert outcome.code == 2, outcome.out
        assert UNSOUND[name][1] in outcome.err
    assert not Path("runs/mine/models").exists()
