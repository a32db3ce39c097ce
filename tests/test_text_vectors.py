"""Pretrained word vectors from text files, through torchtext, which leaves nothing behind."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

import pytest
import torch

from kdzoo.errors import FileError, ModelError
from kdzoo.text import read_vectors

VECTORS = {"rain": [1.0, 2.0, 3.0], "Sun": [4.0, 5.0, 6.5], "sun": [7.0, 8.0, 9.0]}


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A file in the form of GloVe's."""
    return write(tmp_path / "tiny.3d.txt", VECTORS)


def write(path: Path, vectors: dict[str, list[float]], header: str = "") -> Path:
    """Writes a word and its numbers on each line."""
    lines = [" ".join([word, *map(str, numbers)]) for word, numbers in vectors.items()]
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """Returns what is said of a file that cannot be read."""
    with pytest.raises(ModelError) as caught:
        read_vectors(str(path), ["rain"])
    return str(caught.value)


class TestReading:
    @pytest.fixture(autouse=True)
    def _needs_torchtext(self) -> None:
        pytest.importorskip("torchtext")

    @pytest.mark.parametrize("header", ["", "3 3\n"])
    def test_gives_each_token_its_vector_and_zeros_to_the_others(
        self, tmp_path: Path, header: str
    ) -> None:
        """GloVe's files have no header, fastText's have one."""
        path = write(tmp_path / "tiny.vec", VECTORS, header)

        table, found = read_vectors(str(path), ["[PAD]", "rain", "snow", "sun"])

        assert table.tolist() == [[0, 0, 0], VECTORS["rain"], [0, 0, 0], VECTORS["sun"]]
        assert table.dtype == torch.float32
        assert found == 2

    def test_takes_the_exact_word_and_then_its_lower_case(self, vectors: Path) -> None:
        table, found = read_vectors(str(vectors), ["Sun", "SUN", "Rain"])

        assert table.tolist() == [VECTORS["Sun"], VECTORS["sun"], VECTORS["rain"]]
        assert found == 3

    def test_reads_a_changed_file_anew(self, vectors: Path) -> None:
        """The library alone would go on serving its copy; the file's time may even be the same."""
        times = vectors.stat().st_atime_ns, vectors.stat().st_mtime_ns
        before, _ = read_vectors(str(vectors), ["rain"])
        write(vectors, {"rain": [1.0, 2.0, 4.0]})
        os.utime(vectors, ns=times)

        after, _ = read_vectors(str(vectors), ["rain"])

        assert before.tolist() == [[1, 2, 3]]
        assert after.tolist() == [[1, 2, 4]]

    def test_leaves_no_file_behind(
        self, vectors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        read_vectors(str(vectors), ["rain"])

        assert list(tmp_path.iterdir()) == [vectors]

    def test_finds_a_file_from_the_folder_it_is_run_in(
        self, vectors: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(vectors.parent)

        assert read_vectors(vectors.name, ["rain"])[1] == 1

    def test_gives_tls_verification_back(
        self, vectors: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The library turns it off for the whole process."""

        def marked() -> ssl.SSLContext:
            return ssl.create_default_context()

        monkeypatch.setattr(ssl, "_create_default_https_context", marked)

        read_vectors(str(vectors), ["rain"])

        assert ssl._create_default_https_context is marked

    def test_gives_tls_verification_back_after_an_error_too(self, tmp_path: Path) -> None:
        broken = write(tmp_path / "broken.txt", {"rain": [1, 2, 3], "sun": [1, 2]})
        before = ssl._create_default_https_context

        refusal(broken)

        assert ssl._create_default_https_context is before
        assert before is not ssl._create_unverified_context

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "\n\n",
            "only words\non each line\n",
            "rain,1,2,3\nsun,4,5,6\n",
            "rain 1 2 3\nsun 4 5\n",
            "rain 1 2 3\nsun 4 5 six\n",
            "rain 1 2 3\nsun 4 nan 6\n",
            "rain 1 2 3\nsun 4 -inf 6\n",
            "3 3\n",
            "a text of some words that is no vector at all\nand one more line\n",
        ],
    )
    def test_refuses_what_is_no_file_of_vectors(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "notes.txt"
        path.write_text(content, encoding="utf-8")

        assert f"{path} is not a file of word vectors" in refusal(path)


class TestNotThere:
    def test_a_missing_file_is_said_with_the_key_that_names_it(self, tmp_path: Path) -> None:
        message = refusal(tmp_path / "none.txt")

        assert "student.embeddings.vectors: no such file" in message
        assert "none.txt" in message

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match="is a folder, and a file is wanted there"):
            refusal(tmp_path)

    @pytest.mark.parametrize("module", ["torchtext", "torchtext.vocab"])
    def test_a_missing_torchtext_is_said_with_the_command_that_brings_it(
        self, vectors: Path, monkeypatch: pytest.MonkeyPatch, module: str
    ) -> None:
        monkeypatch.delitem(sys.modules, "torchtext.vocab", raising=False)
        monkeypatch.setitem(sys.modules, module, None)

        assert 'pip install "kdzoo[torchtext]"' in refusal(vectors)

    def test_a_torchtext_that_does_not_load_is_said_as_such(
        self, vectors: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Releases after 0.6 bring a library that the current torch cannot load: an OSError."""

        class Finder:
            def find_spec(self, name: str, *_: object) -> None:
                if name.partition(".")[0] == "torchtext":
                    raise OSError("Could not load this library: libtorchtext.so")

        for name in [name for name in sys.modules if name.partition(".")[0] == "torchtext"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])

        message = refusal(vectors)

        assert 'pip install "kdzoo[torchtext]"' in message
        assert "libtorchtext.so" in message
