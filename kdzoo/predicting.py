"""Texts from a file, a stream or memory, and what a model makes of each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOBase
from itertools import islice, tee
from pathlib import Path
from typing import Any, TextIO

from kdzoo.amounts import percent
from kdzoo.data import PAIR_COLUMN, Input, check_elements, check_output, texts_of, write_rows
from kdzoo.data.checking import checked
from kdzoo.data.lines import two_of
from kdzoo.data.output import ListOf
from kdzoo.data.stream import names_file, pair_column, read_full_texts
from kdzoo.errors import DataError
from kdzoo.progress import Progress
from kdzoo.recipe.csv import Csv
from kdzoo.runtime.predictor import Prediction, Predictor
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, Task

Answer = tuple[Input, Prediction]

_LINES = 4096  # of a stream at once that does not wait for anybody
_PART_BYTES = 1 << 16  # of a stream that are read at most before they are answered


@dataclass(frozen=True)
class Columns:
    """Where a file holds its texts.

    Attributes:
        text: the column of the text.
        text_pair: that of the second text, of pairs.
        csv: how the file is written, where not as usual.
    """

    text: str = "text"
    text_pair: str | None = None
    csv: Csv | None = None


def answers(
    predictor: Predictor,
    texts: Iterable[Input] | Path | TextIO,
    columns: Columns,
    top: int,
    progress: Progress,
) -> Iterator[Answer]:
    """Returns each text with what the model makes of it.

    Args:
        predictor: the model.
        texts: in memory; or the file or the stream that holds them.
        columns: of the file.
        top: how many of the most probable labels are told.
        progress: told how far a file is.

    Raises:
        DataError: a file cannot be read; of a stream, when its line is reached.
    """
    if isinstance(texts, str):
        if names_file(texts):
            raise DataError(
                f'"{texts}" is the name of a file; give Path("{texts}") for the texts in it, or '
                f'["{texts}"] for these words'
            )
        texts = [texts]
    if isinstance(texts, Path):
        return _counted(_of_file(predictor, texts, columns, top, progress), predictor, progress)
    if isinstance(texts, TextIOBase):
        pairs = predictor.reads_pairs or columns.text_pair is not None
        found = _as_they_come(predictor, texts, top, pairs=pairs)
    else:
        found = _of(predictor, texts, top)
    return _counted(found, predictor, progress)


def _counted(found: Iterator[Answer], predictor: Predictor, progress: Progress) -> Iterator[Answer]:
    """Yields the answers; tells at the end how many texts were cut, and how many escalated."""
    cut = predictor.cut_texts
    before = (0, 0) if cut is None else (cut.texts, cut.cut)
    texts = escalated = 0
    for answer in found:
        texts, escalated = texts + 1, escalated + (answer[1].by != "student")
        yield answer
    if cut is not None and (told := cut.since(*before)).cut:
        progress.say(f"note: {told}")
    if predictor.is_cascade and texts:
        share = f"{escalated:,} of {texts:,} texts ({percent(escalated / texts)})"
        progress.say(f"{share} {'were' if escalated != 1 else 'was'} escalated")


def check_target(output: Path, texts: Iterable[Input] | Path | TextIO) -> None:
    """Looks at where answers are to be written, before there are any.

    Raises:
        DataError: the file is of a kind that is not written, or the file of texts itself.
    """
    check_output(output)
    if isinstance(texts, Path) and output.exists() and texts.exists() and output.samefile(texts):
        raise DataError(f"{output} is the file of texts itself; give -o another name")


def write_answers(
    found: Iterable[Answer],
    output: Path,
    *,
    pairs: bool,
    by: bool = False,
    task: Task = SINGLE_LABEL,
    labels: Sequence[str] = (),
) -> int:
    """Writes a row per text, with its label and that label's probability; returns their number.

    Args:
        found: the answers.
        output: the .jsonl, .csv or .parquet.
        pairs: whether the texts are pairs.
        by: whether a column says who answered, of a cascade.
        task: what the model is asked: of several labels, or of entities, lists are written.
        labels: the model's, which lists may hold.

    Raises:
        DataError: the file cannot be written.
    """
    if task != SINGLE_LABEL:
        check_elements(output, labels)
    texts = ("text", PAIR_COLUMN) if pairs else ("text",)
    if task.by_word:
        return write_rows(
            output,
            ("text", *_ENTITY_COLUMNS),
            ((*texts_of(given), *_entities_of(prediction)) for given, prediction in found),
            _ENTITY_COLUMNS,
        )
    if task == MULTI_LABEL:
        return write_rows(
            output,
            (*texts, "labels", "probabilities"),
            ((*texts_of(given), *_lists_of(prediction)) for given, prediction in found),
            {"labels": "text", "probabilities": "number"},
        )
    rows = (
        (*texts_of(given), answer.label, round(answer.probability, 6), *([answer.by] if by else []))
        for given, answer in found
    )
    return write_rows(output, (*texts, "label", "probability", *(["by"] if by else [])), rows)


def _lists_of(prediction: Prediction) -> tuple[list[str], list[float]]:
    chosen = prediction.chosen
    return [label for label, _ in chosen], [round(probability, 6) for _, probability in chosen]


_ENTITY_COLUMNS: dict[str, ListOf] = {
    "labels": "text",
    "starts": "count",
    "ends": "count",
    "probabilities": "number",
}


def _entities_of(prediction: Prediction) -> tuple[list[Any], ...]:
    """Returns type, first character, the one behind the last, and probability of each entity."""
    found = prediction.entities or ()
    return (
        [entity.label for entity in found],
        [entity.start for entity in found],
        [entity.end for entity in found],
        [round(entity.probability, 6) for entity in found],
    )


def _of(predictor: Predictor, texts: Iterable[Input], top: int) -> Iterator[Answer]:
    asked, kept = tee(texts)  # they are one chunk of texts apart at most
    for found in predictor.predict(asked, top=top):
        yield next(kept), found


def _of_file(
    predictor: Predictor, file: Path, columns: Columns, top: int, progress: Progress
) -> Iterator[Answer]:
    csv = columns.csv or Csv()
    second = pair_column(columns.text_pair, predictor.reads_pairs)

    def read() -> Iterator[Input]:
        return read_full_texts(file, columns.text, second, csv)  # a label for every line

    # a mistake in the last line is told at once
    count = sum(1 for _ in checked(read(), predictor.reads_pairs))
    if not count:
        raise DataError(f"{file} holds no texts")

    def answered() -> Iterator[Answer]:
        with progress.task("labelling", count, unit="texts") as bar:
            for answer in _of(predictor, read(), top):
                yield answer
                bar.advance()

    return answered()


def _as_they_come(
    predictor: Predictor, stream: TextIOBase, top: int, *, pairs: bool
) -> Iterator[Answer]:
    """Yields an answer per line as the lines come in; those before one that is refused, too."""
    first, blank = 1, list[bytes]()
    for come in _incoming(stream):
        lines = [*blank, *come]
        full = next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip()), 0)
        lines, blank = lines[:full], lines[full:]  # empty lines at the end are no texts
        texts: list[Input] = []
        refused = None
        read = (_as_input(line, number, pairs) for number, line in enumerate(lines, start=first))
        try:
            texts.extend(checked(read, predictor.reads_pairs, first))
        except DataError as error:
            refused = error
        yield from _of(predictor, texts, top)
        if refused is not None:
            raise refused
        first += len(lines)


def _incoming(stream: TextIOBase) -> Iterator[list[bytes]]:
    """Yields the lines that are there by now, without waiting for more."""
    source = getattr(stream, "buffer", None)
    if stream is not sys.stdin or source is None:
        yield from _decoded(stream)
        return
    rest: list[bytes] = []  # of a line that has not ended yet
    while part := source.read1(_PART_BYTES):
        *lines, begun = part.split(b"\n")
        if lines:
            yield [b"".join([*rest, lines[0]]), *lines[1:]]
            rest = []
        rest.append(begun)
    if last := b"".join(rest):
        yield [last]


def _decoded(stream: TextIOBase) -> Iterator[list[bytes]]:
    """Yields the lines that are left of a stream that Python decodes, as it says.

    It may have been read from, so what it has read ahead is no longer among its bytes.
    """
    at_once = _LINES if stream.seekable() else 1  # of what comes from elsewhere, none is waited for
    try:
        while lines := list(islice(stream, at_once)):
            yield [line.removesuffix("\n").encode(errors="surrogatepass") for line in lines]
    except UnicodeDecodeError as error:
        encoding = getattr(stream, "encoding", None) or error.encoding
        raise DataError(
            f"the stream is not {encoding} text; open it with its encoding, as in "
            'open(FILE, encoding="latin-1")'
        ) from error


def _as_input(line: bytes, number: int, pairs: bool) -> Input:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise DataError(
            f"standard input is not UTF-8 text (line {number}); convert it first"
        ) from None
    return two_of(text, f"line {number}") if pairs else text.strip()  # as a line of a .txt is read
