"""The dataset that comes with kdzoo is what its card says it is."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from kdzoo.data import SPLITS, Corpus, Example, SplitName, load_corpus, normalised
from kdzoo.recipe.data import Data

SHARES = {"train": 0.60, "validation": 0.15, "test": 0.25}


@pytest.fixture(scope="module")
def assistant() -> Corpus:
    """The embedded dataset, through the checks that any data passes."""
    return load_corpus(Data(embedded="assistant", oos_label="oos", on_leak="error"))


@pytest.fixture(scope="module")
def card() -> str:
    """What is said of it."""
    return (resources.files("kdzoo.data.assistant") / "CARD.md").read_text(encoding="utf-8")


def everything(corpus: Corpus) -> list[Example]:
    """Returns the texts of all splits."""
    return [example for split in SPLITS for example in corpus.split(split)]


class TestAssistant:
    def test_has_24_intents_and_out_of_scope(self, assistant: Corpus) -> None:
        assert len(assistant.labels) == 25
        assert assistant.oos is not None
        assert assistant.labels[assistant.oos] == "oos"

    def test_has_63_texts_an_intent_and_105_out_of_scope(self, assistant: Corpus) -> None:
        counts = Counter(example.label for example in everything(assistant))

        assert counts.pop(assistant.oos) == 105
        assert set(counts.values()) == {63}

    @pytest.mark.parametrize("split", SPLITS)
    def test_is_split_60_15_25_in_every_class(self, assistant: Corpus, split: SplitName) -> None:
        """Whole texts allow a class one text more or less."""
        whole = Counter(example.label for example in everything(assistant))
        part = Counter(assistant.gold(split))

        assert len(part) == 25
        for label, count in whole.items():
            assert abs(part[label] - SHARES[split] * count) < 1

    def test_holds_no_text_twice(self, assistant: Corpus) -> None:
        """Not even with other marks or capitals, in one split or in two."""
        counts = Counter(normalised(example) for example in everything(assistant))

        assert counts.most_common(1)[0][1] == 1

    def test_holds_no_near_doubles(self, assistant: Corpus) -> None:
        """No two texts share more than half of their words, as the card says."""
        texts = [example.text for example in everything(assistant)]
        words = CountVectorizer(binary=True, token_pattern=r"\w+", dtype=np.int32)
        table = words.fit_transform(texts)  # [N, V]
        shared = (table @ table.T).toarray()  # [N, N]
        sizes = shared.diagonal()
        similarity = shared / (sizes[:, None] + sizes - shared)
        np.fill_diagonal(similarity, 0)
        one, other = np.unravel_index(similarity.argmax(), similarity.shape)

        assert similarity.max() <= 0.5, f"{texts[one]} / {texts[other]}"

    def test_is_not_sorted_by_label(self, assistant: Corpus) -> None:
        """Neighbours mostly differ, so that a cut-off part is a sample too."""
        gold = assistant.gold("train")
        same = sum(a == b for a, b in pairwise(gold))

        assert same < 0.2 * len(gold)

    def test_reads_the_same_every_time(self, assistant: Corpus) -> None:
        again = load_corpus(Data(embedded="assistant", oos_label="oos"))

        assert again.fingerprint == assistant.fingerprint
        assert again.test_fingerprint == assistant.test_fingerprint


class TestCard:
    def test_names_every_label_and_no_other(self, assistant: Corpus, card: str) -> None:
        table = [line for line in card.splitlines() if line.startswith("|")][2:]
        cells = " ".join(line.split("|")[2] for line in table)
        named = cells.split("`")[1::2]

        assert sorted(named) == sorted(assistant.labels)

    def test_gives_the_sizes_that_there_are(self, assistant: Corpus, card: str) -> None:
        assert f"{len(everything(assistant)):,} short requests" in card
        assert "63 texts an intent, 105 out of scope" in card

    def test_says_where_it_is_from_and_under_which_licence(self, card: str) -> None:
        for said in ("How it was made", "language model", "Known limits", "Licence: Apache-2.0"):
            assert said in card
