"""Any trained classifier, wherever a user says it lies, as a folder that deploys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kdzoo import registry
from kdzoo.arguments import as_annotated
from kdzoo.errors import DataError, ModelError, RecipeError, RegistryError, did_you_mean
from kdzoo.extensions import load_extensions
from kdzoo.files import as_file_errors, check_writable, with_home
from kdzoo.progress import quiet

if TYPE_CHECKING:
    from kdzoo.progress import Bar, Progress
    from kdzoo.recipe.csv import Csv
    from kdzoo.runtime import Input
    from kdzoo.runtime.agreement import Agreement
    from kdzoo.runtime.cut import CutTexts
    from kdzoo.runtime.parity import Parity


@dataclass(frozen=True)
class Exported:
    """What ``export`` wrote.

    Attributes:
        folder: where it lies.
        runtime: what runs it.
        size_bytes: of what is deployed: graph, tokenizer, labels.
        trained_bytes: of the same in the trained model's folder.
        agreement: with the trained model, where texts were given.
        in_study: how this form compared with the trained model when its study made it; None where
            it was made now.
    """

    folder: Path
    runtime: str
    size_bytes: int
    trained_bytes: int
    agreement: Agreement | None
    in_study: Parity | None = None


@as_annotated
@as_file_errors()
@quiet()
def export(
    run: str | Path,
    out: str | Path,
    *,
    runtime: str = "onnx-int8",
    model: str | None = None,
    seed: int | None = None,
    int8: Literal["dynamic", "static"] | None = None,
    texts: str | Path | None = None,
    text: str = "text",
    text_pair: str | None = None,
    csv: Csv | None = None,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Writes a folder that deploys, as ``kdzoo export`` does: it needs neither torch nor kdzoo.

    Args:
        run: the folder or hub id of a classifier, kdzoo's or any of Hugging Face's; or a study's.
        out: the folder to write; an exported one that is there is replaced.
        runtime: a registered one that has an export.
        model: the row of a study's table.
        seed: of that row; its first by default.
        int8: whether activations get their ranges as they come, or once, from ``texts``; by default
            as the model's study has them, else as they come.
        texts: a file of real texts, on which the exported form is compared with the trained one.
        text: its column.
        text_pair: the column of the second text, of pairs.
        csv: how the file is written, a .csv or .tsv that is not as usual.
        students: the file or folder that brings the architecture, where kdzoo does not have it.
        progress: told what is being done; nobody by default.

    Raises:
        KdzooError: there is no such model, it cannot be exported, or ``out`` is another folder.
    """
    from kdzoo.model import size_bytes
    from kdzoo.progress import Silent
    from kdzoo.results import made_form
    from kdzoo.runtime.copies import take_exported_form
    from kdzoo.runtime.folder import deployed_bytes, is_exported_form
    from kdzoo.runtime.settings import CALIBRATION_TEXTS, ExportSettings

    progress = progress or Silent()
    load_extensions(students)
    write = _export_of(runtime, int8, texts)
    target = _target_of(out)
    folder, in_study = _trained_folder(run, model, seed)

    def read() -> Iterator[Input]:
        assert texts is not None  # noqa: S101 - read where there are some
        return _read(with_home(texts), text, text_pair, csv, folder)

    count = 0 if texts is None else _count(read(), texts)
    calibration: list[Input] = []
    if texts is not None and int8 == "static":
        calibration = list(islice(read(), CALIBRATION_TEXTS))
    place = f", in place of the model in {out}" if is_exported_form(target) else ""
    progress.say(f"exporting {folder.name} to {runtime}{place}")
    form = made_form(in_study, runtime)
    if form is not None and (int8 is None or int8 == form.int8 == "dynamic"):
        take_exported_form(form.folder, target)  # made again, it might be another one
    else:
        form = None
        write(folder, target, ExportSettings(int8 or "dynamic", calibration))
    found = None
    if texts is not None:
        with progress.task("comparing with PyTorch", count, unit="texts") as bar:
            found, cut = _compare(folder, target, runtime, read(), bar)
        if cut is not None and cut.cut:
            progress.say(f"note: {cut}")
    parity = None if form is None else form.record.parity
    sizes = deployed_bytes(target), size_bytes(folder)
    return Exported(Path(out), runtime, *sizes, found, parity)


