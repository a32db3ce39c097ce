"""Bringing a trained model into an exported form, and seeing that it answers as it did."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from kdzoo import registry
from kdzoo.digest import content_hash
from kdzoo.measure import environment
from kdzoo.measure.machine import SOFTWARE
from kdzoo.recipe.measure import Measure
from kdzoo.results import OUTCOMES, FormRecord, now
from kdzoo.runtime import Classifier, Input, Logits, load_classifier
from kdzoo.runtime.decision import DECISION
from kdzoo.runtime.folder import DEPLOYED, damaged_form
from kdzoo.runtime.parity import (
    NO_THRESHOLDS,
    RAGGED_TEXTS,
    Long,
    Parity,
    leading_note,
    long_note,
    parity_of,
    ragged_logits,
    with_long,
)
from kdzoo.runtime.pipeline import read_long
from kdzoo.runtime.settings import ExportSettings
from kdzoo.sources import source_digests
from kdzoo.statistics import QUALITY_VERSION
from kdzoo.steps.context import StudyContext
from kdzoo.steps.deciding import fit_thresholds, is_decided, leading_figure
from kdzoo.steps.failing import FATAL, reason_of
from kdzoo.steps.measuring import read_on, teacher_logits, write_outcomes
from kdzoo.steps.mending import kept_in_float
from kdzoo.steps.seed_run import SeedRun
from kdzoo.task import MULTI_LABEL, SINGLE_LABEL, TASKS

_Teacher = Mapping[str, Logits | None]  # its logits of each split that is read, [N, C]
EXPORT_FORMAT = 2  # raise it when kdzoo exports another form of the same model


@dataclass(frozen=True)
class FormJob:
    """A trained model to be brought into exported forms.

    Attributes:
        run: the data that its quality is read on, its teacher, and how it is to be measured.
        key: of the model's record.
        folder: its own files, as PyTorch reads them.
    """

    run: SeedRun
    key: str
    folder: Path

    @property
    def name(self) -> str:
        """What progress calls the model."""
        return "teacher" if self.key == self.run.teacher.key else self.run.variant.name

    @property
    def section(self) -> Measure:
        """How it is to be measured."""
        return self.run.recipe.measure

    @cached_property
    def reference(self) -> Logits:
        """PyTorch's logits of the validation texts, [N, C]."""
        return self.in_order(load_classifier(self.folder, "torch").logits(self.texts("validation")))

    def in_order(self, logits: Logits) -> Logits:
        """Returns logits in the order of the data's labels: a finished teacher may have its own."""
        if self.key != self.run.teacher.key:
            return logits
        ordered: Logits = logits[..., self.run.teacher.whole.members[0].columns]
        return ordered

    @cached_property
    def long(self) -> Long:
        """Texts that are longer than the model reads, as a transformers pipeline reads them."""
        return read_long(self.folder, self.texts("validation"))

    def texts(self, split: str) -> list[Input]:
        """Returns the texts of a split."""
        return [example.input for example in self.run.corpus.split(split)]


def obtain_forms(job: FormJob, splits: Sequence[str], context: StudyContext) -> None:
    """Exports a model, compares it with PyTorch and reads its quality, where that is missing.

    A model that cannot be exported leaves a record that says why; the study goes on.

    Args:
        job: the model; its recipe names the runtimes.
        splits: those whose figures are wanted, validation among them.
        context: the store, and who is told.

    Raises:
        NotMadeError: a form is missing, and the context only looks.
    """
    wanted = registry.exported_runtimes(job.section.runtimes)
    if all(_is_done(job, runtime, splits, context) for runtime in wanted):
        return
    model = f"{job.name}, seed {context.store.read(job.key).seed}"
    with context.alone(f"{job.key}-forms", f"the exported forms of {model}"):
        teacher = {split: teacher_logits(split, job.run, context) for split in splits}
        if context.accelerator.is_main_process:  # of processes that train together, one exports
            for runtime in wanted:
                if not _is_done(job, runtime, splits, context):
                    _let_go_of_damaged(job, f"{model}, {runtime}", runtime, context)
                    _export(job, f"{model}, {runtime}", runtime, teacher, context)
        context.accelerator.wait_for_everyone()


def _export(
    job: FormJob, name: str, runtime: str, teacher: _Teacher, context: StudyContext
) -> None:
    with context.progress.task(f"exporting {name}", 1) as bar:
        form = _make(job, runtime, teacher, context)
        bar.advance()
    context.progress.say(f"{name}: {summary_of(form)}")


def _made_from(job: FormJob, runtime: str) -> str:
    made: list[object] = [EXPORT_FORMAT, runtime, "" if _is_exact(runtime) else job.section.int8]
    if not registry.runtimes.is_builtin(runtime):
        made.append(source_digests(registry.runtimes.get(runtime)))
    return content_hash(made)


def _may_be_mended(runtime: str) -> bool:
    """Whether layers of a form may stay in float: of kdzoo's own in 8 bits."""
    return not _is_exact(runtime) and registry.runtimes.is_builtin(runtime)


def _is_exact(runtime: str) -> bool:
    return registry.runtimes.get(runtime).exact


def _is_done(job: FormJob, runtime: str, splits: Sequence[str], context: StudyContext) -> bool:
    known = context.store.read_form(job.key, runtime)
    if known is None or known.made_from != _made_from(job, runtime):
        return False
    if known.failure is not None:
        return _would_fail_again(known)
    if known.kept is None and _may_be_mended(runtime) and known.parity and not known.parity.passed:
        return False  # an older kdzoo did not try to mend it
    folder = context.store.form(job.key, runtime)
    is_whole = all((folder / name).is_file() for name in (OUTCOMES, DECISION))
    is_whole = is_whole and damaged_form(folder, known.files) is None
    is_current = known.data == read_on(context.store.read(job.key).data, job.run.corpus)
    is_current = is_current and is_decided(folder, job.run.corpus, job.section)
    return is_whole and is_current and all(split in known.quality for split in splits)


