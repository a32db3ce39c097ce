"""A student's vocabulary: the teacher's pieces without those that nothing needs, or whole words."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_world import LABELS, texts_of
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer, UnigramTrainer, WordPieceTrainer
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from kdzoo.data import Example
from kdzoo.model.folder import load_tokenizer, save_model
from kdzoo.text import Vocabulary, prune, words

LEARNT_FROM = [text for label in LABELS for text in texts_of(label, 30, random.Random(3))]
POOL = [
    *LEARNT_FROM[::5],
    "Wake me at SEVEN, please!",
    "unforeseen wordings & numbers 1234",
    "größer, naïve, 日本 🙂",
    "play play play",
    "  spaces   inside\tand around  ",
    "a",
]
MAX_LENGTH = 64


def _trained(tokenizer: Tokenizer, trainer: Any) -> Tokenizer:
    tokenizer.train_from_iterator([*LEARNT_FROM, *POOL], trainer)
    return tokenizer


def _wrapped(start: str, end: str, tokenizer: Tokenizer) -> Tokenizer:
    ids = [(name, tokenizer.token_to_id(name)) for name in (start, end)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", pair=f"{start} $A {end} $B:1 {end}:1", special_tokens=ids
    )
    return tokenizer


def wordpiece() -> Any:
    """BERT's kind."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece({}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=_wrapped("[CLS]", "[SEP]", _trained(tokenizer, trainer)),
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


def bpe(special: list[str]) -> Tokenizer:
    """Returns byte-level BPE with these special tokens in its vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=420,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return _trained(tokenizer, trainer)


def roberta() -> Any:
    """RoBERTa's kind: byte-level BPE, padding not at id 0."""
    tokenizer = bpe(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>"))
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
    )  # fmt: skip


def gpt() -> Any:
    """GPT-2's kind, padding and mask added behind the vocabulary, as its users do."""
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe(["<|endoftext|>"]),
        bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>",
        pad_token="[PAD]", mask_token="[MASK]",
    )  # fmt: skip


def gpt_padding_with_end() -> Any:
    """GPT-2's kind, its end token used as padding."""
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe(["<|endoftext|>"]),
        eos_token="<|endoftext|>", pad_token="<|endoftext|>",
    )  # fmt: skip


def unigram(special: list[str]) -> Tokenizer:
    """Returns a SentencePiece-like model with these special tokens in its vocabulary."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = UnigramTrainer(
        vocab_size=150, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    return _trained(tokenizer, trainer)


def xlm() -> Any:
    """XLM-RoBERTa's kind."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    return PreTrainedTokenizerFast(
        tokenizer_object=_wrapped("<s>", "</s>", unigram(special)),
        pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>",
        mask_token="<mask>",
    )  # fmt: skip


def unigram_with_added() -> Any:
    """A unigram model whose padding and mask were added behind its vocabulary."""
    return PreTrainedTokenizerFast(
        tokenizer_object=unigram(["<unk>"]),
        unk_token="<unk>", pad_token="[PAD]", mask_token="[MASK]",
    )  # fmt: skip


KINDS: dict[str, Callable[[], Any]] = {
    each.__name__: cache(each)
    for each in (wordpiece, roberta, gpt, gpt_padding_with_end, xlm, unigram_with_added)
}
WRAPPING = ("wordpiece", "roberta", "xlm")

any_texts = st.lists(st.sampled_from(POOL), min_size=1, max_size=12, unique=True)


def examples(texts: list[str]) -> list[Example]:
    """Returns the texts as examples."""
    return [Example(text) for text in texts]


def unlimited(tokenizer: Any) -> Tokenizer:
    """Returns the teacher's own tokenizer, without cutting and padding."""
    return Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())


