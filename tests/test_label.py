"""kdzoo label: what a classifier says of a file of texts, as a file that can be a teacher."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tiny_outputs import CPU, opened, said, write_rows
from tiny_world import LABELS, RunCommand

from kdzoo.data import Example
from kdzoo.progress import Silent
from kdzoo.teacher import Teacher, cache_contents, open_member

TEXTS = [
    "play a song",
    "rain tomorrow",
    "wake me",
    "rain tomorrow",
    "a joke, please",
    "\U0001f600 ü",
]


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


def write_texts(path: Path, column: str = "text") -> Path:
    """Writes the texts in the format of the suffix."""
    if path.suffix == ".txt":
        path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
        return path
    return write_rows(path, [{column: text, "id": "7"} for text in TEXTS])


class TestWhatItWrites:
    @pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".tsv", ".parquet"])
    def test_a_row_per_text_in_order(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path, suffix: str
    ) -> None:
        outcome = kdzoo(
            "label", tiny_teacher, write_texts(tmp_path / f"t{suffix}"), "-o", "o.parquet"
        )
        frame = pd.read_parquet("o.parquet")

        assert outcome.code == 0, outcome.err
        assert list(frame.columns) == ["text", "label", "logits", "probabilities"]
        assert frame["text"].tolist() == TEXTS
        assert "6 texts labelled in o.parquet" in outcome.out
        assert {each.name for each in tmp_path.iterdir()} == {"cache", "o.parquet", f"t{suffix}"}

    def test_the_teachers_own_logits(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        """As a study has them; labels and probabilities follow from them."""
        kdzoo("label", tiny_teacher, write_texts(tmp_path / "t.txt"), "-o", "o.parquet")
        frame = pd.read_parquet("o.parquet")
        names = tuple(reversed(LABELS))
        live = Teacher((open_member(tiny_teacher, 128, names),), tiny_teacher, 128, 128)
        wanted = live.label([Example(text) for text in TEXTS], Silent(), CPU)[:].astype(np.float32)
        logits, probabilities = (
            np.stack(list(frame[each])) for each in ("logits", "probabilities")
        )

        np.testing.assert_array_equal(logits, wanted)
        assert frame["label"].tolist() == [names[row] for row in wanted.argmax(1)]
        np.testing.assert_allclose(
            probabilities, np.exp(wanted) / np.exp(wanted).sum(1, keepdims=True), rtol=1e-5
        )

    def test_a_file_that_is_a_teacher(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        """What it wrote is read back to the bit, aligned to the data by the names inside."""
        kdzoo("label", tiny_teacher, write_texts(tmp_path / "t.txt"), "-o", "o.parquet")
        live = Teacher((open_member(tiny_teacher, 128, LABELS),), tiny_teacher, 128, 128)
        wanted = live.label([Example(text) for text in TEXTS], Silent(), CPU)[:]

        np.testing.assert_array_equal(said(opened(Path("o.parquet")), *TEXTS), wanted)

    def test_datasets_read_it(self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path) -> None:
        kdzoo("label", tiny_teacher, write_texts(tmp_path / "t.txt"), "-o", "o.parquet")
        loaded = datasets.load_dataset(
            "parquet", data_files="o.parquet", split="train", cache_dir=str(tmp_path / "hf")
        )
        stored = json.loads(pq.read_schema("o.parquet").metadata[b"kdzoo"])

        assert loaded["text"] == TEXTS
        assert all(len(row) == 4 for row in loaded["probabilities"])
        assert stored == {"labels": list(reversed(LABELS))}

    def test_kdzoos_own_students_label_too(
        self, kdzoo: RunCommand, tmp_path: Path, finished_study: Path
    ) -> None:
        (student,) = (finished_study / "models").glob("tiny--*")
        outcome = kdzoo("label", student, write_texts(tmp_path / "t.txt"), "-o", "o.parquet")

        assert outcome.code == 0, outcome.err
        assert set(pd.read_parquet("o.parquet")["label"]) <= set(LABELS)

    def test_another_column_and_a_folder_that_is_not_there_yet(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        file = write_texts(tmp_path / "t.csv", column="review")
        outcome = kdzoo("label", tiny_teacher, file, "--text", "review", "-o", "new/o.parquet")

        assert outcome.code == 0, outcome.err
        assert pd.read_parquet("new/o.parquet")["text"].tolist() == TEXTS

    def test_says_how_many_texts_are_cut(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        file = write_texts(tmp_path / "t.txt")
        outcome = kdzoo("label", tiny_teacher, file, "--max-length", "4", "-o", "o.parquet")

        assert "(33.3 %) are longer than 4 tokens and are cut" in outcome.err

    def test_nothing_is_labelled_twice(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        file = write_texts(tmp_path / "t.txt")
        kdzoo("label", tiny_teacher, file, "-o", "o.parquet")
        before = Path("o.parquet").read_bytes()
        outcome = kdzoo("label", tiny_teacher, file, "-o", "o.parquet")

        assert "the teacher labels" not in outcome.err
        assert Path("o.parquet").read_bytes() == before


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("gone.txt", None, "gone.txt"),
            ("empty.txt", "", "holds no texts"),
            ("empty.jsonl", "", "holds no texts"),
            ("t.jsonl", '{"text": "one"}\n{"text": " "}\n', "line 2: text 2 is empty"),
            ("t.csv", "text,id\none,1\n,2\n", "line 3: text 2 is empty"),
            ("t.jsonl", '{"txt": "one", "n": 1}\n', "no column 'text'"),
            ("t.xlsx", "one", "cannot read '.xlsx'"),
        ],
    )
    def test_files_of_texts(
        self,
        kdzoo: RunCommand,
        tiny_teacher: Path,
        name: str,
        content: str | None,
        words: str,
    ) -> None:
        if content is not None:
            Path(name).write_text(content, encoding="utf-8")
        outcome = kdzoo("label", tiny_teacher, name, "-o", "o.parquet")

        assert outcome.code == 2
        assert words in outcome.err
        assert "Traceback" not in outcome.err
        assert not Path("o.parquet").exists()

    @pytest.mark.parametrize(
        ("output", "words"),
        [
            ("o.csv", "a file of outputs is written as .parquet"),
            ("folder.parquet", "is a folder"),
            ("t.txt/o.parquet", "t.txt is a file; give -o another place"),
        ],
    )
    def test_places_that_cannot_be_written(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path, output: str, words: str
    ) -> None:
        (tmp_path / "folder.parquet").mkdir()
        outcome = kdzoo("label", tiny_teacher, write_texts(tmp_path / "t.txt"), "-o", output)

        assert outcome.code == 2
        assert words in outcome.err
        assert "the teacher labels" not in outcome.err

    def test_the_file_of_texts_itself(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
    ) -> None:
        file = write_texts(tmp_path / "t.parquet")
        before = file.read_bytes()
        outcome = kdzoo("label", tiny_teacher, file, "-o", "t.parquet")

        assert outcome.code == 2
        assert "is the file of texts itself" in outcome.err
        assert file.read_bytes() == before

    def test_folders_that_are_no_finished_classifier(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        file = write_texts(tmp_path / "t.txt")
        (tmp_path / "nothing").mkdir()
        for model, words in (
            ("nothing", "it has no config.json"),
            ("./gone", "no such model folder"),
            (tiny_encoder, "is not a finished classifier"),
        ):
            outcome = kdzoo("label", model, file, "-o", "o.parquet")

            assert outcome.code == 2
            assert words in outcome.err
            assert not Path("o.parquet").exists()


class TestAFullDisk:
    @pytest.mark.parametrize("where", ["cache", "output"])
    def test_is_one_message_and_nothing_half_written(
        self,
        kdzoo: RunCommand,
        tmp_path: Path,
        tiny_teacher: Path,
        monkeypatch: pytest.MonkeyPatch,
        where: str,
    ) -> None:
        file = write_texts(tmp_path / "t.txt")

        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            if where == "cache":
                patch.setattr(np, "save", full)
            else:
                patch.setattr(pq.ParquetWriter, "write_table", full)
            outcome = kdzoo("label", tiny_teacher, file, "-o", "o.parquet")

        assert outcome.code == 2
        assert outcome.err.count("No space left on device") == 1
        assert {each.name for each in tmp_path.iterdir()} - {"cache"} == {"t.txt"}
        assert sum(each.texts for each in cache_contents()) == (0 if where == "cache" else 5)
        assert kdzoo("label", tiny_teacher, file, "-o", "o.parquet").code == 0

    @pytest.mark.slow
    def test_of_a_limited_process(self, tmp_path: Path, tiny_teacher: Path) -> None:
        """A real failing write: when it comes to writing, the process may not make large files."""
        file = tmp_path / "t.txt"
        file.write_text("".join(f"play song {i}\n" for i in range(3000)), encoding="utf-8")
        code = (
            "import resource, sys; import kdzoo.teacher.cache as room\n"
            "from kdzoo.cli import main\n"
            "write, limited = room.RowCache.write, sys.argv.pop(1) == 'limited'\n"
            "def write_in_limits(*each):\n"
            "    if limited:\n"
            "        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
            "    return write(*each)\n"
            "room.RowCache.write = write_in_limits\n"
            "main()"
        )
        runs = []
        for limit in ("limited", "free"):
            arguments = [limit, "label", str(tiny_teacher), str(file), "-o", "o.parquet"]
            runs.append(
                subprocess.run(
                    [sys.executable, "-c", code, *arguments],
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                )
            )
            if limit == "limited":
                assert not (tmp_path / "o.parquet").exists()

        assert runs[0].returncode == 2, runs[0].stderr
        assert "cannot be written" in runs[0].stderr
        assert "Traceback" not in runs[0].stderr
        assert runs[1].returncode == 0, runs[1].stderr
        assert len(pd.read_parquet(tmp_path / "o.parquet")) == 3000


@pytest.mark.slow
class TestAKill:
    def test_labelling_goes_on_where_it_was(
        self, tmp_path: Path, tiny_teacher: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SIGKILL after the second shard: these are kept, and the file is the same to the bit."""
        (tmp_path / "t.txt").write_text(
            "".join(f"play song {i} {'loud ' * (i % 7)}\n" for i in range(300)), encoding="utf-8"
        )
        code = (
            "import os, sys; import kdzoo.teacher.cache as room; from kdzoo.cli import main\n"
            "room.SHARD_ROWS = 64\n"
            "write, made = room.RowCache.write, []\n"
            "def killed(*each):\n"
            "    made.append(write(*each))\n"
            "    if sys.argv[0] == 'kill' and len(made) == 2:\n"
            "        os.kill(os.getpid(), 9)\n"
            "    return made[-1]\n"
            "room.RowCache.write = killed\n"
            "sys.argv = sys.argv[1:]\n"
            "main()"
        )

        def label(how: str) -> int:
            arguments = [how, "label", str(tiny_teacher), "t.txt", "-o", "o.parquet"]
            command = [sys.executable, "-c", code, *arguments]
            return subprocess.run(command, cwd=tmp_path, capture_output=True).returncode

        assert label("kill") == -signal.SIGKILL
        assert not (tmp_path / "o.parquet").exists()
        shards = {path.name for path in (tmp_path / "cache").rglob("*.npy")}
        assert len(shards) == 2
        assert label("on") == 0
        resumed = (tmp_path / "o.parquet").read_bytes()
        assert shards < {path.name for path in (tmp_path / "cache").rglob("*.npy")}
        shutil.rmtree(tmp_path / "cache")
        assert label("on") == 0

        assert (tmp_path / "o.parquet").read_bytes() == resumed
        assert not list(tmp_path.glob(".*.partial"))


def test_half_an_emoji_is_told_by_its_number(
    kdzoo: RunCommand, tmp_path: Path, tiny_teacher: Path
) -> None:
    lines = ['{"text": "play"}', '{"text": "cut emoji \\ud83d"}']
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")

    outcome = kdzoo("label", tiny_teacher, "t.jsonl", "-o", "o.parquet")

    assert outcome.code == 2
    assert "text 2 is not valid Unicode" in outcome.err
    assert not (tmp_path / "o.parquet").exists()
