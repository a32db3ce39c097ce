"""An exported model in ONNX Runtime: needs onnxruntime, tokenizers and numpy, and no torch."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from kdzoo.errors import ModelError, first_line
from kdzoo.files import check_readable
from kdzoo.runtime.cut import CutTexts
from kdzoo.runtime.encoder import INPUTS, WORDS, EncodedInput, Ids, TextEncoder
from kdzoo.runtime.folder import DEPLOYED, GRAPH, TOKENIZER, read_exported_form, read_labels
from kdzoo.runtime.protocol import Input, Logits
from kdzoo.task import TASKS
from kdzoo.task.words import by_word, joined

BATCH_SIZE = 32
LIMIT_S = 60  # for a text: far more than a big model takes on a slow machine
LOOK_S = 1.0  # between two looks at the clock
CHUNK = 4096  # texts tokenised at once, then sorted by length


class OnnxClassifier:
    """The folder that ``kdzoo export`` writes.

    Args:
        folder: with graph, tokenizer and labels.
        threads: of the session; one by default.

    Raises:
        ModelError: the folder is not whole, or its files do not belong together.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        form = read_exported_form(folder)
        check_readable(*(path for name in DEPLOYED if (path := folder / name).is_file()))
        self.labels = read_labels(folder)
        self._by_word = TASKS[form.task].by_word
        self.reads_pairs = False if self._by_word else form.reads_pairs
        tokenizer = _tokenizer(folder, form.vocabulary)
        tokenizer.encode_special_tokens = form.splits_special_tokens
        self._session = _session(folder / GRAPH, threads or 1)
        inputs = tuple(node.name for node in self._session.get_inputs())
        outputs = [(output.name, output.shape[-1:]) for output in self._session.get_outputs()]
        if not set(inputs) <= set(INPUTS) or outputs != [("logits", [len(self.labels)])]:
            raise ModelError(
                f"{folder} does not fit together: {GRAPH} reads {', '.join(inputs)} and gives "
                f"{outputs}, wanted one output 'logits' of {len(self.labels)} classes, as many as "
                "there are labels; export the model again"
            )
        self._watch = _Watch()
        self._encoder = TextEncoder(tokenizer, form.pad_id, inputs, self._by_word)

    def count_cut(self) -> CutTexts | None:
        """Begins to count the texts that are cut; None where none is."""
        truncation = self._encoder.tokenizer.truncation
        if truncation is None:
            return None
        counted = CutTexts(truncation["max_length"])
        self._encoder = replace(self._encoder, look=counted.look)
        return counted

    def encode(self, texts: Sequence[Input]) -> dict[str, Ids]:
        """Returns ids and mask [B, T] of one batch, padded on the right."""
        if len(texts) == 1:
            return self._encoder.single(texts[0])
        return self._encoder.batch(self._encoder.rows(texts))

    def run(self, encoded: dict[str, Ids]) -> Logits:
        """Returns the logits [B, C] of one batch; where each word gets a label, [B, W, C].

        Raises:
            ModelError: the graph cannot be run on it.
        """
        texts, length = next(iter(encoded.values())).shape
        fed = {name: array for name, array in encoded.items() if name != WORDS}
        self._watch.begins(LIMIT_S * texts)
        try:
            logits: Logits = self._session.run(["logits"], fed, self._watch.options)[0]
        except Exception as error:  # ONNX Runtime's errors have no common base
            if self._watch.options.terminate:
                raise ModelError(
                    f"{GRAPH} does not answer within {LIMIT_S} s a text: it may never end; "
                    "export the model again"
                ) from error
            raise ModelError(f"{GRAPH} cannot be run: {first_line(error)}") from error
        finally:
            self._watch.ends()
        wanted = (texts, length) if self._by_word else (texts,)
        if logits.shape != (*wanted, len(self.labels)):
            raise ModelError(
                f"{GRAPH} gives logits of the shape {list(logits.shape)} for {texts} texts and "
                f"{len(self.labels)} labels; export the model again"
            )
        return by_word(logits, encoded[WORDS]) if self._by_word else logits

    def logits(self, texts: Sequence[Input]) -> Logits:
        """Returns the logits [N, C], in the order of the texts; [N, W, C], NaN without a word."""
        if len(texts) == 1:
            return self.run(self.encode(texts))
        parts = [
            self._chunk(self._encoder.rows(texts[start : start + CHUNK]))
            for start in range(0, len(texts), CHUNK)
        ]
        return joined(parts) if parts else np.empty((0, len(self.labels)), dtype=np.float32)

    def _chunk(self, rows: Sequence[EncodedInput]) -> Logits:
        words = (max(len(first) for *_, first in rows),) if self._by_word else ()
        logits = np.full((len(rows), *words, len(self.labels)), np.nan, dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda row: len(rows[row][0]))
        for begin in range(0, len(order), BATCH_SIZE):
            chosen = order[begin : begin + BATCH_SIZE]
            found = self.run(self._encoder.batch([rows[row] for row in chosen]))
            if self._by_word:
                logits[chosen, : found.shape[1]] = found
            else:
                logits[chosen] = found
        return logits


class _Watch:
    """Ends a graph that runs too long: one thread that looks now and then, whatever is run."""

    def __init__(self) -> None:
        self.options = onnxruntime.RunOptions()
        self.options.log_severity_level = 4  # fatal: errors are raised, and told once
        self._until: float | None = None
        self._thread: threading.Thread | None = None

    def begins(self, limit_s: float) -> None:
        """Notes that a batch is run from now on, which may take so long."""
        self.options.terminate = False  # an earlier one may have been ended
        self._until = time.monotonic() + limit_s
        if self._thread is None:
            self._thread = threading.Thread(target=_look, args=(weakref.ref(self),), daemon=True)
            self._thread.start()

    def ends(self) -> None:
        """Notes that it is done."""
        self._until = None

    def look(self) -> None:
        """Ends the batch that is run, if it runs too long."""
        until = self._until
        if until is not None and time.monotonic() > until:
            self.options.terminate = True


def _look(watched: weakref.ref[_Watch]) -> None:
    """Looks as long as there is something to look at."""
    while (watch := watched()) is not None:
        watch.look()
        del watch
        time.sleep(LOOK_S)


def _tokenizer(folder: Path, vocabulary: int) -> Tokenizer:
    path = folder / TOKENIZER
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{path} cannot be loaded: {error}; export the model again") from error
    if max(tokenizer.get_vocab().values(), default=0) >= vocabulary:
        raise ModelError(
            f"{path} is not the tokenizer of {GRAPH}: it has {tokenizer.get_vocab_size():,} "
            f"pieces, the model {vocabulary:,}; export the model again"
        )
    tokenizer.no_padding()  # done here, a batch at a time
    return tokenizer


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal: errors are raised, and told once
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common base
        raise ModelError(
            f"{path} cannot be loaded by ONNX Runtime: {first_line(error)}; export the model again"
        ) from error
