"""Texts without labels: from any file or the hub, only the new ones, a sample that stays itself."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transfer import MASK, corpus_of, long_texts, section_of, texts_of

from kdzoo.data import NO_LABEL, Corpus, Example
from kdzoo.errors import DataError
from kdzoo.recipe.schema import Unlabelled
from kdzoo.transfer import TransferSet, build_transfer_set, try_unlabelled
from kdzoo.transfer import unlabelled as unlabelled_module
from kdzoo.transfer.unlabelled import unlabelled_texts

CORPUS = corpus_of(["one", "two"], ["three"], ["v one", "v two"], ["t one"])
SUFFIXES = [".txt", ".jsonl", ".json", ".csv", ".tsv", ".parquet"]
NEW = ["play it", 'say "no", now', "café/bar 🎉", "naïve\u2028line", "0", "nan"]


def write_texts(path: Path, texts: Sequence[str | None], column: str = "text") -> Path:
    """Writes a file of the kind that its name says, another column beside the texts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"number": range(len(texts)), column: list(texts)})
    match path.suffix.lower():
        case ".txt":
            path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        case ".jsonl":
            table.to_json(path, orient="records", lines=True)
        case ".json":
            table.to_json(path, orient="records")
        case ".csv":
            table.to_csv(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t", quoting=csv.QUOTE_ALL)
        case ".parquet":
            table.to_parquet(path, row_group_size=2)
    return path


def build(
    files: Path | Sequence[Path] | None = None, corpus: Corpus = CORPUS, **section: Any
) -> TransferSet:
    """Returns the transfer set with these unlabelled files."""
    if files is not None:
        section["files"] = str(files) if isinstance(files, Path) else [str(file) for file in files]
    return build_transfer_set(corpus, section_of(unlabelled=section), MASK, 0)


def added(transfer: TransferSet) -> list[str]:
    """Returns the unlabelled texts."""
    return texts_of(transfer)[transfer.own :]


class TestSources:
    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_of_every_kind_are_read(self, tmp_path: Path, suffix: str) -> None:
        transfer = build(write_texts(tmp_path / f"more{suffix}", NEW))

        assert added(transfer) == NEW
        assert (transfer.own, transfer.unlabelled, transfer.made) == (3, len(NEW), 0)
        assert transfer.gold.tolist() == [0, 1, *[NO_LABEL] * 7]

    @pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet"])
    def test_have_their_texts_in_the_column_that_is_named(
        self, tmp_path: Path, suffix: str
    ) -> None:
        file = write_texts(tmp_path / f"more{suffix}", NEW, column="request")

        assert added(build(file, text="request")) == NEW

    def test_may_be_several_files_of_several_kinds(self, tmp_path: Path) -> None:
        """In the order in which they are named; a text that stands in two of them comes once."""
        files = [
            write_texts(tmp_path / f"{number}{suffix}", [f"text {number}", "in all"])
            for number, suffix in enumerate(reversed(SUFFIXES))
        ]

        own = [f"text {number}" for number in range(len(SUFFIXES))]
        assert added(build(files)) == [own[0], "in all", *own[1:]]

    def test_may_be_a_folder(self, tmp_path: Path) -> None:
        """Its files of texts, by name; what else lies there is left alone."""
        folder = tmp_path / "texts"
        write_texts(folder / "b.csv", ["second"])
        write_texts(folder / "A.TXT", ["first"])
        write_texts(folder / "c.JSONL", ["third"])
        (folder / "README.md").write_text("no text", encoding="utf-8")
        (folder / "deeper").mkdir()
        write_texts(folder / "deeper" / "d.txt", ["deep"])

        assert added(build(folder)) == ["first", "second", "third"]

    def test_may_begin_with_the_home_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        write_texts(tmp_path / "more.txt", ["at home"])

        assert added(build(Path("~/more.txt"))) == ["at home"]

    def test_of_lines_have_ends_of_every_kind(self, tmp_path: Path) -> None:
        """Byte-order mark, blank lines, Windows line ends, spaces around, no end of the last."""
        content = "\ufeff  first \r\n\r\n\n\tsecond\u00a0\nthe  third"
        (tmp_path / "more.txt").write_bytes(content.encode())

        assert added(build(tmp_path / "more.txt")) == ["first", "second", "the  third"]

    def test_of_tables_may_have_other_cells_than_texts(self, tmp_path: Path) -> None:
        lines = [{"text": 7}, {"text": None}, {"text": "seven"}, {"text": 0.5}]
        file = tmp_path / "more.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        transfer = build(file)

        assert added(transfer) == ["7", "seven", "0.5"]
        assert "1 empty" in transfer.notes[0]


class TestHub:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
        """Puts a dataset in the hub's place; what was asked for comes to this list."""
        asked: list[tuple[Any, ...]] = []
        dataset = DatasetDict(
            train=Dataset.from_dict({"text": ["new", "one", None, "new"], "n": [1, 2, 3, 4]}),
            other=Dataset.from_dict({"request": ["from elsewhere"]}),
        )

        def load_dataset(
            name: str, config: str | None, *, revision: str | None, split: str | None
        ) -> Dataset:
            asked.append((name, config, revision, split))
            if split not in dataset:
                raise ValueError(f"Unknown split '{split}'. Should be one of {list(dataset)}.")
            return dataset[split]

        monkeypatch.setattr("datasets.load_dataset", load_dataset)
        return asked

    def test_gives_the_texts_of_train(self, asked: list[tuple[Any, ...]]) -> None:
        transfer = build(hub="some/set")

        assert added(transfer) == ["new"]
        assert asked == [("some/set", None, None, "train")]
        assert "of 4 unlabelled texts left out: 2 that are there already, 0 " in transfer.notes[0]

    def test_gives_what_is_asked_for(self, asked: list[tuple[Any, ...]]) -> None:
        transfer = build(hub="some/set", config="en", revision="v2", split="other", text="request")

        assert added(transfer) == ["from elsewhere"]
        assert asked == [("some/set", "en", "v2", "other")]

    @pytest.mark.parametrize(
        ("section", "said"),
        [
            ({"text": "texts"}, "'some/set' has no column 'texts'; did you mean 'text'?"),
            ({"split": "trian"}, "cannot be loaded: Unknown split 'trian'"),
        ],
    )
    def test_says_what_is_not_there(
        self, asked: list[tuple[Any, ...]], section: dict[str, str], said: str
    ) -> None:
        with pytest.raises(DataError) as caught:
            build(hub="some/set", **section)
        assert said in str(caught.value)

    def test_out_of_reach_says_what_to_do(self) -> None:
        """Without a network the real library is asked, and answers at once."""
        with pytest.raises(DataError) as caught:
            build(hub="kdzoo/is-not-there")
        assert "the dataset 'kdzoo/is-not-there' cannot be loaded" in str(caught.value)
        assert "transfer.unlabelled.files" in str(caught.value)
        assert "--data" not in str(caught.value)


class TestWhatIsKept:
    def test_is_new_and_none_of_the_measured(self, tmp_path: Path) -> None:
        """All that is left out is counted by its reason."""
        lines = [
            "new", "one", "three", "new", "V  one!", "T ONE", "v two", "", "   ",
            "half \ud83d", "\udc00",
        ]  # fmt: skip
        file = tmp_path / "more.jsonl"
        file.write_text("".join(json.dumps({"text": each}) + "\n" for each in lines))
        transfer = build(file)

        assert added(transfer) == ["new"]
        assert transfer.notes == (
            "of 11 unlabelled texts left out: 3 that are there already, 3 that stand in "
            "validation or test, 4 empty or not whole characters",
        )

    def test_has_no_gold_label_and_no_part_in_the_control(self, tmp_path: Path) -> None:
        file = tmp_path / "more.csv"
        file.write_text("text,label\nnew,a\nnewer,b\n", encoding="utf-8")
        transfer = build(file)

        assert [example.label for example in transfer.examples] == [0, 1, None, None, None]
        assert tuple(transfer.labelled().examples) == CORPUS.train
        assert (transfer.labelled().own, transfer.labelled().unlabelled) == (2, 0)

    def test_is_not_augmented_but_avoided(self, tmp_path: Path) -> None:
        """What an augmenter would make again is there once, as an unlabelled text."""
        corpus = corpus_of(["play it", "stop it"])
        file = write_texts(tmp_path / "more.txt", [f"{MASK} {MASK}", "louder please"])
        section = section_of(
            unlabelled={"files": str(file)}, augment={"kind": "mask", "p_mask": 0.5, "copies": 9}
        )
        transfer = build_transfer_set(corpus, section, MASK, 0)

        assert texts_of(transfer)[2:4] == [f"{MASK} {MASK}", "louder please"]
        assert (transfer.own, transfer.unlabelled, transfer.wanted) == (2, 2, 18)
        assert sorted(texts_of(transfer)[4:]) == sorted(
            [f"{MASK} it", f"play {MASK}", f"stop {MASK}"]
        )
        assert len(transfer.examples) == 4 + transfer.made

    @settings(deadline=None, max_examples=50)
    @given(
        lines=st.lists(
            st.sampled_from(["one", "v one", "V ONE", "t one.", "new", "newer", "newest", " ", ""])
            | st.text(max_size=4),
            max_size=15,
        ),
        most=st.none() | st.integers(1, 6),
    )
    def test_and_what_is_left_out_add_up(
        self, tmp_path_factory: pytest.TempPathFactory, lines: list[str], most: int | None
    ) -> None:
        file = tmp_path_factory.mktemp("texts") / "more.jsonl"
        file.write_text("".join(json.dumps({"text": each}) + "\n" for each in lines))
        section = Unlabelled(files=str(file), max_texts=most)
        taken = {Example("one").digest}
        try:
            texts, unread = unlabelled_texts(section, taken, {"v one", "t one"})
        except DataError as error:
            assert "holds no new text" in str(error)
            shown = (each for each in lines if any(sign.isprintable() for sign in each))
            said = {each.strip().lower().rstrip(".") for each in shown}
            assert said <= {"one", "v one", "t one", ""}
            return

        out = unread.known + unread.held_out + unread.empty + unread.beyond
        assert unread.texts == len(lines) == len(texts) + out
        assert len({example.digest for example in texts}) == len(texts)
        assert taken == {Example("one").digest, *(example.digest for example in texts)}
        if most is None:
            assert unread.beyond == 0
        else:
            assert len(texts) <= most


class TestMaxTexts:
    MANY = tuple(f"text {number}" for number in range(300))

    def sample(self, folder: Path, texts: Sequence[str], most: int) -> list[str]:
        file = write_texts(folder / "more.txt", texts)
        return added(build(file, max_texts=most))

    @pytest.mark.parametrize("most", [1, 2, 99, 299, 300])
    def test_are_exactly_so_many(self, tmp_path: Path, most: int) -> None:
        assert len(set(self.sample(tmp_path, self.MANY, most))) == most

    def test_are_fewer_where_there_are_no_more(self, tmp_path: Path) -> None:
        assert set(self.sample(tmp_path, self.MANY, 301)) == set(self.MANY)

    @pytest.mark.parametrize("seed", range(3))
    def test_do_not_depend_on_the_order_of_the_source(self, tmp_path: Path, seed: int) -> None:
        """Nor on how often a text stands there: the same texts in the same order."""
        shuffled = random.Random(seed).sample([*self.MANY, *self.MANY[:50]], 350)

        assert self.sample(tmp_path, shuffled, 40) == self.sample(tmp_path, self.MANY, 40)

    def test_begin_with_the_fewer(self, tmp_path: Path) -> None:
        """A larger sample labels only what it has more."""
        samples = [self.sample(tmp_path, self.MANY, most) for most in (10, 40, 160)]

        for fewer, more in pairwise(samples):
            assert more[: len(fewer)] == fewer

    def test_are_spread_over_the_source(self, tmp_path: Path) -> None:
        """Not the first ones: a file may be sorted."""
        numbers = [int(text.split()[1]) for text in self.sample(tmp_path, self.MANY, 100)]

        assert 110 < sum(numbers) / 100 < 190

    def test_are_held_in_little_more_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many texts go by, never more than twice as many as are wanted are kept."""
        sizes: list[int] = []
        lowest = unlabelled_module._lowest

        def watched(kept: dict[bytes, Example], most: int) -> dict[bytes, Example]:
            sizes.append(len(kept))
            return lowest(kept, most)

        monkeypatch.setattr(unlabelled_module, "_lowest", watched)
        self.sample(tmp_path, self.MANY, 20)

        assert max(sizes) == 40
        assert len(sizes) > 10

    def test_are_read_as_a_stream(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A source of a million texts is never a list."""
        alive = most_alive = 0

        class Passing(str):
            def __del__(self) -> None:
                nonlocal alive
                alive -= 1

        def stream(path: Path, *_: object) -> Iterator[str]:
            nonlocal alive, most_alive
            for number in range(5000):
                alive += 1
                most_alive = max(most_alive, alive)
                yield Passing(f"text {number}")

        monkeypatch.setattr(unlabelled_module, "read_texts", stream)
        transfer = build(Path("more.txt"), max_texts=10)

        assert transfer.unlabelled == 10
        assert most_alive <= 25

    def test_beyond_are_counted(self, tmp_path: Path) -> None:
        file = write_texts(tmp_path / "more.txt", [*self.MANY, "one", "v one"])
        (note,) = build(file, max_texts=100).notes

        assert note.startswith("of 302 unlabelled texts left out: 1 that are there already, 1 that")
        assert note.endswith(", 200 beyond transfer.unlabelled.max_texts")

    def test_repeats_are_not_beyond(self, tmp_path: Path) -> None:
        """A text that is there twice is there already, as where all are wanted."""
        file = write_texts(tmp_path / "more.txt", [f"new text {n % 6}" for n in range(15)])
        (all_of_them,) = build(file).notes
        (at_most,) = build(file, max_texts=100).notes

        assert at_most == all_of_them
        assert "9 that are there already" in at_most


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("more.txt", None, ["no such data file: ", "more.txt"]),
            ("more.jsonl", None, ["no such data file: ", "more.jsonl"]),
            ("more.txt", b"good\ncaf\xe9\n", ["more.txt", "line 2", "not UTF-8", "save the file"]),
            ("more.txt", "hällo\n".encode("utf-16"), ["line 1", "not UTF-8"]),
            ("more.csv", b"text\ngood\ncaf\xe9\n", ["line 3", "not UTF-8"]),
            ("more.jsonl", b'{"text": "a"}\n{"text"\n', ["line 2", "not JSON"]),
            ("more.jsonl", b'{"text": "a"}\n["a"]\n', ["line 2", "not a JSON object"]),
            (
                "more.jsonl",
                b'{"txt": "a", "n": 1}\n',
                ["line 1", "no column 'text'", "mean 'txt'?"],
            ),
            ("more.csv", b"request,n\na,1\n", ["no column 'text'", "Known: n, request"]),
            ("more.tsv", b"text\tb\nc\td\te\n", ["line 2", "more cells than the header"]),
            ("more.parquet", b"PAR1", ["more.parquet is not a parquet file"]),
            ("more.xlsx", b"PK", ["cannot read '.xlsx'"]),
            ("more", b"a text\n", ["cannot read ''"]),
        ],
    )
    def test_in_files_are_one_message(
        self, tmp_path: Path, name: str, content: bytes | None, said: list[str]
    ) -> None:
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)

        with pytest.raises(DataError) as caught:
            build(file)
        for words in said:
            assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("more.txt", b""),
            ("more.txt", b"\n \n"),
            ("more.jsonl", b""),
            ("more.csv", b"text\n"),
            ("more.csv", b""),
            ("more.txt", b"one\ntwo\nT one!\n"),
        ],
    )
    @pytest.mark.parametrize("max_texts", [None, 5])
    def test_without_a_new_text_are_refused(
        self, tmp_path: Path, name: str, content: bytes, max_texts: int | None
    ) -> None:
        (tmp_path / name).write_bytes(content)

        with pytest.raises(DataError, match=f"{name} holds no new text .of [03] unlabelled texts"):
            build(tmp_path / name, max_texts=max_texts)

    def test_without_a_new_text_in_several_files_name_them(self, tmp_path: Path) -> None:
        files = [write_texts(tmp_path / name, ["one"]) for name in ("a.txt", "b.txt")]

        with pytest.raises(DataError, match=r"unlabelled: /.*a.txt, /.*b.txt holds no new text"):
            build(files)

    def test_in_folders_are_said_with_what_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "notes.md").write_text("no text", encoding="utf-8")

        with pytest.raises(
            DataError, match=r"holds no file of texts; wanted .txt, .jsonl, .ndjson, .json"
        ):
            build(tmp_path)

    def test_are_found_by_a_look_at_the_first_texts(self, tmp_path: Path) -> None:
        """Before a teacher is trained; a good file is not read whole for it."""
        good = write_texts(tmp_path / "good.txt", long_texts(9))
        bad = write_texts(tmp_path / "bad.csv", ["a"], column="request")

        try_unlabelled(Unlabelled(files=str(good)), pairs=False)
        with pytest.raises(DataError, match="no column 'text'"):
            try_unlabelled(Unlabelled(files=[str(good), str(bad)]), pairs=False)
        with pytest.raises(DataError, match="no such data file"):
            try_unlabelled(Unlabelled(files=[str(good), str(tmp_path / "none.txt")]), pairs=False)

    @pytest.mark.parametrize(
        ("text_pair", "pairs", "said"),
        [(None, True, "name the column of the second text"), ("b", False, "single texts; remove")],
    )
    def test_in_their_kind_are_found_before_a_file_is_read(
        self, tmp_path: Path, text_pair: str | None, pairs: bool, said: str
    ) -> None:
        with pytest.raises(DataError, match=said):
            try_unlabelled(Unlabelled(files="none.csv", text_pair=text_pair), pairs=pairs)
