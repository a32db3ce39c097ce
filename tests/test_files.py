"""Files of others, full and read-only disks, folders that are in use: told, and nothing lost."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from safetensors.torch import save_file
from tiny_exports import save_student
from tiny_machine import NAMELESS, user
from tiny_models import tiny_corpus
from tiny_results import one_student_deployed
from tiny_world import LABELS, RunCommand
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

import kdzoo as package
from kdzoo.bounds import read_json
from kdzoo.data import check_output, read_labelled, write_rows
from kdzoo.data.files import split_files
from kdzoo.data.stream import read_full_texts
from kdzoo.digest import file_sha256
from kdzoo.errors import FileError, KdzooError
from kdzoo.extensions import load_extensions
from kdzoo.files import (
    alone_in,
    as_file_errors,
    check_readable,
    check_writable,
    whole_folder,
    with_home,
    write_atomically,
    writing,
)
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.recipe import load_study
from kdzoo.report.check import stale_blocks
from kdzoo.results import Store, opened
from kdzoo.runtime.decision import read_decision
from kdzoo.runtime.folder import DEPLOYED, ExportedForm, write_exported_form
from kdzoo.teacher import check_cache, clear_cache, content_key, find_model, open_outputs
from kdzoo.text import check_vectors

MANY = 1 << 19  # bytes: more than the small disk holds
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"


def save_weights(folder: Path) -> None:
    save_file({"weights": torch.zeros(MANY)}, folder / "model.safetensors")


def save_tokenizer(folder: Path) -> None:
    words = {f"word{number}": number for number in range(MANY // 16)}
    Tokenizer(WordLevel(words, unk_token="word0")).save(str(folder / "tokenizer.json"))


def save_text(folder: Path) -> None:
    with (folder / "text").open("wb") as file:  # its own error names no file
        file.write(bytes(MANY))


def save_whole(folder: Path) -> None:
    write_atomically(folder / "record.json", bytes(MANY))


def save_copies(folder: Path) -> None:
    with TemporaryDirectory() as home:
        (Path(home) / "text").write_bytes(bytes(MANY))
        shutil.copytree(home, folder / "copies")


WRITERS = [save_weights, save_tokenizer, save_text, save_whole, save_copies]
Writer = Callable[[Path], None]


class TestWriting:
    @pytest.mark.parametrize("write", WRITERS)
    def test_to_a_full_disk_is_told_alike_whatever_library_writes(
        self, full_disk: Path, write: Writer
    ) -> None:
        with pytest.raises(OSError) as caught, writing(full_disk):
            write(full_disk)

        assert caught.value.errno == errno.ENOSPC
        assert str(caught.value.filename).startswith(str(full_disk))

    @pytest.mark.parametrize("write", WRITERS)
    def test_to_a_read_only_disk_is_told_alike(self, read_only_disk: Path, write: Writer) -> None:
        with pytest.raises(OSError) as caught, writing(read_only_disk):
            write(read_only_disk)

        assert caught.value.errno == errno.EROFS
        assert str(caught.value.filename).startswith(str(read_only_disk))

    def test_atomically_leaves_what_was_there(self, small_disk: Path) -> None:
        path = small_disk / "table.md"
        write_atomically(path, "precious")

        with pytest.raises(OSError):
            write_atomically(path, bytes(MANY))

        assert [each.name for each in small_disk.iterdir()] == ["table.md"]
        assert path.read_text(encoding="utf-8") == "precious"

    def test_of_a_folder_is_whole_or_leaves_what_was_there(self, tmp_path: Path) -> None:
        """What a killed process left of an attempt is no part of it."""
        target, left = tmp_path / "folder", tmp_path / ".folder.partial"
        for name, folder in (("before", target), ("half", left)):
            folder.mkdir()
            (folder / name).touch()

        with pytest.raises(ValueError, match="half way"), whole_folder(target) as partial:
            partial.mkdir()
            raise ValueError("half way")
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "before"]

        with whole_folder(target) as partial:
            partial.mkdir()
            (partial / "after").touch()
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "after"]

    def test_leaves_other_errors_as_they_are(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="of ours"), writing(tmp_path):
            raise ValueError("of ours")

    @pytest.mark.parametrize("umask", [0o022, 0o002, 0o027, 0o077])
    @pytest.mark.parametrize("write", WRITERS[:3])
    def test_makes_files_that_others_may_read_as_the_user_wants(
        self, tmp_path: Path, write: Writer, umask: int
    ) -> None:
        """A service that runs as another user finds all of a model, or by the umask none of it."""
        before = os.umask(umask)
        try:
            with writing(tmp_path):
                write(tmp_path)
        finally:
            os.umask(before)

        (written,) = tmp_path.iterdir()
        assert written.stat().st_mode & 0o777 == 0o666 & ~umask


class TestWhetherAFolderCanBeWritten:
    def test_is_seen_without_leaving_anything(self, tmp_path: Path) -> None:
        check_writable(tmp_path / "not" / "there", "give another")

        assert list(tmp_path.iterdir()) == []

    def test_is_told_of_a_full_disk(self, full_disk: Path) -> None:
        with pytest.raises(FileError, match=r"out cannot be written: No space left.*; give --out"):
            check_writable(full_disk / "out", "give --out another place")

    def test_is_told_of_a_read_only_disk(self, read_only_disk: Path) -> None:
        with pytest.raises(FileError, match=r"cannot be written: Read-only file system; give"):
            check_writable(read_only_disk / "there", "give another")

    def test_is_told_of_another_users_folder(self, open_folder: Path) -> None:
        with user(), pytest.raises(FileError, match="cannot be written: Permission denied"):
            check_writable(open_folder / "out", "give another")

    @pytest.mark.parametrize("inside", ["", "deeper", "deeper/still"])
    def test_is_told_of_a_file(self, tmp_path: Path, inside: str) -> None:
        (tmp_path / "file").write_text("precious", encoding="utf-8")

        with pytest.raises(FileError, match=r"file is a file; give another"):
            check_writable(tmp_path / "file" / inside, "give another")

    @pytest.mark.parametrize("name", ["out.csv", "deep/out.jsonl", "out.parquet"])
    def test_is_seen_before_rows_are_made(self, read_only_disk: Path, name: str) -> None:
        with pytest.raises(FileError, match="give -o another place"):
            check_output(read_only_disk / name)

    def test_of_the_cache_is_told_with_the_variable_that_moves_it(
        self, read_only_disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KDZOO_CACHE", str(read_only_disk / "cache"))

        with pytest.raises(FileError, match="set KDZOO_CACHE to a folder that you may write"):
            check_cache()

    def test_of_the_cache_is_told_where_it_is_cleared(
        self, small_disk: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rather than how much was freed."""
        (small_disk / "cache" / "logits" / "key").mkdir(parents=True)
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        monkeypatch.setenv("KDZOO_CACHE", str(small_disk / "cache"))

        with pytest.raises(FileError, match="the disk can only be read"), as_file_errors():
            clear_cache()


