"""Every augmenter: what it may change, how often, and the same texts in any process."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transfer import MASK, TRAINING, augmentation_of, build, corpus_of, drawn

from kdzoo import registry
from kdzoo.data import Example, segments
from kdzoo.errors import DataError, RecipeError
from kdzoo.transfer.augment import Augmentation
from kdzoo.transfer.augmenters import AugmentContext
from kdzoo.transfer.speech import PartsOfSpeech, Tagger, open_tagger

ODD = [
    "/", "a/b", "play/VB", "NN", "VB/NN/O", "&slash;", "don't", "...", "?", "—", "1/2", "[MASK]",
    "\u200b", "日本語", "naïve", "e\u0301", "🎉", "Paris", "http://a.b/c",
]  # fmt: skip
KNOWN = sorted({word for text in TRAINING for word in text.split()})
SPACES = [" ", "  ", "\t", "\n", "\u00a0", "\u2003", " \r\n "]
EAGER: dict[str, dict[str, Any]] = {
    "mask": {"p_mask": 0.5},
    "near_words": {"p_near": 0.5, "among": 3},
    "nearest": {"among": 3},
    "pos": {"p_pos": 0.5},
    "ngram": {"p_ng": 0.8},
    "ngram_mask": {"p_ng": 0.8},
    "tang": {"p_mask": 0.3, "p_pos": 0.3, "p_ng": 0.5},
}  # every registered augmenter, with options under which most draws change something

whole = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=5)
odd_words = (st.sampled_from(ODD) | st.sampled_from(KNOWN) | whole).filter(
    lambda w: w.split() == [w]
)
word_lists = st.lists(odd_words, min_size=1, max_size=9)
seeds = st.integers(0, 10_000)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of odd words between odd spaces; one word, too."""
    words = draw(word_lists)
    text = draw(st.sampled_from(["", *SPACES])) + words[0]
    for word in words[1:]:
        text += draw(st.sampled_from(SPACES)) + word
    return text + draw(st.sampled_from(["", *SPACES]))


def all_nouns(words: Sequence[str]) -> list[str]:
    """A tagger for which all words may stand for each other."""
    return ["N"] * len(words)


class Tags:
    """The training words by tag, as an augmenter may choose from them."""

    def __init__(self) -> None:
        self.tagger = open_tagger("textblob")
        self.words: dict[str, set[str]] = {}
        for text in TRAINING:
            for word, tag in zip(text.split(), self.tagger(text.split()), strict=True):
                self.words.setdefault(tag, set()).add(word)

    def others(self, words: Sequence[str]) -> list[set[str]]:
        """Returns for each word what ``pos`` may make of it; the word itself if there is none."""
        return [
            self.words.get(tag, set()) - {word} or {word}
            for word, tag in zip(words, self.tagger(words), strict=True)
        ]


TAGS = Tags()


def slices(changed: int, words: int) -> range:
    """Returns where a slice of ``changed`` of ``words`` words may start."""
    return range(words - changed + 1)


def may_be(kind: str, old: list[str], new: list[str]) -> bool:
    """Whether the augmenter, with any options, could have made ``new`` of ``old``."""
    others = TAGS.others(old)
    match kind:
        case "mask":
            return len(new) == len(old) and all(
                b in (a, MASK) for a, b in zip(old, new, strict=True)
            )
        case "near_words":
            return len(new) == len(old) and all(
                b == a or (b in KNOWN and a.lower() in KNOWN) for a, b in zip(old, new, strict=True)
            )
        case "nearest":
            return new == old or " ".join(new) in TRAINING
        case "pos":
            return len(new) == len(old) and all(
                b == a or b in other for a, b, other in zip(old, new, others, strict=True)
            )
        case "ngram":
            return new == old or (
                1 <= len(new) <= 5
                and any(old[at : at + len(new)] == new for at in slices(len(new), len(old)))
            )
        case "ngram_mask":
            return new == old or any(
                [*old[:at], *[MASK] * size, *old[at + size :]] == new
                for size in range(1, min(5, len(old)) + 1)
                for at in slices(size, len(old))
            )
        case "tang":
            return (len(new) == len(old) or 1 <= len(new) <= 5) and any(
                all(
                    b in (a, MASK) or b in other
                    for a, b, other in zip(old[at:], new, others[at:], strict=False)
                )
                for at in slices(len(new), len(old))
            )
    raise ValueError(kind)


