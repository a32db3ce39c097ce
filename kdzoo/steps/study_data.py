"""What a study learns from: its data, few labels, transfer texts and files of outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from kdzoo.data import FEW, Corpus, Texts, describe, few_labels, load_corpus
from kdzoo.progress import Progress
from kdzoo.recipe.data import Data
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.task import Task
from kdzoo.teacher import (
    WHOLE,
    CachedRows,
    OutputsTeacher,
    Part,
    SentenceEncoder,
    find_encoder,
    find_sources,
    load_encoder,
    load_hf_tokenizer,
    open_outputs_teacher,
    open_sentence_encoder,
    reach_of,
)
from kdzoo.text import SpecialTokens, Vocabulary
from kdzoo.transfer import NearWords, TransferSet, build_transfer_set


class NotMadeError(Exception):
    """What a step asks for is not there, and nothing is made while one only looks."""


@dataclass
class StudyData:
    """All that recipes read, worked out once and alike for whatever asks: run, check or texts.

    It keeps what was asked for, and so changes.

    Attributes:
        progress: told what is read.
        device: where an encoder runs, by whose vectors texts are chosen.
    """

    progress: Progress
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    _corpora: dict[str, Corpus] = field(default_factory=dict)  # whole, by what is read
    _seen: dict[str, tuple[int, Corpus]] = field(default_factory=dict)  # by the last seed
    _transfer_sets: dict[tuple[str, ...], TransferSet] = field(default_factory=dict)
    _outputs: dict[tuple[str, ...], OutputsTeacher] = field(default_factory=dict)
    _near_words: dict[Path, NearWords] = field(default_factory=dict)
    _vocabularies: dict[tuple[str, ...], Vocabulary] = field(default_factory=dict)
    _looked_at: set[tuple[str, ...]] = field(default_factory=set)  # whose cut texts are told

    def corpus(self, section: Data, seed: int) -> Corpus:
        """Returns the data as a seed sees it: with few labels, where the recipe wants few.

        Raises:
            DataError: it cannot be read or learnt from.
        """
        name, whole = section.model_dump_json(), self._whole(section)
        is_new = name not in self._seen
        if is_new or self._seen[name][0] != seed:
            self._seen[name] = seed, few_labels(whole, section, seed)
        corpus = self._seen[name][1]
        if is_new:
            self.progress.say(f"data: {describe(corpus)}")
            for note in corpus.notes:
                self.progress.say(f"note: {note}")
        return corpus

    def task(self, section: Data) -> Task:
        """Returns what the data ask, which is no seed's own.

        Raises:
            DataError: they cannot be read or learnt from.
        """
        return self._whole(section).task

    def _whole(self, section: Data) -> Corpus:
        read = section.model_dump_json(exclude={*FEW})
        if read not in self._corpora:
            self._corpora[read] = load_corpus(section)
        return self._corpora[read]

    def note_reach(self, sources: Sequence[Path], max_length: int, corpus: Corpus) -> None:
        """Says once, before anything is trained, which texts a teacher reads in part, or not.

        Args:
            sources: the folders of its models.
            max_length: tokens at which they are to cut.
            corpus: the data as a seed sees it.

        Raises:
            TeacherError: the configuration of a model cannot be read.
        """
        for source in sources:
            looked_at = (str(source), str(max_length), corpus.gold_fingerprint)
            if looked_at in self._looked_at:
                continue
            self._looked_at.add(looked_at)
            reach = reach_of(source, corpus.train, max_length)
            for note in reach.notes("training texts", "teacher.max_length"):
                self.progress.say(f"note: {note}")

    def transfer_set(
        self, recipe: Recipe, corpus: Corpus, seed: int, *, only_looks: bool = False
    ) -> TransferSet:
        """Returns what the recipe's students learn from, kept until another section is asked for.

        Args:
            recipe: says how it is made.
            corpus: the data as the seed sees it.
            seed: of the augmentation.
            only_looks: whether no encoder is to read a text.

        Raises:
            DataError: unlabelled texts cannot be read, or the augmenter returns something that is
                no text.
            TeacherError: texts are chosen by vectors, and the encoder gives none.
            NotMadeError: texts lack vectors, and the encoder is not to read them.
        """
        section = recipe.transfer
        lender = None if section.augment is None else _lender(recipe.teacher)
        mask_token = None if lender is None else SpecialTokens.of(load_hf_tokenizer(lender)).mask
        drawn_with = "" if section.augment is None else f"{lender} {mask_token} {seed}"
        chosen_by = recipe.teacher.model_dump_json() if section.is_chosen_by_vectors else ""
        written = section.model_dump_json()
        made_from = (written, corpus.fingerprint, corpus.test_fingerprint, drawn_with, chosen_by)
        if made_from in self._transfer_sets:
            return self._transfer_sets[made_from]
        transfer = build_transfer_set(
            corpus,
            section,
            mask_token,
            seed,
            self.progress,
            open_words=None if lender is None else partial(self._near_words_of, lender),
            read_vectors=partial(self._vectors_of, recipe, only_looks=only_looks),
        )
        for other in [
            transfer_set for transfer_set in self._transfer_sets if transfer_set[0] != written
        ]:
            del self._transfer_sets[other]
            self._vocabularies.clear()
        self._transfer_sets[made_from] = transfer
        if section.unlabelled is not None or section.augment is not None:
            self.progress.say(
                f"transfer set: {len(transfer.examples):,} texts: {transfer.own:,} of the data, "
                f"{transfer.unlabelled:,} unlabelled, {transfer.made:,} augmented"
            )
        for note in transfer.notes:
            self.progress.say(f"note: {note}")
        return transfer

    def _near_words_of(self, folder: Path) -> NearWords:
        """Returns the words of the model in a folder, read once."""
        if folder not in self._near_words:
            model = load_encoder(folder)
            self._near_words[folder] = NearWords.of_model(model, load_hf_tokenizer(folder))
        return self._near_words[folder]

    def _vectors_of(self, recipe: Recipe, texts: Texts, *, only_looks: bool) -> CachedRows:
        """Returns the sentence vectors of texts, by the encoder of the recipe's teacher.

        Raises:
            TeacherError: the encoder gives no sentence vectors.
            NotMadeError: texts lack vectors, and the encoder is not to read them.
        """
        section = recipe.teacher
        encoder = open_sentence_encoder(
            find_encoder(section) or find_sources(section)[0],
            section.pooling,
            section.max_length,
            section.batch_size,
            reads_pairs=recipe.data.text_pair is not None,
        )
        if only_looks:
            refuse_unread(encoder, texts)
        return encoder.vectors(texts, self.progress, self.device)

    def vocabulary(self, made_from: tuple[str, ...], make: Callable[[], Vocabulary]) -> Vocabulary:
        """Returns what texts become ids by, kept as long as the transfer set that it was made of.

        Args:
            made_from: stands for all that decides it.
            make: counts the words of the transfer set.
        """
        if made_from not in self._vocabularies:
            self._vocabularies[made_from] = make()
        return self._vocabularies[made_from]

    def outputs(self, section: TeacherSection, corpus: Corpus) -> OutputsTeacher:
        """Returns the teacher that is a file, read once.

        Raises:
            TeacherError: it is not there, or does not fit the labels.
            DataError: it cannot be read.
        """
        named = (section.model_dump_json(), corpus.task.name, *corpus.labels)
        if named not in self._outputs:
            self._outputs[named] = open_outputs_teacher(
                section, corpus.labels, self.progress, corpus.task
            )
        return self._outputs[named]


def refuse_unread(encoder: SentenceEncoder, texts: Texts, part: Part = WHOLE) -> None:
    """Sees that an encoder has read a part of the texts.

    Raises:
        NotMadeError: texts lack vectors.
    """
    if lacking := encoder.lacking(texts, part):
        raise NotMadeError(f"the encoder has not read {lacking:,} texts")


def _lender(section: TeacherSection) -> Path | None:
    """Returns the folder of the model whose tokenizer and words augmenters draw on.

    Fine-tuning leaves the tokenizer as it is. None where the teacher is a file alone.
    """
    folders = find_sources(section)
    return folders[0] if folders else find_encoder(section)
