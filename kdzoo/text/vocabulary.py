"""A student's tokenizer: the teacher's pieces, whole words, or a model's own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as Parts

from kdzoo.data import UNSPACED, Example, one_form
from kdzoo.text.reading import RIGHT, reader_of

PAD, UNKNOWN, MASK = "[PAD]", "[UNK]", "[MASK]"


@dataclass(frozen=True)
class SpecialTokens:
    """The names a tokenizer has for its special tokens; ``None`` where it has none."""

    pad: str | None = None
    unknown: str | None = None
    mask: str | None = None
    start: str | None = None
    end: str | None = None

    @classmethod
    def of(cls, tokenizer: Any) -> SpecialTokens:
        """Returns those of a Hugging Face tokenizer."""
        return cls(
            tokenizer.pad_token,
            tokenizer.unk_token,
            tokenizer.mask_token,
            tokenizer.cls_token or tokenizer.bos_token,
            tokenizer.sep_token or tokenizer.eos_token,
        )


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer that cuts at ``max_length``, and what its ids stand for."""

    tokenizer: Tokenizer
    special: SpecialTokens
    max_length: int
    kept: tuple[int, ...] | None = None  # the teacher's id of each id; None where it has none
    unseen: int = 0  # the last so many ids are pieces that no text of the training needs

    @property
    def pad_id(self) -> int:
        """The id of padding."""
        return id_of(self.tokenizer, self.special.pad)

    @property
    def tokens(self) -> list[str]:
        """The tokens in the order of their ids."""
        return [cast(str, self.tokenizer.id_to_token(i)) for i in range(len(self))]

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the whole tokenizer."""
        reading = self.tokenizer.to_str()
        if self.tokenizer.encode_special_tokens:  # the one thing that is not written there
            reading += " reads the names of special tokens as text"
        return hashlib.sha256(reading.encode()).hexdigest()[:16]


def whole(tokenizer: Any, max_length: int) -> Vocabulary:
    """Returns the tokenizer of a Hugging Face model as it is: its ids are the model's own.

    Args:
        tokenizer: a fast Hugging Face tokenizer with a padding token.
        max_length: tokens at which it cuts.
    """
    special, side = SpecialTokens.of(tokenizer), tokenizer.truncation_side
    return finished(reader_of(tokenizer), special, max_length, None, side)


def words(
    examples: Iterable[Example], max_length: int, mask: str | None, cut_side: str = RIGHT
) -> Vocabulary:
    """Returns a tokenizer of whole lower-case words, accents and marks kept, the commonest first.

    Args:
        examples: texts whose words make the vocabulary.
        max_length: words at which a text is cut.
        mask: the teacher's mask token, known here too.
        cut_side: the side on which it is cut, as the teacher's are.
    """
    special = SpecialTokens(pad=PAD, unknown=UNKNOWN, mask=mask or MASK)
    tokenizer = Tokenizer(WordLevel({}, unk_token=UNKNOWN))
    tokenizer.normalizer = one_form()
    alone = Split(Regex(rf"(?=[{UNSPACED}])\X"), "isolated")
    tokenizer.pre_tokenizer = Parts([BertPreTokenizer(), alone])
    counts: Counter[str] = Counter()
    for example in examples:
        for text in (example.text, example.text_pair):
            normal = tokenizer.normalizer.normalize_str(
                (text or "").replace(str(special.mask), " ")
            )
            counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    names = [PAD, UNKNOWN, str(special.mask)]
    names += sorted(counts, key=lambda word: (-counts[word], word))
    tokenizer.model = WordLevel({name: i for i, name in enumerate(names)}, unk_token=UNKNOWN)
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in names[:3]])
    return finished(tokenizer, special, max_length, None, cut_side)


def finished(
    tokenizer: Tokenizer,
    special: SpecialTokens,
    max_length: int,
    kept: tuple[int, ...] | None,
    cut_side: str,
) -> Vocabulary:
    """Returns a tokenizer that cuts at its end, with a padding token, which it is given if need be.

    Args:
        tokenizer: changed in place.
        special: the names of its special tokens.
        max_length: tokens at which it cuts.
        kept: the teacher's id of each of its ids; None where they are its own.
        cut_side: the side on which a text is cut.
    """
    if special.pad is None:
        tokenizer.add_special_tokens([AddedToken(PAD, special=True)])
        special = SpecialTokens(PAD, special.unknown, special.mask, special.start, special.end)
    tokenizer.enable_truncation(max_length, direction=cut_side)
    return Vocabulary(tokenizer, special, max_length, kept)


def id_of(tokenizer: Tokenizer, token: str | None) -> int:
    """Returns the id of a special token, which a tokenizer that has a name for it has too."""
    found = None if token is None else tokenizer.token_to_id(token)
    assert found is not None  # noqa: S101
    return found
