"""Files and folders of users: whether they may be read and written, and how it is told if not."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from kdzoo.errors import FileError, HeldError
from kdzoo.plain import shortened

PROBE_BYTES = 4096  # a block: an empty file fits on a full disk
_LOCK = ".lock"
_POINTER = b"version https://git-lfs"  # what a clone without Git LFS has in place of a large file
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_OF_THE_USER = (
    *_FULL, *_FORBIDDEN, errno.EROFS, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE,
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP,
    errno.ENAMETOOLONG,
)  # fmt: skip
# what safetensors and tokenizers say of one, and shutil of each file of a folder
_NUMBER = re.compile(r"(?:os error |\[Errno )(\d+)")


def with_home(path: str | Path) -> Path:
    """Returns a path with the home folder for its ``~``.

    Raises:
        FileError: nobody knows that folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise FileError(
            f"{path}: nobody knows the home folder that its ~ stands for (HOME is not set, or "
            "names no user); write the whole path, from / on"
        ) from None


@contextmanager
def as_file_errors() -> Iterator[None]:
    """Turns what the system says of a file, within the block, into a message to the user.

    Raises:
        FileError: a file or folder may not be read or written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_THE_USER:
            raise
        raise FileError(_message(error)) from error


def _message(error: OSError) -> str:
    """Returns what is wrong, where, and the cure."""
    named = error.filename if isinstance(error.filename, str | os.PathLike) else None
    where = "" if named is None else f"{shortened(os.fspath(named), 300)}: "
    if error.errno in _FULL:
        return f"{where}the disk is full; make room on it and give the same command again"
    if error.errno == errno.EROFS:
        return f"{where}the disk can only be read; give a folder on another one"
    if error.errno in _FORBIDDEN:
        if named is not None and os.path.exists(named) and not os.access(named, os.R_OK):  # noqa: PTH110 - never raises
            return f"{where}this user may not read it; let its owner allow that (chmod -R a+rX)"
        return f"{where}this user may not write there; give a folder of your own"
    return f"{where}{error.strerror}; give another path"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Lets libraries write a file, or files in a folder, as Python itself would.

    Some are silent about the errors of the system, and some make files that only their owner may
    read, whatever the user's other files are like.

    Raises:
        OSError: it cannot be written; names the path.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            if error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, str(path)) from error
        if (found := _NUMBER.search(str(error))) is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number), str(path)) from error
    for file in path.iterdir() if path.is_dir() else [path]:
        if file.is_file() and file.stat().st_mode & 0o077 == 0:
            _share(file)


def _share(file: Path) -> None:
    """Gives a file the permissions of any other that this user makes."""
    other = file.with_name(f".{file.name}.usual")
    other.touch()
    shutil.copymode(other, file)
    other.unlink()


def has_file(path: Path) -> bool:
    """Whether a file is there, which has an end; what else may have its name is told of.

    A pipe would be waited for, and a folder or a link to nothing be passed over in silence.

    Raises:
        FileError: something else is there.
    """
    if path.is_file():
        return True
    if path.is_dir():
        raise FileError(
            f"{shortened(str(path), 300)} is a folder, and a file is wanted there; move it "
            "elsewhere, or give another path"
        )
    if path.exists():
        other = "a pipe or a device"
    elif path.is_symlink():
        other = "a link to what is not there"
    else:
        return False
    raise FileError(
        f"{shortened(str(path), 300)} is {other}, and a file is wanted there; remove it, or give "
        "another path"
    )


def check_readable(*files: Path) -> None:
    """Sees that files may be read, for libraries that say otherwise that they are not there.

    Raises:
        FileError: something else than a file is there, or a pointer to one.
        OSError: one may not be read, or is not there; names it.
    """
    for file in files:
        has_file(file)
        with file.open("rb") as opened:
            begins = opened.read(len(_POINTER))
        if begins == _POINTER:
            raise FileError(
                f"{shortened(str(file), 300)} is a pointer that Git LFS left in its place; run "
                "`git lfs pull` in that folder, or download the file itself"
            )


def check_writable(folder: Path, cure: str) -> None:
    """Sees that files can be written in a folder, or that it can be made; leaves nothing there.

    Args:
        folder: there or not.
        cure: what to give instead.

    Raises:
        FileError: files cannot be written there.
    """
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not there.is_dir():
        inside = "" if there == folder else f"{folder} cannot be written: "
        raise FileError(f"{inside}{there} is a file; {cure}")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
    except OSError as error:
        raise FileError(f"{folder} cannot be written: {error.strerror}; {cure}") from error


@contextmanager
def alone_in(folder: Path, noun: str, *, waits: bool = False) -> Iterator[None]:
    """Holds a folder for the block; it is given back when this process ends, however it does.

    Nothing is left where the block wrote nothing.

    Args:
        folder: is made where it is not there.
        noun: what is at work in it, for the message.
        waits: whether another process is waited for.

    Raises:
        HeldError: another process holds it.
    """
    from filelock import FileLock, Timeout

    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK, blocking=waits)
    try:
        lock.acquire()
    except Timeout:
        raise HeldError(
            f"{folder}: another {noun} is at work there; wait until it ends, or give --out another "
            "folder"
        ) from None
    try:
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)  # a waiting process would see that it is gone
        lock.release()
        for folder in made:
            if any(folder.iterdir()):
                break
            folder.rmdir()


def link(source: str | Path, target: str | Path) -> None:
    """Gives a file that nobody changes in place a second name; copies it where the disk cannot."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def beside(path: Path) -> Path:
    """Returns a place beside a file's that is nobody else's: whole, it is moved from there.

    Two processes may write the same file, and a link may lie at any name that can be guessed.
    """
    return path.with_name(f".{path.name[:40]}.{uuid4().hex}.partial")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file beside its place and moves it there: it is whole or not there.

    Raises:
        OSError: it cannot be written.
    """
    partial = beside(path)
    try:
        with writing(path):
            with partial.open("xb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yields the place of a folder that is made in the block: it is whole or not there.

    When the block ends well, it is moved to ``target``, and takes the place of what is there.

    Raises:
        OSError: it cannot be moved there.
    """
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    try:
        yield partial
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
