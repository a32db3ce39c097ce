"""A student of one's own: fifteen lines in a file elsewhere, and kdzoo does the rest."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from tiny_world import CommandResult, RunCommand, WriteRecipe

import kdzoo
from kdzoo import extensions, registry
from kdzoo.console import ConsoleProgress
from kdzoo.results import Record, Store

pytestmark = pytest.mark.trains

OWN = '''\
from torch import Tensor, nn

from kdzoo import register_student


@register_student("mine", road="change")
class Mine(nn.Module):
    """The largest of the word vectors, then one linear layer."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 24) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.head = nn.Linear(dim, num_labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = attention_mask.unsqueeze(-1) == 0
        return self.head(self.embedding(input_ids).masked_fill(hidden, -1e4).amax(1))
'''


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forgets what users' files registered, as the next start of ``kdzoo`` does."""
    builtin = registry.students.entries()

    def forget() -> None:
        monkeypatch.setattr(registry.students, "_entries", dict(builtin))
        monkeypatch.setattr(extensions, "_loaded_files", {})

    forget()
    return forget


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "my_students.py"
    path.parent.mkdir()
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture
def recipe(write_recipe: WriteRecipe) -> Path:
    path = write_recipe(
        controls={"baseline": False},
        teacher={"fine_tune": {"epochs": 12, "learning_rate": 2e-3, "batch_size": 16}},
        training={"steps": 150},
    )
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, "student": {"kind": "mine"}}), encoding="utf-8")
    return path


def student_record() -> Record:
    store = Store(Path("runs/tiny"))
    (row,) = (row for row in store.manifest().rows if row.role == "student")
    return store.read(row.members[0].key)


def own_folder() -> Path:
    return Store(Path("runs/tiny")).finished(student_record().key)


class TestOwnStudent:
    def test_is_listed_checked_trained_tabled_and_loaded(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        file: Path,
        new_process: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Every command knows it by ``--students``; its model answers wherever it is brought."""
        listed = kdzoo("list", "students", "--students", file)
        assert "mine" in listed.out
        assert "The largest of the word vectors" in listed.out
        assert "dim=24" in listed.out
        assert "ok: tiny" in kdzoo("check", recipe, "--students", file).out

        wrote: list[tuple[bool, str]] = []
        write = Store.write

        def watched(store: Store, folder: Path, record: Record) -> None:
            wrote.append(((folder / "model.safetensors").is_file(), record.role))
            write(store, folder, record)

        monkeypatch.setattr(Store, "write", watched)
        ran = kdzoo("run", recipe, "--students", file)
        assert ran.code == 0, ran.err
        assert {role for _, role in wrote} == {"teacher", "student", "control"}
        assert all(there for there, _ in wrote)  # the record is the last thing written
        with Path("runs/tiny/table.csv").open(encoding="utf-8", newline="") as table:
            rows = {row["kind"]: row for row in csv.DictReader(table)}
        assert rows["mine"]["road"] == "change"
        assert float(rows["mine"]["accuracy_mean"]) > 0.5
        assert rows["mine"]["hard_labels_accuracy_mean"] != ""

        new_process()
        text = "play a loud song"
        unknown = kdzoo("predict", own_folder(), text)
        assert unknown.code == 2
        assert "--students" in unknown.err
        known = kdzoo("predict", own_folder(), text, "--students", file)
        assert known.code == 0, known.err
        probability, label = known.out.splitlines()[0].split()
        self.agrees_with_pipeline(own_folder(), text, label, float(probability))

    @pytest.mark.parametrize(
        ("runtime", "said"), [("onnx", "next: "), ("torch", "it is deployed as it was trained: ")]
    )
    def test_is_deployed_by_the_command_that_pick_names(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        file: Path,
        new_process: Callable[[], None],
        runtime: str,
        said: str,
    ) -> None:
        """Which does not know the student, and so names its file as far as it is told of it."""
        few = ("--set", "training.steps=1", "--set", f"measure.runtimes=[{runtime}]")
        assert kdzoo("run", recipe, "--students", file, *few).code == 0
        own = sum(path.stat().st_size for path in own_folder().glob("*")) / 1e6
        pick = ("pick", "runs/tiny", "--max-size-mb", own)

        def named(*options: object) -> str:
            new_process()
            (line,) = (
                each for each in kdzoo(*pick, *options).out.splitlines() if each.startswith(said)
            )
            new_process()
            return line.removeprefix(said)

        assert named().replace("FILE", str(file)) == named("--students", file)
        outcome = kdzoo(*shlex.split(named("--students", file))[1:])
        assert outcome.code == 0, outcome.err

    @staticmethod
    def agrees_with_pipeline(folder: Path, text: str, label: str, probability: float) -> None:
        from transformers import pipeline

        import kdzoo.hf  # noqa: F401 - teaches transformers kdzoo's models

        (answer,) = pipeline("text-classification", model=str(folder))(text)

        assert answer["label"] == label
        assert answer["score"] == pytest.approx(probability, abs=1e-4)

    @pytest.mark.study
    def test_is_trained_anew_when_its_file_changes(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        file: Path,
        new_process: Callable[[], None],
    ) -> None:
        """The code is part of the key: an edited student is another model, a touched one is not."""

        def run() -> CommandResult:
            new_process()
            outcome = kdzoo("run", recipe, "--students", file, "--set", "training.steps=10")
            assert outcome.code == 0, outcome.err
            return outcome

        run()
        first = student_record()
        file.touch()
        again = run()
        assert student_record() == first
        assert "seed 0" not in again.err

        file.write_text(OWN.replace("-1e4).amax(1)", "-1e3).amax(1)"), encoding="utf-8")
        edited = run()
        assert student_record().key != first.key
        assert "seed 0" in edited.err
        assert "fine-tun" not in edited.err  # the teacher is the same

    @pytest.mark.study
    def test_in_a_file_beside_another_does_not_retrain_when_the_other_changes(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        file: Path,
        new_process: Callable[[], None],
    ) -> None:
        """A folder of students is a folder of separate ones."""
        other = file.with_name("other.py")
        other.write_text(OWN.replace('"mine"', '"other"'), encoding="utf-8")
        arguments = ("--students", file.parent, "--set", "training.steps=10")
        assert kdzoo("run", recipe, *arguments).code == 0
        first = student_record()

        new_process()
        other.write_text(OWN.replace('"mine"', '"another"'), encoding="utf-8")
        assert kdzoo("run", recipe, *arguments).code == 0

        assert student_record() == first

    @pytest.mark.filterwarnings("always::kdzoo.errors.EditedCodeWarning")
    def test_that_was_edited_after_the_training_is_told_wherever_it_is_opened(
        self,
        kdzoo: RunCommand,
        recipe: Path,
        file: Path,
        new_process: Callable[[], None],
    ) -> None:
        """The weights fit the edited code too, and nothing of what was measured holds for it."""
        few = ("--set", "training.steps=10", "--set", "measure.runtimes=[onnx]")
        assert kdzoo("run", recipe, "--students", file, *few).code == 0
        trained = own_folder()
        Path("texts.txt").write_text("play a loud song\nwake me up\n", encoding="utf-8")
        commands = (
            ("predict", trained, "play a loud song"),
            ("export", trained, "--out", "deployed", "--runtime", "onnx-int8"),
            ("bench", trained, "--texts", "texts.txt", "--runtimes", "onnx"),
        )

        def opened() -> list[CommandResult]:
            found = []
            for command in commands:
                new_process()
                found.append(kdzoo(*command, "--students", file))
            return found

        before = opened()
        file.write_text(OWN.replace("-1e4).amax(1)", "0).sum(1)"), encoding="utf-8")
        after = opened()

        assert {outcome.code for outcome in before + after} == {0}
        assert not any("was edited" in outcome.err for outcome in before)
        for outcome in after:
            assert f"note: student 'mine' ({file}:6) was edited after " in outcome.err
        taken = kdzoo("export", trained, "--out", "deployed", "--runtime", "onnx")
        assert "when the study was made" in taken.out  # of the code as it was


@pytest.mark.parametrize(
    ("broken", "messages"),
    [
        (
            ("amax(1))", "amax(1))[:, 1:]"),
            ["my_students.py", "'mine'", "forward gave [2, ", "wanted [2, "],
        ),
        (
            ("amax(1))", "amax(9))"),
            ["my_students.py", "'mine'", "fails on two texts, of 12 tokens and of 1", "IndexError"],
        ),
        (("*, dim: int = 24", "*, dim=24"), ["option 'dim' of 'mine' has no type", "dim: int"]),
        (('"mine"', '"bilstm"'), ["'bilstm' is registered twice", "my_students.py"]),
        (("nn.Embedding", "nn.Embeding"), ["'mine'", "Embeding"]),
        (("import register_student", "import register_studend"), ["my_students.py", "line 3"]),
        (("def forward", "deff forward"), ["my_students.py", "line 15", "SyntaxError"]),
        (('road="change"', 'road="chang"'), ["'mine'", "'compression' or 'change'", "'chang'"]),
    ],
    ids=["shape", "raises", "untyped", "twice", "constructor", "import", "syntax", "road"],
)
def test_a_mistake_in_it_is_one_message_that_names_the_place(
    kdzoo: RunCommand,
    recipe: Path,
    file: Path,
    new_process: Any,
    broken: tuple[str, str],
    messages: list[str],
) -> None:
    """Whoever writes a student is told which file, which line and what is wanted."""
    assert broken[0] in OWN
    file.write_text(OWN.replace(*broken), encoding="utf-8")

    outcome = kdzoo("run", recipe, "--students", file, "--set", "teacher.fine_tune.epochs=0.1")

    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    for message in messages:
        assert message in outcome.err


@pytest.mark.usefixtures("own_registries")
class TestRegisteredInThisProcessAlone:
    @pytest.mark.parametrize(
        ("measure", "is_told"),
        [
            ({"isolated": True, "runtimes": ["torch"]}, True),
            ({"isolated": True, "runtimes": ["onnx", "torch"]}, True),
            ({"isolated": True, "runtimes": ["onnx"]}, False),
            ({"isolated": False, "runtimes": ["torch"]}, False),
        ],
    )
    def test_is_told_of_before_training_where_others_have_to_load_it(
        self,
        write_recipe: WriteRecipe,
        capsys: pytest.CaptureFixture[str],
        measure: dict[str, Any],
        *,
        is_told: bool,
    ) -> None:
        exec(OWN, {"__name__": "__main__"})  # noqa: S102 - as a notebook runs a cell

        progress = ConsoleProgress(Console(stderr=True))
        kdzoo.check(write_recipe(student={"kind": "mine"}, measure=measure), progress=progress)

        told = " ".join(capsys.readouterr().err.split())
        assert ("'mine' was registered in this process" in told) == is_told
