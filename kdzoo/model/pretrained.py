"""A pretrained model that a student names: its weights, and the tokenizer that it may bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kdzoo.errors import ModelError
from kdzoo.model.auto import auto_class, auto_tokenizer
from kdzoo.model.shape import maximum_length
from kdzoo.model.weights import load_begun
from kdzoo.model_folders import tokenizer_beside, why_not_loaded
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.text import Vocabulary, whole


def load_pretrained(source: str, option: str, task: Task = SINGLE_LABEL) -> Any:
    """Returns the model as a classifier on the CPU; what its weights lack begins at random.

    Args:
        source: a folder or a hub id.
        option: the student's option that names it, for the message.
        task: what it is asked.

    Raises:
        ModelError: it cannot be loaded, or weights of the encoder are missing.
    """
    return load_begun(auto_class(task), Path(source), f"student.{option}: {source}")


def own_vocabulary(folder: Path, option: str, max_length: int) -> Vocabulary:
    """Returns the tokenizer that a pretrained encoder brings, as a student's vocabulary.

    Args:
        folder: the model's.
        option: the student's option that names it, for the messages.
        max_length: tokens at which texts are cut, if the model does not end before.

    Raises:
        ModelError: it is no encoder for a classifier, or its tokenizer is missing, is not a fast
            one, or does not fit its word table.
    """
    from transformers import AutoConfig

    import kdzoo.hf  # noqa: F401 - registers kdzoo's own model type

    where = f"student.{option}: {folder.name}"
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        _refuse_no_encoder(config, where)
        tokenizer = auto_tokenizer(folder)
    except ModelError:
        raise
    except Exception as error:  # JSON, configuration and tokenizer errors have no common base
        raise ModelError(f"{where} cannot be loaded: {why_not_loaded(folder, error)}") from error
    if not tokenizer.is_fast:
        raise ModelError(f"{where} has no fast tokenizer (tokenizer.json); name another model")
    if len(tokenizer) <= len(tokenizer.all_special_tokens):  # made up where there are no files
        raise ModelError(f"{where} has no tokenizer (tokenizer.json); {tokenizer_beside()}")
    if tokenizer.pad_token is None:
        raise ModelError(f"{where} has a tokenizer without a padding token; name another model")
    if len(tokenizer) > config.vocab_size:
        raise ModelError(
            f"{where}: the tokenizer knows {len(tokenizer):,} tokens, the model's word table "
            f"{config.vocab_size:,}; save the model once more after "
            f"model.resize_token_embeddings({len(tokenizer)})"
        )
    return whole(tokenizer, maximum_length(tokenizer, config, max_length))


def _refuse_no_encoder(config: Any, where: str) -> None:
    """Models that fill gaps in a text read it in both directions: that is what an encoder is."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    )

    kind = config.model_type
    known = (MODEL_FOR_MASKED_LM_MAPPING_NAMES, MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    if config.is_encoder_decoder or not all(kind in names for names in known):
        raise ModelError(
            f"{where} is a {kind}, which is no encoder for AutoModelForSequenceClassification; "
            "name one, such as a bert, roberta, electra or deberta-v2"
        )
