"""A student of a study and the teacher that it asks, as one folder that deploys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdzoo.amounts import percent
from kdzoo.choosing.cascade import CascadeLine, check_wanted, count_cascades, find_cascades
from kdzoo.errors import ModelError, RecipeError, RegistryError, did_you_mean
from kdzoo.files import check_writable
from kdzoo.registry import exported_runtimes, runtimes
from kdzoo.results import Store
from kdzoo.runtime import require_runtimes
from kdzoo.runtime.cascade import write_cascade
from kdzoo.runtime.folder import (
    CASCADE,
    README,
    STUDENT,
    TEACHER,
    check_exported_form,
    refuse_to_overwrite,
)
from kdzoo.statistics.cascade import promise_in_words
from kdzoo.statistics.escalation import Wanted
from kdzoo.steps import rule_of


@dataclass(frozen=True)
class ExportedCascade:
    """What was written.

    Attributes:
        folder: where it lies.
        line: the student's form, its threshold, and what it comes to on validation and test.
        has_teacher: whether the teacher's graph is there; else texts are marked to be sent on.
        size_bytes: of what is deployed.
    """

    folder: Path
    line: CascadeLine
    has_teacher: bool
    size_bytes: int


def export_cascade(
    run: Path,
    out: Path,
    model: str | None,
    escalate_to: str,
    wanted: Wanted,
    runtime: str,
    among: int | None = None,
) -> ExportedCascade:
    """Writes a cascade's folder; see ``kdzoo.api.export_cascade``.

    Args:
        run: a study's folder, with its exported forms.
        out: the folder to write; a cascade that is there is replaced.
        model: the student's row.
        escalate_to: the row of the model that is asked.
        wanted: the promise, or the budget.
        runtime: of both.
        among: of how many cascades it was chosen, which share the risk; by default of all.

    Raises:
        KdzooError: there are no such models, they were not exported, the promise cannot be kept, or
            ``out`` is another folder.
    """
    _check_runtime(runtime)
    target = out.resolve()
    refuse_to_overwrite(target, "a cascade", CASCADE, (README, STUDENT, TEACHER))
    check_writable(target.parent, "give --out another place")
    store = Store(run)
    check_wanted(wanted, escalate_to)
    if model is None:
        names = (row.name for row in store.manifest().rows if row.role == "student")
        raise ModelError(f"choose the student with --model NAME: {', '.join(names)}")
    if among is not None and among < 1:
        raise RecipeError(f"--among {among}: write the number of cascades that it was chosen from")
    among = among or count_cascades(store, escalate_to)
    (line,) = find_cascades(store, escalate_to, wanted, model, runtime, among)
    student = _form(store, line.member.key, runtime, model)
    is_model = not store.read(line.teacher_key).is_file
    teacher = _form(store, line.teacher_key, runtime, escalate_to) if is_model else None
    decision = store.decision(line.member.key, runtime)
    if decision is None:
        raise ModelError(f"'{model}' in {runtime} has no temperature; run its recipe again")
    escalated = line.validation.escalated
    rule = rule_of(decision, line.threshold, escalated, promise_of(wanted, line))
    size_bytes = write_cascade(target, rule, student, teacher)
    return ExportedCascade(out, line, is_model, size_bytes)


def promise_of(wanted: Wanted, line: CascadeLine) -> str:
    """Returns in words what may be relied on."""
    share = f"{percent(line.validation.escalated)} of the validation texts go to the teacher"
    if wanted.max_loss is None:
        lost = percent(line.validation.lost, 2)
        return (
            f"{share}; {lost} of all of them get a wrong answer where the teacher's is right, "
            "which is no promise for other texts."
        )
    said = promise_in_words(wanted.max_loss)
    return (
        f"{said[0].upper()}{said[1:]}, so that accuracy is no further below the teacher's; {share}."
    )


def _check_runtime(runtime: str) -> None:
    known = runtimes.entries()
    if runtime not in known:
        can = exported_runtimes(known)
        raise RegistryError(f"unknown runtime '{runtime}'; {did_you_mean(runtime, can)}")
    if not known[runtime].is_exported:
        raise RecipeError(
            f"--runtime {runtime}: a cascade is exported for one of "
            f"{', '.join(exported_runtimes(known))}"
        )
    require_runtimes([runtime])


def _form(store: Store, key: str, runtime: str, name: str) -> Path:
    """Returns the folder of a model's exported form, once it is seen to be whole."""
    folder = store.form(key, runtime)
    form = store.read_form(key, runtime)
    if form is None or form.failure is not None or not (folder / "model.onnx").is_file():
        reason = "" if form is None or form.failure is None else f" ({form.failure})"
        raise ModelError(
            f"{store.root} holds no form of '{name}' for {runtime}{reason}: name {runtime} in its "
            "recipe's measure.runtimes and run it again; published results hold no graphs"
        )
    check_exported_form(folder)
    return folder
