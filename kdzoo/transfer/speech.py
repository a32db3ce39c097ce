"""Parts of speech: the tag of each word, and other words with the same tag by their frequency."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

from kdzoo.data import segments
from kdzoo.errors import RecipeError

TEXTBLOB = "textblob"
_SPACY_MODEL = re.compile(r"[a-z]{2,3}_[a-z0-9_]+")

Tagger = Callable[[Sequence[str]], list[str]]  # words -> a tag for each


def open_tagger(name: str) -> Tagger:
    """Returns TextBlob's bundled tagger for English, or that of an installed spaCy model.

    Raises:
        RecipeError: there is no such tagger.
    """
    if name == TEXTBLOB:
        return _textblob_tagger()
    if not _SPACY_MODEL.fullmatch(name):
        raise RecipeError(
            f"unknown tagger '{name}'; wanted {TEXTBLOB} (English) or the name of a spaCy model, "
            "as in en_core_web_sm"
        )
    try:
        import spacy

        model = spacy.load(name, exclude=["parser", "ner", "lemmatizer", "textcat"])
    except ImportError:
        raise RecipeError(
            f"the tagger '{name}' needs spaCy: pip install spacy && python -m spacy download {name}"
        ) from None
    except OSError:
        raise RecipeError(
            f"spaCy has no model '{name}' here: python -m spacy download {name}"
        ) from None
    if not {"tagger", "morphologizer"} & {*model.pipe_names}:
        raise RecipeError(f"the spaCy model '{name}' does not tag parts of speech; take another")
    return _spacy_tagger(model)


def _textblob_tagger() -> Tagger:
    # its parser alone: TextBlob(text).tags would ask for a corpus to be downloaded, and a tagger
    # for one text, in which an empty word or one with a space counts for none or for two
    from textblob.en import parser

    def tag(words: Sequence[str]) -> list[str]:
        return [tag for _, tag in parser.find_tags(list(words))]

    return tag


def _spacy_tagger(model: Any) -> Tagger:
    from spacy.tokens import Doc

    def tag(words: Sequence[str]) -> list[str]:
        doc = model(Doc(model.vocab, words=list(words)))
        return [token.tag_ or token.pos_ for token in doc]

    return tag


class PartsOfSpeech:
    """The words of some texts by part of speech; ``tags`` gives each of a text's words its tag.

    Args:
        tagger: what ``tags`` will be.
        texts: their words are what is drawn from, the commoner the more often.
    """

    def __init__(self, tagger: Tagger, texts: Iterable[str]) -> None:
        self.tags = tagger
        counts: dict[str, Counter[str]] = {}
        for text in texts:
            words = segments(text)
            for word, tag in zip(words, self.tags(words), strict=True):
                counts.setdefault(tag, Counter())[word] += 1
        self._words = {tag: sorted(counter) for tag, counter in counts.items()}
        self._ends = {
            tag: list(accumulate(counts[tag][word] for word in words))
            for tag, words in self._words.items()
        }
        self._places = {
            tag: {word: place for place, word in enumerate(words)}
            for tag, words in self._words.items()
        }

    def another(self, word: str, tag: str, rng: random.Random) -> str:
        """Returns another word with this tag, drawn by frequency; the word itself if alone."""
        ends = self._ends.get(tag)
        if ends is None:
            return word
        place = self._places[tag].get(word)
        before, own = 0, 0
        if place is not None:
            before = ends[place - 1] if place else 0
            own = ends[place] - before
        if own == ends[-1]:
            return word
        drawn = rng.randrange(ends[-1] - own)
        if own and drawn >= before:  # step over the word's own share
            drawn += own
        return self._words[tag][bisect_right(ends, drawn)]
