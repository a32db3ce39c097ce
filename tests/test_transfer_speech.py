"""Parts of speech: one tag a word whatever the word, and other words with the same tag."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdzoo.errors import RecipeError
from kdzoo.transfer.speech import TEXTBLOB, PartsOfSpeech, open_tagger

ODD_WORDS = [
    "", " ", "a b", "a\nb", "\n\n", "/", "//", "a/b", "play/VB", "/NN", "&slash;", "NN", "B-NP/O",
    "don't", "O'Neill's", "...", "?!", "1/2", "3.5%", "[MASK]", "<mask>", "\u200b", "\ufeff",
    "日本語", "naïve", "e\u0301", "🎉", "\x00", "PLAY", "Paris", "ly", "to", "http://a.b/c?d=e",
]  # fmt: skip
odd_lists = st.lists(st.sampled_from(ODD_WORDS) | st.text(max_size=6), max_size=8)

SpacyModel = Callable[..., None]


def by_length(words: Sequence[str]) -> list[str]:
    """Tags words by their length: easy to foresee."""
    return [str(len(word)) for word in words]


def speech_of(*texts: str) -> PartsOfSpeech:
    """Returns the parts of speech of these texts, by length."""
    return PartsOfSpeech(by_length, texts)


@pytest.fixture
def spacy_model(monkeypatch: pytest.MonkeyPatch) -> SpacyModel:
    """Puts a stand-in in spaCy's place, with one model that tags in capitals."""

    def install(
        name: str = "en_core_web_sm",
        pipes: Sequence[str] = ("tok2vec", "tagger"),
        field: str = "tag_",
    ) -> None:
        spacy, tokens = ModuleType("spacy"), ModuleType("spacy.tokens")

        class Doc:
            def __init__(self, vocab: str, words: list[str]) -> None:
                assert vocab == "its vocabulary"
                self.words = words

        class Model:
            vocab = "its vocabulary"
            pipe_names = tuple(pipes)

            def __call__(self, doc: Doc) -> list[Any]:
                return [
                    SimpleNamespace(**{"tag_": "", "pos_": "", field: word.upper()})
                    for word in doc.words
                ]

        def load(wanted: str, *, exclude: Sequence[str]) -> Model:
            assert "tagger" not in exclude
            if wanted != name:
                raise OSError(f"[E050] Can't find model '{wanted}'.")
            return Model()

        spacy.load, tokens.Doc = load, Doc  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "spacy", spacy)
        monkeypatch.setitem(sys.modules, "spacy.tokens", tokens)

    return install


class TestTextBlob:
    @settings(deadline=None, max_examples=50)
    @given(words=odd_lists)
    def test_gives_each_word_one_tag(self, words: list[str]) -> None:
        """Slashes, spaces, tags for words, no words at all: nothing shifts the others."""
        tags = open_tagger(TEXTBLOB)(words)

        assert len(tags) == len(words)
        assert all(isinstance(tag, str) and tag for tag in tags)

    @pytest.mark.parametrize("word", ODD_WORDS)
    def test_is_not_shifted_by_one_odd_word(self, word: str) -> None:
        tags = open_tagger(TEXTBLOB)(["the", word, "in", "the", "house"])

        assert (tags[0], *tags[2:]) == ("DT", "IN", "DT", "NN")

    def test_tags_as_textblobs_own_tagger_does(self) -> None:
        from textblob.taggers import PatternTagger

        text = "Play me 3 songs by the Beatles/Stones , quickly and don't stop in Paris"

        expected = [tag for _, tag in PatternTagger().tag(text, tokenize=False)]
        assert open_tagger(TEXTBLOB)(text.split()) == expected

    def test_leaves_the_words_as_they_are(self) -> None:
        words = ["play", "a/b"]
        open_tagger(TEXTBLOB)(words)

        assert words == ["play", "a/b"]


