"""What an encoder makes of each word is made once, for all students that read the same words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS
from torch import Tensor

from kdzoo.claims import ClaimedError, Claims
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
from kdzoo.text import Vocabulary

CPU = torch.device("cpu")
Read = Callable[..., Tensor]


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
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Vocabulary]:
    """The vocabularies that the encoder has really read."""
    read: list[Vocabulary] = []

    def counted(encoder: Any, tokenizer: Any, vocabulary: Vocabulary, *rest: Any) -> Tensor:
        read.append(vocabulary)
        return encoder_vectors(encoder, tokenizer, vocabulary, *rest)

    monkeypatch.setattr(vectors, "encoder_vectors", counted)
    return read


def test_the_encoder_reads_a_vocabulary_once(
    teacher: Teacher, vocabulary: Vocabulary, reads: list[Vocabulary]
) -> None:
    first = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    second = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    alone = encoder_vectors(teacher.encoder(), teacher.tokenizer(), vocabulary, Silent(), CPU)

    assert reads == [vocabulary]
    assert torch.equal(first, second)
    assert torch.equal(second, alone)


def test_training_does_not_change_what_the_next_student_begins_with(
    teacher: Teacher, vocabulary: Vocabulary
) -> None:
    before = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True).clone()
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True).zero_()

    assert torch.equal(word_vectors(teacher, vocabulary, Silent(), CPU, waits=True), before)


def test_another_vocabulary_is_read_by_itself(
    teacher: Teacher, vocabulary: Vocabulary, reads: list[Vocabulary]
) -> None:
    other = pruned_vocabulary(teacher.encoder_folder, some_texts(3), special_tokens=False)
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)

    assert len(word_vectors(teacher, other, Silent(), CPU, waits=True)) == len(other)
    assert reads == [vocabulary, other]


def test_damaged_vectors_are_made_anew(
    teacher: Teacher, vocabulary: Vocabulary, tmp_path: Path, reads: list[Vocabulary]
) -> None:
    before = word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    (shard,) = (tmp_path / "cache").rglob("*.npy")
    shard.write_bytes(shard.read_bytes()[:-1])
    told = Saying()

    assert torch.equal(word_vectors(teacher, vocabulary, told, CPU, waits=True), before)
    assert len(reads) == 2
    assert told.said[0].endswith("are damaged: they are made anew")


def test_one_process_makes_them_and_the_others_come_again(
    teacher: Teacher, vocabulary: Vocabulary
) -> None:
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)
    (content,) = cache_contents("words")
    clear_cache()

    with Claims((claims_folder(),)).hold(f"words-{content.key}"), pytest.raises(ClaimedError):
        word_vectors(teacher, vocabulary, Silent(), CPU, waits=False)


def test_the_cache_counts_their_words(teacher: Teacher, vocabulary: Vocabulary) -> None:
    word_vectors(teacher, vocabulary, Silent(), CPU, waits=True)

    assert [content.texts for content in cache_contents("words")] == [len(vocabulary)]
    assert clear_cache() > 0
    assert cache_contents("words") == []