class TestMessages:
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENOSPC, "x/y: the disk is full; make room on it and give the same command"),
            (errno.EDQUOT, "x/y: the disk is full"),
            (errno.EROFS, "x/y: the disk can only be read; give a folder on another one"),
            (errno.EACCES, "x/y: this user may not write there"),
            (errno.ENAMETOOLONG, "x/y: File name too long; give another path"),
            (errno.EISDIR, "x/y: Is a directory; give another path"),
        ],
    )
    def test_say_what_where_and_the_cure(self, number: int, words: str) -> None:
        with pytest.raises(FileError, match=words), as_file_errors():
            raise OSError(number, os.strerror(number), "x/y")

    @pytest.mark.parametrize(
        "error", [OSError("no number"), ConnectionResetError(errno.ECONNRESET, "x"), KeyError("x")]
    )
    def test_are_not_of_errors_of_another_kind(self, error: Exception) -> None:
        """A mistake of kdzoo's, or of a network, is not told as one of the user's files."""
        with pytest.raises(type(error)), as_file_errors():
            raise error

    def test_tell_a_file_that_may_not_be_read_from_one_that_may_not_be_written(
        self, open_folder: Path
    ) -> None:
        secret = open_folder / "secret"
        secret.write_text("precious", encoding="utf-8")
        secret.chmod(0o600)

        with user():
            with (
                pytest.raises(FileError, match=r"secret: this user may not read.*a\+rX"),
                as_file_errors(),
            ):
                check_readable(secret)
            with (
                pytest.raises(FileError, match=r"new: this user may not write there"),
                as_file_errors(),
            ):
                (open_folder / "new").mkdir()

    @pytest.mark.parametrize("path", ["~/data.csv", "~", "~nobody-of-that-name/x"])
    def test_of_a_home_that_nobody_knows_name_the_path(
        self, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.delenv("HOME", raising=False)

        with user(NAMELESS), pytest.raises(FileError, match="write the whole path, from / on"):
            with_home(path)

    @pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME", "KDZOO_CACHE"])
    def test_of_a_cache_without_a_home_name_the_variable(
        self, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        """HOME is not set, or a variable says ~ where there is none."""
        for name in ("HOME", "XDG_CACHE_HOME", "KDZOO_CACHE"):
            monkeypatch.delenv(name, raising=False)
        if variable != "HOME":
            monkeypatch.setenv(variable, "~/cache")

        with user(NAMELESS), pytest.raises(KdzooError, match="export KDZOO_CACHE=FOLDER"):
            check_cache()


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def load(folder: Path) -> None:
    package.load(folder)


def look(folder: Path) -> None:
    content_key(find_model(str(folder)), 64)


def in_recipe(path: Path) -> None:
    load_study(str(path))


READ: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "model": (load, ("config.json", "model.safetensors", "tokenizer.json",
                     "tokenizer_config.json")),
    "teacher": (look, ("config.json", "model.safetensors", "tokenizer.json",
                       "tokenizer_config.json", "more.safetensors")),
    "exported": (load, ("export.json", "model.onnx", "labels.json", "tokenizer.json")),
    "baseline": (load, ("baseline.skops", "labels.json")),
    "study": (lambda folder: opened(Store(folder)), ("study.json", "measurements/other.json")),
}  # fmt: skip
ALONE: dict[str, tuple[Callable[[Path], object], str]] = {
    "recipe": (in_recipe, "a.yaml"),
    "students": (load_extensions, "a.py"),
    "vectors": (lambda path: check_vectors(str(path)), "a.vec"),
    "outputs": (open_outputs, "a.jsonl"),
    "outputs in parquet": (open_outputs, "a.parquet"),
    "document": (stale_blocks, "README.md"),
    "decision": (lambda path: read_decision(path.parent), "decision.json"),
    "train": (lambda path: split_files(str(path.parent)), "train.csv"),
    "dev": (lambda path: split_files(str(path.parent)), "dev.jsonl"),
    **{f"texts in {suffix}": (lambda path: list(read_full_texts(path, "text")), f"a{suffix}")
       for suffix in (".txt", ".csv", ".tsv", ".jsonl", ".parquet")},
    "labelled texts": (lambda path: read_labelled(path, "text", "label"), "a.csv"),
    "json": (read_json, "a.json"),
    "digest": (file_sha256, "a"),
}  # fmt: skip


def _exported(folder: Path) -> Path:
    """Writes what is an exported model as far as its files are looked at, not yet read."""
    folder.mkdir()
    for name in DEPLOYED:
        (folder / name).write_text("{}", encoding="utf-8")
    digests = {name: file_sha256(folder / name) for name in DEPLOYED}
    write_exported_form(folder, ExportedForm("onnx", 32, 0, 20, digests))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """A folder of each kind."""
    root = tmp_path_factory.mktemp("folders")
    model = save_student("fasttext", root / "model", tiny_encoder)
    save_baseline(root / "baseline", fit_baseline(tiny_corpus()), LABELS)
    one_student_deployed(root / "study").finish()
    return {
        "model": model,
        "teacher": model,
        "exported": _exported(root / "exported"),
        "baseline": root / "baseline",
        "study": root / "study",
    }


OTHERS = [a_folder, a_pipe, a_device, a_link_to_nothing, a_link_to_itself]


@pytest.mark.parametrize("make", OTHERS)
class TestWhatHasAFilesName:
    """It is told what it is: never waited for, taken for missing or read without end."""

    @pytest.mark.parametrize("name", ALONE)
    def test_and_is_none_is_told_of(self, make: Writer, name: str, tmp_path: Path) -> None:
        read, file = ALONE[name]
        make(tmp_path / file)

        with pytest.raises(FileError, match=rf"{file} is a .*, and a file is wanted there"):
            read(tmp_path / file)

    @pytest.mark.parametrize(
        ("kind", "file"), [(kind, file) for kind, (_, files) in READ.items() for file in files]
    )
    def test_in_a_folder_too(
        self, make: Writer, kind: str, file: str, tmp_path: Path, folders: dict[str, Path]
    ) -> None:
        folder = Path(shutil.copytree(folders[kind], tmp_path / "folder"))
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).unlink(missing_ok=True)
        make(folder / file)

        with pytest.raises(FileError, match=rf"{Path(file).name} is a .*, and a file is wanted"):
            READ[kind][0](folder)

    @pytest.mark.parametrize(
        ("form", "name"),
        [
            *(("", f"{each}") for each in ("record.json", "history.json", "predictions.parquet")),
            *(("onnx", f"{each}") for each in ("record.json", "predictions.parquet")),
            ("onnx", "decision.json"),
            ("", "decision.json"),
        ],
    )
    def test_beside_a_model_of_a_study_too(
        self, make: Writer, form: str, name: str, tmp_path: Path
    ) -> None:
        store = one_student_deployed(tmp_path / "study").finish()
        key = next(key for key in store.manifest().keys if store.forms(key))
        path = store.finished(key) / form / name
        path.unlink(missing_ok=True)
        make(path)

        with pytest.raises(KdzooError) as caught:
            opened(store)
            store.forms_everywhere(key)
            store.outcomes(key, form or None)
            store.history(key)
        assert isinstance(caught.value, FileError) or name == "record.json"