def saved_and_loaded(vocabulary: Vocabulary, folder: Path) -> tuple[Any, Tokenizer, int]:
    """Writes the vocabulary as models are written; returns it as both libraries read it."""
    save_model(folder, SimpleNamespace(config=None, save_pretrained=lambda _: None), vocabulary)
    config = SimpleNamespace(pad_token_id=None, max_position_embeddings=None, model_type="kdzoo")
    tokenizer, pad_id = load_tokenizer(folder, config)
    return AutoTokenizer.from_pretrained(folder), tokenizer, pad_id


@pytest.mark.parametrize("kind", KINDS)
class TestPrune:
    @given(texts=any_texts, special_tokens=st.booleans())
    @settings(deadline=None, max_examples=25)
    def test_reads_the_kept_texts_as_before(
        self, kind: str, texts: list[str], special_tokens: bool
    ) -> None:
        """The same pieces, with the special tokens around them or without."""
        teacher = unlimited(KINDS[kind]())

        pruned = prune(
            KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=special_tokens
        ).tokenizer

        for text in texts:
            before = teacher.encode(text, add_special_tokens=special_tokens)
            assert pruned.encode(text).tokens == before.tokens

    @given(texts=any_texts, special_tokens=st.booleans())
    @settings(deadline=None, max_examples=25)
    def test_knows_the_teachers_id_of_each_id(
        self, kind: str, texts: list[str], special_tokens: bool
    ) -> None:
        """kept[new] = old: rows of the teacher's embedding table can be taken by it."""
        teacher = unlimited(KINDS[kind]())

        pruned = prune(KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=special_tokens)

        assert pruned.kept is not None
        assert len(set(pruned.kept)) == len(pruned.kept) == len(pruned)
        assert pruned.tokens == [teacher.id_to_token(old) for old in pruned.kept]
        for text in texts:
            old = teacher.encode(text, add_special_tokens=special_tokens).ids
            assert [pruned.kept[new] for new in pruned.tokenizer.encode(text).ids] == old

    @given(texts=any_texts)
    @settings(deadline=None, max_examples=10)
    def test_has_padding_at_id_0(self, kind: str, texts: list[str]) -> None:
        pruned = prune(KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=True)

        assert pruned.pad_id == 0
        assert pruned.tokens[0] == pruned.special.pad == KINDS[kind]().pad_token

    @pytest.mark.parametrize("special_tokens", [True, False])
    def test_is_smaller(self, kind: str, special_tokens: bool) -> None:
        whole = len(KINDS[kind]())

        few, more = (
            prune(KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=special_tokens)
            for texts in (["play a song"], POOL)
        )

        assert len(few) < len(more) <= whole

    @given(texts=any_texts, special_tokens=st.booleans())
    @settings(deadline=None, max_examples=10)
    def test_keeps_every_piece_on_request_the_unseen_ones_behind(
        self, kind: str, texts: list[str], special_tokens: bool
    ) -> None:
        """Every text reads as before, and the texts given have the ids that pruning gives them."""
        teacher = unlimited(KINDS[kind]())

        pruned = prune(KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=special_tokens)
        whole = prune(
            KINDS[kind](),
            examples(texts),
            MAX_LENGTH,
            special_tokens=special_tokens,
            keep_unseen=True,
        )

        assert sorted(whole.tokens) == sorted(teacher.get_vocab())
        assert whole.kept is not None
        assert whole.tokens == [teacher.id_to_token(old) for old in whole.kept]
        assert whole.kept[: len(pruned)] == pruned.kept
        assert (whole.unseen, pruned.unseen) == (len(whole) - len(pruned), 0)
        for text in POOL:
            before = teacher.encode(text, add_special_tokens=special_tokens)
            assert whole.tokenizer.encode(text).tokens == before.tokens

    def test_names_the_special_tokens_that_it_has_and_no_others(self, kind: str) -> None:
        """Unwrapped texts have neither start nor end; mask and unknown are always there."""
        tokenizer = KINDS[kind]()

        unwrapped = prune(tokenizer, examples(["a"]), MAX_LENGTH, special_tokens=False)
        wrapped = prune(tokenizer, examples(["a"]), MAX_LENGTH, special_tokens=True)

        start, end = wrapped.special.start, wrapped.special.end
        assert start == (tokenizer.cls_token or tokenizer.bos_token)
        assert end == (tokenizer.sep_token or tokenizer.eos_token)
        assert unwrapped.special == replace(wrapped.special, start=None, end=None)
        for vocabulary in (unwrapped, wrapped):
            names = [name for name in vars(vocabulary.special).values() if name is not None]
            assert set(names) <= set(vocabulary.tokens)
        others = {start, end} - set(vars(unwrapped.special).values())
        assert not others & set(unwrapped.tokens)

    @given(text=st.text(max_size=30), special_tokens=st.booleans())
    @settings(deadline=None, max_examples=25)
    def test_reads_any_other_text_too(self, kind: str, text: str, special_tokens: bool) -> None:
        """What is gone reads as unknown or as smaller pieces; no id lies outside the table."""
        pruned = prune(
            KINDS[kind](), examples(["play a song"]), MAX_LENGTH, special_tokens=special_tokens
        )

        assert all(0 <= each < len(pruned) for each in pruned.tokenizer.encode(text).ids)

    @pytest.mark.parametrize("special_tokens", [True, False])
    def test_survives_saving_and_loading(
        self, kind: str, special_tokens: bool, tmp_path: Path
    ) -> None:
        """Both libraries read the saved folder as the vocabulary reads, with as many ids."""
        hard = [*POOL, "[CLS] literally </s>"]
        pruned = prune(KINDS[kind](), examples(POOL), MAX_LENGTH, special_tokens=special_tokens)

        theirs, ours, pad_id = saved_and_loaded(pruned, tmp_path)

        assert pad_id == pruned.pad_id == theirs.pad_token_id
        assert len(theirs) == ours.get_vocab_size() == len(pruned)
        for text in hard:
            expected = pruned.tokenizer.encode(text).ids
            assert ours.encode(text).ids == expected
            assert theirs(text)["input_ids"] == expected

    def test_is_the_same_for_the_same_texts_in_any_order(self, kind: str) -> None:
        one, other = (
            prune(KINDS[kind](), examples(texts), MAX_LENGTH, special_tokens=True)
            for texts in (POOL, POOL[::-1])
        )

        assert one.fingerprint == other.fingerprint
        assert one.kept == other.kept

    def test_leaves_the_teachers_tokenizer_as_it_was(self, kind: str) -> None:
        before = KINDS[kind]().backend_tokenizer.to_str()

        prune(KINDS[kind](), examples(["a"]), 4, special_tokens=False)

        assert KINDS[kind]().backend_tokenizer.to_str() == before

    def test_reads_and_keeps_both_texts_of_a_pair(self, kind: str) -> None:
        teacher = unlimited(KINDS[kind]())
        pair = Example("play a song", "will it rain")

        pruned = prune(KINDS[kind](), [pair], MAX_LENGTH, special_tokens=kind in WRAPPING)

        before = teacher.encode(pair.text, pair.text_pair)
        after = pruned.tokenizer.encode(pair.text, pair.text_pair)
        assert after.tokens == before.tokens
        assert after.type_ids == before.type_ids


