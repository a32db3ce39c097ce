"""Tags of words: valid paths, entities and their counts, words between tokenizers, their loss."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.data import NO_LABEL
from kdzoo.metrics import entity_quality
from kdzoo.objectives import bind_gold_loss, bind_objective, over_words
from kdzoo.task import TOKEN_CLASSIFICATION
from kdzoo.task.tags import (
    NO_TAG,
    are_tags,
    best_path,
    entities_in,
    is_valid,
    tag_order,
    tags_of,
    types_of,
)
from kdzoo.task.words import UNREAD, by_word, first_pieces, joined, padded_places

LABELS = tags_of(["org", "person"])  # O, B-org, I-org, B-person, I-person


def valid(path: tuple[int, ...]) -> bool:
    return is_valid(np.array([path]))


class TestTags:
    def test_names_and_types_are_each_others(self) -> None:
        assert LABELS == ("O", "B-org", "I-org", "B-person", "I-person")
        assert types_of(LABELS) == ("org", "person")

    @pytest.mark.parametrize(
        "labels", [("O",), (), ("B-a", "I-a", "O"), ("O", "B-a"), ("O", "B-a", "I-b"), ("a", "b")]
    )
    def test_others_are_no_tags(self, labels: tuple[str, ...]) -> None:
        assert not are_tags(labels)
        with pytest.raises(ValueError, match="labels are not O"):
            types_of(labels)

    def test_tags_in_another_order_are_brought_into_theirs(self) -> None:
        other = ("I-person", "B-org", "O", "B-person", "I-org")

        assert [other[place] for place in tag_order(other)] == [*LABELS]
        with pytest.raises(ValueError, match="labels are not O"):
            tag_order(("O", "I-person"))

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10**6), st.integers(1, 4))
    def test_the_best_path_is_the_best_of_all_that_are_valid(self, seed: int, words: int) -> None:
        scores = np.random.default_rng(seed).normal(size=(1, words, 5))

        found = tuple(best_path(scores)[0].tolist())

        paths = filter(valid, itertools.product(range(5), repeat=words))
        best = max(paths, key=lambda path: scores[0, range(words), path].sum())
        assert found == best

    def test_sentences_of_other_lengths_beside_it_change_nothing(self) -> None:
        rng = np.random.default_rng(0)
        alone = [rng.normal(size=(1, words, 5)) for words in (1, 3, 7, 2)]

        together = best_path(joined(alone))

        for own, row in zip(alone, together, strict=True):
            words = own.shape[1]
            assert row[:words].tolist() == best_path(own)[0].tolist()
            assert (row[words:] == NO_TAG).all()

    def test_equals_are_outside(self) -> None:
        """A word that nobody has read is no part of an entity."""
        assert best_path(np.zeros((1, 3, 5))).tolist() == [[0, 0, 0]]

    def test_entities_are_a_beginning_and_what_goes_on(self) -> None:
        tags = [0, 1, 2, 2, 1, 3, 0, 3, 4]

        assert entities_in(tags) == [(1, 4, 0), (4, 5, 0), (5, 6, 1), (7, 9, 1)]


class TestQuality:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 10**6))
    def test_is_that_of_the_sets_of_entities(self, seed: int) -> None:
        """Each an entity's sentence, ends and type; as CoNLL's own script counts them."""
        rng = np.random.default_rng(seed)
        tags, gold = (best_path(rng.normal(size=(6, 9, 5)) * [1, 1, 2, 1, 2]) for _ in range(2))
        gold = np.where(rng.random((6, 1)) < 0.4, tags, gold)
        there = np.arange(9) < rng.integers(1, 9, size=(6, 1))
        tags, gold = np.where(there, tags, NO_TAG), np.where(there, gold, NO_TAG)

        found = entity_quality(tags, gold, 5)

        given, wanted = (
            {(row, *each) for row, own in enumerate(rows) for each in entities_in(own.tolist())}
            for rows in (tags, gold)
        )
        right = len(given & wanted)
        assert found["entity_precision"] == pytest.approx(right / max(1, len(given)))
        assert found["entity_recall"] == pytest.approx(right / max(1, len(wanted)))
        assert found["entity_f1"] == pytest.approx(2 * right / max(1, len(given) + len(wanted)))
        assert found["token_accuracy"] == pytest.approx((tags == gold)[there].mean())

    @pytest.mark.parametrize(
        ("found", "right"),
        [
            ([0, 1, 2, 0], 1),  # as it is
            ([0, 1, 0, 0], 0),  # ends too soon
            ([0, 1, 2, 2], 0),  # ends too late
            ([1, 2, 2, 0], 0),  # begins too soon
            ([0, 3, 4, 0], 0),  # of another type
            ([0, 1, 1, 0], 0),  # two instead of one
        ],
    )
    def test_an_entity_is_right_with_both_ends_and_type(self, found: list[int], right: int) -> None:
        told = entity_quality(np.array([found]), np.array([[0, 1, 2, 0]]), 5)

        assert told["entity_recall"] == right


class TestAnswers:
    def test_stored_tags_are_read_again(self) -> None:
        tags = best_path(joined([np.random.default_rng(n).normal(size=(1, n, 5)) for n in (2, 5)]))

        stored = TOKEN_CLASSIFICATION.stored(tags)

        assert TOKEN_CLASSIFICATION.tags(stored, 5).tolist() == tags.tolist()
        assert len({*TOKEN_CLASSIFICATION.numbers(stored, 5).tolist()}) == 2

    @pytest.mark.parametrize("cell", ["", "5", "0 2", "1 4", "x", "-1", "0  1", "01 x", None, 3])
    def test_what_is_no_row_of_valid_tags_is_refused(self, cell: object) -> None:
        with pytest.raises(ValueError, match=r"tags|type|text"):
            TOKEN_CLASSIFICATION.tags([cell], 5)

    def test_its_probability_is_the_product_over_words(self) -> None:
        logits = joined([np.random.default_rng(n).normal(size=(1, n, 5)) for n in (2, 4)])
        tags = np.array([[1, 2, -1, -1], [0, 0, 3, 4]])

        found = TOKEN_CLASSIFICATION.log_probability(logits, tags)

        for row, words, total in zip(range(2), (2, 4), found, strict=True):
            each = torch.from_numpy(logits[row, :words]).log_softmax(-1)
            wanted = each[range(words), tags[row, :words]].sum()
            assert total == pytest.approx(float(wanted))
        assert TOKEN_CLASSIFICATION.divergence(logits, logits) == pytest.approx([0.0, 0.0])
        assert np.isfinite(TOKEN_CLASSIFICATION.brier(logits, tags)).all()


class TestWords:
    @pytest.mark.parametrize(
        ("sentence", "offsets", "first"),
        [
            ("New York", [(0, 0), (0, 3), (4, 8), (0, 0)], [1, 2]),
            ("playing", [(0, 4), (4, 7)], [0]),
            ("a playing b", [(0, 1), (2, 6), (6, 9), (10, 11)], [0, 1, 3]),
            ("a b", [(0, 1), (1, 3)], [0, 1]),  # a piece begins with the space before it
            ("a b", [(0, 1), (1, 2), (2, 3)], [0, 2]),  # a space is a piece of its own
            ("a \u200b b", [(0, 1), (4, 5)], [0, UNREAD, 1]),  # nothing is found in one
            ("a b c", [(0, 1), (2, 3)], [0, 1, UNREAD]),  # cut
            ("b c", [(2, 3)], [UNREAD, 0]),  # cut on the left
        ],
    )
    def test_a_word_has_its_first_piece(
        self, sentence: str, offsets: list[tuple[int, int]], first: list[int]
    ) -> None:
        assert first_pieces(sentence, offsets) == first

    def test_logits_of_pieces_become_those_of_words(self) -> None:
        logits = np.arange(2 * 3 * 2, dtype=np.float32).reshape(2, 3, 2) + 1
        places = padded_places([[0, 2], [UNREAD]])

        found = by_word(logits, places)

        assert found[0].tolist() == logits[0, [0, 2]].tolist()
        assert found[1, 0].tolist() == [0, 0]
        assert np.isnan(found[1, 1]).all()


class TestLoss:
    def batch(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns student logits, gold tags and teacher logits; the last sentence has no tags."""
        generator = torch.Generator().manual_seed(0)
        student, teacher = torch.randn(2, 3, 2, 5, generator=generator)
        gold = torch.tensor([[1, 2, -1], [0, -1, -1], [NO_LABEL, -1, -1]])
        for logits in (student, teacher):
            logits[1, 1] = torch.nan
        teacher[2, 1] = 0.0  # not read
        return student.requires_grad_(), gold, teacher

    def test_gold_labels_count_by_word(self) -> None:
        student, gold, _ = self.batch()
        loss = over_words(lambda s, g, t: bind_gold_loss(TOKEN_CLASSIFICATION)(s, g))

        found = loss(student, gold, None)

        rows = torch.stack([student[0, 0], student[0, 1], student[1, 0]])
        wanted = torch.nn.functional.cross_entropy(rows, torch.tensor([1, 2, 0]))
        assert found.item() == pytest.approx(wanted.item())

    @pytest.mark.parametrize("kind", ["kl", "mse", "dkd", "dist"])
    def test_objectives_are_of_the_words_that_both_have_read(self, kind: str) -> None:
        student, gold, teacher = self.batch()
        soft = bind_objective(kind, {}, TOKEN_CLASSIFICATION)
        loss = over_words(lambda s, g, t: soft(s, t, g))  # type: ignore[arg-type]

        found = loss(student, gold, teacher)
        found.backward()  # type: ignore[no-untyped-call]

        read = [(0, 0), (0, 1), (1, 0), (2, 0)]
        rows, others = (torch.stack([x[at] for at in read]) for x in (student, teacher))
        tags = torch.tensor([1, 2, 0, NO_LABEL])
        assert found.item() == pytest.approx(soft(rows, others, tags).item())
        assert student.grad is not None
        assert student.grad[1, 1].abs().sum() == 0
        assert student.grad.isfinite().all()

    def test_a_batch_without_a_word_that_was_read_teaches_nothing(self) -> None:
        student = torch.zeros(1, 2, 5, requires_grad=True)
        soft = bind_objective("kl", {}, TOKEN_CLASSIFICATION)

        found = over_words(lambda s, g, t: soft(s, t, g))(  # type: ignore[arg-type]
            student, torch.tensor([[0, 0]]), torch.zeros(1, 2, 5)
        )

        assert found.item() == 0
