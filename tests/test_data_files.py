"""Texts and labels from files of all formats; what is broken is named with its place."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import Corpus, Input, SplitName, load_corpus
from kdzoo.data.files import read_files
from kdzoo.data.stream import labelled_rows, read_texts
from kdzoo.errors import DataError, FileError
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.data import Data
from kdzoo.recipe.schema import Unlabelled
from kdzoo.transfer.unlabelled import read_of_folders, unlabelled_texts

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
Rows = Sequence[tuple[object, object]]

AWKWARD = [
    ("play, then stop", "music"),
    ('she said "now", twice', "music"),
    ("two\nlines", "music"),
    ("windows\r\nlines", "music"),
    ("a\ttab", "weather"),
    ("line\u2028separator and paragraph\u2029separator", "weather"),
    ("next\x85line, form\x0cfeed, file\x1cseparator", "weather"),
    ("  spaces around  ", "weather"),
    ("größer 🙂 日本", "wéather"),
    ("it's 5 o'clock; | \\ # %", "wéather"),
]


NO_DATA = {  # what lies beside data in a .json
    "labels.json": '["ab", "b"]',
    "id2label.json": '{"0": "a", "1": "b"}',
    "dataset_info.json": json.dumps({"features": {"text": {"dtype": "string"}}}, indent=2),
    "empty.json": "",
    "broken.json": '{"text": ',
}


def write_rows(path: Path, rows: Rows, columns: tuple[str, str] = ("text", "label")) -> Path:
    """Writes the rows in the format that the suffix names, with that format's own library."""
    if path.suffix in (".jsonl", ".ndjson", ".json"):
        lines = [
            json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows
        ]
        is_list = path.suffix == ".json"
        text = f"[{', '.join(lines)}]" if is_list else "".join(f"{line}\n" for line in lines)
        path.write_text(text, encoding="utf-8", newline="")
    elif path.suffix == ".parquet":
        names = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
        pyarrow.parquet.write_table(pyarrow.table(names), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            is_tsv = path.suffix == ".tsv"  # in which quotes enclose all cells, or are characters
            quoting = csv.QUOTE_ALL if is_tsv else csv.QUOTE_MINIMAL
            writer = csv.writer(file, delimiter="\t" if is_tsv else ",", quoting=quoting)
            writer.writerows([columns, *rows])
    return path


def read_rows(path: Path, text: str, label: str) -> list[tuple[Input, str]]:
    """Returns text and label of every row of one file."""
    return [(given, name) for _, given, name in labelled_rows(path, text, label)]


def refusal(path: Path, text: str = "text", label: str = "label") -> str:
    """Returns what is said of a file that cannot be read."""
    with pytest.raises(DataError) as caught:
        read_rows(path, text, label)
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestEveryFormat:
    def test_gives_back_what_was_written(self, tmp_path: Path, suffix: str) -> None:
        """Separators, quotes, newlines of all kinds and spaces inside texts survive."""
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD)

        assert read_rows(path, "text", "label") == AWKWARD

    @given(
        texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5)
    )
    @settings(deadline=None, max_examples=30)
    def test_gives_back_any_text(
        self, tmp_path_factory: pytest.TempPathFactory, suffix: str, texts: list[str]
    ) -> None:
        rows = [(text, "a") for text in texts]
        path = write_rows(tmp_path_factory.mktemp("any") / f"train{suffix}", rows)

        assert read_rows(path, "text", "label") == rows

    @pytest.mark.parametrize("label", ["NA", "null", "no", "None", "nan", "true", "007", "1.0"])
    def test_keeps_labels_that_look_like_something_else(
        self, tmp_path: Path, suffix: str, label: str
    ) -> None:
        """A label is the string that stands in the file, not what a reader may take it for."""
        path = write_rows(tmp_path / f"train{suffix}", [("NA", label), ("null", "other")])

        assert read_rows(path, "text", "label") == [("NA", label), ("null", "other")]

    def test_reads_integer_labels_as_their_digits(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(tmp_path / f"train{suffix}", [("one", 1), ("twelve", 12)])

        assert read_rows(path, "text", "label") == [("one", "1"), ("twelve", "12")]

    def test_strips_labels_and_nothing_else(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(tmp_path / f"train{suffix}", [(" a ", " music "), ("b", "music")])

        assert read_rows(path, "text", "label") == [(" a ", "music"), ("b", "music")]

    def test_takes_the_columns_that_it_is_told(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD, ("request", "intent"))

        assert read_rows(path, "request", "intent") == AWKWARD

    def test_takes_no_other_word_for_a_misspelt_column(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD[:1], ("utterance", "intent"))

        message = refusal(path, "text", "intent")

        assert "did you mean" not in message
        assert "Known: intent, utterance" in message

    @pytest.mark.parametrize(("missing", "near"), [("request", "requests"), ("intent", "intents")])
    def test_names_the_column_nearest_to_a_missing_one(
        self, tmp_path: Path, suffix: str, missing: str, near: str
    ) -> None:
        columns = ("requests", "intent") if missing == "request" else ("request", "intents")
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD[:1], columns)

        message = refusal(path, "request", "intent")

        assert f"no column '{missing}'" in message
        assert f"did you mean '{near}'?" in message

    @pytest.mark.parametrize(
        ("column", "shown"),
        [
            ("\u200btext", "'\\u200btext'"),
            ("text\u00a0", "'text\\xa0'"),
            ("te\u00adxt", "'te\\xadxt'"),
            ("text ", "'text '"),
        ],
    )
    def test_says_of_a_column_that_looks_like_the_missing_one_how_it_is_spelt(
        self, tmp_path: Path, suffix: str, column: str, shown: str
    ) -> None:
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD[:1], (column, "label"))

        message = refusal(path)

        assert f"a column is called {shown}, which looks the same; call it 'text'" in message
        assert "is no header" not in message

    def test_the_suffix_may_be_in_capitals(self, tmp_path: Path, suffix: str) -> None:
        """A file from another system reads the same, and so does the complaint about it."""
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD)
        capitals = path.rename(tmp_path / f"TRAIN{suffix.upper()}")

        assert read_rows(capitals, "text", "label") == AWKWARD
        if suffix != ".jsonl":  # whose rows each have columns of their own
            assert "1 problem\n" in refusal(capitals, "request")


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
class TestHeaders:
    def test_are_told_where_the_columns_are_named_besides(
        self, tmp_path: Path, suffix: str
    ) -> None:
        """Whatever columns are wanted of them: there are texts only from the second line on."""
        path = write_rows(tmp_path / f"train{suffix}", AWKWARD)
        named = Csv(columns=["text", "label"])

        for read in (
            lambda: labelled_rows(path, "text", "label", csv=named),
            lambda: read_texts(path, "text", csv=named),
        ):
            with pytest.raises(DataError, match="line 1: a header, and its columns are named"):
                list(read())

    @pytest.mark.parametrize(
        "rows",
        [
            [("text", "music"), ("label", "weather")],  # a word of the header
            [("play", "label"), ("rain", "text")],
            [("text label", "text"), ("label", "label")],
            [("the text", "label"), ("a", "the label")],
        ],
    )
    def test_are_no_rows_that_say_a_part_of_them(
        self, tmp_path: Path, suffix: str, rows: Rows
    ) -> None:
        path = write_rows(tmp_path / f"train{suffix}", rows)

        assert read_rows(path, "text", "label") == rows
        assert [*read_texts(path, "text")] == [text for text, _ in rows]

    def test_of_one_name_may_be_a_text(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"texts{suffix}"
        path.write_text("text\nplay\ntext\n", encoding="utf-8")

        assert [*read_texts(path, "text")] == ["play", "text"]

    def test_of_columns_in_another_order_are_told_by_those_that_are_wanted(
        self, tmp_path: Path, suffix: str
    ) -> None:
        """What stands in other columns has another name in each of the files."""
        mark = "," if suffix == ".csv" else "\t"
        lines = [["label", "text", "id"], ["a", "b", "1"], ["label", "text", "number"]]
        path = tmp_path / f"train{suffix}"
        path.write_text("\n".join(mark.join(line) for line in lines), encoding="utf-8")

        assert "line 3: the header once more" in refusal(path)


class TestOneCorpus:
    def test_is_the_same_from_all_formats(self, tmp_path: Path) -> None:
        """Texts, label order and fingerprints do not depend on the format."""
        corpora: list[Corpus] = []
        for suffix in SUFFIXES:
            folder = tmp_path / suffix[1:]
            folder.mkdir()
            for split, mark in (("train", ""), ("validation", " again"), ("test", " once more")):
                rows = [(text + mark, label) for text, label in AWKWARD]
                write_rows(folder / f"{split}{suffix}", rows)
            corpora.append(load_corpus(Data(files=str(folder))))

        assert corpora[0].labels == ("music", "weather", "wéather")
        assert all(corpus == corpora[0] for corpus in corpora)
        assert len({corpus.fingerprint for corpus in corpora}) == 1

    @pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv"])
    def test_does_not_depend_on_byte_order_mark_or_line_ends(
        self, tmp_path: Path, suffix: str
    ) -> None:
        """What Windows programs write is read as what was meant."""
        rows = [("play jazz", "music"), ("will it rain", "weather")]
        path = write_rows(tmp_path / f"train{suffix}", rows)
        plain = path.read_bytes().replace(b"\r\n", b"\n")
        path.write_bytes(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"))

        assert read_rows(path, "text", "label") == rows

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_texts_a_line_may_end_as_on_any_machine(self, tmp_path: Path, end: str) -> None:
        (tmp_path / "texts.txt").write_bytes(end.join(["play jazz", "will it rain"]).encode())

        assert [*read_texts(tmp_path / "texts.txt", "text")] == ["play jazz", "will it rain"]

    @pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv"])
    def test_does_not_depend_on_empty_lines(self, tmp_path: Path, suffix: str) -> None:
        rows = [("play jazz", "music"), ("will it rain", "weather")]
        path = write_rows(tmp_path / f"train{suffix}", rows)
        path.write_bytes(path.read_bytes() + b"\n\n")

        assert read_rows(path, "text", "label") == rows


NAMES = ["weather", "music", "travel"]
CLASS: dict[str, Any] = {"names": NAMES, "_type": "ClassLabel"}
LIST, LARGE = pyarrow.list_(pyarrow.int64()), pyarrow.large_list(pyarrow.int8())
PAIR = pyarrow.list_(pyarrow.int64(), 2)
OF_LISTS = {  # as datasets has noted lists of classes, and as arrow holds them
    "a list of the element": ([CLASS], LIST),
    "Sequence": ({"feature": CLASS, "length": -1, "id": None, "_type": "Sequence"}, LIST),
    "Sequence of one length": ({"feature": CLASS, "length": 2, "_type": "Sequence"}, PAIR),
    "List": ({"feature": CLASS, "_type": "List"}, LIST),
    "List of one length": ({"feature": CLASS, "length": 2, "_type": "List"}, PAIR),
    "LargeList": ({"feature": CLASS, "_type": "LargeList"}, LARGE),
}


class TestNotedClasses:
    def write(self, path: Path, labels: pyarrow.Array, feature: object) -> Path:
        """Writes a .parquet with such labels, and a feature as datasets notes it."""
        table = pyarrow.table({"text": [f"text {n}" for n in range(len(labels))], "label": labels})
        noted = json.dumps({"info": {"features": {"label": feature}}})
        pyarrow.parquet.write_table(table.replace_schema_metadata({"huggingface": noted}), path)
        return path

    @pytest.mark.parametrize("way", OF_LISTS)
    def test_of_lists_are_read_by_name(self, way: str, tmp_path: Path) -> None:
        feature, kind = OF_LISTS[way]
        labels = pyarrow.array([[0, 1], [2, 1], [2, 0]], kind)
        path = self.write(tmp_path / "a.parquet", labels, feature)

        raw = read_files(str(path), "text", "label")

        assert raw.labels == (*NAMES,)
        assert [label for _, label in raw.splits["train"]] == [
            ("weather", "music"), ("travel", "music"), ("travel", "weather")
        ]  # fmt: skip

    @pytest.mark.parametrize("kind", [pyarrow.int64(), pyarrow.int8(), pyarrow.uint16()], ids=str)
    @pytest.mark.parametrize("is_encoded", [False, True])
    def test_are_read_by_name(self, kind: Any, is_encoded: bool, tmp_path: Path) -> None:
        labels = pyarrow.array([0, 2, 1], kind)
        encoded = labels.dictionary_encode() if is_encoded else labels
        path = self.write(tmp_path / "a.parquet", encoded, CLASS)

        raw = read_files(str(path), "text", "label")

        assert raw.labels == (*NAMES,)
        assert [label for _, label in raw.splits["train"]] == ["weather", "travel", "music"]

    @pytest.mark.parametrize(
        "feature",
        [[], [[CLASS]], "ClassLabel", None, 3, {"feature": 3}, {"_type": "ClassLabel"},
         {"names": "ab", "_type": "ClassLabel"}, {"names": [1], "_type": "ClassLabel"}],
        ids=str,
    )  # fmt: skip
    def test_that_are_none_are_not_believed(self, feature: object, tmp_path: Path) -> None:
        path = self.write(tmp_path / "a.parquet", pyarrow.array([[0, 1], [1]]), feature)

        raw = read_files(str(path), "text", "label")

        assert raw.labels is None
        assert [label for _, label in raw.splits["train"]] == [("0", "1"), ("1",)]


class TestWhichFiles:
    def test_a_folder_gives_each_split_its_file_whatever_their_formats(
        self, tmp_path: Path
    ) -> None:
        for split, suffix in (("train", ".csv"), ("validation", ".parquet"), ("test", ".jsonl")):
            write_rows(tmp_path / f"{split}{suffix}", [(f"from {split}", "a")])
        write_rows(tmp_path / "notes.csv", [("not read", "a")])

        raw = read_files(str(tmp_path), "text", "label")

        assert raw.splits == {
            split: [(f"from {split}", "a")] for split in ("train", "validation", "test")
        }

    @pytest.mark.parametrize("name", ["Test.csv", "TEST.CSV", "test.Csv"])
    def test_names_may_be_in_capitals(self, tmp_path: Path, name: str) -> None:
        write_rows(tmp_path / "Train.csv", [("play", "a")])
        write_rows(tmp_path / "other.csv", [("stop", "a")]).rename(tmp_path / name)

        raw = read_files(str(tmp_path), "text", "label")

        assert raw.splits == {"train": [("play", "a")], "test": [("stop", "a")]}

    @pytest.mark.parametrize(
        ("names", "noted"),
        [
            (
                ["test.csv", "dev.csv"],
                "not read in data: dev.csv and test.csv, as data.split draws",
            ),
            (["testing.csv", "eval.csv"], "not read in data: eval.csv, testing.csv; a file is a"),
            (["eval.json"], "not read in data: eval.json; a file is a"),
            (["README.txt"], ""),
        ],
    )
    def test_those_that_are_not_read_where_splits_are_drawn_are_noted(
        self, tmp_path: Path, names: list[str], noted: str
    ) -> None:
        """Whoever puts held-out texts beside train is told that they are passed over."""
        (tmp_path / "data").mkdir()
        rows = [(f"play {number}", "ab"[number % 2]) for number in range(40)]
        write_rows(tmp_path / "data" / "train.csv", rows)
        for name in names:
            suffix = Path(name).suffix if name.endswith(".json") else ".csv"
            write_rows(tmp_path / f"held{suffix}", rows[:2]).rename(tmp_path / "data" / name)
        for name, content in NO_DATA.items():
            (tmp_path / "data" / name).write_text(content, encoding="utf-8")
        rules = {"validation": "0.2 of train", "test": "0.2 of train"}

        corpus = load_corpus(Data.model_validate({"files": str(tmp_path / "data"), "split": rules}))

        assert [noted in note for note in corpus.notes] == [True] * bool(noted)

    @pytest.mark.parametrize("suffix", SUFFIXES)
    @pytest.mark.parametrize(
        ("column", "names", "is_noted"),
        [
            ("split", ("train", "validation", "test"), True),
            ("Set", ("TRAIN", "dev", "Test"), True),
            ("fold", ("train", "train", "train"), True),
            ("split", ("a", "b", "train"), False),
            ("fold", ("1", "2", "3"), False),
            ("kind", ("train", "validation", "test"), False),
        ],
    )
    def test_a_column_that_says_the_split_is_noted_where_splits_are_drawn(
        self, column: str, names: Sequence[str], is_noted: bool, suffix: str, tmp_path: Path
    ) -> None:
        """It is not read: a split is a file, which the note says."""
        rows = [
            {"text": f"play {n}", "label": "ab"[n % 2], column: names[n % 3]} for n in range(60)
        ]
        self.write_wide(tmp_path / f"rows{suffix}", rows)
        rules = {"validation": "0.2 of train", "test": "0.2 of train"}
        section = {"files": str(tmp_path / f"rows{suffix}"), "split": rules}

        notes = load_corpus(Data.model_validate(section)).notes
        as_text = load_corpus(Data.model_validate({**section, "text_pair": column})).notes

        found = [note for note in notes if "is not read, and data.split draws test and" in note]
        assert [f"the column '{column}' of rows{suffix} (" in note for note in found] == (
            [True] * is_noted
        )
        assert [f"train{suffix}, validation{suffix}" in note for note in found] == (
            [True] * is_noted
        )
        assert not any("is not read" in note for note in as_text)

    def write_wide(self, path: Path, rows: Sequence[dict[str, Any]]) -> None:
        """Writes rows of more than two columns."""
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist([*rows]), path)
        elif "json" in path.suffix:  # lines are in a .json as often as a list
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        else:
            mark = "," if path.suffix == ".csv" else "\t"
            lines = [[*rows[0]], *([*row.values()] for row in rows)]
            path.write_text("".join(f"{mark.join(line)}\n" for line in lines), encoding="utf-8")

    def test_a_column_is_not_told_of_where_each_split_has_its_file(self, tmp_path: Path) -> None:
        for number, split in enumerate(("train", "validation", "test")):
            rows = [
                {"text": f"play {n} {number}", "label": "ab"[n % 2], "split": split}
                for n in range(4)
            ]
            self.write_wide(tmp_path / f"{split}.csv", rows)

        assert not load_corpus(Data(files=str(tmp_path))).notes

    def test_a_file_alone_is_train(self, tmp_path: Path) -> None:
        path = write_rows(tmp_path / "requests.csv", [("play", "a")])

        assert read_files(str(path), "text", "label").splits == {"train": [("play", "a")]}

    def test_named_files_are_the_splits_they_are_named_for(self, tmp_path: Path) -> None:
        one = write_rows(tmp_path / "one.csv", [("play", "a")])
        two = write_rows(tmp_path / "two.tsv", [("stop", "a")])

        raw = read_files({"train": str(one), "test": str(two)}, "text", "label")

        assert raw.splits == {"train": [("play", "a")], "test": [("stop", "a")]}
        assert raw.origin == "one.csv, two.tsv"

    def test_two_files_of_one_split_are_refused_by_name(self, tmp_path: Path) -> None:
        for suffix in (".jsonl", ".csv"):
            write_rows(tmp_path / f"train{suffix}", [("play", "a")])

        with pytest.raises(DataError, match=r"train\.jsonl and train\.csv; keep one"):
            read_files(str(tmp_path), "text", "label")

    def test_a_folder_without_train_says_what_it_wants(self, tmp_path: Path) -> None:
        write_rows(tmp_path / "test.csv", [("play", "a")])

        with pytest.raises(DataError, match=r"no train file; wanted train\.jsonl, \.json"):
            read_files(str(tmp_path), "text", "label")

    @pytest.mark.parametrize("files", ["nowhere", {"train": "nowhere.csv"}])
    def test_what_is_not_there_is_said_by_its_name(self, files: str | dict[SplitName, str]) -> None:
        with pytest.raises(DataError, match=r"no such .*nowhere"):
            read_files(files, "text", "label")

    def test_an_unknown_format_lists_the_known_ones(self, tmp_path: Path) -> None:
        (tmp_path / "train.xlsx").write_bytes(b"PK")

        message = refusal(tmp_path / "train.xlsx")

        assert "cannot read '.xlsx'" in message
        assert all(suffix in message for suffix in SUFFIXES)


def shard(split: str, number: int, total: int, suffix: str = ".parquet") -> str:
    """Returns what the hub calls a part of a split."""
    return f"{split}-{number:05d}-of-{total:05d}{suffix}"


class TestParts:
    """A split that a folder holds in several files is read whole, in their order, or refused."""

    def write(self, folder: Path, *names: str) -> list[tuple[str, str]]:
        """Writes two rows into each file, told apart by it; returns all in that order."""
        rows = [(f"{name} {n}", "ab"[n]) for name in names for n in range(2)]
        for place, name in enumerate(names):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_rows(folder / name, rows[2 * place : 2 * place + 2])
        return rows

    @pytest.mark.parametrize("total", [1, 2, 12])
    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_as_the_hub_has_them(self, suffix: str, total: int, tmp_path: Path) -> None:
        wanted = {
            split: self.write(tmp_path, *(shard(split, n, total, suffix) for n in range(total)))
            for split in ("train", "validation", "test")
        }

        raw = read_files(str(tmp_path), "text", "label")

        assert raw.splits == wanted
        assert load_corpus(Data(files=str(tmp_path))).labels == ("a", "b")
        first = raw.places["train"][0]
        assert first.startswith(shard("train", 0, total, suffix)) == (total > 1)
        assert raw.origin.count(",") == 2

    def test_as_older_datasets_called_them(self, tmp_path: Path) -> None:
        names = [f"train-0000{n}-of-00002-{'0123456789abcde' + 'f0'[n]}.parquet" for n in range(2)]
        wanted = self.write(tmp_path, *names)

        assert read_files(str(tmp_path), "text", "label").splits == {"train": wanted}

    @pytest.mark.parametrize("called", ["train.parquet", "TRAIN.PARQUET"])
    def test_as_spark_writes_them(self, called: str, tmp_path: Path) -> None:
        """In a folder that is called as the file would be; it may be named by itself."""
        ends = ("a1-c000.snappy.parquet", "b2-c000.snappy.parquet")
        wanted = self.write(
            tmp_path, *(f"{called}/part-{n:05d}-{end}" for n in (2, 10) for end in ends)
        )
        (tmp_path / called / "_SUCCESS").touch()
        (tmp_path / called / "._SUCCESS.crc").touch()

        for files in (str(tmp_path), str(tmp_path / called)):
            assert read_files(files, "text", "label").splits == {"train": wanted}
        named: dict[SplitName, str] = {"train": str(tmp_path / called)}
        assert read_files(named, "text", "label").splits == {"train": wanted}

    def test_are_no_files_that_were_passed_over(self, tmp_path: Path) -> None:
        rows = [(f"play {number}", "ab"[number % 2]) for number in range(40)]
        (tmp_path / "test.parquet").mkdir()
        for name in (shard("train", 0, 2), shard("train", 1, 2), "test.parquet/part-0.parquet"):
            write_rows(tmp_path / name, [(f"{text} {name}", label) for text, label in rows])
        rules = {"validation": "0.2 of train"}

        corpus = load_corpus(Data.model_validate({"files": str(tmp_path), "split": rules}))
        drawn = load_corpus(
            Data.model_validate(
                {"files": str(tmp_path), "split": {**rules, "test": "0.2 of train"}}
            )
        )

        assert not any("not read" in note for note in corpus.notes)
        assert any(": part-0.parquet, as data.split draws" in note for note in drawn.notes)

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            ([(0, 3), (2, 3)], "2 of the 3 files of train, without train-00001-of-00003.parquet;"),
            ([(1, 2)], "1 of the 2 files of train, without train-00000-of-00002.parquet; put it"),
            ([(0, 2), (1, 3)], "parts of two divisions; leave the files of one"),
            ([(0, 1), (0, 2), (1, 2)], "parts of two divisions"),
        ],
    )
    def test_that_lack_one_are_refused(
        self, names: list[tuple[int, int]], said: str, tmp_path: Path
    ) -> None:
        self.write(tmp_path, *(shard("train", *name) for name in names))

        with pytest.raises(DataError) as caught:
            read_files(str(tmp_path), "text", "label")
        assert said in str(caught.value)

    def test_beside_the_whole_are_refused(self, tmp_path: Path) -> None:
        self.write(tmp_path, "train.csv", shard("train", 0, 2), shard("train", 1, 2))

        with pytest.raises(DataError, match=r"train\.csv and train-00000-of-00002.* and 1 more;"):
            read_files(str(tmp_path), "text", "label")

    def test_that_name_other_classes_are_refused(self, tmp_path: Path) -> None:
        noted = TestNotedClasses()
        for number, names in enumerate((NAMES, NAMES[::-1])):
            feature = {**CLASS, "names": names}
            labels = pyarrow.array([0, 1, 2])
            noted.write(tmp_path / shard("train", number, 2), labels, feature)

        with pytest.raises(DataError, match=r"00001-of-00002\.parquet names other classes than"):
            read_files(str(tmp_path), "text", "label")

    def test_that_lie_a_folder_below_are_named(self, tmp_path: Path) -> None:
        """As where a whole dataset of the hub was downloaded."""
        wanted = self.write(
            tmp_path, f"data/{shard('train', 0, 1)}", f".cache/{shard('train', 0, 1)}"
        )
        (tmp_path / "README.md").touch()

        with pytest.raises(DataError, match=r"and \S+data does; name that folder") as caught:
            read_files(str(tmp_path), "text", "label")
        (named,) = re.findall(r"and (\S+) does", str(caught.value))

        assert read_files(named, "text", "label").splits == {"train": wanted[:2]}

    def test_that_are_none_are_told_by_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "train.parquet").mkdir()

        with pytest.raises(FileError, match=r"called part-00000\.parquet; write the rows as one"):
            read_files(str(tmp_path), "text", "label")