class TestSpacy:
    def test_tags_words_as_they_stand(self, spacy_model: SpacyModel) -> None:
        """The model gets words: out of a text it would make others."""
        spacy_model()

        assert open_tagger("en_core_web_sm")(["don't", "a/b"]) == ["DON'T", "A/B"]

    def test_models_that_know_coarse_tags_alone_will_do(self, spacy_model: SpacyModel) -> None:
        spacy_model("ru_core_news_sm", pipes=["morphologizer"], field="pos_")

        assert open_tagger("ru_core_news_sm")(["слово"]) == ["СЛОВО"]

    def test_models_without_tags_are_refused(self, spacy_model: SpacyModel) -> None:
        """All words would have the one tag that is none, and stand for each other."""
        spacy_model("xx_ent_wiki_sm", pipes=["ner"])

        with pytest.raises(RecipeError, match="'xx_ent_wiki_sm' does not tag parts of speech"):
            open_tagger("xx_ent_wiki_sm")

    def test_that_is_missing_is_said_with_the_cure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "spacy", None)

        with pytest.raises(RecipeError) as caught:
            open_tagger("de_core_news_sm")
        assert "needs spaCy: pip install spacy && " in str(caught.value)
        assert str(caught.value).endswith("python -m spacy download de_core_news_sm")

    def test_models_that_are_missing_are_said_with_the_cure(self, spacy_model: SpacyModel) -> None:
        spacy_model("en_core_web_sm")

        with pytest.raises(RecipeError, match="python -m spacy download en_core_web_lg"):
            open_tagger("en_core_web_lg")


@pytest.mark.parametrize(
    "name",
    [
        "spacy", "TextBlob", "", "en", "/models/en_core", "./en_core_web_sm", "../en_core",
        "~/en_core", "C:\\en_core", "en_core_web_sm/", "en_core-web", "en_core web", "en_core\n",
        "https://example.org/en_core_web_sm", "en_core; rm",
    ],
)  # fmt: skip
def test_other_names_and_paths_are_no_taggers(name: str, spacy_model: SpacyModel) -> None:
    """A model's folder can hold code: a recipe names what is installed, or nothing."""
    spacy_model(name)

    with pytest.raises(RecipeError, match=r"(?s)unknown tagger .*; wanted textblob"):
        open_tagger(name)


class TestAnotherWord:
    def test_is_drawn_by_its_frequency(self) -> None:
        speech = speech_of("a b b c c c c c c c longer")
        rng = random.Random(0)

        found = Counter(speech.another("a", "1", rng) for _ in range(20_000))

        assert set(found) == {"b", "c"}
        assert found["b"] / 20_000 == pytest.approx(2 / 9, abs=0.01)

    @pytest.mark.parametrize("word", ["a", "b", "c", "d"])
    def test_is_drawn_alike_wherever_the_words_own_place_is(self, word: str) -> None:
        """First, in the middle or last, its share goes to the others evenly."""
        counts = {"a": 1, "b": 2, "c": 3, "d": 4}
        speech = speech_of("d b c a d c b d c d")
        rng = random.Random(1)

        found = Counter(speech.another(word, "1", rng) for _ in range(20_000))

        total = 10 - counts.pop(word)
        assert set(found) == set(counts)
        for other, count in counts.items():
            assert found[other] / 20_000 == pytest.approx(count / total, abs=0.015)

    def test_may_be_any_for_a_word_that_training_lacks(self) -> None:
        speech = speech_of("a b b b")
        rng = random.Random(0)

        found = Counter(speech.another("x", "1", rng) for _ in range(20_000))

        assert set(found) == {"a", "b"}
        assert found["a"] / 20_000 == pytest.approx(1 / 4, abs=0.01)

    @pytest.mark.parametrize(("word", "tag"), [("a", "1"), ("x", "strange")])
    def test_is_the_word_itself_where_there_is_no_other(self, word: str, tag: str) -> None:
        assert speech_of("a a two").another(word, tag, random.Random(0)) == word

    def test_does_not_depend_on_the_order_of_the_texts(self) -> None:
        texts = ["a b", "c b", "d d a"]
        drawn = [
            [speech.another("a", "1", random.Random(seed)) for seed in range(50)]
            for speech in (speech_of(*texts), speech_of(*reversed(texts)))
        ]

        assert drawn[0] == drawn[1]

    @settings(deadline=None, max_examples=50)
    @given(
        words=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=12),
        word=st.sampled_from("abcdefg"),
        seed=st.integers(0, 99),
    )
    def test_is_a_training_word_and_never_itself_if_there_is_another(
        self, words: list[str], word: str, seed: int
    ) -> None:
        found = speech_of(" ".join(words)).another(word, "1", random.Random(seed))

        others = {*words} - {word}
        assert found in others if others else found == word
