"""Any classifiers side by side, as deployed, on texts of one's own, whoever made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from kdzoo.bench.forms import Form, check_runtimes, forms_of
from kdzoo.bench.models import open_models
from kdzoo.bench.reading import Reading
from kdzoo.bench.texts import TextFile, read_texts
from kdzoo.bench.written import Bench, Benched, Written, bench_table
from kdzoo.errors import ModelError, Problem, StoreError
from kdzoo.files import check_readable, check_writable, write_atomically
from kdzoo.measure import Candidate, MeasureSettings, Work, measure_candidates
from kdzoo.progress import Progress
from kdzoo.report import write_tables
from kdzoo.results import Session, refuse_foreign_report, session_of, timing_of
from kdzoo.runtime import Input
from kdzoo.runtime.folder import is_exported_form

BENCH, FORMS = "bench.json", "forms"
SEED = 0

__all__ = [
    "BENCH",
    "FORMS",
    "Bench",
    "Benched",
    "TextFile",
    "Written",
    "bench_table",
    "check_folder",
    "run_bench",
    "write_bench",
]


def run_bench(
    sources: Sequence[str],
    file: TextFile,
    *,
    runtimes: Sequence[str],
    settings: MeasureSettings,
    exports: Path,
    progress: Progress,
) -> Bench:
    """Returns what models cost and give, each in every runtime; others stand beside the first.

    A form that cannot be made or run says why; the others finish.

    Args:
        sources: folders, kdzoo's or not, exported or not; hub ids.
        file: of real texts; all are read for throughput and quality.
        runtimes: for models that are not exported yet.
        settings: the rules of the session.
        exports: the folder in which models are exported.
        progress: told what is done.

    Raises:
        KdzooError: a model, a runtime or the texts are not what they should be.
    """
    settings.check()
    runtimes = list(dict.fromkeys(runtimes))
    check_runtimes(runtimes)
    models = open_models(sources)
    texts, gold = read_texts(file, models)
    read: dict[Form, Benched] = {}
    work: dict[str, Work | None] = {}
    for model in models:
        reading = Reading(model, texts, gold)
        work[model.name] = reading.work
        if reading.cut is not None and reading.cut.cut:
            progress.say(f"note: of {model.name}, {reading.cut}")
        for form in forms_of(model, runtimes, exports):
            progress.say(f"{'exporting and reading' if form.is_made else 'reading'} {form}")
            read[form] = reading.read(form)
            if read[form].failure is not None:
                progress.say(f"{form}: {read[form].failure}")
    return Bench(
        texts=len(texts),
        labels=len(set(gold or ())),
        forms=tuple(read.values()),
        session=_measure(read, work, texts, settings, progress),
    )


def check_folder(folder: Path) -> None:
    """Sees that a bench can be written into a folder, and what it would replace is one's own.

    Raises:
        FileError: it is a file, or cannot be written.
        StoreError: it holds a user's own file of such a name.
    """
    check_writable(folder, "give --out a folder that you may write")
    try:
        check_readable(folder / BENCH)
        Bench.model_validate_json((folder / BENCH).read_bytes())
    except (FileNotFoundError, ValidationError):
        is_ours = False
    else:
        is_ours = True
    refuse_foreign_report(folder, is_ours=is_ours)
    for path in (folder / FORMS).glob("[!.]*"):
        if not is_exported_form(path):
            raise StoreError(
                f"{folder / FORMS} holds {path.name}, which kdzoo did not write; give --out a "
                "folder of its own"
            )


def write_bench(bench: Bench, folder: Path) -> Written:
    """Writes table, picture and ``bench.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / BENCH, bench.model_dump_json(indent=1))
    table = bench_table(bench)
    return Written(bench, table, folder, (*write_tables(table, folder), folder / BENCH))


def _measure(
    read: Mapping[Form, Benched],
    work: Mapping[str, Work | None],
    texts: Sequence[Input],
    settings: MeasureSettings,
    progress: Progress,
) -> Session:
    candidates = {
        form: Candidate(form.model.name, form.folder, form.runtime)
        for form, benched in read.items()
        if benched.failure is None
    }
    if not candidates:
        failures = [Problem(str(benched.failure), str(form)) for form, benched in read.items()]
        raise ModelError("none of the models can be run", *failures)
    first = next(iter(read)).model
    measured = measure_candidates(
        list(candidates.values()),
        texts,
        references=[measured for form, measured in candidates.items() if form.model == first],
        settings=settings,
        seed=SEED,
        progress=progress,
    )
    timings = (
        timing_of(form.model.name, form.runtime, measured.speeds[candidate], work[form.model.name])
        for form, candidate in candidates.items()
    )
    return session_of("bench", measured, timings)
