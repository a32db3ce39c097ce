"""The process that holds one candidate: commands come in and answers go out, a line of JSON each.

``kdzoo.measure.workers`` starts it as ``python -P -m kdzoo.measure.worker``. It imports nothing but
the candidate's runtime, so that its memory and its start are the candidate's own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from kdzoo import extensions, registry
from kdzoo.errors import KdzooError
from kdzoo.task.tags import best_path

if TYPE_CHECKING:
    from kdzoo.runtime import Classifier, Input

T = TypeVar("T")

WARM_UP_CALLS = 10  # before the clock starts, on every visit,
WARM_UP_NS = 50_000_000  # and for at least this long
SAME_CALLS = 5  # with the text that is the same in every visit
STATUS = Path("/proc/self/status")
FIRST_TO_GO = (Path("/proc/self/oom_score_adj"), "1000")  # where memory runs out: a row, no study


def main() -> None:
    """Loads what the first line names, then answers line by line until there are no more."""
    asked, answers = _private_streams()
    with suppress(OSError):  # other systems have their own ways
        FIRST_TO_GO[0].write_text(FIRST_TO_GO[1], encoding="utf-8")
    classifier: Classifier | None = None
    for line in asked:
        command = json.loads(line)
        name = command.pop("command")
        if "texts" in command:
            command["texts"] = [_input(text) for text in command["texts"]]
        try:
            if name == "load":
                classifier, answer = load(**command)
            else:
                gc.collect()  # now, because it is off while the clock runs;
                gc.freeze()  # what has survived is not looked at again, which would take longest
                answer = COMMANDS[name](classifier, **command)
        except Exception as error:  # told to the parent, which gives the candidate up
            traceback.print_exc()
            answer = {"failure": reason(error)}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Returns this process's input and output; what libraries print goes to its errors instead."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return asked, answers


def _input(text: Any) -> Input:
    return text if isinstance(text, str) else (text[0], text[1])  # JSON knows no tuples


def reason(error: Exception) -> str:
    """Returns what an error says, in a line unless it is kdzoo's own."""
    if isinstance(error, KdzooError):
        return str(error)
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def load(
    folder: str,
    runtime: str,
    threads: int,
    cores: Sequence[int],
    students: Sequence[str],
    text: Any,
) -> tuple[Classifier, dict[str, Any]]:
    """Imports the runtime, loads the candidate and lets it answer one text.

    Returns the candidate, the cores that it runs on, and the process's resident bytes after the
    import and after loading.
    """
    if cores:
        with suppress(PermissionError):  # a sandbox may forbid it; the answer tells
            os.sched_setaffinity(0, cores)
    for file in students:
        extensions.load_extensions(file)
    from kdzoo.runtime import load_classifier

    module = registry.runtimes.get(runtime).module
    if module:
        importlib.import_module(module)
    imported_bytes = memory()["resident_bytes"]
    classifier = load_classifier(Path(folder), runtime, threads)
    loaded_bytes = memory()["resident_bytes"]
    _label(classifier, _input(text))
    return classifier, {
        "cores": sorted(os.sched_getaffinity(0)) if cores else [],
        "imported_bytes": imported_bytes,
        "loaded_bytes": loaded_bytes,
    }


def _label(classifier: Classifier, text: Input) -> str:
    logits = classifier.logits([text])
    if logits.ndim == 2:  # [1, C]
        return classifier.labels[int(logits[0].argmax())]
    return " ".join(classifier.labels[tag] for tag in best_path(logits)[0])


def visit(
    classifier: Classifier, texts: Sequence[Input], same: Any, warm_up_ns: int = WARM_UP_NS
) -> dict[str, list[float]]:
    """Returns each text's milliseconds to its label, and those of the model alone.

    Some calls more read the text that is the same in every visit: they show the machine alone.
    """
    gc.disable()
    try:
        _warm_up(classifier, texts, warm_up_ns)
        text_ms = _timed_ms(lambda text: _label(classifier, text), texts)
        same_ms = _timed_ms(lambda text: _label(classifier, text), [_input(same)] * SAME_CALLS)
        encoded = [classifier.encode([text]) for text in texts]
        model_ms = _timed_ms(classifier.run, encoded)
    finally:
        gc.enable()
    return {"text_ms": text_ms, "same_ms": same_ms, "model_ms": model_ms}


def _warm_up(classifier: Classifier, texts: Sequence[Input], warm_up_ns: int) -> None:
    end_ns = time.perf_counter_ns() + warm_up_ns
    for calls, text in enumerate(cycle(texts)):
        if calls >= WARM_UP_CALLS and time.perf_counter_ns() >= end_ns:
            return
        _label(classifier, text)


def _timed_ms(call: Callable[[T], Any], inputs: Iterable[T]) -> list[float]:
    elapsed_ns = []
    for text in inputs:
        start = time.perf_counter_ns()
        call(text)
        elapsed_ns.append(time.perf_counter_ns() - start)
    return [round(call_ns / 1e6, 4) for call_ns in elapsed_ns]


def throughput(
    classifier: Classifier, texts: Sequence[Input], batch_size: int | None
) -> dict[str, float]:
    """Returns the seconds that all texts take.

    They are read in batches in their order, or, without a batch size, given to the candidate at
    once, which makes its own.
    """
    size = batch_size or len(texts)
    batches = [texts[start : start + size] for start in range(0, len(texts), size)]
    classifier.logits(batches[0][:32])  # the first call of a new shape allocates
    start = time.perf_counter()
    for batch in batches:
        logits = classifier.logits(batch)
        logits.argmax(1) if logits.ndim == 2 else best_path(logits)
    return {"seconds": time.perf_counter() - start}


def memory() -> dict[str, int]:
    """Returns the bytes of this process that are in memory now, and the most that ever were.

    Where the system does not list them, the latter stands for both. It is second choice, because
    Linux passes the mark of a parent on to a child.
    """
    if STATUS.is_file():
        status = dict(
            line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines()
        )
        resident, peak = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    else:
        import resource  # which Windows lacks, and nothing else here needs

        unit = 1 if sys.platform == "darwin" else 1024
        resident = peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"resident_bytes": resident, "peak_bytes": peak}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "visit": visit,
    "throughput": throughput,
    "memory": lambda _: memory(),
}

if __name__ == "__main__":
    main()
