"""What a transformer makes of each word on its own: a start for a student's embedding table.

It is the encoder before fine-tuning or, for students that learn from it, the teacher after it.

All students and seeds that read the same words begin with it; it is made once, in parts that
processes share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kdzoo.claims import ClaimedError, Claims
from kdzoo.data import Example
from kdzoo.digest import content_hash
from kdzoo.errors import TeacherError
from kdzoo.model import heeds_padding, length_sorted_batches, maximum_length, padding_id
from kdzoo.model.pooling import pool
from kdzoo.progress import Progress
from kdzoo.teacher.protocol import AnyTeacher
from kdzoo.teacher.shards import Kind, cache_root, claims_folder, is_whole, write_shard
from kdzoo.text import Vocabulary, encode, reader_of
from kdzoo.text.encode import Encoded

_KIND: Kind = "words"
_NOUN = "the word vectors of a transformer"
_FORMAT = 2  # raise it when the same words get other vectors, or files of another form
PART_WORDS = 4096  # that a process reads before it looks whether others have read the rest


def word_vectors(
    teacher: AnyTeacher,
    vocabulary: Vocabulary,
    progress: Progress,
    device: torch.device,
    *,
    fine_tuned: bool = False,
    waits: bool,
) -> Tensor:
    """Returns a vector [V, D] for each entry of the vocabulary: the cache's, or made now.

    Args:
        teacher: it, or its encoder, reads the words.
        vocabulary: the student's.
        progress: told how far it is, and what of the cache is damaged.
        device: where the encoder runs.
        fine_tuned: whether the teacher reads them as it is, not as its encoder was before.
        waits: whether processes that read a part of the words just now are waited for.

    Raises:
        ClaimedError: another process reads a part, and is not to be waited for; all else is made.
        FileError: the cache cannot be written.
        TeacherError: somebody has emptied it meanwhile.
    """
    encoder = teacher.model() if fine_tuned else teacher.encoder()
    key = teacher.model_key() if fine_tuned else teacher.encoder_key()
    tokenizer = teacher.tokenizer()
    entries, places = _distinct(_entries(tokenizer, encoder.config, vocabulary))
    words = hashlib.sha256(entries.ids.tobytes() + entries.offsets.tobytes()).hexdigest()
    folder = cache_root() / _KIND / content_hash([_FORMAT, key, words])
    starts = range(0, len(entries), PART_WORDS)
    held = _held(folder, progress)
    lacking = [start for start in starts if start not in held]
    if lacking:
        _fill(folder, encoder, entries, lacking, progress, device, waits=waits)
        held = _held(folder, progress)
    if any(start not in held for start in starts):
        raise TeacherError(
            f"the cache {folder} was emptied while it was read; give the same command again"
        )
    return torch.from_numpy(np.concatenate([held[start] for start in starts]))[places]


def _fill(
    folder: Path,
    encoder: Any,
    entries: Encoded,
    starts: Sequence[int],
    progress: Progress,
    device: torch.device,
    *,
    waits: bool,
) -> None:
    """Reads the parts of the words that begin so, each under a claim, and keeps them.

    Raises:
        ClaimedError: another process reads one, and is not to be waited for.
    """
    parts = {
        start: np.arange(start, min(start + PART_WORDS, len(entries)))  # places of words
        for start in starts
    }
    total = sum(map(len, parts.values()))
    with progress.task("word vectors", total, unit="words") as bar:

        def read(start: int) -> None:
            if start not in _held(folder, progress):  # another may have read it meanwhile
                part = entries.take(parts[start])
                vectors = _read(encoder, part, bar.advance, device).numpy()
                row = np.dtype([("place", "<i8"), ("vector", "<f4", vectors.shape[1:])])
                rows = np.empty(len(vectors), dtype=row)
                rows["place"], rows["vector"] = parts[start], vectors
                write_shard(folder, rows)

        def make(start: int, *, waits: bool) -> bool:
            claims = Claims((claims_folder(),), waits, progress.say)
            return claims.make(f"{_KIND}-{folder.name}-{start}", _NOUN, partial(read, start))

        left = [start for start in starts if not make(start, waits=False)]
        if left and not waits:
            raise ClaimedError(_NOUN)
        for start in left:
            make(start, waits=True)


def _held(folder: Path, progress: Progress) -> dict[int, npt.NDArray[np.float32]]:
    """Returns the parts of the vectors that a folder holds, [N, D] each, by their first word."""
    found: dict[int, npt.NDArray[np.float32]] = {}
    for file in sorted(folder.glob("*.npy")):
        if is_whole(file, "the cached word vectors", progress.say):
            rows = np.load(file, mmap_mode="r", allow_pickle=False)
            found[int(rows["place"][0])] = rows["vector"]
    return found


def encoder_vectors(
    encoder: Any, tokenizer: Any, vocabulary: Vocabulary, progress: Progress, device: torch.device
) -> Tensor:
    """Returns a vector [V, D] for each entry of the vocabulary.

    An entry runs through the encoder alone, wrapped as a text ([CLS] entry [SEP]); its vector is
    the mean over the outputs, as in Model2Vec.

    Args:
        encoder: the model that reads them.
        tokenizer: its Hugging Face tokenizer.
        vocabulary: the student's; pieces of the teacher, or words.
        progress: told how far it is.
        device: where the encoder runs.
    """
    entries, places = _distinct(_entries(tokenizer, encoder.config, vocabulary))
    with progress.task("word vectors", len(entries), unit="words") as bar:
        return _read(encoder, entries, bar.advance, device)[places]


@torch.inference_mode()
def _read(
    encoder: Any, entries: Encoded, advance: Callable[[int], None], device: torch.device
) -> Tensor:
    """Returns the mean over the encoder's outputs for each entry, [N, D]."""
    alike = heeds_padding(encoder.eval())
    base = encoder.base_model
    if encoder.config.is_encoder_decoder:  # the decoder writes texts, which nobody wants here
        base = base.get_encoder()
    base = base.to(device).eval()
    vectors: Tensor | None = None  # [N, D]
    for rows in length_sorted_batches(entries.lengths, 512, alike=alike):
        batch = {name: tensor.to(device) for name, tensor in entries.batch(rows).items()}
        states = base(**batch).last_hidden_state.float()  # [B, T, D]
        means = pool(states, batch["attention_mask"], "mean")  # [B, D]
        if vectors is None:
            vectors = torch.zeros(len(entries), states.shape[-1])
        vectors[torch.from_numpy(rows)] = means.cpu()
        advance(len(rows))
    assert vectors is not None  # noqa: S101 - a vocabulary has words
    return vectors


