"""What a classifier has to be, looked at before texts go through it: one message, or right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.errors import ModelError, kind_and_words
from kdzoo.model.padding import two_texts
from kdzoo.model.shape import Shape
from kdzoo.model_folders import tokenizer_beside
from kdzoo.task.finite import refuse_not_finite

_SETFIT = ("config_setfit.json", "model_head.pkl")
_LARGEST = float(np.finfo(np.float16).max)
_TRIED = 1024  # tokens of the longest text that is tried: longer ones cost gigabytes


def refuse_setfit(folder: Path, name: str) -> None:
    """Refuses a folder whose classification head is not among its weights.

    Raises:
        ModelError: it is a SetFit model.
    """
    found = [file for file in _SETFIT if (folder / file).is_file()]
    if found:
        raise ModelError(
            f"{name} is a SetFit model (it holds {found[0]}): its head is a pickle, which kdzoo "
            "does not open, and its weights are an encoder alone. Let SetFit label the texts and "
            f"give the file as teacher.outputs; or copy the folder without {' and '.join(_SETFIT)} "
            "and have the encoder fine-tuned"
        )


def refuse_other_problems(config: Any, name: str) -> None:
    """Refuses a classifier that gives no labels.

    Raises:
        ModelError: the model gives a number.
    """
    fit = (
        "as a teacher it can be fitted to the data anew: teacher: {fine_tune: {}} in the recipe, "
        "kdzoo init --fine-tune"
    )
    if config.problem_type == "regression" or config.num_labels < 2:
        raise ModelError(
            f"{name} has {_outputs(config.num_labels)} "
            f"(problem_type {config.problem_type or 'not said'}): it gives a number, not a choice "
            f"among classes. Save it with an output for each class; {fit}"
        )


def _outputs(count: int) -> str:
    return f"{count} output{'' if count == 1 else 's'}"


def refuse_maskless(config: Any, shape: Shape, name: str) -> None:
    """Refuses a model that is not told what is padding: texts of a batch would change each other.

    Args:
        config: the model's.
        shape: what the configuration builds.
        name: what the user calls it.

    Raises:
        ModelError: the model reads no attention mask.
    """
    if not shape.reads_mask:
        raise ModelError(
            f"{name} is a {config.model_type}, which reads no attention mask: its answer to a text "
            "would change with the texts beside it; take a model of another kind"
        )


def refuse_tokenizer(tokenizer: Any, shape: Shape, name: str) -> None:
    """Refuses a Hugging Face tokenizer that is none, or whose ids the model does not know.

    Args:
        tokenizer: a Hugging Face one.
        shape: what the configuration of its model builds.
        name: what the user calls the model.

    Raises:
        ModelError: it has no fast form, holds no words, or numbers them beyond the word table.
    """
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ModelError(
            f"{name} has no fast tokenizer (tokenizer.json), which kdzoo reads texts with; "
            "take a model that has one"
        )
    ids: dict[str, int] = tokenizer.get_vocab()
    if len(ids) <= len(tokenizer.all_special_tokens):  # made up where there are no files
        raise ModelError(f"{name} has no tokenizer (tokenizer.json); {tokenizer_beside()}")
    last = max(ids, key=ids.__getitem__)
    if shape.words is not None and ids[last] >= shape.words:
        raise ModelError(
            f"{name}: the tokenizer knows '{last}' as id {ids[last]:,}, and the model's word table "
            f"has {shape.words:,} rows; save the model once more after "
            f"model.resize_token_embeddings({ids[last] + 1})"
        )


def padding_id(tokenizer: Any, config: Any) -> int:
    """Returns the id that fills up the shorter texts of a batch.

    Where neither tokenizer nor model names one, it is a special token that no text is given.

    Raises:
        ModelError: no token fills up texts, and none could serve.
    """
    if tokenizer.pad_token_id is not None:
        return int(tokenizer.pad_token_id)
    if config.pad_token_id is not None and config.pad_token_id >= 0:
        return int(config.pad_token_id)
    given = set(tokenizer("")["input_ids"])
    free = [piece for piece in (tokenizer.eos_token_id, *tokenizer.all_special_ids)
            if piece is not None and piece not in given]  # fmt: skip
    if not free:
        raise ModelError(
            f"{tokenizer.name_or_path or 'the tokenizer'} has no padding token, and none that "
            "could serve; add one and save both: tokenizer.add_special_tokens({'pad_token': "
            "'[PAD]'}), model.resize_token_embeddings(len(tokenizer))"
        )
    return int(free[0])


@torch.inference_mode()
def try_classifier(
    model: Any,
    longest: int,
    pad_id: int,
    name: str,
    refuse: Callable[[npt.NDArray[np.float32], str], None],
) -> None:
    """Runs a full text and a short one through a classifier: cheaper than a study that fails.

    Args:
        model: on the CPU, in evaluation mode.
        longest: tokens at which texts are cut.
        pad_id: what the short text is filled up with.
        name: what the user calls it.
        refuse: refuses what it gives, by that name, where it is not as it has to be.

    Raises:
        ModelError: the classifier fails, or gives logits that are refused.
    """
    tokens = min(longest, _TRIED)
    batch, half = two_texts(model, tokens, pad_id)
    try:
        logits = model(**batch).logits  # [2, C]
    except Exception as error:
        raise ModelError(
            f"{name} fails on two texts, of {tokens} tokens and of {half}: "
            f"{kind_and_words(error)}; the files of the model do not fit each other"
        ) from error
    refuse(logits.float().numpy(), name)


def refuse_logits(logits: npt.NDArray[np.float32], name: str) -> None:
    """Refuses logits that are no numbers, or larger than the cache of a teacher's can hold.

    Args:
        logits: at least one, of any shape.
        name: what the user calls their model.

    Raises:
        ModelError: a logit is not finite, or exceeds float16.
    """
    refuse_not_finite(logits, name)
    largest = float(np.abs(logits).max())
    if largest > _LARGEST:
        raise ModelError(
            f"{name} gives logits as large as {largest:,.0f}, and what the cache holds ends at "
            f"{_LARGEST:,.0f} (float16); divide weight and bias of its last layer by a constant, "
            "its labels stay the same"
        )


def refuse_vectors(vectors: npt.NDArray[np.float32], name: str) -> None:
    """Refuses sentence vectors that are no numbers, or larger than the cache can hold.

    Args:
        vectors: at least one, of any shape.
        name: what the user calls their model.

    Raises:
        ModelError: a number of them is not finite, or exceeds float16.
    """
    refuse_not_finite(vectors, name, "sentence vectors")
    largest = float(np.abs(vectors).max())
    if largest > _LARGEST:
        raise ModelError(
            f"{name} gives sentence vectors with numbers as large as {largest:,.0f}, and what the "
            f"cache holds ends at {_LARGEST:,.0f} (float16); take another encoder"
        )
