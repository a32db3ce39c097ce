"""A student's contract, checked: a few texts go through it before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kdzoo.entries import StudentEntry
from kdzoo.errors import ModelError, Problem
from kdzoo.model.padding import two_texts

TRIED = 12  # tokens of a text that is long enough for most mistakes to show


def check_contract(
    model: Any,
    entry: StudentEntry,
    labels: int,
    tokens: int,
    longest: int,
    *,
    by_word: bool = False,
) -> None:
    """Runs a few texts through the student: cheaper than a training that fails.

    A longer and a short one of any words, then one as long as texts can be: a table of positions
    that is too short fails now, and not at the first long text.

    Raises:
        ModelError: it fails, or its logits have another shape, are not finite, or say nothing of
            any word.
    """
    ids, mask = sample_batch(tokens, longest).values()
    width = ids.shape[1]
    name = f"student '{entry.name}' ({entry.origin})"
    logits = _tried(model, ids, mask, f"{name} fails on two texts, of {width} tokens and of 1")
    _refuse_shape(logits, [2, width, labels] if by_word else [2, labels], name)
    of_one_token = _tried(
        model,
        ids[:, :1],
        torch.ones_like(ids[:, :1]),
        f"{name} fails on texts of one token, as 'hi' may be; if it looks at several tokens at "
        "once, have it pad its input, as with nn.Conv1d(..., padding=width // 2)",
    )
    _refuse_shape(of_one_token, [2, 1, labels] if by_word else [2, labels], name)
    if not torch.isfinite(logits).all():
        raise ModelError(f"{name} gives logits that are not finite")
    if by_word and not logits.any():
        raise ModelError(
            f"{name} gives 0 for each label of each word, which is what a word has that was not "
            "read, so that it would never learn; start its last layer with other weights than zeros"
        )
    if longest > width:
        pad_id = model.config.pad_token_id or 0
        batch, half = two_texts(model, longest, pad_id)
        failure = (
            f"{name} fails on two texts, of {longest} tokens, where texts are cut, and of {half}; "
            "if it has a table "
            "of positions, make that as long as `max_length`, which its constructor is told if it "
            "has such a parameter, or lower teacher.max_length"
        )
        _tried(model, batch["input_ids"], batch["attention_mask"], failure)


def sample_batch(tokens: int, longest: int) -> dict[str, Tensor]:
    """Returns ids and mask [2, T] of two texts of any words, a longer one and one of one token.

    Args:
        tokens: ids that there are.
        longest: tokens at which texts are cut.
    """
    width = min(TRIED, longest)
    ids = torch.randint(0, tokens, (2, width), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(width) < torch.tensor([[width], [1]])).long()
    return {"input_ids": ids, "attention_mask": mask}


def check_alone(
    model: Any, entry: StudentEntry, labels: int, tokens: int, longest: int, *, by_word: bool
) -> None:
    """Has the student train on one text, as the last batch of an epoch may be no more.

    Its numbers, and what it draws of the random ones, stay as they are.

    Raises:
        ModelError: it needs others beside it, or loses the batch in the logits' shape.
    """
    width = min(TRIED, longest)
    ids = torch.randint(0, tokens, (1, width), generator=torch.Generator().manual_seed(0))
    name = f"student '{entry.name}' ({entry.origin})"
    before = {place: buffer.clone() for place, buffer in model.named_buffers()}  # running means
    with torch.random.fork_rng(devices=[]):
        logits = _tried(
            model,
            ids,
            torch.ones_like(ids),
            f"{name} fails while it trains on one text, which the last batch of an epoch may be; "
            "if it has layers that need several, as BatchNorm does, put LayerNorm in their place",
            trains=True,
        )
    for place, buffer in model.named_buffers():
        if not torch.equal(buffer, before[place]):
            buffer.copy_(before[place])
    wanted = [1, width, labels] if by_word else [1, labels]
    _refuse_shape(logits, wanted, f"{name}, while it trains,")


def check_gradients(model: Any, entry: StudentEntry, batch: Mapping[str, Tensor]) -> None:
    """Has a gradient flow from the student's logits to its weights, which stay as they are.

    Args:
        model: in evaluation mode.
        entry: the student's.
        batch: the model's inputs, [B, T] each.

    Raises:
        ModelError: none flows.
    """
    name = f"student '{entry.name}' ({entry.origin})"
    logits = model(**batch).logits
    if not logits.requires_grad:
        raise ModelError(
            f"{name} cannot be trained: no gradient flows from its logits to its weights; remove "
            "detach(), torch.no_grad() or requires_grad=False"
        )
    try:
        logits.sum().backward()
    except RuntimeError as error:
        raise ModelError(
            f"{name} cannot be trained: {str(error).partition(': [')[0]}; if it changes a tensor "
            "in place, write x = x + y for x += y"
        ) from error
    finally:
        model.zero_grad(set_to_none=True)


def _refuse_shape(logits: Any, wanted: list[int], name: str) -> None:
    shape = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if shape != wanted:
        texts = "1 text" if wanted[0] == 1 else f"{wanted[0]} texts"
        raise ModelError(
            f"{name} breaks its contract",
            Problem(f"forward gave {shape} for {texts} and {wanted[-1]} labels, wanted {wanted}"),
        )


def _tried(model: Any, ids: Tensor, mask: Tensor, failure: str, *, trains: bool = False) -> Any:
    """Returns the logits of ids and mask [B, T], of the model as it answers or as it trains.

    Raises:
        ModelError: the model fails, or gives no logits; the message begins with ``failure``.
    """
    model.train(trains)
    try:
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=mask, **_types_of(model, ids)).logits
    except Exception as error:
        raise ModelError(f"{failure}: {type(error).__name__}: {error}") from error
    finally:
        model.eval()


def _types_of(model: Any, ids: Tensor) -> dict[str, Tensor]:
    """Returns token types [B, T] for a student that reads pairs: five pieces, then the others."""
    if not getattr(model.config, "pair_head", 0):
        return {}
    return {"token_type_ids": (torch.arange(ids.shape[1]) >= 5).long().expand_as(ids)}


def check_reached(model: Any, entry: StudentEntry) -> None:
    """Refuses a student for pairs with layers that its ``encode`` does not reach.

    Raises:
        ModelError: it has such layers.
    """
    if not getattr(model.config, "pair_head", 0):
        return
    ids = torch.ones(2, 12, dtype=torch.long)
    model(input_ids=ids, attention_mask=ids, **_types_of(model, ids)).logits.sum().backward()
    idle = [
        name
        for name, parameter in model.student.encoder.named_parameters()
        if parameter.grad is None
    ]
    model.zero_grad(set_to_none=True)
    if idle:
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) has layers that encode does not reach: "
            f"{', '.join(idle[:3])}; call what stands behind encode `head`: pairs have another one"
        )
