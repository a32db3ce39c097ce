"""Trained models: load, predict, bench."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kdzoo.arguments import as_annotated
from kdzoo.extensions import load_extensions
from kdzoo.files import alone_in, as_file_errors, with_home
from kdzoo.progress import Silent, quiet

if TYPE_CHECKING:
    from kdzoo.bench import Written
    from kdzoo.progress import Progress
    from kdzoo.recipe.csv import Csv
    from kdzoo.runtime import Input
    from kdzoo.runtime.predictor import Prediction, Predictor


@as_annotated
@as_file_errors()
def load(
    folder: str | Path,
    *,
    model: str | None = None,
    seed: int | None = None,
    students: str | Path | None = None,
    calibrated: bool = False,
    reject: bool = False,
) -> Predictor:
    """Returns the model in a folder, ready to predict.

    Args:
        folder: a study's, a model's, as in ``runs/<study>/models/<model>``, or an exported one.
        model: the model of a study: a row of its table.
        seed: of that row; its first by default.
        students: the file or folder that brings its architecture, where kdzoo does not have it.
        calibrated: whether logits are divided by the temperature that was fitted on validation.
        reject: whether a text is out of scope from the threshold on that was tuned on validation,
            rather than where that label is the most probable.

    Raises:
        ModelError: the folder is not a whole model, its student is not registered, or it lacks what
            ``calibrated`` or ``reject`` need; or the study has no such model.
        RecipeError: what runs it is not installed.
    """
    from kdzoo.runtime import runtime_of
    from kdzoo.runtime.predictor import Predictor

    load_extensions(students)
    found = _folder_of(folder, model, seed)
    with quiet() if runtime_of(found) == "torch" else nullcontext():
        return Predictor(found, calibrated=calibrated, reject=reject)


def _folder_of(folder: str | Path, model: str | None, seed: int | None) -> Path:
    named = with_home(folder)
    if model is None and seed is None and not (named / "study.json").is_file():
        return named  # an exported model answers without what reads studies
    from kdzoo.choosing import MODELS, model_folder

    return model_folder(named, model, seed, (*MODELS, "baseline"))


@as_annotated
@as_file_errors()
def predict(
    folder: str | Path,
    texts: Iterable[Input] | Path | TextIO,
    *,
    text: str = "text",
    text_pair: str | None = None,
    csv: Csv | None = None,
    top: int = 5,
    calibrated: bool = False,
    reject: bool = False,
    model: str | None = None,
    seed: int | None = None,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> Iterator[Prediction]:
    """Labels texts with a trained or exported model, as ``kdzoo predict`` does.

    Args:
        folder: a study's, a model's, as in ``runs/<study>/models/<model>``, or an exported one.
        texts: texts, or pairs of them, in memory; a path: the file that holds them; or a stream
            with a text a line, as standard input, answered as its lines come.
        text: the column of the text, of a file.
        text_pair: the column of the second text, of pairs.
        csv: how the file is written, a .csv or .tsv that is not as usual.
        top: how many of the most probable labels are told.
        calibrated: whether probabilities are those at the temperature fitted on validation.
        reject: whether a text is out of scope from the threshold on that was tuned on validation.
        model: the model of a study: a row of its table.
        seed: of that row; its first by default.
        students: the file or folder that brings the architecture, where kdzoo does not have it.
        progress: told how far a file is; nobody by default.

    Returns:
        A prediction per text, in their order; memory does not grow with their number.

    Raises:
        KdzooError: the folder is no whole model, or a text cannot be read or is none.
    """
    from kdzoo.predicting import Columns, answers

    predictor = load(
        folder,
        model=model,
        seed=seed,
        students=students,
        calibrated=calibrated,
        reject=reject,
    )
    found = answers(predictor, texts, Columns(text, text_pair, csv), top, progress or Silent())
    return (prediction for _, prediction in found)


@as_annotated
@as_file_errors()
def write_predictions(
    folder: str | Path,
    texts: Iterable[Input] | str | Path | TextIO,
    output: str | Path,
    *,
    text: str = "text",
    text_pair: str | None = None,
    csv: Csv | None = None,
    calibrated: bool = False,
    reject: bool = False,
    model: str | None = None,
    seed: int | None = None,
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> int:
    """Writes label and probability of each text to a file, as ``kdzoo predict -o FILE`` does.

    Of a model that gives any number of labels, lists of both; of one that labels words, type, place
    and probability of each entity.

    Args:
        folder: a study's, a model's, as in ``runs/<study>/models/<model>``, or an exported one.
        texts: the file that holds them; texts, or pairs of them, in memory; or a stream with a text
            a line.
        output: the .jsonl, .csv or .parquet to write.
        text: the column of the text.
        text_pair: the column of the second text, of pairs.
        csv: how the file is written, a .csv or .tsv that is not as usual.
        calibrated: whether probabilities are those at the temperature fitted on validation.
        reject: whether a text is out of scope from the threshold on that was tuned on validation.
        model: the model of a study: a row of its table.
        seed: of that row; its first by default.
        students: the file or folder that brings the architecture, where kdzoo does not have it.
        progress: told how far a file is; nobody by default.

    Returns:
        How many texts were labelled.

    Raises:
        KdzooError: the folder is no whole model, a text cannot be read or is none, or ``output``
            cannot be written.
    """
    from kdzoo.predicting import Columns, answers, check_target, write_answers

    target = with_home(output)
    if isinstance(texts, str | Path):
        texts = with_home(texts)
    check_target(target, texts)
    predictor = load(
        folder,
        model=model,
        seed=seed,
        students=students,
        calibrated=calibrated,
        reject=reject,
    )
    found = answers(predictor, texts, Columns(text, text_pair, csv), 1, progress or Silent())
    return write_answers(
        found,
        target,
        pairs=predictor.reads_pairs or text_pair is not None,
        by=predictor.is_cascade,
        task=predictor.task,
        labels=predictor.labels,
    )


@as_annotated
@as_file_errors()
def benchmark(
    models: Sequence[str],
    texts: str | Path,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | None = None,
    csv: Csv | None = None,
    runtimes: Sequence[str] = ("torch", "onnx", "onnx-int8"),
    threads: int = 1,
    rounds: int = 60,
    per_visit: int = 16,
    cold_starts: int = 3,
    isolation: bool = True,
    out: str | Path = "bench",
    students: str | Path | None = None,
    progress: Progress | None = None,
) -> Written:
    """Measures classifiers side by side as they would be deployed, as ``kdzoo bench`` does.

    Args:
        models: folders (Hugging Face classifiers, kdzoo's, exported ones) or hub ids; the first is
            what the others are compared with.
        texts: a file of real texts.
        text: its column.
        text_pair: the column of the second text, of pairs.
        labels: the column of the label, which adds quality.
        csv: how the file is written, a .csv or .tsv that is not as usual.
        runtimes: for models that are not exported already.
        threads: of the CPU, the same for every row.
        rounds: visits to every row, in random order.
        per_visit: texts timed per visit.
        cold_starts: fresh processes per row.
        isolation: whether each row has a process of its own; without, nothing is known of memory
            (bytes) and cold start (seconds).
        out: the folder for exports and results.
        students: a file or folder of students of your own.
        progress: told what is being done; nobody by default.

    Returns:
        What was measured, its table, and the files that were written.

    Raises:
        KdzooError: a model, a runtime or the texts are not what they should be, or ``out`` cannot
            be written.
    """
    shown = progress or Silent()
    shown.say(f"reading {texts}")
    load_extensions(students)
    with quiet():
        from kdzoo.bench import FORMS, TextFile, check_folder, run_bench, write_bench
        from kdzoo.data.stream import AS_NAMED
        from kdzoo.measure import MeasureSettings

        folder = with_home(out)
        file = TextFile(with_home(texts), text, text_pair, labels, csv or AS_NAMED)
        check_folder(folder)
        with alone_in(folder, "bench"):
            measured = run_bench(
                models,
                file,
                runtimes=runtimes,
                settings=MeasureSettings(
                    threads=threads,
                    rounds=rounds,
                    texts=per_visit,
                    cold_starts=cold_starts,
                    is_isolated=isolation,
                ),
                exports=folder / FORMS,
                progress=shown,
            )
            return write_bench(measured, folder)