@pytest.mark.parametrize("below", ["", "train/"])
@pytest.mark.parametrize("suffix", [".txt", ""])
def test_a_folder_for_each_class_is_told(suffix: str, below: str, tmp_path: Path) -> None:
    """Nobody is told to rename a class."""
    for name in ("neg", "pos"):
        (tmp_path / f"{below}{name}").mkdir(parents=True)
        (tmp_path / f"{below}{name}" / f"1{suffix}").write_text("play", encoding="utf-8")

    with pytest.raises(DataError) as caught:
        read_files(str(tmp_path), "text", "label")

    assert "a folder for each class (neg, pos)" in str(caught.value)
    assert "write the texts as .csv with the columns text and label" in str(caught.value)
    assert ("train.csv" in str(caught.value)) == bool(below)
    assert "rename" not in str(caught.value)


@pytest.mark.parametrize("beside", [["mine.csv"], []])
def test_folders_of_something_else_are_no_classes(beside: list[str], tmp_path: Path) -> None:
    """As where the folder of a project is named, and its data lie in it."""
    for name in ("notes/a.txt", "docs/b.md", "images/c.png", *beside):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    with pytest.raises(DataError, match="holds no train file; wanted") as caught:
        read_files(str(tmp_path), "text", "label")

    assert ("or name it rather than the folder" in str(caught.value)) == bool(beside)