def _target_of(out: str | Path) -> Path:
    """Returns the folder to write, once it is seen that it may be.

    Raises:
        KdzooError: it holds other things, or cannot be written.
    """
    from kdzoo.runtime.decision import DECISION
    from kdzoo.runtime.folder import DEPLOYED, EXPORT, README, refuse_to_overwrite

    target = with_home(out).resolve()
    refuse_to_overwrite(target, "an exported model", EXPORT, (README, DECISION, *DEPLOYED))
    check_writable(target.parent, "give --out another place")
    return target


def _count(texts: Iterator[Input], file: str | Path) -> int:
    """Returns how many texts a file holds.

    Raises:
        DataError: it holds none.
    """
    count = sum(1 for _ in texts)
    if not count:
        raise DataError(f"{file} holds no texts")
    return count


def _export_of(runtime: str, int8: str | None, texts: str | Path | None) -> Callable[..., None]:
    """Returns what exports to the runtime, once it is seen that it can."""
    from kdzoo.runtime import require_runtimes

    known = registry.runtimes.entries()
    others = registry.exported_runtimes(known)
    if runtime not in known:
        raise RegistryError(f"unknown runtime '{runtime}'; {did_you_mean(runtime, others)}")
    entry = known[runtime]
    if entry.export is None:
        raise RecipeError(
            f"runtime '{runtime}' reads the trained model's own folder: there is nothing to "
            f"export; runtimes with a form of their own: {', '.join(others)}"
        )
    if int8 == "static" and entry.exact:
        raise RecipeError(f"--int8 static is for onnx-int8, not for {runtime}; remove --int8")
    if int8 == "static" and texts is None:
        raise RecipeError("--int8 static needs real texts to calibrate on: give --texts FILE")
    require_runtimes([runtime])
    return entry.export


def _read(
    file: Path, column: str, column_pair: str | None, csv: Csv | None, folder: Path
) -> Iterator[Input]:
    """Returns the file's texts, once each is seen to be what the folder's model reads."""
    from kdzoo.data.checking import checked
    from kdzoo.data.stream import AS_NAMED, pair_column, read_full_texts
    from kdzoo.model import reads_pairs

    of_pairs = reads_pairs(folder)
    second = pair_column(column_pair, of_pairs)
    return checked(read_full_texts(file, column, second, csv or AS_NAMED), of_pairs)


def _compare(
    folder: Path, target: Path, runtime: str, texts: Iterator[Input], bar: Bar
) -> tuple[Agreement, CutTexts | None]:
    """Returns how far the exported form is from the trained model, and how many texts both cut."""
    from kdzoo.runtime import load_classifier
    from kdzoo.runtime.agreement import agreement
    from kdzoo.runtime.cut import count_cut
    from kdzoo.runtime.decision import thresholds_in
    from kdzoo.runtime.protocol import task_in

    trained, exported = load_classifier(folder, "torch"), load_classifier(target, runtime)
    cut = count_cut(trained)
    thresholds = thresholds_in(folder, trained.labels), thresholds_in(target, exported.labels)
    return agreement(trained, exported, texts, bar.advance, task_in(folder), thresholds), cut


def _trained_folder(run: str | Path, model: str | None, seed: int | None) -> tuple[Path, Path]:
    """Returns the folder of a trained model, and that in which its study's forms of it lie.

    They are one, but for a finished teacher, of which a study holds forms and no weights.
    """
    from kdzoo.choosing import model_folder, of_finished_teacher
    from kdzoo.runtime.folder import is_exported_form
    from kdzoo.teacher import find_model

    named = with_home(run)
    finished = of_finished_teacher(named, model)
    if finished is not None:
        source, in_study = finished
        return find_model(source), in_study
    folder = model_folder(named, model, seed)
    if folder != named:
        return folder, folder
    if is_exported_form(folder):
        raise ModelError(f"{run} is exported already; name the folder of the trained model")
    if (folder / "baseline.skops").is_file():
        raise ModelError(f"{run} is the classical baseline, which has no other form than its own")
    found = find_model(str(run))
    return found, found
