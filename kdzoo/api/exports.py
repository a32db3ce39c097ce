"""Students as others get them: export, push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.arguments import as_annotated
from kdzoo.exporting import export as export
from kdzoo.files import as_file_errors, with_home
from kdzoo.progress import Silent, quiet

if TYPE_CHECKING:
    from kdzoo.cascading import ExportedCascade
    from kdzoo.hub import Pushed
    from kdzoo.progress import Progress


@as_annotated
@as_file_errors()
def export_cascade(
    run: str | Path,
    out: str | Path,
    escalate_to: str,
    *,
    model: str | None = None,
    runtime: str = "onnx-int8",
    max_loss: float | None = None,
    max_escalated: float | None = None,
    among: int | None = None,
) -> ExportedCascade:
    """Writes a student with the teacher that it asks: ``kdzoo export --escalate-to teacher``.

    Args:
        run: a study's folder, with its exported forms.
        out: the folder to write; a cascade that is there is replaced.
        escalate_to: the row of the model that is asked where the student is not sure.
        model: the student's row.
        runtime: of both.
        max_loss: share of the texts that may be lost against that model, with 95 % confidence.
        max_escalated: maximum share of the validation texts that it answers, in place of a loss;
            see ``pick_cascade``.
        among: of how many cascades this one was chosen, which share the risk; by default of all
            that the study has.

    Raises:
        KdzooError: there are no such models, they were not exported, the promise cannot be kept, or
            ``out`` is another folder.
    """
    from kdzoo.cascading import export_cascade as write
    from kdzoo.statistics.escalation import Wanted

    wanted = Wanted(max_loss, max_escalated)
    return write(with_home(run), with_home(out), model, escalate_to, wanted, runtime, among)


@as_annotated
@as_file_errors()
@quiet()
def push(
    run: str | Path,
    repository: str,
    *,
    model: str | None = None,
    seed: int | None = None,
    private: bool = False,
    runtimes: Sequence[str] | None = None,
    license: str | None = None,  # noqa: A002 - the hub's word
    language: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Pushed:
    """Uploads a student to the Hugging Face hub, as ``kdzoo push`` does, in one commit.

    Its weights, tokenizer, model card and exported forms: no texts, predictions or paths.

    Args:
        run: a study's folder, or that of a model in one.
        repository: owner and name; made where it is not there.
        model: the row of the study's table.
        seed: of that row; its first by default.
        private: whether nobody else may see the repository.
        runtimes: whose exported forms go with it; all that there are by default.
        license: the hub's identifier, as ``apache-2.0``, for the card; the recipe's by default.
        language: ISO 639 codes of the texts' languages, likewise.
        progress: told what is being done; nobody by default.

    Returns:
        Where it lies, and the bytes of each file.

    Raises:
        KdzooError: there is no such student, no token, no hub in reach, or the hub refuses.
    """
    from kdzoo.hub import push_student
    from kdzoo.recipe.card import read_card

    said = read_card(license, None if language is None else list(language))
    return push_student(
        run,
        repository,
        model=model,
        seed=seed,
        private=private,
        runtimes=runtimes,
        said=said,
        progress=progress or Silent(),
    )