def test_data_beside_folders_of_texts_are_told_of_rather_than_classes(tmp_path: Path) -> None:
    for name in ("a/1.txt", "b/1.txt", "mine.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    with pytest.raises(DataError, match="or name it rather than the folder"):
        read_files(str(tmp_path), "text", "label")


@pytest.mark.parametrize("validation", ["validation", "dev", "Valid"])
@pytest.mark.parametrize("own", ["data", "train"])
def test_a_folder_for_each_split_is_told(own: str, validation: str, tmp_path: Path) -> None:
    """Naming the one that holds train.csv would leave the others out."""
    for split in ("train", validation, "test"):
        (tmp_path / split).mkdir()
        write_rows(tmp_path / split / f"{own}.csv", AWKWARD)

    with pytest.raises(DataError, match="holds a folder for each split") as caught:
        read_files(str(tmp_path), "text", "label")
    for old, new in re.findall(r"(\S+) as (\S+\.csv)", str(caught.value)):
        Path(old).rename(new)

    found = read_files(str(tmp_path), "text", "label").splits
    assert {*found} == {"train", "validation", "test"}


def test_a_folder_of_several_files_for_each_split_is_told(tmp_path: Path) -> None:
    for split, name in product(("train", "test"), "ab"):
        (tmp_path / split).mkdir(exist_ok=True)
        write_rows(tmp_path / split / f"{name}.csv", AWKWARD)

    with pytest.raises(DataError, match=r"those of \S+train as one as \S+train\.csv"):
        read_files(str(tmp_path), "text", "label")


TAGGED = "play O\nsong B-m\n\nrain B-w\n"
HELD = {
    "objects": ('{"text": "a", "label": "b"}\n', ".jsonl"),
    "words": (TAGGED, ".conll"),
    "words with parts of speech": (TAGGED.replace(" ", " NN "), ".conll"),
    "words with tabs": (f"-DOCSTART-\tO\n\n{TAGGED.replace(' ', chr(9))}", ".conll"),
    "tabs": ("text\tlabel\na, b\tc\n", ".tsv"),
    "commas": ("text,label\na,b\n", ".csv"),
}


@pytest.mark.parametrize("name", [".txt", ".data", ".tab", ".bio", ".iob", ""])
@pytest.mark.parametrize("what", HELD)
@pytest.mark.parametrize("in_folder", [True, False])
def test_a_file_is_told_by_what_it_holds(
    what: str, name: str, in_folder: bool, tmp_path: Path
) -> None:
    """Whatever its name ends in, it is to end in what it holds."""
    content, suffix = HELD[what]
    (tmp_path / f"train{name}").write_text(content, encoding="utf-8")
    if in_folder and name == ".data":
        pytest.skip("it may be anything")

    with pytest.raises(DataError, match=rf"cannot read '{name}'.* let its name end in \{suffix}$"):
        read_files(str(tmp_path if in_folder else tmp_path / f"train{name}"), "text", "label")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"a text\n", "save them as .csv, with a header"),
        ("a.txt", b"a text, long\nanother one\n", "save them as .csv, with a header"),
        ("a.conllu", b"1\ta\tO\n2\tb\tB-x\n", "a word and its tag (O, B-person) on each line"),
        ("a.conllu", b"# text = a\n1\ta\tb\n\n", "a word and its tag (O, B-person) on each line"),
        ("a.bio", b"", "as .conll"),
        ("a", b"a text\n", "let its name end as what it holds: .jsonl"),
        ("a", b"", "let its name end as what it holds: .jsonl"),
        ("a.npy", b"\x93NUMPY\x01\x00", "let its name end as what it holds"),
        ("a.xlsx", b"PK\x03\x04,\n,\xff", "save the sheet as .csv"),
    ],
)
def test_a_file_that_shows_no_format_is_told_by_its_name(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match="cannot read") as caught:
        read_files(str(tmp_path / name), "text", "label")

    assert said in str(caught.value)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n "])
