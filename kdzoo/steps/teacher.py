"""The teacher of a study: found or fine-tuned, or read from a file of outputs, once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from kdzoo import registry
from kdzoo.data import Corpus, origin_of
from kdzoo.data.stream import AS_NAMED
from kdzoo.digest import content_hash
from kdzoo.errors import Problem, TeacherError
from kdzoo.files import with_home
from kdzoo.measure import Size, environment, model_size
from kdzoo.model import load_model, reads_pairs
from kdzoo.recipe.schema import FineTune, Recipe
from kdzoo.recipe.schema import Teacher as TeacherSection
from kdzoo.results import CHECKPOINT, OUTPUTS, Record, TrainingSummary, now
from kdzoo.steps.context import (
    MODEL_FORMAT,
    StudyContext,
    configuration_of,
    summary_of,
)
from kdzoo.teacher import (
    NO_ENCODER,
    NO_TOKENIZER,
    AnyTeacher,
    Member,
    Teacher,
    content_key,
    cut_share,
    find_model,
    fine_tune,
    open_member,
    open_outputs,
    open_outputs_teacher,
    short_name,
)
from kdzoo.training import TrainingResult


@dataclass(frozen=True)
class StudyTeacher:
    """A teacher and the key of its record."""

    key: str
    teacher: AnyTeacher

    @property
    def has_folder(self) -> bool:
        """Whether it is one model that can be deployed: an ensemble, or a file, cannot."""
        return len(self.teacher.members) == 1


def check_outputs(recipe: Recipe) -> None:
    """Looks at a teacher that is a file, before anything is trained for it.

    Raises:
        TeacherError: it is not there, or lacks what the student or the objective needs.
        DataError: it is not what its name says.
    """
    section, student, objective = recipe.teacher, recipe.student, recipe.objective
    if section.outputs is None:
        return
    file = open_outputs(with_home(section.outputs), section.csv or AS_NAMED)
    problems = []
    if section.encoder is None:
        problems += [Problem(NO_TOKENIZER)] if student.text == "teacher" else []
        problems += [Problem(NO_ENCODER)] if student.embeddings == "teacher" else []
    exact = registry.objectives.get(objective.kind).details["needs_logits"]
    if exact and objective.alpha < 1 and file.kind != "logits":
        problems.append(
            Problem(
                f"objective '{objective.kind}' needs logits, and {file.path.name} holds "
                f"{file.holds}; use kl"
            )
        )
    if problems:
        raise TeacherError(f"{recipe.name} with the file of outputs {file.path}", *problems)


def obtain_teacher(
    recipe: Recipe, corpus: Corpus, seed: int, context: StudyContext
) -> StudyTeacher:
    """Returns the recipe's teacher, fine-tuned now if it has to be and has not been.

    In few-label studies ``seed`` decides the labelled texts, so each has a teacher of its own.

    Raises:
        TeacherError: it cannot be found, or does not fit the data.
    """
    section = recipe.teacher
    if section.outputs is not None:
        return _from_file(recipe, corpus, context)
    few = recipe.data.labels_per_class is not None
    sources = find_sources(section)
    for source in sources:
        _note_cut_texts(source, section.max_length, corpus, context)
    members: list[Member] = []
    keys: list[str] = []
    for source in sources:
        if section.fine_tune is None:
            refuse_other_kind(source, corpus)
            members.append(open_member(source, section.max_length, corpus.labels, section.labels))
            continue
        options = section.fine_tune.model_copy(
            update={"seed": section.fine_tune.seed + (seed if few else 0)}
        )
        key, folder = _fine_tuned(source, options, recipe, corpus, context)
        keys.append(key)
        members.append(open_member(folder, section.max_length, corpus.labels))
    if section.fine_tune is None and section.encoder is None and context.first_look("encoder"):
        context.progress.say(
            "note: teacher.encoder does not say what the teacher was fine-tuned from; students and "
            "controls that start from it start from the fine-tuned model, so gains are understated"
        )
    teacher = Teacher(
        tuple(members),
        encoder_folder=find_model(section.encoder) if section.encoder else sources[0],
        max_length=section.max_length,
        batch_size=section.batch_size,
    )
    if len(keys) == 1:
        return StudyTeacher(keys[0], teacher)
    key = _key(teacher, corpus)
    _record(key, teacher, recipe, corpus, context)
    return StudyTeacher(key, teacher)


def find_sources(section: TeacherSection) -> list[Path]:
    """Returns the folders of the models that teach; none where a file of outputs does.

    Raises:
        KdzooError: one of them is nowhere, or is not the one that the recipe names.
    """
    fallback = section.fallback if len(section.sources) == 1 else None
    return [find_model(name, fallback, section.sha256) for name in section.sources]


def refuse_other_kind(source: Path, corpus: Corpus) -> None:
    """A finished classifier says nothing of pairs if it learnt from single texts, nor else.

    Raises:
        TeacherError: it learnt from the others.
    """
    if reads_pairs(source) not in (None, corpus.has_pairs):
        own, given = ("pairs", "single texts")[:: -1 if corpus.has_pairs else 1]
        columns = "leave out" if corpus.has_pairs else "name"
        raise TeacherError(
            f"the teacher {source.name} was trained on {own}, and the data are {given}; {columns} "
            "the column of the second text (--text-pair, in a recipe data.text_pair), or have the "
            "teacher fitted to these texts (--fine-tune, in a recipe teacher: {fine_tune: {}})"
        )


def _from_file(recipe: Recipe, corpus: Corpus, context: StudyContext) -> StudyTeacher:
    """Returns the teacher that is a file; its record has no figures of size."""
    named = (recipe.teacher.model_dump_json(), *corpus.labels)
    if named not in context.teachers:
        with context.accelerator.main_process_first():
            opened = open_outputs_teacher(recipe.teacher, corpus.labels, context.progress)
        context.teachers[named] = opened
    teacher = context.teachers[named]
    if teacher.encoder_folder is not None:
        _note_cut_texts(teacher.encoder_folder, teacher.max_length, corpus, context)
    key = _key(teacher, corpus)
    folder = context.store.folder("teacher", "", 0, key)
    if not (folder / "record.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        nothing = Size(parameters=0, embedding_parameters=0, size_bytes=0)
        record = _teacher_record(key, nothing, OUTPUTS, recipe, corpus, 0)
        said = {**record.recipe["teacher"], "outputs": teacher.path.name}
        update = {"recipe": {**record.recipe, "teacher": said}, "notes": (teacher.path.name,)}
        context.finish(folder, record.model_copy(update=update))
    return StudyTeacher(key, teacher)


def _key(teacher: AnyTeacher, corpus: Corpus) -> str:
    """Returns the key of the record of a teacher that is not one fine-tuned folder."""
    return content_hash(["teacher", teacher.key, corpus.gold_fingerprint, corpus.test_fingerprint])


def _note_cut_texts(source: Path, max_length: int, corpus: Corpus, context: StudyContext) -> None:
    """Says, before anything is trained, how many texts are longer than the teacher reads."""
    if not context.first_look(str(source), str(max_length), corpus.gold_fingerprint):
        return
    share, limit = cut_share(source, corpus.train, max_length)
    if share:
        context.progress.say(
            f"note: {share:.1%} of the training texts are longer than {limit} tokens and are cut "
            "(teacher.max_length)"
        )


def _fine_tuned(
    source: Path, options: FineTune, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> tuple[str, Path]:
    """Returns key and folder of the fine-tuned model."""
    max_length = recipe.teacher.max_length
    content = {
        "format": MODEL_FORMAT,
        "role": "teacher",
        "source": content_key(source, max_length),
        "options": options.model_dump(),
        "corpus": corpus.gold_fingerprint,
    }
    if options.select_by == "in_scope_accuracy":
        content["oos"] = corpus.oos
    key = content_hash(content)
    found = context.find(key)
    if found is not None:
        return key, found
    folder = context.store.folder("teacher", "", options.seed, key)
    start = time.perf_counter()
    told = configuration_of(recipe, "teacher", options.seed)
    with context.tracking.run(folder.name, key, told) as note:
        result, figures = fine_tune(
            source,
            folder,
            corpus,
            options,
            max_length,
            options.seed,
            accelerator=context.accelerator,
            progress=context.progress,
            note=note,
        )
    seconds = time.perf_counter() - start
    record = _model_record(key, folder, recipe, corpus, options.seed)
    record = record.model_copy(update={"training": _summary(result, seconds, len(corpus.train))})
    context.finish(folder, record)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    context.progress.say(
        f"teacher fine-tuned: validation accuracy {figures['accuracy']:.3f} ({seconds:.0f} s)"
    )
    return key, folder


def _record(
    key: str, teacher: Teacher, recipe: Recipe, corpus: Corpus, context: StudyContext
) -> None:
    """Writes the record of a teacher that is not one fine-tuned folder of the store."""
    folder = context.store.folder("teacher", "", 0, key)
    if (folder / "record.json").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    records = [_model_record(key, member.folder, recipe, corpus, 0) for member in teacher.members]
    size = records[0].size.model_copy(
        update={
            name: sum(getattr(record.size, name) for record in records)
            for name in ("parameters", "embedding_parameters", "size_bytes")
        }
    )
    context.finish(folder, records[0].model_copy(update={"size": size}))


def _model_record(key: str, folder: Path, recipe: Recipe, corpus: Corpus, seed: int) -> Record:
    size = model_size(load_model(folder).model, folder)
    kind = "+".join(map(short_name, recipe.teacher.sources))
    return _teacher_record(key, size, kind, recipe, corpus, seed)


def _teacher_record(
    key: str, size: Size, kind: str, recipe: Recipe, corpus: Corpus, seed: int
) -> Record:
    return Record(
        key=key,
        role="teacher",
        name="teacher",
        seed=seed,
        kind=kind,
        data=summary_of(corpus, origin_of(recipe.data), 0.0),
        recipe=recipe.model_dump(mode="json"),
        size=size,
        quality={},
        environment=environment(),
        created=now(),
    )


def _summary(result: TrainingResult, seconds: float, texts: int) -> TrainingSummary:
    return TrainingSummary(
        steps=int(result.history[-1]["step"]) if result.history else 0,
        best_step=result.best_step,
        seconds=seconds,
        texts=texts,
        augmented=0,
        augmented_wanted=0,
    )
