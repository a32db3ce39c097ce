"""A study whose student is sure of what it has right, and forms of it and of its teacher."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from tiny_exports import export_to, save_student
from tiny_models import save_tiny_classifier
from tiny_results import CORPUS, HandWritten, summary
from tiny_world import LABELS

from kdzoo.measure import outcomes_of
from kdzoo.results import Member, Store
from kdzoo.runtime.decision import Decision
from kdzoo.runtime.folder import DEPLOYED
from kdzoo.statistics import figures
from kdzoo.statistics.escalation import SCORE_COLUMNS

TEACHER, STUDENT = "t" * 16, "s" * 16
REPEATED = 12  # times that the corpus's texts stand in validation


def save_forms(folder: Path, encoder: Path) -> dict[str, Path]:
    """Writes exported forms of a student and of the teacher, in float32."""
    teacher = folder / "bert"
    save_tiny_classifier("bert", teacher, encoder)
    config = json.loads((teacher / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {str(i): label for i, label in enumerate(LABELS)}
    (teacher / "config.json").write_text(json.dumps(config), encoding="utf-8")
    student = save_student("fasttext", folder / "fasttext", encoder)
    return {
        "student": export_to(student, folder / "student"),
        "teacher": export_to(teacher, folder / "teacher"),
    }


def sure_study(root: Path, forms: dict[str, Path]) -> HandWritten:
    """Writes a study whose student is right where it is sure; each text is read many times."""
    study = HandWritten(Store(root))
    for key, role in ((TEACHER, "teacher"), (STUDENT, "student")):
        study.model(key, range(5), role=role, name=role)  # type: ignore[arg-type]
        study.form(key, "onnx", range(5))
    for key, part in ((TEACHER, "teacher"), (STUDENT, "student")):
        folder = study.store.form(key, "onnx")
        for path in forms[part].iterdir():
            shutil.copyfile(path, folder / path.name)
        for runtime in (None, "onnx"):
            write_answers(study.store, key, runtime, is_student=part == "student")
    member = Member(seed=0, key=STUDENT, teacher_key=TEACHER)
    study.row("teacher", "teacher", Member(seed=0, key=TEACHER), runtimes=("torch", "onnx"))
    study.row("tiny", "student", member, road="change", runtimes=("torch", "onnx"))
    study.finish()
    return study


def write_answers(store: Store, key: str, runtime: str | None, *, is_student: bool) -> None:
    """Writes outcomes on validation: the student errs on a tenth of the texts, where unsure."""
    gold = np.array(CORPUS.gold("test"))
    wrong = np.arange(len(gold)) % 10 == 0
    logits = np.eye(len(LABELS))[gold] * 8
    if is_student:
        logits[wrong] = np.eye(len(LABELS))[(gold[wrong] + 1) % len(LABELS)] * 1.5
    frame = outcomes_of("test", CORPUS, logits.astype(np.float32), logits.astype(np.float32),
                     Decision(temperature=1.0))  # fmt: skip
    many = pd.concat([frame.assign(split="validation")] * REPEATED, ignore_index=True)
    folder = store.finished(key) if runtime is None else store.form(key, runtime)
    data = summary(CORPUS).model_copy(update={"validation": len(many)})
    store.write_outcomes(folder, pd.concat([many, frame], ignore_index=True))
    store.write_decision(folder, Decision(temperature=1.0))
    if runtime is None:
        record = store.read(key)
        quality = {split: figures(each, CORPUS.oos) for split, each in
                   (("validation", many), ("test", frame))}  # fmt: skip
        store.write(folder, record.model_copy(update={"data": data, "quality": quality}))
    else:
        form = store.read_form(key, runtime)
        assert form is not None
        accuracy = {"accuracy": 0.9 if is_student else 1.0}
        files = {name: (folder / name).stat().st_size for name in DEPLOYED}
        quality = dict.fromkeys(("validation", "test"), accuracy)
        update = {"data": data, "quality": quality, "files": files}
        store.write_form(form.model_copy(update=update))


def break_promises(store: Store, *, is_shifted: bool) -> None:
    """Has the student be sure of all test texts, a tenth of which it answers wrongly.

    Args:
        store: of ``sure_study``.
        is_shifted: whether more of them are out of scope than of validation.
    """
    for key, is_student in ((STUDENT, True), (TEACHER, False)):
        frame = store.outcomes(key, "onnx")
        assert frame is not None
        is_test = frame["split"] == "test"
        if is_student:
            for column in SCORE_COLUMNS.values():
                frame.loc[is_test, column] = frame[column].max()
        if is_shifted:
            right = frame.loc[is_test, "gold"] == frame.loc[is_test, "prediction"]
            frame.loc[is_test, "gold"] = CORPUS.oos
            frame.loc[is_test, "prediction"] = np.where(right, CORPUS.oos, 0).astype("int32")
        store.write_outcomes(store.form(key, "onnx"), frame)
