"""What `kdzoo list augmenters` shows of each: an example, made by the augmenter itself."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from kdzoo import registry
from kdzoo.listing import SENTENCE, augmenter_examples, listing
from kdzoo.transfer.augmenters import AugmentContext

pytestmark = pytest.mark.usefixtures("own_registries")


class TestExamples:
    def test_show_what_every_built_in_augmenter_changes(self) -> None:
        """None is the sentence itself; masks and words of other texts can be seen."""
        examples = augmenter_examples()
        words = SENTENCE.split()

        assert examples.keys() == registry.augmenters.entries().keys()
        assert examples.pop("near_words") == "–"  # a list has no teacher to take words from
        assert all(text not in ("–", SENTENCE) for text in examples.values())
        assert examples["ngram"] in SENTENCE
        assert "[MASK]" in examples["mask"]
        assert "[MASK] [MASK]" in examples["ngram_mask"]
        assert len(set(examples["pos"].split()) - set(words)) > 0
        assert len(set(examples["tang"].split()) - set(words)) > 1
        assert "[MASK]" in examples["tang"]

    def test_are_the_same_every_time(self) -> None:
        assert augmenter_examples() == augmenter_examples()

    def test_stand_in_the_last_column_of_augmenters_alone(self) -> None:
        rows = listing("augmenters")

        assert all(list(row)[-1] == "example" for row in rows)
        assert {row["name"]: row["example"] for row in rows} == augmenter_examples()
        assert all("example" not in row for row in listing("objectives"))

    def test_show_the_users_own(self) -> None:
        @registry.register_augmenter("backwards")
        def backwards(
            words: Sequence[str], rng: random.Random, context: AugmentContext
        ) -> list[str]:
            """Last word first."""
            return list(reversed(words))

        assert augmenter_examples()["backwards"] == " ".join(reversed(SENTENCE.split()))

    def test_are_a_dash_where_there_is_nothing_to_show(self) -> None:
        """An option that has to be given, an error, no text, no change: the list goes on."""

        @registry.register_augmenter("needy")
        def needy(
            words: Sequence[str], rng: random.Random, context: AugmentContext, *, times: int
        ) -> list[str]:
            """Every word again and again."""
            return list(words) * times

        registry.register_augmenter("failing")(lambda words, rng, context: words[len(words)])
        registry.register_augmenter("silent")(lambda words, rng, context: [])
        registry.register_augmenter("idle")(lambda words, rng, context: words)

        examples = augmenter_examples()

        assert [examples[name] for name in ("needy", "failing", "silent", "idle")] == ["–"] * 4
        assert examples["mask"] != "–"