def _let_go_of_damaged(job: FormJob, name: str, runtime: str, context: StudyContext) -> None:
    """Takes away a file of a form that was cut off: it is not read again, nor written into."""
    known, folder = context.store.read_form(job.key, runtime), context.store.form(job.key, runtime)
    file = None if known is None else damaged_form(folder, known.files)
    if file is not None and file.exists():
        context.progress.say(f"{name}: {file} is damaged; it is made anew")
        file.unlink()


def _would_fail_again(known: FormRecord) -> bool:
    """Whether what could not be made is made by the same software now."""
    here = environment()
    return all(known.environment.get(name) == here.get(name) for name in SOFTWARE)


def _make(job: FormJob, runtime: str, teacher: _Teacher, context: StudyContext) -> FormRecord:
    """Writes the form, what it answers, and last the record that declares it finished."""
    folder = context.store.form(job.key, runtime)
    form = FormRecord(
        key=job.key,
        runtime=runtime,
        made_from=_made_from(job, runtime),
        data=read_on(context.store.read(job.key).data, job.run.corpus),
        environment=environment(),
        created=now(),
    )
    settings = ExportSettings(job.section.int8, job.texts("validation"))
    export = registry.runtimes.get(runtime).exporter
    try:
        export(job.folder, folder, settings)
        found = _read(job, runtime, teacher, context) | {"kept": ()}
        if not found["parity"].passed and _may_be_mended(runtime):
            found |= _mended(job, runtime, teacher, settings, context)
    except FATAL:
        raise
    except Exception as error:  # an exporter may fail in any way: its row alone
        shutil.rmtree(folder, ignore_errors=True)
        found = {"failure": reason_of(error)}
    form = form.model_copy(update=found)
    context.store.write_form(form)
    return form


def _mended(
    job: FormJob,
    runtime: str,
    teacher: _Teacher,
    settings: ExportSettings,
    context: StudyContext,
) -> dict[str, Any]:
    """Writes the form anew with the fewest layers in float that bring it within its bounds.

    Returns what its record then says of it; nothing where none do.
    """
    texts = job.texts("validation")

    def parity(form: Classifier) -> Parity:
        return _parity(job, form, job.in_order(form.logits(texts)), exact=False)

    kept = kept_in_float(job.folder, runtime, settings, texts, parity, context.progress)
    if not kept:
        return {}
    export = registry.runtimes.get(runtime).exporter
    export(job.folder, context.store.form(job.key, runtime), replace(settings, kept=kept))
    return _read(job, runtime, teacher, context) | {"kept": kept}


def _read(job: FormJob, runtime: str, teacher: _Teacher, context: StudyContext) -> dict[str, Any]:
    """Writes what the form answers; returns what its record says of it.

    Raises:
        ModelError: it cannot be run.
    """
    folder, exact = context.store.form(job.key, runtime), _is_exact(runtime)
    classifier = load_classifier(folder, runtime)
    logits = {split: job.in_order(classifier.logits(job.texts(split))) for split in teacher}
    return {
        "files": {name: (folder / name).stat().st_size for name in DEPLOYED},
        "parity": _parity(job, classifier, logits["validation"], exact),
        "quality": write_outcomes(folder, job.run, logits, teacher, context),
        "quality_version": QUALITY_VERSION,
    }


def _parity(job: FormJob, classifier: Classifier, logits: Logits, exact: bool) -> Parity:
    texts = job.texts("validation")[:RAGGED_TEXTS]
    ragged = job.in_order(ragged_logits(classifier, texts)) if exact else logits[:0]
    corpus = job.run.corpus
    gold, task = corpus.gold("validation"), corpus.task
    thresholds = NO_THRESHOLDS
    if task == MULTI_LABEL and np.isfinite(logits).all():
        fit = partial(fit_thresholds, corpus, rule=job.section.thresholds)
        thresholds = fit(job.reference), fit(logits)
    leading = partial(leading_figure, corpus, rule=job.section.thresholds)
    found = parity_of(
        job.reference,
        logits,
        gold,
        exact=exact,
        ragged=ragged,
        task=task,
        leading=None if task == SINGLE_LABEL else leading,
        thresholds=thresholds,
    )
    return with_long(found, job.long, classifier, exact=exact, task=task, thresholds=thresholds)


def summary_of(form: FormRecord) -> str:
    """Returns in a line whether a form answers as PyTorch does."""
    if form.failure is not None:
        return form.failure
    parity = form.parity
    assert parity is not None  # noqa: S101 - a form without a failure was compared
    verdict = "answers as in PyTorch" if parity.passed else "does NOT answer as in PyTorch"
    long = "" if parity.long_passed else f"; {long_note(parity)}"
    leading = leading_note(parity, TASKS[form.data.task])
    kept = f"; kept in float: {', '.join(form.kept)}" if form.kept else ""
    if parity.long_failure is not None:
        long = f"; long texts are not compared: {parity.long_failure}"
    return (
        f"{form.size_bytes / 1e6:.1f} MB, {verdict}: logits within "
        f"{parity.logit_difference:.1e}, {parity.other_labels} of {parity.texts:,} labels differ, "
        f"validation accuracy {parity.accuracy_change * 100:+.2f} points{leading}{kept}{long}"
    )