def test_a_json_is_a_list_of_objects_however_it_is_laid_out(
    tmp_path: Path, indent: int | None, start: str
) -> None:
    rows = [{"id": n, "text": text, "label": label} for n, (text, label) in enumerate(AWKWARD)]
    path = tmp_path / "a.json"
    path.write_text(start + json.dumps(rows, indent=indent), encoding="utf-8")

    found = [*labelled_rows(path, "text", "label")]

    assert [(given, label) for _, given, label in found] == AWKWARD
    assert [where for where, *_ in found] == [f"row {n}" for n in range(1, len(rows) + 1)]


def test_a_json_of_lines_is_read_by_lines(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", AWKWARD).rename(tmp_path / "a.json")

    found = [*labelled_rows(tmp_path / "a.json", "text", "label")]

    assert [(given, label) for _, given, label in found] == AWKWARD
    assert found[-1][0] == f"line {len(AWKWARD)}"


@pytest.mark.parametrize("orient", ["columns", "index", "split", "table"])
def test_a_json_of_pandas_in_another_form_says_which_is_read(tmp_path: Path, orient: Any) -> None:
    frame = pd.DataFrame({"text": ["play", "rain"], "label": ["a", "b"]})
    frame.to_json(tmp_path / "a.json", orient=orient)

    message = refusal(tmp_path / "a.json")

    assert "one object, and no list of them" in message
    assert 'pandas does so with to_json(FILE, orient="records")' in message


@pytest.mark.parametrize(
    ("content", "said", "answer"),
    [
        ('[{"text": "a", "label": "b"},\n {"text": "a", "la', "line 2: not JSON", "it ends within"),
        ('[{"text": "a", "label": "b"},\n {"text": ', "line 2: not JSON", "it ends within"),
        ('[{"text": "a", "label": "b"},\n', "line 2: not JSON", "it ends within"),
        ("[{'text': 'a'}]", "line 1: not JSON", "in double quotes"),
        ('["a", "b"]', "row 1: not a JSON object", "a list with an object for each row"),
        ('"a"', "row 1: not a JSON object", "a list with an object for each row"),
        ('[{"text": "a", "label": "b"}, {"text": "a"}]', "row 2: no column 'label'", "Known: text"),
        ('[{"text": "a", "text": "b"}]', "two columns are called 'text'", "rename one of them"),
        ("[" * 5000, "brackets nested too deeply", "mend"),
        ('[{"text": "a", "label": ' + "9" * 5000 + "}]", "thousands of digits", "mend"),
    ],
)
def test_a_json_that_cannot_be_read_says_where_and_what_to_write(
    tmp_path: Path, content: str, said: str, answer: str
) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")

    message = refusal(tmp_path / "a.json")

    assert said in message
    assert answer in message


def test_texts_of_a_folder_are_those_of_its_data(tmp_path: Path) -> None:
    """What else is written as .json beside them is named, and not read."""
    write_rows(tmp_path / "texts.json", AWKWARD)
    for name, content in NO_DATA.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    section = Unlabelled.model_validate({"files": str(tmp_path)})

    texts, _ = unlabelled_texts(section, set(), ())

    assert len(texts) == len(AWKWARD)
    assert all("read in" in line and "labels.json" in line for line in read_of_folders(section))


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".ndjson", ".parquet"])
def test_texts_that_stand_alone_are_read_whatever_they_are_called(
    suffix: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"sentence": ["play", "rain on"]})
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=suffix != ".json")

    assert [*read_texts(path, "text")] == ["play", "rain on"]
    with pytest.raises(DataError, match="no column 'query'"):
        list(read_texts(path, "query"))  # whoever names one means it
    with pytest.raises(DataError, match="no column"):
        list(read_texts(path, "text", "text_pair"))


