"""Labelling a file of texts: what a classifier says of each, as a file that can be a teacher."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from kdzoo.data import Example, Texts
from kdzoo.data.checking import checked
from kdzoo.data.stream import AS_NAMED, pair_column, read_full_texts
from kdzoo.errors import DataError, TeacherError
from kdzoo.files import beside, check_writable
from kdzoo.model import load_model
from kdzoo.progress import Progress
from kdzoo.recipe.csv import Csv
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL
from kdzoo.task import Task as AnyTask
from kdzoo.teacher.outputs_file import METADATA
from kdzoo.teacher.reach import reach_of
from kdzoo.teacher.shards import check_cache
from kdzoo.teacher.source import find_model
from kdzoo.teacher.teacher import Teacher, open_member

_LOOKED_AT = 10_000  # texts that are looked at to say how many are cut or unknown
_GROUP = 8192  # rows that are written at once
_NAMES = pa.list_(pa.string())


def label_file(
    source: str,
    file: Path,
    out: Path,
    *,
    column: str,
    column_pair: str | None = None,
    csv: Csv = AS_NAMED,
    max_length: int,
    batch_size: int,
    progress: Progress,
    device: torch.device,
) -> int:
    """Writes what the classifier says of each text to ``out`` and returns how many there are.

    The rows stand in the file's order. Logits go through the cache: an interrupted labelling goes
    on where it was, and a study with this teacher and ``max_length`` finds them there.

    Args:
        source: the classifier: folder or hub id.
        file: the texts.
        out: the .parquet to write.
        column: of the text.
        column_pair: of the second text, of pairs.
        csv: how the file is written, where not as usual.
        max_length: tokens at which texts are cut.
        batch_size: texts labelled at once.
        progress: told how far it is.
        device: that the model runs on.

    Raises:
        TeacherError: the model cannot be found, or ``out`` cannot be written.
        ModelError: it is no finished classifier.
        DataError: the texts cannot be read.
    """
    _check_target(out, file)
    check_cache()
    folder = find_model(source)
    loaded = load_model(folder)
    labels = loaded.labels
    if loaded.task.by_word:
        raise TeacherError(
            f"{source} labels words, and a file of outputs has a row for each text; name the model "
            "as the teacher of a recipe: teacher: {model: FOLDER}; kdzoo predict tells entities"
        )
    if loaded.reads_pairs is False and column_pair is not None:
        raise DataError(f"{source} was trained on single texts: remove --text-pair")
    column_pair = pair_column(column_pair, loaded.reads_pairs)
    read = read_full_texts(file, column, column_pair, csv)
    texts = Texts.of(Example.of(given) for given in checked(read, loaded.reads_pairs))
    if not len(texts):
        raise DataError(f"{file} holds no texts")
    progress.say(f"{len(texts):,} texts")
    for note in reach_of(folder, texts[:_LOOKED_AT], max_length).notes("texts looked at"):
        progress.say(f"note: {note}")
    teacher = Teacher((open_member(folder, max_length, labels),), folder, max_length, batch_size)
    with OutputsWriter(out, labels, pairs=column_pair is not None, task=loaded.task) as writer:
        table = teacher.label(texts, progress, device)
        for start in range(0, len(texts), _GROUP):
            rows = slice(start, start + _GROUP)
            writer.write(texts[rows], table[rows].astype(np.float32))
    return len(texts)


def _check_target(out: Path, file: Path) -> None:
    if out.suffix.lower() != ".parquet":
        raise TeacherError(f"{out}: a file of outputs is written as .parquet; give -o OUT.parquet")
    if out.exists() and file.exists() and out.samefile(file):
        raise TeacherError(f"{out} is the file of texts itself; give -o another name")
    if out.is_dir():
        raise TeacherError(f"{out} is a folder; give -o a file")
    check_writable(out.parent, "give -o another place")


class OutputsWriter:
    """Writes a file of outputs: parquet, a row per text, moved to its place when it is whole.

    Raises:
        TeacherError: it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        *,
        pairs: bool = False,
        task: AnyTask = SINGLE_LABEL,
    ) -> None:
        self._path, self._task = path, task
        self._partial = beside(path)
        self._labels = np.array(labels, dtype=object)
        numbers = pa.list_(pa.float32())
        self._texts = ("text", "text_pair") if pairs else ("text",)
        fields = dict.fromkeys((*self._texts, "label"), pa.string())
        if task == MULTI_LABEL:
            fields["label"] = _NAMES
        schema = pa.schema({**fields, "logits": numbers, "probabilities": numbers})
        said = json.dumps({"labels": list(labels)}, ensure_ascii=False).encode()
        self._schema = schema.with_metadata({METADATA: said})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._partial.open("xb")
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        except OSError as error:
            raise TeacherError(f"{path} cannot be written: {error}") from error

    def write(self, texts: Texts, logits: npt.NDArray[np.float32]) -> None:
        """Adds a group of rows."""
        answers = self._task.answers(logits)
        if self._task == MULTI_LABEL:
            labels = pa.array([self._labels[row].tolist() for row in answers], _NAMES)
        else:
            labels = pa.array(self._labels[answers], pa.string())
        probabilities = self._task.probabilities(logits.astype(np.float64))
        columns = [
            *(texts.columns[name].cast(pa.string()).combine_chunks() for name in self._texts),
            labels,
            _lists(logits),
            _lists(probabilities.astype(np.float32)),
        ]
        try:
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        except OSError as error:
            raise TeacherError(f"{self._path} cannot be written: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._file:
                self._writer.close()
            if kind is None:
                self._partial.replace(self._path)
        except OSError as failure:
            if kind is None:
                raise TeacherError(f"{self._path} cannot be written: {failure}") from failure
        finally:
            self._partial.unlink(missing_ok=True)


def _lists(numbers: npt.NDArray[np.float32]) -> Any:
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * numbers.shape[1]
    flat = np.ascontiguousarray(numbers).ravel()
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))
