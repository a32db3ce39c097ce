"""The recipes for sentence pairs, run on small samples in the form of their hub or files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from tiny_hub import FEW_STEPS, Asked, serve
from tiny_pairs import some_pairs, write_pair_data
from tiny_world import RunCommand

from kdzoo.data import Corpus, load_corpus
from kdzoo.recipe import load_study
from kdzoo.results import Store

GLUE = "nyu-mll/glue"
SMALL = {
    "bilstm": ("--set", "student.dim=32", "--set", "student.pair_head=16"),
    "cnn": ("--set", "student.dim=32", "--set", "student.pair_head=16"),
    "distilbert": ("--set", "student.layers=[0, 1]"),
}
AUGMENTED = ("--set", "variants.tang.transfer.augment.copies=1")


def split_of(
    columns: tuple[str, str], names: list[str], start: int, end: int, *, hidden: bool = False
) -> Dataset:
    """Returns a split with the hub's columns; where its labels are not told, they are -1."""
    rows = some_pairs(260)[start:end]
    labels = [number % len(names) for number, _ in enumerate(rows)]
    if len(names) == 2:
        labels = [int(label == "same") for *_, label in rows]
    features = Features(
        {
            columns[0]: Value("string"),
            columns[1]: Value("string"),
            "label": ClassLabel(names=names),
            "idx": Value("int32"),
        }
    )
    data: dict[str, Any] = {
        columns[0]: [a for a, _, _ in rows],
        columns[1]: [b for _, b, _ in rows],
        "label": [-1] * len(rows) if hidden else labels,
        "idx": list(range(len(rows))),
    }
    return Dataset.from_dict(data, features=features)


def two_classes(columns: tuple[str, str], names: list[str]) -> DatasetDict:
    """Returns a sample of a GLUE task whose test labels are not told."""
    return DatasetDict(
        train=split_of(columns, names, 0, 200),
        validation=split_of(columns, names, 200, 230),
        test=split_of(columns, names, 230, 250, hidden=True),
    )


def mnli() -> DatasetDict:
    """Returns a sample of MNLI: two validation splits, two test splits without labels."""
    columns, names = ("premise", "hypothesis"), ["entailment", "neutral", "contradiction"]
    return DatasetDict(
        train=split_of(columns, names, 0, 200),
        validation_matched=split_of(columns, names, 200, 220),
        validation_mismatched=split_of(columns, names, 220, 235),
        test_matched=split_of(columns, names, 235, 245, hidden=True),
        test_mismatched=split_of(columns, names, 245, 255, hidden=True),
    )


SAMPLES = {
    "mrpc": two_classes(("sentence1", "sentence2"), ["not_equivalent", "equivalent"]),
    "qqp": two_classes(("question1", "question2"), ["not_duplicate", "duplicate"]),
    "mnli": mnli(),
}


def corpus_of(task: str) -> Corpus:
    """Returns the data as all recipes of the folder read it."""
    return load_corpus(load_study(task).variants[0].recipe.data)


@pytest.fixture
def hub(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tiny_encoder: Path,
) -> Asked:
    """The task's sample and a tiny MiniLM on the hub; what was asked of it."""
    task = request.getfixturevalue("task")
    return serve(monkeypatch, tmp_path / "hub", tiny_encoder, {GLUE: SAMPLES[task]})


@pytest.mark.usefixtures("hub")
class TestSplits:
    @pytest.mark.parametrize("task", ["mrpc", "qqp"])
    def test_test_the_pairs_that_have_labels(self, task: str) -> None:
        """The hub's validation; its own test split, all labels -1, is left alone."""
        corpus, sample = corpus_of(task), SAMPLES[task]

        assert corpus.gold("test").tolist() == sample["validation"]["label"]
        assert corpus.labels[1] in ("equivalent", "duplicate")
        assert corpus.positive == 1
        assert len(corpus.validation) in (4, 20)

    @pytest.mark.parametrize("task", ["mnli"])
    def test_of_mnli_are_both_matched_and_mismatched(self, task: str) -> None:
        corpus, sample = corpus_of(task), SAMPLES[task]

        assert corpus.gold("test").tolist() == sample["validation_matched"]["label"]
        assert corpus.gold("mismatched").tolist() == sample["validation_mismatched"]["label"]
        assert corpus.labels == ("entailment", "neutral", "contradiction")
        assert corpus.positive is None


@pytest.mark.study
@pytest.mark.parametrize(
    ("task", "name"),
    [(task, name) for task in SAMPLES for name in ("bilstm", "distilbert")],
)
def test_each_ends_in_a_table(kdzoo: RunCommand, hub: Asked, task: str, name: str) -> None:
    """Teacher, student, variants and baseline, on every test set."""
    more = AUGMENTED if name == "bilstm" else ()
    outcome = kdzoo("run", f"{task}/{name}", *FEW_STEPS, *SMALL[name], *more)

    assert outcome.code == 0, outcome.err
    assert set(hub) == {(GLUE, task, None, None)}
    store = Store(Path("runs") / f"{task}-{name}")
    rows = {row.name: row.members[0] for row in store.manifest().rows}
    tests = {"test", "mismatched"} if task == "mnli" else {"test"}
    assert rows.keys() == {
        "teacher", name, "tf-idf + svm", *({"bilstm/tang"} if name == "bilstm" else set()),
    }  # fmt: skip
    assert all(store.read(member.key).quality.keys() >= tests for member in rows.values())
    lines = (store.root / "table.md").read_text(encoding="utf-8").splitlines()
    head = next(line for line in lines if line.startswith("| model"))
    titles = {cell.strip() for cell in head.split("|")}
    assert ("F1" in titles) == (task != "mnli")
    assert ("on mismatched" in titles) == (task == "mnli")


@pytest.mark.study
@pytest.mark.parametrize("name", ["bilstm", "cnn", "distilbert"])
def test_each_of_sick_ends_in_a_table(
    kdzoo: RunCommand,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_encoder: Path,
) -> None:
    """From a folder of files with text_a, text_b and label."""
    serve(monkeypatch, tmp_path / "hub", tiny_encoder, {})
    data = write_pair_data(tmp_path / "sick")

    outcome = kdzoo("run", f"sick/{name}", *FEW_STEPS, *SMALL[name], "--data", str(data))

    assert outcome.code == 0, outcome.err
    store = Store(Path("runs") / f"sick-{name}")
    assert {row.name for row in store.manifest().rows} == {"teacher", name, "tf-idf + svm"}
