"""A file of outputs is read into the cache, once and whole, or refused and not kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kdzoo.data import Digests, digests_of
from kdzoo.errors import KdzooError, Problem, TeacherError
from kdzoo.progress import Progress, with_speed
from kdzoo.task import MULTI_LABEL, Task
from kdzoo.teacher.cache import RowCache
from kdzoo.teacher.outputs_file import SHOWN, OutputsBatch, OutputsFile, read_outputs
from kdzoo.teacher.outputs_values import (
    Mistakes,
    logits_of_each,
    logits_of_labels,
    logits_of_logits,
    logits_of_probabilities,
)
from kdzoo.teacher.shards import unwritable

_SHARD_NUMBERS = 1 << 23  # in a shard, about; each that is open takes a file handle
_WHOLE = "whole.json"  # lists the shards of a file that was read to its end


def is_whole(cache: RowCache) -> bool:
    """Returns whether a file was read into the cache to its end."""
    try:
        shards = json.loads((cache.folder / _WHOLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return {*shards} <= {*cache.names()}


def read_into(
    cache: RowCache,
    file: OutputsFile,
    names: Sequence[str],
    smoothing: float,
    progress: Progress,
    task: Task,
) -> None:
    """Reads the file into the cache, a part at a time; what is refused is not kept."""
    digests: list[Digests] = []
    prints: list[npt.NDArray[np.uint64]] = []
    shards: list[str] = []
    waiting: list[npt.NDArray[np.float32]] = []

    def write() -> None:
        shards.append(
            cache.write(np.concatenate(digests[-len(waiting) :]), np.concatenate(waiting))
        )
        waiting.clear()

    try:
        with progress.task(f"reading {file.path.name}", file.rows, unit="rows") as shown:
            advance = with_speed(shown)
            for batch in read_outputs(file, names):
                waiting.append(_logits(batch, file, len(names), smoothing, task))
                digests.append(digests_of(batch.examples))
                prints.append(_prints(waiting[-1]))
                advance(len(batch.examples))
                if sum(part.size for part in waiting) >= _SHARD_NUMBERS:
                    write()
        if waiting:
            write()
        _refuse_contradictions(file, names, np.concatenate(digests), np.concatenate(prints))
        (cache.folder / _WHOLE).write_text(json.dumps(shards), encoding="utf-8")
    except KdzooError:
        shutil.rmtree(cache.folder, ignore_errors=True)
        raise
    except OSError as error:
        raise unwritable(cache.folder, error) from error
    progress.say(f"{file.path.name}: {file.holds} of {sum(map(len, digests)):,} texts")


def _logits(
    batch: OutputsBatch, file: OutputsFile, labels: int, smoothing: float, task: Task
) -> npt.NDArray[np.float32]:
    mistakes: Mistakes
    match file.kind:
        case "label":
            return logits_of_labels(batch.values.astype(np.int64), labels, smoothing)
        case "probabilities":
            read = logits_of_each if task == MULTI_LABEL else logits_of_probabilities
            logits, mistakes = read(batch.values.astype(np.float64))
        case "logits":
            logits, mistakes = logits_of_logits(batch.values.astype(np.float64))
    if mistakes:
        problems = [Problem(what, batch.places[row]) for row, what in mistakes[:SHOWN]]
        raise TeacherError(f"the file of outputs {file.path}", *problems)
    return logits


def _prints(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Returns a number for each row [N] that differs where the row differs in float16."""
    bits = (logits.astype(np.float16) + np.float16(0)).view(np.uint16).astype(np.uint64)  # [N, C]
    odd = np.random.default_rng(0).integers(1 << 63, size=bits.shape[1], dtype=np.uint64) * 2 + 1
    return np.asarray((bits * odd).sum(1), dtype=np.uint64)


def _refuse_contradictions(
    file: OutputsFile, names: Sequence[str], digests: Digests, prints: npt.NDArray[np.uint64]
) -> None:
    order = np.lexsort((prints, digests[:, 1], digests[:, 0]))
    same_text = (digests[order[1:]] == digests[order[:-1]]).all(1)
    bad = order[1:][same_text & (prints[order[1:]] != prints[order[:-1]])]
    if not len(bad):
        return
    count = len(np.unique(digests[bad], axis=0))
    start = 0
    for batch in read_outputs(file, names):
        if bad[0] < start + len(batch.examples):
            shown = batch.examples[int(bad[0]) - start].text[:80]
            where = batch.places[int(bad[0]) - start]
            break
        start += len(batch.examples)
    raise TeacherError(
        f"{file.path} says two different things of {count:,} texts (for example of '{shown}', "
        f"{where}); keep one row of each"
    )
