"""Pretrained word vectors from a text file, through torchtext."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kdzoo.errors import ModelError
from kdzoo.files import check_readable, has_file, with_home
from kdzoo.limits import memory_limit
from kdzoo.plain import shortened


def check_vectors(path: str) -> int:
    """Returns the width of a file's vectors, once it was read to its end.

    Raises:
        ModelError: torchtext is not installed, or the file is missing, does not fit into memory,
            or is not a file of vectors.
    """
    state = _file_of(path).stat()
    return _width(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _width(path: str, changed: int, size: int) -> int:
    """Reads a file in a state once: the rows of a study are looked at one after the other."""
    return int(_read(path).dim)


def read_vectors(path: str, tokens: Sequence[str]) -> tuple[Tensor, int]:
    """Returns the tokens' vectors [V, D] (zeros where the file lacks one) and how many it has.

    Raises:
        ModelError: torchtext is not installed, or the file is missing or not a file of vectors.
    """
    vectors = _read(path)
    found = sum(token in vectors.stoi or token.lower() in vectors.stoi for token in tokens)
    table: Tensor = vectors.get_vecs_by_tokens(list(tokens), lower_case_backup=True)
    return table.to(torch.float32), found


def _file_of(path: str) -> Path:
    """Returns the file of vectors, once it is seen to be a file that fits into memory.

    Raises:
        ModelError: it is no file (a device would be read without end), or memory cannot hold it.
    """
    file = with_home(path)
    if not has_file(file):
        raise ModelError(f"student.embeddings.vectors: no such file: {shortened(path)}")
    check_readable(file)
    size, free = file.stat().st_size, memory_limit().available_bytes
    if size > free:
        raise ModelError(
            f"student.embeddings.vectors: {path} has {size / 1e9:.1f} GB, memory {free / 1e9:.1f} "
            "free; give a file of fewer words"
        )
    return file


def _read(path: str) -> Any:
    """Returns what torchtext makes of a file: words with their places, and finite vectors."""
    file = _file_of(path)
    try:
        from torchtext.vocab import Vectors
    except (ImportError, OSError) as error:  # later releases bring a library that does not load
        raise ModelError(
            f'word vectors are read by torchtext: pip install "kdzoo[torchtext]" ({error})'
        ) from None
    # torchtext turns TLS verification off for the whole process; it gets it back below. Its cache
    # would go on serving an old copy of a changed file, so it gets a folder of its own each time.
    verified = ssl._create_default_https_context
    what = f"{path} is not a file of word vectors, a word and its numbers on each line"
    try:
        with tempfile.TemporaryDirectory() as cache:
            vectors = Vectors(str(file.resolve()), cache=cache)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ModelError(f"{what}: {error}") from error
    finally:
        ssl._create_default_https_context = verified
    finite = vectors.vectors.isfinite().all(dim=1)  # [V]
    if not finite.all():
        word = vectors.itos[int((~finite).nonzero()[0, 0])]
        raise ModelError(f"{what}: those of '{shortened(word)}' are not all finite")
    return vectors
