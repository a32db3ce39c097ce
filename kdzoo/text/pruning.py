"""A teacher's tokenizer without the pieces that the texts at hand do not need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tokenizers import Tokenizer

from kdzoo.data import Example
from kdzoo.errors import ModelError
from kdzoo.text.encode import CHUNK
from kdzoo.text.reading import reader_of
from kdzoo.text.vocabulary import SpecialTokens, Vocabulary, finished, id_of
from kdzoo.tokenising import may_take_long, within_limit


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
    used |= {id_of(whole, name) for name in wanted if name is not None}
    if special_tokens:
        used |= _ids_around(state["post_processor"], whole)
    first = [] if special.pad is None else [id_of(whole, special.pad)]
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
    vocabulary = finished(pruned, special, max_length, tuple(order), side)
    # a padding token that the teacher lacks comes last, and training reads it
    return replace(vocabulary, unseen=len(unseen) if special.pad is not None else 0)


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
            return {id_of(tokenizer, processor[key][0]) for key in ("sep", "cls")}
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
                key: [processor[key][0], new_ids[id_of(tokenizer, processor[key][0])]]
                for key in ("sep", "cls")
            }
            return {**processor, **ends}
        case "Sequence":
            parts = [_renumbered(part, tokenizer, new_ids) for part in processor["processors"]]
            return {**processor, "processors": parts}
        case _:
            return processor
