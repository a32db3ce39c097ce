"""Files as people have them: each is read whole, noted, or refused with a cure that cures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tiny_cases import BROKEN, CASES, NOTED, READ, Case
from tiny_exports import save_student
from tiny_tables import COUNT, LABELS, PARTS
from tiny_world import RunCommand

from kdzoo.cli.app import csv_of
from kdzoo.data import Corpus, load_corpus
from kdzoo.data.stream import read_full_texts, read_labelled
from kdzoo.errors import DataError
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.data import Data
from kdzoo.scaffold.data import OwnData, data_section


def write(case: Case, folder: Path) -> tuple[Path, Path]:
    """Writes a case's files; returns what ``init`` is given, and what ``predict`` is."""
    for name, content in case.files.items():
        (folder / name).write_bytes(content)
    first = folder / next(iter(case.files))
    return (first if len(case.files) == 1 else folder), first


def corpus_of(data: Path, csv: Csv) -> Corpus:
    """Returns the corpus that ``init`` makes of data."""
    return load_corpus(Data(**data_section(OwnData(data, csv=csv))))


def cure_in(message: str) -> Csv:
    """Returns what the first ``--csv`` in a message says of the file."""
    found = re.search(r"--csv (\w+=(?:\"[^\"]*\"|\S+))", message)
    assert found, message
    return csv_of(shlex.split(found[1]))


@pytest.mark.parametrize("name", [*READ, *NOTED])
def test_that_can_be_read_are_read_whole(name: str, tmp_path: Path) -> None:
    data, file = write(CASES[name], tmp_path)

    corpus = corpus_of(data, Csv())

    assert corpus.labels == CASES[name].labels
    assert len(list(read_full_texts(file, "text"))) == CASES[name].answers
    if len(CASES[name].files) == 1:
        rows = sum(map(len, (corpus.train, corpus.validation, corpus.test)))
        assert rows == CASES[name].answers


@pytest.mark.parametrize("name", NOTED)
def test_that_are_odd_are_noted(name: str, tmp_path: Path) -> None:
    corpus = corpus_of(write(NOTED[name], tmp_path)[0], Csv())

    assert any(NOTED[name].noted in note for note in corpus.notes)


@pytest.mark.parametrize("name", READ)
def test_that_are_sound_get_no_note_on_labels(name: str, tmp_path: Path) -> None:
    corpus = corpus_of(write(READ[name], tmp_path)[0], Csv())

    assert not [note for note in corpus.notes if "labels" in note]


@pytest.mark.parametrize("name", BROKEN)
def test_that_cannot_be_read_are_refused_with_cause_and_place(name: str, tmp_path: Path) -> None:
    case = BROKEN[name]
    data, file = write(case, tmp_path)

    with pytest.raises(DataError) as caught:
        corpus_of(data, Csv())
    assert case.said in str(caught.value)
    if isinstance(case.answers, int):
        assert len(list(read_full_texts(file, "text"))) == case.answers
    else:
        with pytest.raises(DataError) as caught:
            list(read_full_texts(file, "text"))
        assert case.answers in str(caught.value)


@pytest.mark.parametrize("name", [name for name, case in BROKEN.items() if case.is_cured])
def test_that_are_written_otherwise_are_read_as_the_message_says(name: str, tmp_path: Path) -> None:
    """One cure after the other: where a file has two peculiarities, each is told in its turn."""
    case = BROKEN[name]
    data, file = write(case, tmp_path)

    with pytest.raises(DataError) as caught:
        corpus_of(data, Csv())
    cure = cure_in(str(caught.value))

    assert corpus_of(data, cure).labels == case.labels
    assert len(list(read_full_texts(file, "text", csv=cure))) == COUNT


@pytest.mark.parametrize("name", ["hidden_labels", "no_labels"])
def test_whose_labels_nobody_knows_are_not_read_where_a_rule_takes_their_place(
    name: str, tmp_path: Path
) -> None:
    data, _ = write(BROKEN[name], tmp_path)

    corpus = load_corpus(Data(files=str(data), split={"test": "0.25 of train"}))

    assert len(corpus.train) + len(corpus.test) == len(PARTS["train"])


@pytest.mark.parametrize("called", ["dev", "valid", "val"])
def test_called_for_validation_may_be_something_else_in_a_recipe(
    called: str, tmp_path: Path
) -> None:
    """What a recipe names is what it says, and no validation besides."""
    data, _ = write(READ[called], tmp_path)

    renamed = load_corpus(Data(files=str(data), split={"test": called, "validation": "test"}))
    beside = load_corpus(
        Data(files=str(data), split={"validation": "0.2 of train"}, other_tests={"hard": called})
    )

    assert len(renamed.test) == len(beside.split("hard")) == len(PARTS["validation"])
    assert len(beside.validation) < len(PARTS["train"])


def test_labels_lose_the_spaces_around_them_whoever_reads_them(tmp_path: Path) -> None:
    """``bench`` as ``run``."""
    _, file = write(READ["spaces_around_labels"], tmp_path)

    assert {*read_labelled(file, "text", "label")[1]} == {*LABELS}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A student's folder."""
    return save_student("fasttext", tmp_path_factory.mktemp("model") / "student", tiny_encoder)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_go_through_init_and_predict(
    name: str, kdzoo: RunCommand, model: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    """An answer for every text, or none and one message; a cure is taken as it is written."""
    case = CASES[name]
    (tmp_path / "data").mkdir()
    data, file = write(case, tmp_path / "data")

    def init(*options: str) -> tuple[int, str]:
        outcome = kdzoo("init", "--data", data, "--teacher", tiny_encoder, "-o", "mine", *options)
        return outcome.code, outcome.out + outcome.err

    code, said = init()
    answered = kdzoo("predict", model, file, "-o", "out.jsonl")

    assert code == (2 if case.said else 0), said
    assert case.said in said
    assert case.noted in said
    assert Path("mine").exists() == (code == 0)
    answers = Path("out.jsonl")
    if isinstance(case.answers, int):
        assert len(answers.read_text(encoding="utf-8").splitlines()) == case.answers
    else:
        assert answered.code == 2
        assert case.answers in answered.err
        assert not answers.exists()
    assert "Traceback" not in said + answered.err
    if case.is_cured:
        option = re.search(r"--csv (\w+=(?:\"[^\"]*\"|\S+))", said)
        assert option
        assert init("--csv", *shlex.split(option[1]))[0] == 0
        assert kdzoo("check", "mine").code == 0
