"""The teacher of a study: found or fine-tuned, or read from a file of outputs, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kdzoo.data import Corpus
from kdzoo.digest import content_hash
from kdzoo.measure import Size
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.results import OUTPUTS, Record
from kdzoo.steps.context import StudyContext
from kdzoo.steps.fitting import fitted_fold, fitted_members, model_record, teacher_record
from kdzoo.steps.misfit import refuse_other_kind
from kdzoo.teacher import (
    AnyTeacher,
    EnsembleMember,
    Labeller,
    OutOfFold,
    Teacher,
    find_encoder,
    find_sources,
    folds_of,
    open_member,
)


@dataclass(frozen=True)
class StudyTeacher:
    """A teacher and the key of its record.

    Attributes:
        key: of the record.
        whole: the teacher of all labelled texts: is measured, and lends what it has.
        folded: labels what students learn from, where no text is to be labelled by a teacher that
            has seen its label.
    """

    key: str
    whole: AnyTeacher
    folded: OutOfFold | None = None

    @property
    def labeller(self) -> Labeller:
        """What labels the texts that students learn from."""
        return self.whole if self.folded is None else self.folded

    @property
    def has_folder(self) -> bool:
        """Whether it is one model that can be deployed: an ensemble, or a file, cannot."""
        return len(self.whole.members) == 1


def obtain_teacher(
    recipe: Recipe, corpus: Corpus, seed: int, context: StudyContext
) -> StudyTeacher:
    """Returns the recipe's teacher, fine-tuned now if it has to be and has not been.

    In few-label studies ``seed`` decides the labelled texts, so each has a teacher of its own.

    Args:
        recipe: its teacher section.
        corpus: the data as the seed sees it.
        seed: of the run.
        context: the store, and who is told.

    Raises:
        TeacherError: it cannot be found, or does not fit the data.
    """
    section = recipe.teacher
    if section.outputs is not None:
        return _from_file(recipe, corpus, context)
    luck = seed if recipe.data.labels_per_class is not None else 0
    sources = find_sources(section)
    context.data.note_reach(sources, section.max_length, corpus)
    if section.is_finished:
        keys, members = [], [_finished(source, section, corpus) for source in sources]
        _note_unknown_encoder(section, context)
    else:
        made = fitted_members(sources, luck, recipe, corpus, context)
        keys, members = [key for key, _ in made], [member for _, member in made]
    teacher = Teacher(
        tuple(members),
        encoder_folder=find_encoder(section) or sources[0],
        max_length=section.max_length,
        batch_size=section.batch_size,
        task=corpus.task,
    )
    folded = _folded(teacher, sources, luck, recipe, corpus, context)
    if len(keys) == 1:
        return StudyTeacher(keys[0], teacher, folded)
    key = _key(teacher, corpus)
    folder = context.store.folder("teacher", "", 0, key)
    context.note(key, "the teacher", folder, lambda: _record(key, teacher, recipe, corpus))
    return StudyTeacher(key, teacher, folded)


def _finished(source: Path, section: TeacherSection, corpus: Corpus) -> EnsembleMember:
    refuse_other_kind(source, corpus)
    return open_member(source, section.max_length, corpus.labels, section.labels)


def _note_unknown_encoder(section: TeacherSection, context: StudyContext) -> None:
    if section.encoder is None and context.first_look("encoder"):
        context.progress.say(
            "note: teacher.encoder does not say what the teacher was fine-tuned from; students and "
            "controls that start from it start from the fine-tuned model, so gains are understated"
        )


def _folded(
    whole: Teacher,
    sources: list[Path],
    luck: int,
    recipe: Recipe,
    corpus: Corpus,
    context: StudyContext,
) -> OutOfFold | None:
    """Returns the teachers of parts of the labelled texts; None where nobody asks for them."""
    count = recipe.teacher.folds
    if count is None or recipe.objective.alpha == 1:
        return None
    fold_of = folds_of(corpus, count)
    folds = []
    for number in range(count):
        seen = tuple(example for example in corpus.train if fold_of[example.digest] != number)
        part = replace(corpus, train=seen)
        if recipe.teacher.fine_tune is not None:
            context.progress.say(f"the teacher of fold {number + 1} of {count}")
        folds.append(fitted_fold(sources, luck, recipe, part, context))
    return OutOfFold(whole, tuple(folds), fold_of)


def _from_file(recipe: Recipe, corpus: Corpus, context: StudyContext) -> StudyTeacher:
    """Returns the teacher that is a file; its record has no figures of size."""
    with context.accelerator.main_process_first():
        teacher = context.data.outputs(recipe.teacher, corpus)
    if teacher.encoder_folder is not None:
        context.data.note_reach([teacher.encoder_folder], teacher.max_length, corpus)
    key = _key(teacher, corpus)
    folder = context.store.folder("teacher", "", 0, key)

    def record() -> Record:
        nothing = Size(parameters=0, embedding_parameters=0, size_bytes=0)
        made = teacher_record(key, nothing, OUTPUTS, recipe, corpus, 0)
        said = {**made.recipe["teacher"], "outputs": teacher.path.name}
        update = {"recipe": {**made.recipe, "teacher": said}, "notes": (teacher.path.name,)}
        return made.model_copy(update=update)

    context.note(key, "the teacher", folder, record)
    return StudyTeacher(key, teacher)


def _key(teacher: AnyTeacher, corpus: Corpus) -> str:
    """Returns the key of the record of a teacher that is not one fine-tuned folder."""
    return content_hash(["teacher", teacher.key, corpus.gold_fingerprint, corpus.test_fingerprint])


def _record(key: str, teacher: Teacher, recipe: Recipe, corpus: Corpus) -> Record:
    """Returns the record of a teacher that is not one fine-tuned folder of the store."""
    records = [model_record(key, member.folder, recipe, corpus, 0) for member in teacher.members]
    size = records[0].size.model_copy(
        update={
            name: sum(getattr(record.size, name) for record in records)
            for name in ("parameters", "embedding_parameters", "size_bytes")
        }
    )
    return records[0].model_copy(update={"size": size})