def _distinct(entries: Encoded) -> tuple[Encoded, npt.NDArray[np.int64]]:
    """Returns the entries each once, in an order that is theirs alone, and each one's place, [V].

    So vocabularies that differ in the order of their words alone have the same vectors.
    """
    bounds = zip(entries.offsets, entries.offsets[1:], strict=False)
    rows = np.array([entries.ids[start:end].tobytes() for start, end in bounds], dtype=object)
    _, first, places = np.unique(rows, return_index=True, return_inverse=True)
    return entries.take(first), places


def _entries(tokenizer: Any, config: Any, vocabulary: Vocabulary) -> Encoded:
    pad = padding_id(tokenizer, config)
    if vocabulary.kept is None:
        # a word may have more pieces than the model has positions
        reader = reader_of(tokenizer, maximum_length(tokenizer, config))
        reader.encode_special_tokens = False  # an entry that is one is read as one
        return encode(reader, [Example(token) for token in vocabulary.tokens], pad)
    around = [tokenizer.cls_token_id, tokenizer.sep_token_id]
    ids = [[i for i in (around[0], piece, around[1]) if i is not None] for piece in vocabulary.kept]
    ids += [[pad]] * (len(vocabulary) - len(ids))  # a padding token of our own
    lengths = [len(row) for row in ids]
    return Encoded(
        ids=np.array([i for row in ids for i in row], dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        pad_id=pad,
    )