@pytest.mark.parametrize(("suffix", "mark"), [(".csv", ","), (".csv", ";"), (".tsv", "\t")])
@pytest.mark.parametrize("empty", ["{0}{0}\n", "{0} {0}\n", "\n", "{0}{0}{0}{0}\n"])
def test_a_row_of_separators_alone_is_an_empty_line(
    suffix: str, mark: str, empty: str, tmp_path: Path
) -> None:
    """Spreadsheets write one for each row below the last that was ever filled."""
    rows, path = [("1", "play", "a"), ("2", "rain", "b")], tmp_path / f"a{suffix}"
    lines = [mark.join(row) for row in [("id", "text", "label"), *rows]]
    between = empty.format(mark) * 2
    path.write_text("".join(f"{line}\n{between}" for line in lines), encoding="utf-8")

    found = [*labelled_rows(path, "text", "label", csv=Csv(separator=mark))]

    assert [(given, label) for _, given, label in found] == [row[1:] for row in rows]
    assert [where for where, *_ in found] == ["line 4", "line 7"]


@pytest.mark.parametrize("row", [",play,", ",,a", "3,,", ",,,a"])
def test_a_row_with_one_cell_is_a_row(row: str, tmp_path: Path) -> None:
    """It is refused, and not passed over: something was meant by it."""
    (tmp_path / "a.csv").write_text(f"id,text,label\n1,play,a\n2,rain,b\n{row}\n", encoding="utf-8")

    with pytest.raises(DataError, match="line 4"):
        load_corpus(
            Data(
                files=str(tmp_path / "a.csv"),
                split={"validation": "0.5 of train", "test": "0.5 of train"},
            )
        )


