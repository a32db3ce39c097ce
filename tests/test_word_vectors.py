"""What an encoder makes of each word is made once, for all students that read the same words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS
from torch import Tensor

from kdzoo.claims import ClaimedError, Claims
from kdzoo.data import Example
from kdzoo.progress import Silent
from kdzoo.teacher import (
    Teacher,
    cache_contents,
    claims_folder,
    clear_cache,
    encoder_vectors,
    open_member,
    vectors,
    word_vectors,
)
from kdzoo.text import Encoded, Vocabulary, words

CPU = torch.device("cpu")


class Saying(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Teacher:
    folder = save_tiny_classifier("bert", tmp_path_factory.mktemp("teacher"), tiny_encoder)
    return Teacher(
        (open_member(folder, 32, LABELS),), encoder_folder=folder, max_length=32, batch_size=8
    )


@pytest.fixture(scope="module")
def vocabulary(teacher: Teacher) -> Vocabulary:
    return pruned_vocabulary(teacher.encoder_folder, some_texts(20), special_tokens=False)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entries the encoder has really read, each time that it has."""
    counts: list[int] = []
    read = vectors._read

    def counted(encoder: Any, entries: Encoded, *rest: Any) -> Tensor:
        counts.append(len(entries))
        return read(encoder, entries, *rest)

    monkeypatch.setattr(vectors, "_read", counted)
    return counts


def test_the_encoder_reads_a_vocabulary_once(
    teacher: Teacher, vocabulary: Vocabulary, reads: list[int]
) -> None:
    first = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    second = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    assert len(reads) == 1
    alone = encoder_vectors(teacher.encoder(), teacher.tokenizer(), vocabulary, Silent(), CPU)

    assert torch.equal(first, second)
    assert torch.equal(second, alone)


def test_a_fine_tuned_teacher_reads_words_otherwise_than_its_encoder(
    teacher: Teacher, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Each has a place of its own in the cache, whoever comes first."""
    model = teacher.model()
    model.base_model.encoder.layer[0].output.dense.weight.data.mul_(2)
    model.save_pretrained(tmp_path / "tuned")
    teacher.tokenizer().save_pretrained(tmp_path / "tuned")
    tuned = replace(teacher, members=(open_member(tmp_path / "tuned", 32, LABELS),))

    by_teacher, by_encoder, again = (
        word_vectors(tuned, vocabulary, Silent(), CPU, fine_tuned=of_teacher, waits=True)
        for of_teacher in (True, False, True)
    )

    read = encoder_vectors(tuned.model(), teacher.tokenizer(), vocabulary, Silent(), CPU)
    assert torch.equal(by_teacher, read)
    assert torch.equal(by_teacher, again)
    assert not torch.allclose(by_teacher, by_encoder)


def test_training_does_not_change_what_the_next_student_begins_with(
    teacher: Teacher, vocabulary: Vocabulary
) -> None:
    before = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True).clone()
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True).zero_()

    assert torch.equal(word_vectors(teacher, vocabulary, Silent(), CPU, waits=True), before)


def test_another_vocabulary_is_read_by_itself(
    teacher: Teacher, vocabulary: Vocabulary, reads: list[int]
) -> None:
    other = pruned_vocabulary(teacher.encoder_folder, some_texts(3), special_tokens=False)
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)

    assert len(word_vectors(teacher, other, Silent(), CPU, waits=True)) == len(other)
    assert len(reads) == 2


def test_the_order_of_its_words_does_not_make_another_vocabulary(
    teacher: Teacher, reads: list[int]
) -> None:
    """What a student's texts need comes first; the whole vocabulary is the same for all."""
    some, more = (
        pruned_vocabulary(
            teacher.encoder_folder, some_texts(count), special_tokens=False, keep_unseen=True
        )
        for count in (3, 20)
    )
    assert some.kept != more.kept
    first = word_vectors(teacher, some, Silent(), CPU, waits=True)
    second = word_vectors(teacher, more, Silent(), CPU, waits=True)

    assert len(reads) == 1
    assert some.kept is not None
    assert more.kept is not None
    assert torch.equal(first[np.argsort(some.kept)], second[np.argsort(more.kept)])


def test_damaged_vectors_are_made_anew(
    teacher: Teacher, vocabulary: Vocabulary, tmp_path: Path, reads: list[int]
) -> None:
    before = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    (shard,) = (tmp_path / "cache").rglob("*.npy")
    shard.write_bytes(shard.read_bytes()[:-1])
    told = Saying()

    assert torch.equal(word_vectors(teacher, vocabulary, told, CPU, waits=True), before)
    assert len(reads) == 2
    assert told.said[0].endswith("are damaged: they are made anew")


def test_processes_share_their_parts_and_come_again_for_the_others(
    teacher: Teacher, vocabulary: Vocabulary, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that nobody else reads just now is made; the whole is as one process makes it."""
    before = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    (content,) = cache_contents("words")
    monkeypatch.setattr(vectors, "PART_WORDS", 8)
    clear_cache()
    reads.clear()

    with Claims((claims_folder(),)).hold(f"words-{content.key}-8"), pytest.raises(ClaimedError):
        word_vectors(teacher, vocabulary, Silent(), CPU, waits=False)
    (shared,) = cache_contents("words")
    after = word_vectors(teacher, vocabulary, Silent(), CPU, waits=False)

    assert shared.texts == content.texts - 8
    assert sum(reads) == content.texts
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_a_word_of_more_pieces_than_the_encoder_reads_is_cut(
    architecture: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    """It is read as far as a text would be, and the other words as they are without it."""
    folder = save_tiny_classifier(architecture, tmp_path / "teacher", tiny_encoder)
    member = open_member(folder, 32, LABELS)
    teacher = Teacher((member,), encoder_folder=folder, max_length=32, batch_size=8)
    usual, endless = ["play", "jazz", "x" * 40], "x" * 90  # the encoder has 64 positions

    def read(texts: list[str]) -> dict[str, Tensor]:
        known = words(map(Example, texts), 32, None)
        found = word_vectors(teacher, known, Silent(), CPU, waits=True)
        return dict(zip(known.tokens, found, strict=True))

    before, after = read(usual), read([*usual, endless])

    assert after[endless].isfinite().all()
    for word in usual:
        torch.testing.assert_close(after[word], before[word])


def test_the_cache_counts_their_words(teacher: Teacher, vocabulary: Vocabulary) -> None:
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)

    (content,) = cache_contents("words")
    assert 0 < content.texts <= len(vocabulary)
    assert clear_cache() > 0
    assert cache_contents("words") == []
