"""What fails late fails alone: the others finish with their report, and the row says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

import kdzoo as package
from kdzoo.measure import flops, work_per_text
from kdzoo.model import load_model
from kdzoo.results import Store

BRITTLE = '''
from torch import nn
from kdzoo.registry import register_student

@register_student("brittle", road="change")
class Brittle(nn.Module):
    """Fails in training on several texts, which no look before can see."""

    def __init__(self, vocab_size, num_labels, *, dim: int = 8):
        super().__init__()
        self.embedding, self.head = nn.Embedding(vocab_size, dim), nn.Linear(dim, num_labels)

    def forward(self, input_ids, attention_mask):
        if self.training and len(input_ids) > 1:
            raise ValueError("too warm")
        return self.head(self.embedding(input_ids).mean(1))
'''
QUICK = {"training": {"steps": 6, "evaluations": 1}, "measure": {"rounds": 1, "texts": 1}}


@pytest.fixture
def zoo(write_recipe: WriteRecipe, tmp_path: Path) -> list[Any]:
    """The arguments that run a sound student and one that fails when it is trained."""
    fast = {"fine_tune": {"epochs": 1}}
    write_recipe("zoo/sound.yaml", name="sound", teacher=fast, **QUICK)
    write_recipe("zoo/brittle.yaml", name="brittle", teacher=fast,
                 student={"kind": "brittle", "dim": 8}, **QUICK)  # fmt: skip
    (tmp_path / "brittle.py").write_text(BRITTLE, encoding="utf-8")
    return [tmp_path / "zoo", "--students", tmp_path / "brittle.py"]


def broken(*_: Any, **__: Any) -> Any:
    """Stands for what fails with an error of its own kind."""
    raise ValueError("empty vocabulary")


class TestARow:
    def test_that_fails_leaves_the_others_and_their_report(
        self, kdzoo: RunCommand, zoo: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So do the baseline and the FLOPs; the exit code says that something is missing."""
        monkeypatch.setattr("kdzoo.plan.perform.obtain_baseline", broken)
        monkeypatch.setattr(flops, "flops_per_text", broken)

        outcome = kdzoo("run", *zoo)

        assert outcome.code == 1
        table = Path("runs/zoo/table.md").read_text(encoding="utf-8")
        assert "| sound " in table
        assert "| brittle " in table
        assert "ValueError: too warm (brittle.py, line 15)" in table
        assert "tf-idf + svm" in table
        assert "its FLOPs could not be counted: ValueError: empty vocabulary" in table
        assert "failed: tf-idf + svm, brittle" in outcome.err
        assert "Traceback" not in outcome.err
        assert Path("runs/zoo/report.html").is_file()
        failures = Store(Path("runs/zoo")).manifest().failures
        assert [each.row for each in failures] == ["tf-idf + svm", "brittle"]
        again = kdzoo("report", "runs/zoo")
        assert again.code == 0
        assert "too warm" in again.out

    def test_that_is_the_only_one_is_one_message(self, kdzoo: RunCommand, zoo: list[Any]) -> None:
        outcome = kdzoo("run", zoo[0] / "brittle.yaml", *zoo[1:])

        assert outcome.code == 2
        assert "Error: ValueError: too warm (brittle.py, line 15)" in outcome.err
        assert "Traceback" not in outcome.err


def test_python_is_told_what_failed(
    zoo: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control that fails is a remark on its row, whose own figures stand."""
    monkeypatch.chdir(tmp_path)
    made = broken

    def no_control(job: Any, context: Any) -> str:
        return str(made() if job.role == "control" else original(job, context))

    from kdzoo.plan import perform

    original = perform.obtain_student
    monkeypatch.setattr(perform, "obtain_student", no_control)

    results = package.run(str(zoo[0] / "sound.yaml"), out=tmp_path / "sound")

    (failure,) = results.failures
    assert (failure.row, failure.seed) == ("sound", 0)
    assert "its control on hard labels: ValueError: empty vocabulary" in failure.reason
    assert "its control on hard labels" in (tmp_path / "sound/table.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("is_of_teacher", "whose"), [(False, "its exported"), (True, "its teacher's exported")]
)
def test_forms_that_are_given_up_are_told_beside_their_row(
    kdzoo: RunCommand,
    write_recipe: WriteRecipe,
    monkeypatch: pytest.MonkeyPatch,
    is_of_teacher: bool,
    whose: str,
) -> None:
    """As where a process is killed again and again: no record of a form says why."""
    from kdzoo.plan import perform

    def forms(job: Any, *given: Any) -> None:
        if (job.name == "teacher") == is_of_teacher:
            raise MemoryError("killed")
        original(job, *given)

    original = perform.obtain_forms
    monkeypatch.setattr(perform, "obtain_forms", forms)

    outcome = kdzoo("run", write_recipe(measure={"runtimes": ["torch", "onnx"]}), "--out", "study")

    assert outcome.code == 1
    assert f"{whose} forms: MemoryError: killed" in outcome.err
    assert f"{whose} forms: MemoryError: killed" in Path("study/table.md").read_text("utf-8")


def test_flops_that_cannot_be_counted_say_why(
    tiny_teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kdzoo.data import Example

    monkeypatch.setattr(flops, "flops_per_text", broken)

    loaded = load_model(tiny_teacher)

    work = work_per_text(loaded, [Example("play some jazz")])

    assert (work.tokens, work.flops) == (len(loaded.tokenizer.encode("play some jazz")), None)
    assert work.failure == "ValueError: empty vocabulary"
