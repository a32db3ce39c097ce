"""`kdzoo predict` over files of any length, and by folders that are deployed without torch."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny_cases import READ
from tiny_exports import TEXTS, export_to, save_student
from tiny_world import RunCommand

import kdzoo as package
from kdzoo import predicting
from kdzoo.data import write_rows
from kdzoo.data.stream import read_texts
from kdzoo.errors import DataError
from kdzoo.predicting import Columns, answers
from kdzoo.progress import Silent
from kdzoo.runtime import Input
from kdzoo.runtime.predictor import Prediction

COLUMNS = ("text", "label", "probability")


@pytest.fixture(scope="module", params=["torch", "onnx", "onnx-int8"])
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Path:
    """A student's folder, in each form."""
    root = tmp_path_factory.mktemp("predict")
    trained = save_student("fasttext", root / "trained", tiny_encoder)
    if request.param == "torch":
        return trained
    return export_to(trained, root / "deployed", request.param)


def write_texts(path: Path, texts: list[str]) -> Path:
    """Writes the texts as the file's ending says; the column is called ``said``."""
    if path.suffix == ".txt":
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    else:
        write_rows(path, ("said", "number"), ((text, i) for i, text in enumerate(texts)))
    return path


def read_back(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_json(path, lines=True) if path.suffix == ".jsonl" else pd.read_csv(path)


@dataclass(frozen=True)
class Echo:
    """A model whose labels are its texts."""

    is_cascade, cut_texts = False, None
    reads_pairs: bool

    def predict(self, texts: Iterable[Input], top: int) -> Iterator[Prediction]:
        yield from (Prediction(str(text), 1.0, ()) for text in texts)


class TestPredictor:
    def test_takes_a_single_text_for_one(self, model: Path) -> None:
        (found,) = package.load(model).predict("play a song")

        assert found == next(package.load(model).predict(["play a song"]))

    @pytest.mark.parametrize("name", ["texts.csv", "there", "gone.jsonl", "sub/folder", "a.zip"])
    def test_takes_the_name_of_a_file_for_no_text(
        self, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("sub/folder").mkdir(parents=True)
        Path("there").write_text("play a song", encoding="utf-8")
        write_texts(Path("texts.csv"), TEXTS)

        with pytest.raises(DataError, match=f'"{name}" is the name of a file; give Path'):
            package.predict(model, name)
        assert len(list(package.predict(model, [name]))) == 1

    def test_takes_a_folder_for_no_text(self, kdzoo: RunCommand, model: Path) -> None:
        Path("sub/folder").mkdir(parents=True)

        assert kdzoo("predict", model, "sub/folder").code == 2
        assert kdzoo("predict", model, "sub").code == 0

    @pytest.mark.parametrize("missing", [None, float("nan"), 7, ("play", None), b"play"])
    def test_names_what_is_no_text(self, model: Path, missing: Any) -> None:
        with pytest.raises(DataError, match=r"text 2 is .* which is no text; give a str"):
            list(package.predict(model, ["play", missing]))

    def test_tells_one_label_at_least(self, model: Path) -> None:
        with pytest.raises(DataError, match="top is 0; a text has one most probable label"):
            list(package.load(model).predict(["play"], top=0))


class TestFiles:
    @pytest.mark.parametrize("name", ["bare_quotes_tsv", "quotes_begin_many_tsv", "newlines", "cr"])
    def test_get_as_many_answers_as_they_hold_texts(
        self, kdzoo: RunCommand, model: Path, name: str
    ) -> None:
        ((file, content),) = READ[name].files.items()
        Path(file).write_bytes(content)
        outcome = kdzoo("predict", model, file)

        assert outcome.code == 0, outcome.err
        assert len(outcome.out.splitlines()) == READ[name].answers

    @pytest.mark.parametrize("blank", ["first", "inside"])
    def test_with_an_empty_line_get_no_answer(
        self, kdzoo: RunCommand, model: Path, blank: str
    ) -> None:
        """Whoever lays labels beside lines would else have them shifted; the end may be empty."""
        content = "\nrain\njazz\n\n\n" if blank == "first" else "rain\n \njazz\n"
        Path("texts.txt").write_text(content, encoding="utf-8")
        outcome = kdzoo("predict", model, "texts.txt")

        assert outcome.code == 2
        number = 1 if blank == "first" else 2
        assert f"line {number}: text {number} is empty" in outcome.err
        assert not outcome.out

    @pytest.mark.parametrize("name", ["a.xlsx", "a.csv.gz", "a.json", "reviews", "a.CSV"])
    def test_are_never_taken_for_a_text(self, kdzoo: RunCommand, model: Path, name: str) -> None:
        Path(name).write_bytes(b"PK")
        outcome = kdzoo("predict", model, name)

        assert outcome.code == 2
        assert name in outcome.err
        assert not outcome.out

    def test_read_as_an_option_says_they_are_written(self, kdzoo: RunCommand, model: Path) -> None:
        Path("texts.csv").write_text("# mine\nplay jazz; now;7\nrain;8\n", encoding="utf-8")
        layout = [f"--csv={each}" for each in ("separator=;", "comment=#", "columns=a,said,n")]
        said = kdzoo("predict", model, "texts.csv", "--text", "said", *layout)

        assert said.code == 0, said.err
        assert len(said.out.splitlines()) == 2

    @pytest.mark.parametrize("read", [".txt", ".csv", ".jsonl", ".parquet"])
    @pytest.mark.parametrize("written", [".csv", ".jsonl", ".parquet"])
    def test_are_answered_in_their_order(
        self, kdzoo: RunCommand, model: Path, read: str, written: str
    ) -> None:
        """Row i is text i, its label and the probability that the text alone would get."""
        texts = [f'{text}, "{i}"' for i, text in enumerate(TEXTS * 6)]
        source = write_texts(Path(f"texts{read}"), texts)
        outcome = kdzoo("predict", model, source, "--text", "said", "-o", f"deep/out{written}")

        assert outcome.code == 0, outcome.err
        found = read_back(Path(f"deep/out{written}"))
        assert tuple(found.columns) == COLUMNS
        assert found["text"].tolist() == texts
        predictor = package.load(model)
        for row in (0, 7, len(texts) - 1):
            (alone,) = predictor.predict([texts[row]])
            assert abs(found["probability"][row] - alone.probability) < 0.02  # int8: by neighbours
        assert f"{len(texts)} texts labelled" in outcome.out
        assert [path.name for path in Path("deep").iterdir()] == [f"out{written}"]

    def test_are_printed_where_no_file_is_given(self, kdzoo: RunCommand, model: Path) -> None:
        source = write_texts(Path("texts.csv"), TEXTS)
        outcome = kdzoo("predict", model, source, "--text", "said")

        rows = [line.split("\t") for line in outcome.out.splitlines()]
        wanted = list(package.load(model).predict(TEXTS))
        assert [label for label, _ in rows] == [each.label for each in wanted]

    def test_may_be_standard_input(
        self, kdzoo: RunCommand, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(TEXTS)))
        outcome = kdzoo("predict", model, "-", "-o", "out.jsonl")

        assert outcome.code == 0, outcome.err
        assert read_back(Path("out.jsonl"))["text"].tolist() == TEXTS

    @pytest.mark.parametrize("written", [".csv", ".jsonl", ".parquet"])
    def test_with_ends_of_lines_in_them_are_written_and_read_as_they_are(
        self, tmp_path: Path, written: str
    ) -> None:
        texts = ["play\rjazz", "play\njazz", "play\r\njazz", '"a\r"', "plain"]
        path = tmp_path / f"texts{written}"

        write_rows(path, ("text", "number"), ((text, i) for i, text in enumerate(texts)))

        assert list(read_texts(path, "text")) == texts

    def test_are_written_where_nothing_else_is(self, tmp_path: Path) -> None:
        """Two processes may write one file at once: it is whole, and of one of them."""
        path, others = tmp_path / "out.csv", []

        def rows() -> Iterator[tuple[str, int]]:
            yield "mine", 0
            write_rows(path, ("text", "number"), [("other", 1), ("other", 2)])
            others.append(path.read_text("utf-8"))
            yield "mine", 3

        write_rows(path, ("text", "number"), rows())

        assert others == ["text,number\nother,1\nother,2\n"]
        assert path.read_text("utf-8") == "text,number\nmine,0\nmine,3\n"
        assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]

    @pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n \n"])
    def test_of_standard_input_end_where_those_of_a_file_do(
        self, kdzoo: RunCommand, model: Path, monkeypatch: pytest.MonkeyPatch, end: str
    ) -> None:
        """Empty lines at the end are no texts."""
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(TEXTS) + end))
        outcome = kdzoo("predict", model, "-", "-o", "out.jsonl")

        assert outcome.code == 0, outcome.err
        assert read_back(Path("out.jsonl"))["text"].tolist() == TEXTS

    @pytest.mark.parametrize("between", ["", "\tb"])
    def test_of_standard_input_are_read_as_lines_of_a_file_are(
        self, tmp_path: Path, between: str
    ) -> None:
        """Blanks around a text are tokens to some tokenizers, so that answers would differ."""
        lines = "".join(f"{text}{between}\n" for text in ["  play", "wake ", " rain\u00a0"])
        path = tmp_path / "texts.txt"
        path.write_text(lines, encoding="utf-8")
        echo = Echo(reads_pairs=bool(between))

        def found_in(texts: Path | io.StringIO) -> list[Input]:
            return [given for given, _ in answers(echo, texts, Columns(), 1, Silent())]

        assert found_in(io.StringIO(lines)) == found_in(path)

    @pytest.mark.parametrize("pairs", [False, True])
    def test_that_come_in_one_by_one_are_answered_at_once(self, pairs: bool) -> None:
        """A filter does not wait for 256 lines; those before a bad one are answered too."""
        read, write = os.pipe()
        with open(read, encoding="utf-8") as stream, open(write, "wb", buffering=0) as sender:  # noqa: PTH123 - no paths
            found_at_once = answers(Echo(reads_pairs=pairs), stream, Columns(), 1, Silent())
            end = "\tb" if pairs else ""
            for lines in (["\ufeffplay"], ["wake é", "rain"]):
                sender.write("".join(f"{line}{end}\r\n" for line in lines).encode())
                for line in lines:
                    given, found = next(found_at_once)
                    assert (given[0] if pairs else given) == line.removeprefix("\ufeff")
                    assert found.label == str(given)
            sender.write(f"last{end}\n\nnever{end}\n".encode())
            assert next(found_at_once)[1].label
            with pytest.raises(DataError, match="line 5: 1 texts" if pairs else "text 5 is empty"):
                next(found_at_once)

    @pytest.mark.parametrize("at_once", [1, 2, 5, 1000])
    @pytest.mark.parametrize("end", ["", "\n", "\n\n"])
    def test_are_whole_lines_however_standard_input_comes_in(
        self, monkeypatch: pytest.MonkeyPatch, at_once: int, end: str
    ) -> None:
        lines = ["play", "wäke me", "p", "rain " * 9 + "rain"]
        given = io.TextIOWrapper(io.BytesIO(("\n".join(lines) + end).encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", given)
        monkeypatch.setattr(predicting, "_PART_BYTES", at_once)

        found = answers(Echo(reads_pairs=False), sys.stdin, Columns(), 1, Silent())
        assert [text for text, _ in found] == lines

    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
    @pytest.mark.parametrize("read", [0, 1, 3])
    def test_that_are_left_of_a_stream_are_answered_as_it_decodes_them(
        self, tmp_path: Path, encoding: str, read: int
    ) -> None:
        """Whatever was read before: the stream has read ahead by then."""
        lines = [f"play süng {number}" for number in range(1000)]
        (tmp_path / "t.txt").write_text("\n".join(lines), encoding=encoding)
        with (tmp_path / "t.txt").open(encoding=encoding) as stream:
            for _ in range(read):
                next(stream)
            found = answers(Echo(reads_pairs=False), stream, Columns(), 1, Silent())

            assert [given for given, _ in found] == lines[read:]

    def test_of_a_stream_with_another_encoding_than_it_was_opened_with(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "t.txt").write_text("süß\n", encoding="latin-1")
        with (tmp_path / "t.txt").open(encoding="utf-8") as stream:
            found = answers(Echo(reads_pairs=False), stream, Columns(), 1, Silent())
            with pytest.raises(DataError, match="the stream is not utf-8 text; open it with its"):
                list(found)

    @pytest.mark.parametrize("as_type", [str, Path])
    def test_lie_in_the_file_that_is_named(
        self, model: Path, tmp_path: Path, as_type: type
    ) -> None:
        source = write_texts(tmp_path / "t.txt", TEXTS)

        count = package.write_predictions(model, as_type(source), tmp_path / "out.jsonl")

        assert count == len(TEXTS)
        assert read_back(tmp_path / "out.jsonl")["text"].tolist() == TEXTS

    @pytest.mark.parametrize("count", [3, 20_001])
    @pytest.mark.parametrize("file", ["gap.txt", "gap.csv", "gap.jsonl"])
    def test_with_an_empty_text_are_refused_before_any_is_labelled(
        self, kdzoo: RunCommand, model: Path, file: str, count: int
    ) -> None:
        """Wherever it stands: as many labels as lines, or none."""
        texts = [f"text {number}" for number in range(count)]
        source = write_texts(Path(file), [*texts[:-1], "", texts[-1]])

        outcome = kdzoo("predict", model, source, "--text", "said")

        assert (outcome.code, outcome.out) == (2, "")
        assert f"text {count} is empty" in outcome.err
        assert "labelling" not in outcome.err

    def test_are_not_taken_for_texts(self, kdzoo: RunCommand, model: Path) -> None:
        """A name that ends like a file's is one, though it is misspelt; a sentence is not."""
        missing = kdzoo("predict", model, "reviws.csv")
        sentence = kdzoo("predict", model, "please open reviews.csv")

        assert missing.code == 2
        assert "no such data file: reviws.csv" in missing.err
        assert sentence.code == 0
        assert len(sentence.out.splitlines()) == 4

    @pytest.mark.study
    def test_need_memory_for_a_part_of_them(self, model: Path, tmp_path: Path) -> None:
        """Ten times the texts take no more memory, while they are read, answered and written."""
        predictor = package.load(model)

        def peak(count: int) -> int:
            def texts() -> Iterator[str]:
                yield from (f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(count))

            tracemalloc.start()
            answers = zip(texts(), predictor.predict(texts(), top=1), strict=True)
            rows = ((text, found.label, found.probability) for text, found in answers)
            write_rows(tmp_path / "out.csv", COLUMNS, rows)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

        # The least of two runs: what is made once, whenever that is, is no growth.
        many, few = (min(peak(count) for _ in range(2)) for count in (20_000, 2_000))
        assert many < 1.5 * few


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("source", "output", "words"),
        [
            ("texts.csv", "out.xls", "cannot write '.xls'; give -o a .jsonl, .csv or .parquet"),
            ("texts.csv", "folder.csv", "folder.csv is a folder"),
            ("texts.csv", "texts.csv", "is the file of texts itself"),
            ("texts.csv", "texts.csv/out.csv", "texts.csv is a file; give -o another place"),
            ("a text", "out.csv", "of a file of texts, or of -"),
            ("none.csv", "out.csv", "none.csv holds no texts"),
            ("gap.csv", "out.csv", "text 2 is empty"),
            ("broken.csv", "out.csv", "not UTF-8"),
        ],
    )
    def test_leaves_nothing_half_written(
        self, kdzoo: RunCommand, model: Path, source: str, output: str, words: str
    ) -> None:
        write_texts(Path("texts.csv"), TEXTS)
        Path("none.csv").write_text("said\n", encoding="utf-8")
        Path("gap.csv").write_text('said\nrain\n""\n', encoding="utf-8")
        Path("broken.csv").write_bytes(b"said\nrain\ncaf\xe9\n")
        Path("folder.csv").mkdir()
        before = sorted(Path().rglob("*"))
        outcome = kdzoo("predict", model, source, "--text", "said", "-o", output)

        assert outcome.code == 2
        assert words in outcome.err
        assert "Traceback" not in outcome.err
        assert sorted(Path().rglob("*")) == before
        assert len(Path("texts.csv").read_text(encoding="utf-8").splitlines()) == len(TEXTS) + 1

    def test_says_which_text_is_empty(self, model: Path) -> None:
        with pytest.raises(DataError, match="text 3 is empty"):
            list(package.load(model).predict(["a", "b", " \t", "c"]))


@pytest.mark.study
def test_an_exported_folder_is_read_without_torch(tmp_path: Path, tiny_encoder: Path) -> None:
    """Neither the Python interface nor the command imports it, or transformers."""
    trained = save_student("bilstm", tmp_path / "trained", tiny_encoder, dim=16)
    folder = export_to(trained, tmp_path / "deployed")
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    code = """
import json, sys
import kdzoo
from kdzoo.cli import main
folder = sys.argv[1]
texts = open("texts.txt", encoding="utf-8").read().splitlines()
labels = [each.label for each in kdzoo.load(folder).predict(texts)]
sys.argv = ["kdzoo", "predict", folder, "texts.txt", "-o", "out.jsonl"]
try:
    main()
except SystemExit as end:
    assert not end.code
heavy = [name for name in ("torch", "transformers", "datasets", "pandas") if name in sys.modules]
json.dump({"labels": labels, "heavy": heavy}, open("said.json", "w"))
"""

    subprocess.run(
        [sys.executable, "-I", "-c", code, str(folder)], cwd=tmp_path, check=True, timeout=120
    )

    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert said["heavy"] == []
    wanted = [each.label for each in package.load(trained).predict(TEXTS)]
    assert said["labels"] == wanted == read_back(tmp_path / "out.jsonl")["label"].tolist()
    assert len(np.unique(wanted)) > 1
