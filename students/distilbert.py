"""The teacher's own architecture with fewer layers, as a plain DistilBERT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import torch

from kdzoo.errors import ModelError
from kdzoo.model.auto import auto_class
from kdzoo.model.layers import chosen_layers, kept_pieces, kept_rows
from kdzoo.model.pretrained import load_pretrained
from kdzoo.registry import Dropout, Pretrained, Starter, register_student

if TYPE_CHECKING:
    from kdzoo.model import BuildContext

_POSITION_OFFSET = {"bert": 0, "distilbert": 0, "roberta": 2, "xlm-roberta": 2}


@register_student(
    "distilbert",
    road="compression",
    special_tokens=True,
    starter=Starter(batch_size=32, learning_rate=3e-4),
)
def distilbert(
    context: BuildContext,
    *,
    init: Annotated[str, Pretrained(words=("teacher", "encoder", "random"))] = "teacher",
    layers: list[int] | int | None = None,
    dropout: Dropout = 0.1,
) -> Any:
    """A DistilBERT (Sanh et al., 2019, arXiv:1910.01108) cut from the teacher or named by hub id.

    Saved as an ordinary ``DistilBertForSequenceClassification``: it loads where kdzoo is not.

    Args:
        context: vocabulary, labels and teacher.
        init: where the layers start: ``teacher`` (fine-tuned), ``encoder`` (before fine-tuning),
            ``random`` (the encoder's shape), or the hub id or folder of a DistilBERT with the
            teacher's vocabulary.
        layers: the layers to keep, counted from 0, or how many; every other one by default.
        dropout: in the layers and before the head.
    """
    kept = kept_pieces(context.vocabulary, "distilbert")
    if init in ("teacher", "encoder", "random"):
        source = context.teacher() if init == "teacher" else context.encoder()
    else:
        source = _pretrained(init, context.vocabulary.tokens[: len(kept)], kept)
    shape = source.base_model.config
    if shape.model_type not in _POSITION_OFFSET:
        raise ModelError(
            f"distilbert cannot be cut from a {shape.model_type}; "
            f"it reads {', '.join(sorted(_POSITION_OFFSET))}; take student.kind: bert, which keeps "
            "the teacher's own build, or hf with a model by hub id in student.model"
        )
    chosen = chosen_layers(layers, shape.num_hidden_layers)
    config = _config(shape, context, len(chosen), dropout)
    student = auto_class(context.task).from_config(config, dtype=torch.float32)
    if init != "random":
        with torch.no_grad():
            _copy_embeddings(student.distilbert.embeddings, source, kept)
            _copy_layers(student.distilbert.transformer.layer, source, chosen)
    return student


def _pretrained(init: str, tokens: list[str], kept: tuple[int, ...]) -> Any:
    """Loads a model by folder or hub id whose ids stand for the same tokens as the teacher's."""
    from transformers import AutoTokenizer

    model = load_pretrained(init, "init")
    try:
        tokenizer = AutoTokenizer.from_pretrained(init, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"student.init: {init} cannot be loaded: {reason}") from error
    if tokenizer.convert_ids_to_tokens(list(kept)) != tokens:
        raise ModelError("the model in student.init has another vocabulary than the teacher")
    return model


def _config(shape: Any, context: BuildContext, layers: int, dropout: float) -> Any:
    from transformers import DistilBertConfig

    offset = _POSITION_OFFSET[shape.model_type]
    is_distilbert = shape.model_type == "distilbert"
    return DistilBertConfig(
        vocab_size=len(context.vocabulary),
        max_position_embeddings=shape.max_position_embeddings - offset,
        n_layers=layers,
        n_heads=shape.num_attention_heads,
        dim=shape.hidden_size,
        hidden_dim=shape.hidden_dim if is_distilbert else shape.intermediate_size,
        activation=shape.activation if is_distilbert else shape.hidden_act,
        dropout=dropout,
        attention_dropout=dropout,
        seq_classif_dropout=dropout,
        pad_token_id=context.vocabulary.pad_id,
        num_labels=len(context.labels),
    )


def _copy_embeddings(target: Any, source: Any, kept: tuple[int, ...]) -> None:
    """Copies the kept words; the one token type of single texts is added to every position."""
    embeddings = source.base_model.embeddings
    words = kept_rows(embeddings.word_embeddings.weight, kept)
    target.word_embeddings.weight[: len(kept)].copy_(words)
    offset = _POSITION_OFFSET[source.base_model.config.model_type]
    positions = embeddings.position_embeddings.weight[offset:].clone()
    if hasattr(embeddings, "token_type_embeddings"):
        positions += embeddings.token_type_embeddings.weight[0]
    target.position_embeddings.weight.copy_(positions)
    target.LayerNorm.load_state_dict(embeddings.LayerNorm.state_dict())


def _copy_layers(targets: Any, source: Any, chosen: list[int]) -> None:
    base = source.base_model
    if base.config.model_type == "distilbert":
        for target, number in zip(targets, chosen, strict=True):
            target.load_state_dict(base.transformer.layer[number].state_dict())
        return
    for target, number in zip(targets, chosen, strict=True):
        layer = base.encoder.layer[number]
        for to, of in (
            (target.attention.q_lin, layer.attention.self.query),
            (target.attention.k_lin, layer.attention.self.key),
            (target.attention.v_lin, layer.attention.self.value),
            (target.attention.out_lin, layer.attention.output.dense),
            (target.sa_layer_norm, layer.attention.output.LayerNorm),
            (target.ffn.lin1, layer.intermediate.dense),
            (target.ffn.lin2, layer.output.dense),
            (target.output_layer_norm, layer.output.LayerNorm),
        ):
            to.load_state_dict(of.state_dict())
