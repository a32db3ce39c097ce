"""The teacher's own architecture with fewer of its layers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from kdzoo.errors import ModelError
from kdzoo.model.auto import auto_class
from kdzoo.model.layers import chosen_layers, kept_pieces, kept_rows
from kdzoo.registry import Dropout, Starter, register_student

if TYPE_CHECKING:
    from kdzoo.model import BuildContext

_LAYERS, _WORDS, _POSITIONS = (
    "encoder.layer.",
    "embeddings.word_embeddings.weight",
    "embeddings.position_embeddings.weight",
)
_BY_LAYER = ("attention_window", "layer_types")  # of a configuration: a value for each layer
_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")


@register_student(
    "bert",
    road="compression",
    special_tokens=True,
    starter=Starter(batch_size=32, learning_rate=3e-4, instead_of="distilbert"),
)
def bert(
    context: BuildContext,
    *,
    init: Literal["teacher", "encoder", "random"] = "teacher",
    layers: list[int] | int | None = None,
    dropout: Dropout = 0.1,
) -> Any:
    """Chosen layers of the teacher, be it a BERT, a RoBERTa or another of their build.

    Saved as the teacher's own class (``BertForSequenceClassification``, say): it loads where kdzoo
    is not. From ``teacher`` it takes the classification head too, so that with all layers it is
    the teacher; a hard-label control begins with a new head.

    Args:
        context: vocabulary, labels and teacher.
        init: where the weights start: ``teacher`` (fine-tuned), ``encoder`` (before fine-tuning),
            ``random`` (the encoder's shape).
        layers: the layers to keep, counted from 0, or how many; every other one by default.
        dropout: in the layers and before the head.
    """
    kept = kept_pieces(context.vocabulary, "bert")
    source = context.teacher() if init == "teacher" else context.encoder()
    chosen = chosen_layers(layers, _available_layers(source))
    config = _config(source.base_model.config, context, chosen, dropout)
    student = auto_class(context.task).from_config(config, dtype=torch.float32)
    _refuse_other_padding(student, context.vocabulary.pad_id)
    if init == "random":
        return student
    weights = student.state_dict()
    base = _cut(source.base_model, student.base_model, chosen, kept)
    weights |= {f"{student.base_model_prefix}.{name}": each for name, each in base.items()}
    has_its_head = init == "teacher" and type(source) is type(student)
    if has_its_head and context.outputs is not None:
        weights |= _head(source, context.outputs)
    student.load_state_dict(weights)
    return student


def _available_layers(source: Any) -> int:
    """Returns how many layers the model has where BERT has them."""
    layers = getattr(getattr(source.base_model, "encoder", None), "layer", None)
    words = getattr(getattr(source.base_model, "embeddings", None), "word_embeddings", None)
    config = source.base_model.config
    count = getattr(config, "num_hidden_layers", None)
    if (
        not isinstance(layers, nn.ModuleList)
        or not isinstance(words, nn.Embedding)
        or len(layers) != count
    ):
        raise ModelError(
            f"bert cannot be cut from a {config.model_type}, which is not built like a BERT "
            "(base_model.encoder.layer); take student.kind: hf with a model by hub id in "
            "student.model, or another kind (kdzoo list students)"
        )
    return len(layers)


def _refuse_other_padding(student: Any, pad_id: int) -> None:
    """A model that counts positions from a padding id of its own would misread a pruned one."""
    padding = getattr(student.base_model.embeddings, "padding_idx", None)
    if padding not in (None, pad_id):
        raise ModelError(
            f"bert cannot be cut from a {student.config.model_type}, whose padding is always id "
            f"{padding}; take student.kind: hf with a model by hub id in student.model, or another "
            "kind (kdzoo list students)"
        )


def _config(shape: Any, context: BuildContext, chosen: list[int], dropout: float) -> Any:
    """Returns the teacher's configuration with fewer layers: what it says of each goes with it."""
    config = copy.deepcopy(shape)
    by_layer = {
        name: [getattr(shape, name)[layer] for layer in chosen]
        for name in _BY_LAYER
        if isinstance(getattr(shape, name, None), list)
    }
    config.update(
        {
            "_name_or_path": "",  # where the teacher lies is nobody's business
            "vocab_size": len(context.vocabulary),
            "pad_token_id": context.vocabulary.pad_id,
            "num_labels": len(context.labels),
            "num_hidden_layers": len(chosen),
            **by_layer,
            **{name: dropout for name in _DROPOUTS if hasattr(shape, name)},
        }
    )
    return config


def _cut(source: Any, target: Any, chosen: list[int], kept: tuple[int, ...]) -> dict[str, Tensor]:
    """Returns the encoder's weights under the names that they have in the student's.

    What labels words has no pooler: a part that the student lacks is left out.
    """
    known = target.state_dict()
    weights = {
        name: each
        for name, each in source.state_dict().items()
        if name in known and not name.startswith(_LAYERS)
    }
    for number, layer in enumerate(chosen):
        for name, each in source.encoder.layer[layer].state_dict().items():
            weights[f"{_LAYERS}{number}.{name}"] = each
    words = known[_WORDS]  # [V, D]; a padding token of our own stays as it is
    words[: len(kept)] = kept_rows(weights[_WORDS], kept)
    weights[_WORDS] = words
    first = getattr(getattr(source.embeddings, "position_embeddings", None), "padding_idx", None)
    if first is not None:  # RoBERTa's positions begin behind the padding id, which is another here
        shift = first - target.embeddings.position_embeddings.padding_idx
        weights[_POSITIONS] = weights[_POSITIONS].roll(-shift, dims=0)
    return weights


def _head(source: Any, outputs: tuple[int, ...]) -> dict[str, Tensor]:
    """Returns the weights behind the encoder, the outputs in the order of the data's labels."""
    base = f"{source.base_model_prefix}."
    weights = {n: each for n, each in source.state_dict().items() if not n.startswith(base)}
    outputs_of = [
        name
        for name, module in source.named_modules()
        if isinstance(module, nn.Linear) and not name.startswith(base)
    ]
    rows = torch.tensor(outputs)  # [C]
    for part in ("weight", "bias"):
        weights[f"{outputs_of[-1]}.{part}"] = weights[f"{outputs_of[-1]}.{part}"][rows]
    return weights
