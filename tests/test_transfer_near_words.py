"""Words that are near to a word: by the vectors of a transformer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tiny_transfer import TRAINING, corpus_of, section_of
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from torch import nn
from transformers import PreTrainedTokenizerFast

from kdzoo.errors import DataError, ModelError
from kdzoo.transfer import NearWords, build_transfer_set, near_words

CIRCLE = {"north": 90, "up": 80, "east": 0, "right": 5}  # degrees
MARKED = {  # how tokenizers tell a word from the inside of one
    "WordPiece": ("{}", "##{}"),
    "BPE": ("Ġ{}", "{}"),
    "Unigram": ("▁{}", "{}"),
}
WORDS = ("good", "great", "Buch", "книга", "本")
INSIDE = ("ing", "s")


def on_the_circle() -> NearWords:
    """Words by the direction in which they point, their mean in the middle."""
    names = [*CIRCLE, *(f"behind {name}" for name in CIRCLE)]
    angles = np.deg2rad([*CIRCLE.values(), *(angle + 180 for angle in CIRCLE.values())])
    return NearWords(names, np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32))


def tokenizer_of(kind: str) -> tuple[PreTrainedTokenizerFast, list[str]]:
    """A tokenizer of one of three kinds that knows WORDS, pieces inside words, and other things."""
    whole, inside = MARKED[kind]
    byte_level = dict(enumerate(_bytes_as_characters()))

    def spelt(word: str) -> str:
        return "".join(byte_level[b] for b in word.encode()) if kind == "BPE" else word

    pieces = ["[UNK]", *(whole.format(spelt(word)) for word in WORDS)]
    pieces += [inside.format(spelt(piece)) for piece in INSIDE]
    pieces += [whole.format(other) for other in ("42", "!", "a")]
    ids = {piece: number for number, piece in enumerate(pieces)}
    if kind == "WordPiece":
        made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
        made.normalizer = normalizers.Strip()
        made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        made.decoder = decoders.WordPiece()
    elif kind == "Unigram":
        made = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=0))
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
    else:
        made = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]"), pieces


def _bytes_as_characters() -> list[str]:
    """The characters that byte-level tokenizers write for the 256 bytes."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printed else chr(next(others)) for byte in range(256)]


def model_of(entries: int) -> Any:
    table = nn.Embedding(entries, 4)
    return SimpleNamespace(
        get_input_embeddings=lambda: table, config=SimpleNamespace(vocab_size=entries)
    )


def test_are_those_that_point_the_same_way() -> None:
    near = on_the_circle()

    assert near.of("north", 1) == ("up",)
    assert near.of("east", 2) == ("right", "up")


def test_never_are_the_word_itself_nor_more_than_there_are() -> None:
    found = on_the_circle().of("east", 99)

    assert "east" not in found
    assert len(found) == 2 * len(CIRCLE) - 1


def test_of_a_word_that_is_not_known_are_none() -> None:
    near = on_the_circle()

    assert near.of("sideways", 3) == ()
    assert near.of("NORTH", 3) == near.of("north", 3)
    assert NearWords([], np.zeros((0, 4), np.float32)).of("north", 3) == ()


def test_are_the_same_in_whatever_order_sums_are_taken() -> None:
    """Columns in another order give other sums in single precision, and the same words."""
    vectors = np.random.default_rng(0).standard_normal((3000, 64), np.float32)
    names = [f"w{number}" for number in range(3000)]
    one, other = NearWords(names, vectors), NearWords(names, np.ascontiguousarray(vectors[:, ::-1]))

    assert all(one.of(name, 10) == other.of(name, 10) for name in names[:200])


@pytest.mark.parametrize("kind", sorted(MARKED))
def test_of_a_model_are_what_its_tokenizer_reads_as_one_piece(kind: str) -> None:
    """In any script; no pieces from inside words, no numbers, marks, or single letters."""
    tokenizer, pieces = tokenizer_of(kind)

    found = NearWords.of_model(model_of(len(pieces)), tokenizer)

    assert set(found.words) == set(WORDS)


def test_of_a_model_are_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_words, "MOST_WORDS", 2)
    tokenizer, pieces = tokenizer_of("WordPiece")

    assert NearWords.of_model(model_of(len(pieces)), tokenizer).words == WORDS[:2]


def test_of_a_model_without_a_table_of_words_cannot_be_had() -> None:
    with pytest.raises(ModelError, match=r"shows no table .* transfer\.augment\.kind: mask"):
        NearWords.of_model(nn.Linear(1, 1), tokenizer_of("WordPiece")[0])


def test_without_a_model_the_augmenter_is_refused_with_another() -> None:
    section = section_of(augment={"kind": "near_words"})

    with pytest.raises(DataError, match=r"needs the words of the teacher's model.*kind: ngram"):
        build_transfer_set(corpus_of(TRAINING), section, None, seed=0)


def test_are_drawn_from_the_nearest_alone() -> None:
    section = section_of(augment={"kind": "near_words", "p_near": 1.0, "among": 1, "copies": 5})
    words = on_the_circle()

    made = build_transfer_set(
        corpus_of(["go north then east"]), section, None, seed=0, open_words=lambda: words
    )

    assert [each.text for each in made.examples] == ["go north then east", "go up then right"]