AUGMENTATIONS = {kind: augmentation_of(kind, **options) for kind, options in EAGER.items()}
every_augmenter = pytest.mark.parametrize("kind", sorted(EAGER))


def test_every_augmenter_that_comes_with_kdzoo_is_tested_here() -> None:
    shipped = [
        name for name in registry.augmenters.entries() if registry.augmenters.is_builtin(name)
    ]

    assert shipped == sorted(EAGER)


@every_augmenter
class TestEveryAugmenter:
    @given(text=texts(), copy=st.integers(0, 5), attempt=st.integers(0, 9))
    @settings(deadline=None, max_examples=50)
    def test_changes_only_what_it_may(self, kind: str, text: str, copy: int, attempt: int) -> None:
        """Never an empty text; words that are left keep their order, and their places."""
        made = AUGMENTATIONS[kind].draw(Example(text), copy, attempt).text

        assert made.strip()
        assert may_be(kind, segments(text), segments(made))

    @given(words=word_lists, seed=seeds)
    @settings(deadline=None, max_examples=50)
    def test_leaves_the_words_that_it_gets_alone(
        self, kind: str, words: list[str], seed: int
    ) -> None:
        each = AUGMENTATIONS[kind]
        before = list(words)

        each.entry.value(words, random.Random(seed), each.context, **each.options)

        assert words == before

    @given(text=texts(), copy=st.integers(0, 5), others=st.lists(texts(), max_size=3))
    @settings(deadline=None, max_examples=50)
    def test_draws_the_same_whatever_was_drawn_before(
        self, kind: str, text: str, copy: int, others: list[str]
    ) -> None:
        each = AUGMENTATIONS[kind]
        first = each.draw(Example(text), copy, 0)
        for other in others:
            each.draw(Example(other), copy, 1)

        assert each.draw(Example(text), copy, 0) == first

    def test_draws_others_for_another_seed_copy_or_attempt(self, kind: str) -> None:
        other_seed = augmentation_of(kind, seed=1, **EAGER[kind])
        made = [
            [each.draw(Example(text), copy, attempt).text for text in TRAINING]
            for each, copy, attempt in (
                (AUGMENTATIONS[kind], 0, 0),
                (AUGMENTATIONS[kind], 1, 0),
                (AUGMENTATIONS[kind], 0, 1),
                (other_seed, 0, 0),
            )
        ]

        for number, one in enumerate(made):
            assert all(one != other for other in made[:number])

    def test_changes_one_text_of_a_pair_the_other_or_both(self, kind: str) -> None:
        """What it leaves alone stays as it is, to the space; a new pair has no label."""
        pair = Example(f"{TRAINING[0]}  !", f"{TRAINING[1]}  !", 3)
        made = [AUGMENTATIONS[kind].draw(pair, copy, 0) for copy in range(60)]

        kept = {(each.text == pair.text, each.text_pair == pair.text_pair) for each in made}
        assert kept == {(True, False), (False, True), (False, False)}
        assert {each.label for each in made} == {None}

    @given(held_out=st.lists(word_lists, max_size=3), copies=st.integers(1, 3))
    @settings(deadline=None, max_examples=10)
    def test_makes_as_many_as_asked_or_says_how_many(
        self, kind: str, held_out: list[list[str]], copies: int
    ) -> None:
        """More copies begin with the fewer; none is there twice."""
        measured = [" ".join(words) for words in held_out]
        corpus = corpus_of(TRAINING, validation=measured)

        fewer = build(corpus, kind=kind, copies=copies, **EAGER[kind])
        more = build(corpus, kind=kind, copies=copies + 1, **EAGER[kind])

        assert fewer.wanted == copies * len(TRAINING)
        assert (fewer.made < fewer.wanted) == bool(fewer.notes)
        assert list(more.examples[: len(fewer.examples)]) == list(fewer.examples)
        assert len({example.digest for example in more.examples}) == len(more.examples)


