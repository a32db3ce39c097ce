"""Building a student: its architecture and its embeddings, its tensors counted first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from kdzoo import registry
from kdzoo.entries import StudentEntry
from kdzoo.errors import KdzooError, ModelError
from kdzoo.model.allowance import Allowance, refuse_too_large
from kdzoo.model.checks import (
    TRIED,
    check_alone,
    check_contract,
    check_gradients,
    check_reached,
    sample_batch,
)
from kdzoo.model.code import code_of
from kdzoo.model.embedding import put_vectors, refuse_narrow, refuse_tableless
from kdzoo.model.encodings import MappedEncodings, refuse_unencoded
from kdzoo.model.folder import READS_PAIRS
from kdzoo.model.kept import check_loaded, refuse_grown, refuse_unkept
from kdzoo.model.wrapper import (
    KdzooConfig,
    KdzooForSequenceClassification,
    KdzooForTokenClassification,
)
from kdzoo.recipe import written_options
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.text import Vocabulary

_COPIES = 4  # of each weight while it is trained: itself, its gradient, two moments


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
        put_vectors(own, vectors, entry, context.vocabulary.pad_id)
    model.config.problem_type = context.task.problem_type
    if context.pair_head:
        setattr(model.config, READS_PAIRS, True)
    vocabulary = context.vocabulary
    longest, by_word = vocabulary.max_length, context.task.by_word
    check_contract(model, entry, len(context.labels), len(vocabulary), longest, by_word=by_word)
    check_alone(model, entry, len(context.labels), len(vocabulary), longest, by_word=by_word)
    check_reached(model, entry)
    return model


def _wrapper(task: Task) -> type[KdzooForSequenceClassification | KdzooForTokenClassification]:
    return KdzooForTokenClassification if task.by_word else KdzooForSequenceClassification


def _config(entry: StudentEntry, options: Mapping[str, Any], context: BuildContext) -> KdzooConfig:
    return KdzooConfig(
        student=entry.name,
        options=written_options(entry, options),
        vocab_size=len(context.vocabulary),
        pad_token_id=context.vocabulary.pad_id,
        num_labels=len(context.labels),
        pair_head=context.pair_head,
        text_limit=context.vocabulary.max_length if "max_length" in entry.offered else 0,
        code=code_of(entry),
    )


def try_student(
    kind: str,
    options: Mapping[str, Any],
    pair_head: int = 0,
    max_length: int = TRIED,
    *,
    table_rate: bool = False,
    vectors: int | None = None,
    is_mapped: bool = False,
    task: Task = SINGLE_LABEL,
) -> None:
    """Builds a student that is a class over a toy vocabulary and checks its contract.

    Args:
        kind: its registered name.
        options: its keyword-only parameters.
        pair_head: width of the head over both texts of a pair; 0 where texts are single.
        max_length: tokens of the longest text that it is tried on.
        table_rate: whether its embedding table is to have a learning rate of its own.
        vectors: the width of those that its embedding table is to begin with, if any.
        is_mapped: whether its encoding is to be held against the teacher's.
        task: what it is asked.

    Raises:
        ModelError: it breaks it; the message says how and where the student is written.
    """
    entry = registry.students.get(kind)
    if not entry.is_module:
        if is_mapped:
            refuse_unencoded(None, entry)
        return
    written = written_options(entry, options)
    config = KdzooConfig(
        student=kind, options=written, vocab_size=20, num_labels=3, text_limit=max_length
    )

    def make() -> Any:
        return _made(entry, lambda: _wrapper(task)(config), _COPIES)

    model = make()
    refuse_unkept(model.student, entry)
    names = list(model.student.state_dict())
    check_contract(model, entry, 3, 20, max_length, by_word=task.by_word)
    refuse_grown(model.student, names, entry)
    batch = sample_batch(20, max_length)
    check_gradients(model, entry, batch)
    check_loaded(model, entry, batch)
    if not pair_head:
        check_alone(model, entry, 3, 20, max_length, by_word=task.by_word)
    if table_rate:
        refuse_tableless(model.student, entry, "with a rate", "remove training.embedding_rate")
    if vectors is not None:
        refuse_narrow(vectors, refuse_tableless(model.student, entry).embedding_dim)
    if pair_head:
        config.pair_head = pair_head
        model = make()
        check_contract(model, entry, 3, 20, max_length)
        check_alone(model, entry, 3, 20, max_length, by_word=False)
        check_reached(model, entry)
    if is_mapped:
        refuse_unencoded(model, entry)
        mapped = MappedEncodings(model, width=1)
        check_contract(model, entry, 3, 20, max_length)
        mapped.refuse_unread(entry, 4 if pair_head else 2)


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