class TestAFolderInUse:
    def test_is_refused_and_given_back(self, tmp_path: Path) -> None:
        refused = pytest.raises(FileError, match=r"out: another run is at work there; wait")
        with alone_in(tmp_path / "out", "run"), refused, alone_in(tmp_path / "out", "run"):
            pytest.fail("two at once")
        with alone_in(tmp_path / "out", "run"):
            (tmp_path / "out" / "made").mkdir()

        assert [path.name for path in (tmp_path / "out").iterdir()] == ["made"]

    def test_is_not_left_behind_by_one_that_wrote_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="refused"), alone_in(tmp_path / "runs" / "x", "run"):
            raise ValueError("refused")

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGTERM])
    def test_is_free_when_its_process_dies(self, tmp_path: Path, ends: signal.Signals) -> None:
        script = f"""
import time
from pathlib import Path
from kdzoo.files import alone_in
with alone_in(Path({str(tmp_path)!r}), "run"):
    print("held", flush=True)
    time.sleep(600)
"""
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            with pytest.raises(FileError), alone_in(tmp_path, "run"):
                pytest.fail("two at once")
            process.send_signal(ends)
            process.wait()

        with alone_in(tmp_path, "run"):
            pass
        assert list(tmp_path.iterdir()) == []


def test_rows_that_find_no_room_leave_what_was_there(small_disk: Path) -> None:
    path = small_disk / "out.csv"
    path.write_text("precious", encoding="utf-8")

    with pytest.raises(KdzooError, match="No space left"):
        write_rows(path, ("text",), (("x" * 1000,) for _ in range(1000)))

    assert [each.name for each in small_disk.iterdir()] == ["out.csv"]
    assert path.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".conll", ".txt"])
def test_a_pointer_of_git_lfs_is_no_file_of_texts(
    kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path, suffix: str
) -> None:
    """A clone without Git LFS holds such files; their lines would be read as texts."""
    file = tmp_path / f"texts{suffix}"
    file.write_text(POINTER, encoding="utf-8")

    with pytest.raises(FileError, match="is a pointer that Git LFS left in its place; run `git"):
        list(read_full_texts(file, "text"))

    outcome = kdzoo("init", "--data", file, "--teacher", tiny_encoder, "-o", "mine")
    assert outcome.code == 2
    assert "run `git lfs pull`" in outcome.err or suffix == ".txt"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_pointer_of_git_lfs_is_no_file_of_a_model(
    tiny_teacher: Path, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(tiny_teacher, tmp_path / "model"))
    (folder / name).write_text(POINTER, encoding="utf-8")

    for look in (package.load, lambda folder: find_model(str(folder))):
        with pytest.raises(FileError, match=rf"{name} is a pointer that Git LFS left"):
            look(folder)
