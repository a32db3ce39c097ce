"""Building a student: architecture, embeddings, and a check of its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from kdzoo import registry
from kdzoo.entries import StudentEntry
from kdzoo.errors import KdzooError, ModelError, Problem
from kdzoo.model.allowance import Allowance, refuse_too_large
from kdzoo.model.contract import has_embedding
from kdzoo.model.folder import READS_PAIRS
from kdzoo.model.padding import two_texts
from kdzoo.model.wrapper import (
    KdzooConfig,
    KdzooForSequenceClassification,
    KdzooForTokenClassification,
)
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.text import Vocabulary

_TRIED = 12  # tokens of a text that is long enough for most mistakes to show
_COPIES = 4  # of each weight while it is trained: itself, its gradient, two moments
EMBEDDING_SCALE = 0.3  # standard deviation of pretrained vectors after centring


@dataclass(frozen=True)
class BuildContext:
    """What a student that is built by a function may draw on.

    Attributes:
        labels: names of the classes, in the order of the logits.
        vocabulary: the student's tokenizer, and the teacher's id of each of its ids.
        encoder: loads the pretrained model that the teacher was fine-tuned from.
        teacher: loads the fine-tuned teacher. A hard-label control gets the encoder here, so that
            nothing that the teacher learnt reaches it.
        pair_head: width of the head over both texts of a pair; 0 where texts are single.
        task: what the data asks: a label, several, or one for each word.
        outputs: which of the teacher's outputs stands for each label, [C]; None where its head is
            not to be used: for a control, or where the teacher is a file.
    """

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    encoder: Callable[[], Any]
    teacher: Callable[[], Any]
    outputs: tuple[int, ...] | None = None
    pair_head: int = 0
    task: Task = SINGLE_LABEL


def build_student(
    kind: str,
    options: Mapping[str, Any],
    context: BuildContext,
    vectors: Tensor | None,
    seed: int,
) -> Any:
    """Returns the student as an untrained Hugging Face model.

    Args:
        kind: the student's registered name.
        options: its keyword-only parameters.
        context: vocabulary, labels and teacher.
        vectors: [V, D] for the embedding table, or None for the student's own initialisation.
        seed: of the initialisation.

    Raises:
        ModelError: the student breaks its contract; the message says how and where it is written.
    """
    entry = registry.students.get(kind)
    torch.manual_seed(seed)
    model = _made(
        entry,
        lambda: (
            _wrapper(context.task)(_config(entry, options, context))
            if entry.is_module
            else entry.value(context, **options)
        ),
    )
    model.config.id2label = dict(enumerate(context.labels))
    model.config.label2id = {name: number for number, name in enumerate(context.labels)}
    if vectors is not None:
        own = model.student if entry.is_module else model
        _put_vectors(own, vectors, entry, context.vocabulary.pad_id)
    model.config.problem_type = context.task.problem_type
    if context.pair_head:
        setattr(model.config, READS_PAIRS, True)
    vocabulary = context.vocabulary
    longest, by_word = vocabulary.max_length, context.task.by_word
    _check_contract(model, entry, len(context.labels), len(vocabulary), longest, by_word=by_word)
    _check_reached(model, entry)
    return model


def _wrapper(task: Task) -> type[KdzooForSequenceClassification | KdzooForTokenClassification]:
    return KdzooForTokenClassification if task.by_word else KdzooForSequenceClassification


def _config(entry: StudentEntry, options: Mapping[str, Any], context: BuildContext) -> KdzooConfig:
    return KdzooConfig(
        student=entry.name,
        options=dict(options),
        vocab_size=len(context.vocabulary),
        pad_token_id=context.vocabulary.pad_id,
        num_labels=len(context.labels),
        pair_head=context.pair_head,
        text_limit=context.vocabulary.max_length if "max_length" in entry.offered else 0,
    )


def _put_vectors(student: nn.Module, vectors: Tensor, entry: StudentEntry, pad_id: int) -> None:
    table = refuse_tableless(student, entry)
    with torch.no_grad():
        table.weight.copy_(scaled(to_width(vectors, table.embedding_dim)))
        table.weight[pad_id].zero_()


def refuse_tableless(
    student: nn.Module,
    entry: StudentEntry,
    wanted: str = "for pretrained vectors",
    instead: str = "set student.embeddings to random",
) -> nn.Embedding:
    """Returns the student's embedding table.

    Args:
        student: as its class builds it.
        entry: where it is written.
        wanted: what the table is for.
        instead: what a recipe says that does without.

    Raises:
        ModelError: the student shows none.
    """
    if not has_embedding(student):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) has no attribute `embedding` "
            f"(an nn.Embedding) {wanted}; add one, or {instead}"
        )
    return student.embedding


def to_width(vectors: Tensor, width: int) -> Tensor:
    """Returns vectors [V, D] as [V, width], by principal components where they are wider.

    Raises:
        ModelError: they are narrower, so that there is nothing to fill the table with.
    """
    if vectors.shape[1] == width:
        return vectors
    refuse_narrow(vectors.shape[1], width, count=vectors.shape[0])
    from sklearn.decomposition import PCA

    reduced = PCA(width, svd_solver="full").fit_transform(vectors.double().numpy())
    return torch.from_numpy(reduced.astype(np.float32))


def refuse_narrow(vectors: int, width: int, count: int | None = None) -> None:
    """Refuses vectors that cannot fill a table.

    Args:
        vectors: their width.
        width: of the table.
        count: how many vectors there are, where that is known; components are not more than that.

    Raises:
        ModelError: they are too narrow, or too few.
    """
    most = vectors if count is None or vectors == width else min(vectors, count)
    if most < width:
        counted = "" if count is None else f" ({count} of them)"
        raise ModelError(
            f"the vectors are {vectors} wide{counted}, the student's embedding table {width}; set "
            f"its width to {most} or less, as in student.dim: {most}"
        )


def scaled(vectors: Tensor) -> Tensor:
    """Returns the vectors centred, with one standard deviation for all of them."""
    centred = vectors - vectors.mean(0, keepdim=True)
    return centred / centred.std().clamp(min=1e-8) * EMBEDDING_SCALE


def try_student(
    kind: str,
    options: Mapping[str, Any],
    pair_head: int = 0,
    max_length: int = _TRIED,
    *,
    table_rate: bool = False,
    task: Task = SINGLE_LABEL,
) -> None:
    """Builds a student that is a class over a toy vocabulary and checks its contract.

    Args:
        kind: its registered name.
        options: its keyword-only parameters.
        pair_head: width of the head over both texts of a pair; 0 where texts are single.
        max_length: tokens of the longest text that it is tried on.
        table_rate: whether its embedding table is to have a learning rate of its own.
        task: what it is asked.

    Raises:
        ModelError: it breaks it; the message says how and where the student is written.
    """
    entry = registry.students.get(kind)
    if not entry.is_module:
        return
    config = KdzooConfig(
        student=kind, options=dict(options), vocab_size=20, num_labels=3, text_limit=max_length
    )

    def make() -> Any:
        return _made(entry, lambda: _wrapper(task)(config), _COPIES)

    model = make()
    _check_contract(model, entry, 3, 20, max_length, by_word=task.by_word)
    if table_rate:
        refuse_tableless(model.student, entry, "with a rate", "remove training.embedding_rate")
    if pair_head:
        config.pair_head = pair_head
        model = make()
        _check_contract(model, entry, 3, 20, max_length)
        _check_reached(model, entry)


def _made(entry: StudentEntry, make: Callable[[], Any], copies: int = 1) -> Any:
    """Makes a student, its tensors counted before each takes memory.

    Args:
        entry: the student's.
        make: builds it.
        copies: of each weight that are going to be held.

    Raises:
        ModelError: it cannot be made, or memory cannot hold it.
    """
    name = f"student '{entry.name}' with these options"
    if entry.is_module:  # one that is a function draws on real weights
        refuse_too_large(make, name, copies)
    try:
        with Allowance(name, copies):
            model = make()
    except KdzooError:
        raise
    except Exception as error:
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) cannot be built: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, PreTrainedModel):
        raise ModelError(
            f"student '{entry.name}' ({entry.origin}) returned {type(model).__name__}, "
            "wanted a Hugging Face model"
        )
    return model


def _check_contract(
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
    """
    width = min(_TRIED, longest)
    ids = torch.randint(0, tokens, (2, width), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(width) < torch.tensor([[width], [1]])).long()
    name = f"student '{entry.name}' ({entry.origin})"
    logits = _tried(model, ids, mask, f"{name} fails on two texts, of {width} tokens and of 1")
    wanted = [2, width, labels] if by_word else [2, labels]
    shape = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if shape != wanted:
        raise ModelError(
            f"{name} breaks its contract",
            Problem(f"forward gave {shape} for 2 texts and {labels} labels, wanted {wanted}"),
        )
    if not torch.isfinite(logits).all():
        raise ModelError(f"{name} gives logits that are not finite")
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


def _tried(model: Any, ids: Tensor, mask: Tensor, failure: str) -> Any:
    """Returns the logits of ids and mask [B, T].

    Raises:
        ModelError: there are none; the message begins with ``failure``.
    """
    model.eval()
    try:
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=mask, **_types_of(model, ids)).logits
    except Exception as error:
        raise ModelError(f"{failure}: {type(error).__name__}: {error}") from error


def _types_of(model: Any, ids: Tensor) -> dict[str, Tensor]:
    """Returns token types [B, T] for a student that reads pairs: five pieces, then the others."""
    if not getattr(model.config, "pair_head", 0):
        return {}
    return {"token_type_ids": (torch.arange(ids.shape[1]) >= 5).long().expand_as(ids)}


def _check_reached(model: Any, entry: StudentEntry) -> None:
    """Refuses a student for pairs with layers that its ``encode`` does not reach."""
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