@pytest.mark.parametrize("kind", WRAPPING)
class TestWrapped:
    def test_texts_are_cut_inside_their_special_tokens(self, kind: str) -> None:
        text = "play " * 50

        pruned = prune(KINDS[kind](), examples([text]), 8, special_tokens=True)

        tokens = pruned.tokenizer.encode(text).tokens
        assert len(tokens) == 8
        assert (tokens[0], tokens[-1]) == (pruned.special.start, pruned.special.end)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "gpt_padding_with_end"])
class TestMask:
    def test_stays_whole(self, kind: str) -> None:
        """Augmented texts hold it whether or not the gold texts do."""
        mask = KINDS[kind]().mask_token

        pruned = prune(KINDS[kind](), examples(["play a song"]), MAX_LENGTH, special_tokens=False)

        assert mask in pruned.tokenizer.encode(f"play {mask} song").tokens


class TestPruneCorners:
    def test_without_padding_gets_its_own(self) -> None:
        """It stands behind the teacher's pieces, and no row of the teacher's table is its."""
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=bpe(["<|endoftext|>"]), eos_token="<|endoftext|>"
        )

        pruned = prune(tokenizer, examples(POOL), MAX_LENGTH, special_tokens=False)

        assert pruned.tokens[pruned.pad_id] == pruned.special.pad == "[PAD]"
        assert pruned.kept is not None
        assert pruned.pad_id == len(pruned.kept) == len(pruned) - 1
        for text in POOL:
            expected = unlimited(tokenizer).encode(text).tokens
            assert pruned.tokenizer.encode(text).tokens == expected

    def test_a_teachers_own_added_words_stay_where_texts_hold_them(self) -> None:
        """Such as <user> in place of names: an entry behind the vocabulary, not special."""
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe(["<pad>"]), pad_token="<pad>")
        tokenizer.add_tokens(["<url>", "<user>"])
        text = "wake <user> now"

        pruned = prune(tokenizer, examples([text]), MAX_LENGTH, special_tokens=False)

        assert pruned.tokenizer.encode(text).tokens == unlimited(tokenizer).encode(text).tokens
        assert "<user>" in pruned.tokens
        assert "<url>" not in pruned.tokens
        assert pruned.kept is not None
        assert pruned.tokens == [unlimited(tokenizer).id_to_token(old) for old in pruned.kept]

    def test_merges_in_any_order_of_rank_are_followed_to_their_roots(self) -> None:
        """Converted tokenizers rank a merge before the ones that make its parts."""
        vocabulary = {name: i for i, name in enumerate(["<pad>", *"abcd", "ab", "abc", "abcd"])}
        merges = [("abc", "d"), ("ab", "c"), ("a", "b")]
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(models.BPE(vocabulary, merges)), pad_token="<pad>"
        )
        assert unlimited(tokenizer).encode("abcd").tokens == ["abcd"]

        pruned = prune(tokenizer, examples(["abcd"]), MAX_LENGTH, special_tokens=False)

        assert pruned.tokenizer.encode("abcd").tokens == ["abcd"]

    def test_unknown_does_not_become_cheaper_than_known_pieces(self) -> None:
        """A unigram model prices an unknown character by its rarest piece, which must stay."""
        scores = [("<pad>", 0.0), ("<unk>", 0.0), ("a", -40.0), ("ab", -12.0), ("c", -12.0),
                  ("bc", -1.0)]  # fmt: skip
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(models.Unigram(scores, unk_id=1)),
            pad_token="<pad>",
            unk_token="<unk>",
        )
        assert unlimited(tokenizer).encode("abc").tokens == ["ab", "c"]

        pruned = prune(tokenizer, examples(["abc", "bc"]), MAX_LENGTH, special_tokens=False)

        assert pruned.tokenizer.encode("abc").tokens == ["ab", "c"]

    def test_a_tiny_encoder_on_disk_prunes_as_one_in_memory(self, tiny_encoder: Path) -> None:
        tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)

        pruned = prune(tokenizer, examples(["play jazz"]), 8, special_tokens=True)

        assert pruned.tokens == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play", "jazz"]
        assert pruned.tokenizer.encode("Play jazz").ids == [2, 5, 6, 3]