def test_a_table_of_one_column_may_lack_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("play\nrain on\n", encoding="utf-8")

    with pytest.raises(DataError, match="if line 1 is no header"):
        list(read_texts(tmp_path / "a.csv", "text"))


@pytest.mark.parametrize("times", [1, 2000])
def test_words_without_empty_lines_between_are_told(times: int, tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("play O\nsong B-m\nrain B-w\n" * times, encoding="utf-8")

    with pytest.raises(DataError, match="write an empty line behind each sentence"):
        read_files(str(tmp_path / "a.conll"), "text", "label")


@pytest.mark.parametrize("held", [[], ["README.md"], ["train/a/b/c.txt"], ["dump.sql", "x.bin"]])
def test_a_folder_without_data_is_not_told_to_rename_them(held: list[str], tmp_path: Path) -> None:
    for name in held:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    with pytest.raises(DataError, match="holds no train file; wanted") as caught:
        read_files(str(tmp_path), "text", "label")
    assert "rename" not in str(caught.value)


class TestBrokenFiles:
    @pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv"])
    def test_bytes_of_another_encoding_are_found_by_line(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(
            tmp_path / f"train{suffix}", [("a", "x"), ("grün", "x"), ("gr\u00fcn", "x")]
        )
        path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))

        message = refusal(path)

        assert f"line {2 if suffix == '.jsonl' else 3}: not UTF-8 text" in message
        assert "save the file as UTF-8" in message

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("cut.jsonl", '{"text": "a", "label": "b"}\n{"text": "a", "lab', "line 2: not JSON"),
            ("quotes.jsonl", "{'text': 'a', 'label': 'b'}\n", "as Python's json.dumps does"),
            ("comma.jsonl", '{"text": "a", "label": "b",}\n', "no comma behind the last"),
            ("quote.jsonl", '{"text": "a "b" c", "label": "b"}\n', 'a quote inside as \\"'),
            ("commas.jsonl", '{"text": "a", "label": "b"},\n', "with nothing between"),
            ("two.jsonl", '{"text": "a"} {"text": "a"}\n', "write one object a line"),
            ("list.jsonl", '\n["a", "b"]\n', "line 2: not a JSON object"),
            ("open.csv", 'text,label\na,b\n"never closed,b\n', "not CSV"),
            ("after.csv", 'text,label\n"closed" and more,b\n', "line 2: not CSV"),
            ("many.csv", "text,label\na,b\nhello, you,b\n", "line 3: more cells than the header"),
            ("gap.csv", "text,label\n\na,b\n\nx,y,b\n", "line 5: more cells"),
            ("far.csv", 'text,label\n"two\nlines",b\nx,y,b\n', "line 4: more cells"),
            ("not.parquet", "PAR1 is how it would begin", "is not a parquet file"),
            ("empty.parquet", "", "is not a parquet file"),
        ],
    )
    def test_are_refused_with_file_and_place(
        self, tmp_path: Path, name: str, content: str, said: str
    ) -> None:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")

        message = refusal(path)

        assert said in message
        assert str(path) in message

    @pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "train.tsv"])
    @pytest.mark.parametrize("content", ["", "\n"])
    def test_without_rows_are_refused(self, tmp_path: Path, name: str, content: str) -> None:
        (tmp_path / name).write_text(content, encoding="utf-8")

        with pytest.raises(DataError, match="holds no rows"):
            read_files(str(tmp_path / name), "text", "label")

    def test_a_header_alone_is_no_data(self, tmp_path: Path) -> None:
        (tmp_path / "train.csv").write_text("text,label\n", encoding="utf-8")

        with pytest.raises(DataError, match="holds no rows"):
            read_files(str(tmp_path / "train.csv"), "text", "label")

    def test_json_rows_that_lack_a_key_are_listed_up_to_five(self, tmp_path: Path) -> None:
        rows = [{"text": "a", "label": "b"}, *({"text": "a", "lable": "b"} for _ in range(9))]
        path = tmp_path / "train.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

        message = refusal(path)

        assert "lines 2, 3, 4, 5, 6, ...: no column 'label'" in message
        assert message.count("did you mean 'lable'?") == 1

    def test_json_rows_that_lack_keys_of_other_names_are_told_each_with_its_own(
        self, tmp_path: Path
    ) -> None:
        rows = [{"text": "a", "lable": "b"}, {"txt": "a", "label": "b"}]
        path = tmp_path / "train.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

        message = refusal(path)

        assert "2 problems" in message
        assert "line 1: no column 'label'" in message
        assert "line 2: no column 'text'" in message

    @pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
    def test_a_list_of_labels_is_several_of_them(self, tmp_path: Path, suffix: str) -> None:
        path = write_rows(tmp_path / f"train{suffix}", [("a", ["x"]), ("b", ["x", "y"]), ("c", [])])

        assert read_rows(path, "text", "label") == [("a", ("x",)), ("b", ("x", "y")), ("c", ())]

    @pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
    def test_a_missing_value_is_empty_not_a_word(self, tmp_path: Path, suffix: str) -> None:
        """The checks then refuse it; it never becomes the text or label 'None'."""
        path = write_rows(tmp_path / f"train{suffix}", [("a", None), (None, "x")])

        assert read_rows(path, "text", "label") == [("a", ""), ("", "x")]

    def test_a_short_csv_row_has_an_empty_label(self, tmp_path: Path) -> None:
        (tmp_path / "train.csv").write_text("text,label\nno label here\n", encoding="utf-8")

        assert read_rows(tmp_path / "train.csv", "text", "label") == [("no label here", "")]

    @pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000 + "]" * 5000])
    def test_json_beyond_what_python_reads_is_one_message(self, tmp_path: Path, value: str) -> None:
        path = tmp_path / "train.jsonl"
        path.write_text(f'{{"text": "a", "label": {value}}}\n', encoding="utf-8")

        assert "line 1: a number of thousands of digits" in refusal(path)

    def test_dates_that_python_has_not_are_one_message(self, tmp_path: Path) -> None:
        days = pyarrow.array([10**8], pyarrow.int32()).cast(pyarrow.date32())
        path = tmp_path / "train.parquet"
        pyarrow.parquet.write_table(
            pyarrow.table({"text": ["a"], "label": ["b"], "day": days}), path
        )

        assert "a value cannot be read" in refusal(path)