@pytest.mark.study
class TestInOtherProcesses:
    OTHER_SEED = 7

    @pytest.mark.slow
    def test_draws_are_the_same(self) -> None:
        """In two fresh processes, each with half of the texts, in another order."""
        backwards = list(TRAINING[::-1])
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            halves = [pool.submit(drawn, EAGER, backwards[start::2], 0) for start in (0, 1)]
            there = {key: value for half in halves for key, value in half.result().items()}

        assert there == drawn(EAGER, TRAINING, 0)

    def test_draws_do_not_follow_how_strings_hash(self) -> None:
        program = (
            "import json, sys; sys.path.insert(0, sys.argv[1]); from tiny_transfer import drawn\n"
            "print(json.dumps(drawn(*json.loads(sys.argv[2]))))"
        )
        wanted = json.dumps([EAGER, TRAINING, self.OTHER_SEED])

        there = subprocess.run(
            [sys.executable, "-P", "-c", program, str(Path(__file__).parent), wanted],
            env={**os.environ, "PYTHONHASHSEED": "1"},
            capture_output=True,
            text=True,
            check=True,
        )

        assert json.loads(there.stdout) == drawn(EAGER, TRAINING, self.OTHER_SEED)


class TestProbabilities:
    """Shares are read off 20,000 words, all of one part of speech."""

    MANY = 20_000
    POOL = "abcdefgh"

    @pytest.fixture
    def draw(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        monkeypatch.setattr("kdzoo.transfer.augmenters.open_tagger", lambda _: all_nouns)
        context = AugmentContext(MASK, [Example(" ".join(self.POOL))])

        def call(kind: str, words: Sequence[str], seed: int = 0, **options: float) -> list[str]:
            made: list[str] = registry.augmenters.get(kind).value(
                words, random.Random(seed), context, **options
            )
            return made

        return call

    @pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
    @pytest.mark.parametrize(("kind", "option"), [("mask", "p_mask"), ("pos", "p_pos")])
    def test_of_a_word_is_the_share_that_changes(
        self, draw: Callable[..., list[str]], kind: str, option: str, p: float
    ) -> None:
        made = draw(kind, ["a"] * self.MANY, **{option: p})

        assert sum(word != "a" for word in made) / self.MANY == pytest.approx(p, abs=0.015)

    @pytest.mark.parametrize(
        ("p_mask", "p_pos"), [(0.1, 0.1), (0.3, 0.2), (0.0, 0.5), (0.5, 0.0), (0.6, 0.4)]
    )
    def test_of_tang_are_two_shares_in_one_draw(
        self, draw: Callable[..., list[str]], p_mask: float, p_pos: float
    ) -> None:
        made = draw("tang", ["a"] * self.MANY, p_mask=p_mask, p_pos=p_pos, p_ng=0.0)

        masked = made.count(MASK)
        assert len(made) == self.MANY
        assert masked / self.MANY == pytest.approx(p_mask, abs=0.015)
        replaced = self.MANY - masked - made.count("a")
        assert replaced / self.MANY == pytest.approx(p_pos, abs=0.015)

    @pytest.mark.parametrize("kind", ["mask", "pos", "ngram", "ngram_mask", "tang"])
    @given(words=word_lists, seed=seeds)
    @settings(deadline=None, max_examples=25)
    def test_of_nothing_change_nothing(self, kind: str, words: list[str], seed: int) -> None:
        each = augmentation_of(kind, **dict.fromkeys(EAGER[kind], 0.0))

        assert each.entry.value(words, random.Random(seed), each.context, **each.options) == words

    @pytest.mark.parametrize(
        ("kind", "options", "allowed"),
        [
            ("mask", {"p_mask": 1.0}, {MASK}),
            ("pos", {"p_pos": 1.0}, set(POOL[1:])),
            ("tang", {"p_mask": 1.0, "p_pos": 0.0, "p_ng": 0.0}, {MASK}),
            ("tang", {"p_mask": 0.0, "p_pos": 1.0, "p_ng": 0.0}, set(POOL[1:])),
            ("tang", {"p_mask": 0.7, "p_pos": 0.3, "p_ng": 0.0}, {MASK, *POOL[1:]}),
        ],
    )
    def test_of_one_change_every_word(
        self,
        draw: Callable[..., list[str]],
        kind: str,
        options: dict[str, float],
        allowed: set[str],
    ) -> None:
        assert set(draw(kind, ["a"] * 2000, **options)) == allowed

    @pytest.mark.parametrize("kind", ["ngram", "ngram_mask", "tang"])
    def test_of_a_span_are_how_often_there_is_one(
        self, draw: Callable[..., list[str]], kind: str
    ) -> None:
        """Its length is one of one to five, each as likely, and so is its place."""
        words = [*"abcdefghij"]
        options = {"p_mask": 0.0, "p_pos": 0.0} if kind == "tang" else {}

        made = [draw(kind, words, seed, p_ng=0.25, **options) for seed in range(8000)]

        spans = [each for each in made if each != words]
        assert len(spans) / 8000 == pytest.approx(0.25, abs=0.02)
        kept = kind != "ngram_mask"
        lengths = [len(each) if kept else each.count(MASK) for each in spans]
        for length in range(1, 6):
            assert lengths.count(length) / len(spans) == pytest.approx(0.2, abs=0.04)
        firsts = [each[0] if kept else words[each.index(MASK)] for each in spans]
        singles = [word for word, n in zip(firsts, lengths, strict=True) if n == 1]
        assert set(singles) == set(words)

    def test_of_masking_and_replacing_are_at_most_one_together(
        self, draw: Callable[..., list[str]]
    ) -> None:
        with pytest.raises(RecipeError, match=r"p_mask \+ p_pos is 1.1; .*at most 1"):
            draw("tang", ["a"], p_mask=0.6, p_pos=0.5)


class TestEntities:
    """The gold tags of a sentence say where its entities are; no augmenter cuts one in half."""

    @every_augmenter
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1), seeds)
    def test_are_in_or_out_as_a_whole(
        self, kind: str, parts: list[tuple[int, int]], seed: int
    ) -> None:
        """Of what is left of a sentence, and of what is masked in one stroke."""
        source, entities = sentence_with(parts)
        old = source.text.split(" ")

        new = self.of_words(kind).draw(source, 0, seed).text.split(" ")

        clean = [at for at in slices(len(new), len(old)) if not cut(at, at + len(new), entities)]
        assert any(
            all(b == a or b not in old for a, b in zip(old[at:], new, strict=False)) for at in clean
        )
        masked = [place for place, word in enumerate(new) if word == MASK]
        if kind == "ngram_mask" and masked:
            assert masked == [*range(masked[0], masked[-1] + 1)]
            assert not cut(masked[0], masked[-1] + 1, entities)

    @pytest.mark.parametrize("kind", ["ngram", "ngram_mask", "tang"])
    def test_are_met_by_spans_that_would_cut_them(self, kind: str) -> None:
        """A longer one than any span is there as a whole, and often; so is what lies beside it."""
        source, _ = sentence_with([(3, 7), (3, 0)])
        augmentation = augmentation_of(kind, **(EAGER[kind] | {"p_ng": 1.0}))
        own = replace(augmentation, by_word=True)

        lengths = [
            len(words) if kind != "ngram_mask" else words.count(MASK)
            for words in (own.draw(source, 0, n).text.split(" ") for n in range(200))
        ]

        assert {1, 2, 7, 8} <= {*lengths}
        assert 4 not in lengths  # three words are before the entity, and three behind it

    def test_of_a_sentence_without_tags_are_not_known(self) -> None:
        source, _ = sentence_with([(3, 7), (3, 0)])
        own = self.of_words("ngram")

        lengths = {
            len(own.draw(replace(source, label=None), 0, n).text.split(" ")) for n in range(200)
        }

        assert {1, 2, 3, 4, 5} <= lengths

    @staticmethod
    def of_words(kind: str) -> Augmentation:
        return replace(AUGMENTATIONS[kind], by_word=True)