class TestWords:
    TEXTS = ("Play JAZZ, please", "play the song", "Überall play")

    def test_are_lower_case_and_the_commonest_come_first(self) -> None:
        """Padding, unknown and mask before them; words equally common stand by the alphabet."""
        vocabulary = words(examples(list(self.TEXTS)), 16, "<mask>")

        assert vocabulary.tokens[:4] == ["[PAD]", "[UNK]", "<mask>", "play"]
        assert vocabulary.tokens[4:] == sorted(vocabulary.tokens[4:])
        assert {"jazz", "überall", ","} <= set(vocabulary.tokens)
        assert vocabulary.pad_id == 0
        assert vocabulary.kept is None

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("Schön, SCHON", ["schön", ",", "schon"]),
            ("cafe\u0301 naïve", ["café", "naïve"]),
            ("वह दौड़ता है", ["वह", "दौड़ता", "है"]),
            ("می\u200cخواهم", ["می\u200cخواهم"]),
            ("play\u200b now\x00", ["play", "now"]),
            ("我买iPhone", ["我", "买", "iphone"]),
            ("กำลังทำ", ["กำ", "ลั", "ง", "ทำ"]),
        ],
    )
    def test_keep_accents_marks_and_scripts_apart(self, text: str, tokens: list[str]) -> None:
        """As files of word vectors spell them: composed, a character each without spaces."""
        vocabulary = words(examples([text]), 16, None)

        composed = [unicodedata.normalize("NFC", token) for token in tokens]
        assert vocabulary.tokenizer.encode(text).tokens == composed

    @given(texts=st.lists(st.sampled_from(POOL), min_size=1, max_size=6))
    @settings(deadline=None, max_examples=25)
    def test_of_the_texts_are_all_known(self, texts: list[str]) -> None:
        vocabulary = words(examples(texts), MAX_LENGTH, None)

        for text in texts:
            assert "[UNK]" not in vocabulary.tokenizer.encode(text).tokens

    def test_read_alike_in_any_case_and_unknown_where_new(self) -> None:
        vocabulary = words(examples(list(self.TEXTS)), 16, None)
        read = vocabulary.tokenizer.encode

        assert read("PLAY the Banjo").tokens == ["play", "the", "[UNK]"]
        assert read("play the banjo").ids == read("Play THE harp").ids

    @pytest.mark.parametrize("mask", ["[MASK]", "<mask>", None])
    def test_include_the_mask_token_whole(self, mask: str | None) -> None:
        """It is the teacher's, so that augmented texts mean the same to both."""
        known = mask or "[MASK]"
        vocabulary = words(examples([*self.TEXTS, f"play {known} now"]), 16, mask)

        assert vocabulary.special.mask == known
        assert vocabulary.tokenizer.encode(f"play {known} now").tokens == ["play", known, "now"]
        assert not {"mask", "<", "["} & set(vocabulary.tokens)

    def test_of_both_texts_of_a_pair_count(self) -> None:
        vocabulary = words([Example("play", "jazz"), Example("stop", None)], 16, None)

        assert vocabulary.tokens[3:] == ["jazz", "play", "stop"]

    def test_beyond_the_maximum_are_cut(self) -> None:
        vocabulary = words(examples(list(self.TEXTS)), 3, None)

        assert vocabulary.tokenizer.encode("play the song please").tokens == ["play", "the", "song"]

    def test_are_the_same_for_the_same_texts_in_any_order(self) -> None:
        one, other = (words(examples(texts), 16, None) for texts in (POOL, POOL[::-1]))

        assert one.fingerprint == other.fingerprint

    def test_have_another_fingerprint_with_another_word_or_length(self) -> None:
        prints = [
            words(examples(texts), length, None).fingerprint
            for texts, length in ((["a b"], 16), (["a c"], 16), (["a b"], 8))
        ]

        assert len(set(prints)) == 3

    def test_survive_saving_and_loading(self, tmp_path: Path) -> None:
        vocabulary = words(examples(POOL), 6, "<mask>")

        theirs, ours, pad_id = saved_and_loaded(vocabulary, tmp_path)

        assert pad_id == theirs.pad_token_id == 0
        assert len(theirs) == ours.get_vocab_size() == len(vocabulary)
        for text in [*POOL, "something new", "play <mask> song"]:
            expected = vocabulary.tokenizer.encode(text).ids
            assert ours.encode(text).ids == expected
            assert theirs(text, truncation=True)["input_ids"] == expected
