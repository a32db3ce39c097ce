"""The look at a model before it teaches, or lends its encoder: sound, or one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdzoo.errors import TeacherError
from kdzoo.model import (
    PoolingKind,
    load_model,
    maximum_length,
    padding_id,
    refuse_logits,
    refuse_maskless,
    refuse_other_problems,
    refuse_setfit,
    refuse_tokenizer,
    refuse_vectors,
    shape_of,
    try_classifier,
)
from kdzoo.task import BY_WORD, SINGLE_LABEL, Task
from kdzoo.task.finite import refuse_not_finite
from kdzoo.teacher.sentences import open_sentence_encoder
from kdzoo.teacher.source import load_hf_tokenizer, read_config
from kdzoo.teacher.teacher import load_encoder

_CLASSIFIERS = ("ForSequenceClassification", BY_WORD)
_AUTO = ("AutoModelForSequenceClassification", "AutoModelForTokenClassification")


@dataclass(frozen=True)
class Looked:
    """A model that is seen to be sound.

    Attributes:
        folder: where it lies.
        tokenizer: of Hugging Face.
        model: on the CPU; its head is new where it is to be fine-tuned.
        max_length: tokens at which it cuts.
        note: what a user has to know of it; None where there is nothing.
    """

    folder: Path
    tokenizer: Any
    model: Any
    max_length: int
    note: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its outputs."""
        config = self.model.config
        return tuple(config.id2label[number] for number in range(config.num_labels))


def look_at(folder: Path, wanted: int, *, finished: bool, task: Task = SINGLE_LABEL) -> Looked:
    """Returns a model once its files are seen to fit each other and two texts went through it.

    Args:
        folder: the model's.
        wanted: the most tokens that are to be read of a text.
        finished: whether it is a classifier as it is, rather than one to be fine-tuned.
        task: what it is going to be asked, where it is to be fine-tuned.

    Raises:
        TeacherError: it cannot be loaded.
        ModelError: it is no such model, or its files do not fit each other.
    """
    name = str(folder)
    refuse_setfit(folder, name)
    config = read_config(folder)
    if finished:
        refuse_other_problems(config, name)
    shape = shape_of(config)
    refuse_maskless(config, shape, name)
    tokenizer = load_hf_tokenizer(folder)
    refuse_tokenizer(tokenizer, shape, name)
    model = load_model(folder).model if finished else load_encoder(folder, task)
    longest = maximum_length(tokenizer, config, wanted, shape)
    refuse = refuse_logits if finished else refuse_not_finite  # once it is fitted it gives others
    try_classifier(model, longest, padding_id(tokenizer, config), name, refuse)
    note = _other_class(config, model, name) if finished else None
    return Looked(folder, tokenizer, model, longest, note)


def _other_class(config: Any, model: Any, name: str) -> str | None:
    """Returns a note on a classifier whose configuration names another class than is run."""
    built = type(model).__name__
    own_code = getattr(config, "auto_map", None) or {}
    named = [
        *(config.architectures or ())[:1],
        *(str(own_code[auto]) for auto in _AUTO if auto in own_code),
    ]
    others = [each for each in named if each.rpartition(".")[2] != built]
    if not others:
        return None
    return (
        f"the configuration of {name} names the class {others[-1]}, which kdzoo does not run; it "
        f"is read as {built}: see that it answers as it should (kdzoo predict)"
    )


def refuse_other_vocabulary(encoder: Looked, teacher: Looked, option: str) -> None:
    """Refuses an encoder that the teacher cannot have been fine-tuned from.

    Students read with the teacher's ids, and controls would start from the vectors of other words.

    Args:
        encoder: as it is named.
        teacher: the finished classifier.
        option: that names the encoder.

    Raises:
        TeacherError: a token has another id in the encoder, or none.
    """
    known = encoder.tokenizer.get_vocab()
    if any(known.get(token) != place for token, place in teacher.tokenizer.get_vocab().items()):
        raise TeacherError(
            f"{option}: the vocabulary of {encoder.folder} is not that of {teacher.folder}, which "
            f"was not fine-tuned from it; name the model that it was, or remove {option}"
        )


def look_at_sentences(
    folder: Path, pooling: PoolingKind | None, wanted: int, lower: Sequence[int] = ()
) -> None:
    """Sees that an encoder's sentence vectors come about as its folder says: two texts are read.

    Args:
        folder: the encoder's.
        pooling: that the recipe names; else its own.
        wanted: the most tokens that are to be read of a text.
        lower: layers below the last that are read too.

    Raises:
        TeacherError: it is no encoder, lacks such a layer, or cannot be loaded.
        ModelError: it lacks the pooling it claims, has layers that kdzoo does not know, or fails.
    """
    encoder = open_sentence_encoder(folder, pooling, wanted, batch_size=2, lower=lower)
    model, vocabulary = encoder.load()
    longest, pad_id = vocabulary.max_length, vocabulary.pad_id
    try_classifier(model, longest, pad_id, str(folder), refuse_vectors)


def is_classifier(folder: Path) -> bool:
    """Whether a model's weights hold a finished classification head.

    Its configuration names its class; where it names none, the weights tell.

    Raises:
        TeacherError: its configuration or its weights cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    config = read_config(folder)
    if config.architectures:
        return str(config.architectures[0]).endswith(_CLASSIFIERS)
    weights = folder / "model.safetensors"
    try:
        with safe_open(weights, framework="pt") as file:
            return {*shape_of(config).head} <= {*file.keys()}
    except (OSError, SafetensorError) as error:
        raise TeacherError(f"{weights} is damaged: {error}") from error
