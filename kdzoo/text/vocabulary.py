"""A student's tokenizer: the teacher's pieces or whole words, pruned, or a model's own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, cast

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as Parts

from kdzoo.data import UNSPACED, Example, one_form
from kdzoo.errors import ModelError
from kdzoo.text.encode import CHUNK
from kdzoo.text.reading import RIGHT, reader_of
from kdzoo.tokenising import may_take_long, within_limit

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
        return _id_of(self.tokenizer, self.special.pad)

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


def prune(
    tokenizer: Any,
    examples: Sequence[Example],
    max_length: int,
    *,
    special_tokens: bool,
    keep_unseen: bool = False,
    keep_pad_id: bool = False,
) -> Vocabulary:
    """Returns the tokenizer of a Hugging Face model without the pieces that no example needs.

    The examples are tokenised as before; a piece that is gone reads as unknown (WordPiece, Unigram)
    or as smaller pieces (BPE).

    Args:
        tokenizer: a fast Hugging Face tokenizer.
        examples: texts whose pieces come first.
        max_length: tokens at which the new tokenizer cuts.
        special_tokens: whether texts are wrapped as the teacher reads them ([CLS] text [SEP]).
        keep_unseen: whether the other pieces stay too, behind those of the examples.
        keep_pad_id: whether padding keeps its id, which is 0 else.

    Raises:
        ModelError: the tokenizer is of a kind that cannot be pruned.
    """
    special = SpecialTokens.of(tokenizer)
    if not special_tokens:
        special = replace(special, start=None, end=None)
    whole = reader_of(tokenizer)
    state = json.loads(whole.to_str())
    used = _used_ids(whole, examples)
    wanted = [special.pad, special.unknown, special.mask, special.start, special.end]
    used |= {_id_of(whole, name) for name in wanted if name is not None}
    if special_tokens:
        used |= _ids_around(state["post_processor"], whole)
    first = [] if special.pad is None else [_id_of(whole, special.pad)]
    if keep_pad_id and first:
        first = list(range(first[0] + 1))  # what is numbered before it stays too
    order = [*first, *sorted((used | _needed_by_model(state["model"], used)) - {*first})]
    everything = set(whole.get_vocab(with_added_tokens=True).values()) if keep_unseen else set()
    unseen = sorted(everything - {*order})
    order += unseen
    new_ids = {old: new for new, old in enumerate(order)}
    state["model"] = _pruned_model(state["model"], state["added_tokens"], new_ids)
    state["added_tokens"] = [
        {**token, "id": new_ids[token["id"]]}
        for token in sorted(state["added_tokens"], key=lambda token: new_ids.get(token["id"], 0))
        if token["id"] in new_ids
    ]
    state["post_processor"] = (
        _renumbered(state["post_processor"], whole, new_ids) if special_tokens else None
    )
    pruned = Tokenizer.from_str(json.dumps(state))
    pruned.encode_special_tokens = whole.encode_special_tokens
    side = tokenizer.truncation_side
    vocabulary = _finished(pruned, special, max_length, tuple(order), side)
    # a padding token that the teacher lacks comes last, and training reads it
    return replace(vocabulary, unseen=len(unseen) if special.pad is not None else 0)


def _id_of(tokenizer: Tokenizer, token: str | None) -> int:
    found = None if token is None else tokenizer.token_to_id(token)
    assert found is not None  # noqa: S101 - a special token that has a name has an id
    return found


def _used_ids(tokenizer: Tokenizer, examples: Sequence[Example]) -> set[int]:
    used: set[int] = set()
    plain = partial(tokenizer.encode_batch_fast, add_special_tokens=False)
    read = partial(within_limit, plain) if may_take_long(tokenizer) else plain
    for start in range(0, len(examples), CHUNK):
        texts = [t for e in examples[start : start + CHUNK] for t in (e.text, e.text_pair) if t]
        for encoding in read(texts):
            used.update(encoding.ids)
    return used


def _needed_by_model(model: dict[str, Any], used: set[int]) -> set[int]:
    """Returns ids that must stay for the used ones to be found.

    For BPE, what they are merged from; for Unigram, the rarest piece: it sets the price of unknown.
    """
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        return {scores.index(min(scores))}
    if model["type"] != "BPE":
        return set()
    vocabulary: dict[str, int] = model["vocab"]
    names = {index: name for name, index in vocabulary.items()}
    needed = {names[index] for index in used if index in names}
    needed |= {name for name in vocabulary if len(name) == 1}  # the alphabet spells what is new
    pairs = [_pair(merge) for merge in reversed(model["merges"])]
    known = 0
    while len(needed) > known:  # once, unless a merge ranks before the ones that make its parts
        known = len(needed)
        for left, right in pairs:
            if left + right in needed:
                needed |= {left, right}
    return {vocabulary[name] for name in needed if name in vocabulary}


def _pair(merge: str | list[str]) -> tuple[str, str]:
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _pruned_model(
    model: dict[str, Any], added: list[dict[str, Any]], new_ids: dict[int, int]
) -> dict[str, Any]:
    """Returns the model with the kept pieces and added tokens; there those keep their ids."""
    behind = {token["content"]: token["id"] for token in added}
    match model["type"]:
        case "WordPiece" | "WordLevel":
            names = {**behind, **model["vocab"]}
            vocab = {name: new_ids[old] for name, old in names.items() if old in new_ids}
            return {**model, "vocab": vocab}
        case "BPE":
            names = {**behind, **model["vocab"]}
            vocab = {name: new_ids[old] for name, old in names.items() if old in new_ids}
            merges = [
                merge
                for merge in model["merges"]
                if {*_pair(merge), "".join(_pair(merge))} <= vocab.keys()
            ]
            return {**model, "vocab": vocab, "merges": merges}
        case "Unigram":
            scored = {old: [name, 0.0] for name, old in behind.items()}
            scored |= dict(enumerate(model["vocab"]))
            pieces = [scored[old] for old in new_ids]
            unknown = model.get("unk_id")
            unknown = None if unknown is None else new_ids.get(unknown)
            return {**model, "vocab": pieces, "unk_id": unknown}
        case kind:
            raise ModelError(
                f"the teacher's tokenizer is a {kind}, which cannot be pruned; "
                "set student.text to words"
            )


def _ids_around(processor: Any, tokenizer: Tokenizer) -> set[int]:
    """Returns the ids of the special tokens that a post-processor puts around a text."""
    if processor is None:
        return set()
    match processor["type"]:
        case "TemplateProcessing":
            return {old for token in processor["special_tokens"].values() for old in token["ids"]}
        case "BertProcessing" | "RobertaProcessing":
            return {_id_of(tokenizer, processor[key][0]) for key in ("sep", "cls")}
        case "Sequence":
            return set().union(
                *(_ids_around(inner, tokenizer) for inner in processor["processors"])
            )
        case _:
            return set()


def _renumbered(processor: Any, tokenizer: Tokenizer, new_ids: dict[int, int]) -> Any:
    """Returns a post-processor that puts the special tokens' new ids around the text."""
    if processor is None:
        return None
    match processor["type"]:
        case "TemplateProcessing":
            tokens = {
                name: {**token, "ids": [new_ids[old] for old in token["ids"]]}
                for name, token in processor["special_tokens"].items()
            }
            return {**processor, "special_tokens": tokens}
        case "BertProcessing" | "RobertaProcessing":
            ends = {
                key: [processor[key][0], new_ids[_id_of(tokenizer, processor[key][0])]]
                for key in ("sep", "cls")
            }
            return {**processor, **ends}
        case "Sequence":
            parts = [_renumbered(part, tokenizer, new_ids) for part in processor["processors"]]
            return {**processor, "processors": parts}
        case _:
            return processor


def whole(tokenizer: Any, max_length: int) -> Vocabulary:
    """Returns the tokenizer of a Hugging Face model as it is: its ids are the model's own.

    Args:
        tokenizer: a fast Hugging Face tokenizer with a padding token.
        max_length: tokens at which it cuts.
    """
    special, side = SpecialTokens.of(tokenizer), tokenizer.truncation_side
    return _finished(reader_of(tokenizer), special, max_length, None, side)


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
    return _finished(tokenizer, special, max_length, None, cut_side)


def _finished(
    tokenizer: Tokenizer,
    special: SpecialTokens,
    max_length: int,
    kept: tuple[int, ...] | None,
    cut_side: str,
) -> Vocabulary:
    if special.pad is None:
        tokenizer.add_special_tokens([AddedToken(PAD, special=True)])
        special = SpecialTokens(PAD, special.unknown, special.mask, special.start, special.end)
    tokenizer.enable_truncation(max_length, direction=cut_side)
    return Vocabulary(tokenizer, special, max_length, kept)