def sentence_with(parts: Sequence[tuple[int, int]]) -> tuple[Example, list[tuple[int, int]]]:
    """Returns a sentence of different words, and its entities: so many words between, so long."""
    tags: list[int] = []
    entities: list[tuple[int, int]] = []
    for between, length in parts:
        tags += [0] * between
        if length:
            entities.append((len(tags), len(tags) + length))
            tags += [1, *[2] * (length - 1)]
    tags = tags or [0]
    text = " ".join(f"word{number}" for number in range(len(tags)))
    return Example(text, label=tuple(tags)), entities


def cut(start: int, end: int, entities: Sequence[tuple[int, int]]) -> bool:
    """Whether a span begins or ends inside an entity."""
    return any(first < edge < behind for first, behind in entities for edge in (start, end))


class TestPos:
    def test_chooses_by_the_tag_that_the_word_has_in_its_text(self) -> None:
        """The tagger sees the whole text, not one word."""
        seen: list[list[str]] = []

        def tagger(words: Sequence[str]) -> list[str]:
            seen.append(list(words))
            return ["first", *["later"] * (len(words) - 1)]

        context = AugmentContext(None, [Example("a b"), Example("c d")])
        context._speech["mine"] = PartsOfSpeech(tagger, ["a b", "c d"])
        pos = registry.augmenters.get("pos").value

        made = pos(["c", "b"], random.Random(0), context, p_pos=1.0, tagger="mine")

        assert made == ["a", "d"]
        assert seen[-1] == ["c", "b"]

    def test_tags_the_training_texts_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []

        def open_one(name: str) -> Tagger:
            opened.append(name)
            return all_nouns

        monkeypatch.setattr("kdzoo.transfer.augmenters.open_tagger", open_one)
        build(corpus_of(["a b", "c d"]), kind="pos", copies=4, p_pos=0.5)

        assert opened == ["textblob"]

    def test_knows_the_second_texts_of_pairs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kdzoo.transfer.augmenters.open_tagger", lambda _: all_nouns)
        context = AugmentContext(None, [Example("a", "b")])
        pos = registry.augmenters.get("pos").value

        assert pos(["a", "b"], random.Random(0), context, p_pos=1.0) == ["b", "a"]

    def test_puts_words_of_the_labelled_texts_into_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kdzoo.transfer.augmenters.open_tagger", lambda _: all_nouns)
        transfer = build(corpus_of(["a b"], ["c d"]), kind="pos", copies=3, p_pos=1.0)

        assert {example.text for example in transfer.examples[2:]} <= {"b a", "a a", "a b", "b b"}
        assert transfer.made > 1


class TestWithoutAMaskToken:
    @pytest.mark.parametrize("kind", ["mask", "ngram_mask", "tang"])
    def test_those_that_put_it_in_are_refused(self, kind: str) -> None:
        with pytest.raises(DataError, match=f"'{kind}' needs a mask token, which the teacher"):
            build(corpus_of(TRAINING), mask_token=None, kind=kind)

    @pytest.mark.parametrize("kind", ["pos", "ngram"])
    def test_the_others_work(self, kind: str) -> None:
        assert build(corpus_of(TRAINING), mask_token=None, kind=kind, **EAGER[kind]).made > 0


def test_an_augmentation_is_what_the_recipe_says() -> None:
    each = augmentation_of("tang", p_mask=0.2)

    assert isinstance(each, Augmentation)
    assert each.options == {"p_mask": 0.2, "p_pos": 0.1, "p_ng": 0.25, "tagger": "textblob"}
