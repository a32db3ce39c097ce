"""Small models, vocabularies and corpora that the tests of several rooms build from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_world import FILLERS, LABELS, WORDS, texts_of
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import RobertaProcessing
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from kdzoo import registry
from kdzoo.data import Corpus, Example
from kdzoo.model import BuildContext, load_model, own_vocabulary
from kdzoo.recipe import option_fields
from kdzoo.teacher import keeps_pad_id
from kdzoo.text import Encoded, Vocabulary, prune

SHAPE = {"num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 24}


def tiny_corpus(count: int = 8, seed: int = 0) -> Corpus:
    """Returns a corpus with ``count`` texts a label for train, half as many elsewhere."""
    rng = random.Random(seed)
    splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for label, name in enumerate(LABELS):
        texts = texts_of(name, 2 * count, rng)
        for split, chosen in (
            ("train", texts[:count]),
            ("validation", texts[count : count + count // 2]),
            ("test", texts[count + count // 2 :]),
        ):
            splits[split] += [Example(text, label=label) for text in chosen]
    return Corpus(
        LABELS,
        tuple(splits["train"]),
        tuple(splits["validation"]),
        tuple(splits["test"]),
        oos=LABELS.index("oos"),
    )


def some_texts(count: int, seed: int = 0) -> list[Example]:
    """Returns ``count`` different texts of mixed length, a single word among them."""
    rng = random.Random(seed)
    words = [word for group in WORDS.values() for word in group] + FILLERS
    found: dict[str, None] = {words[0]: None}
    while len(found) < count:
        found[" ".join(rng.choices(words, k=rng.randint(1, 14)))] = None
    return [Example(text) for text in found]


def random_texts_as_ids(vocabulary: Vocabulary, count: int, longest: int, seed: int) -> Encoded:
    """Returns texts of 1 to ``longest`` ids; one is what a text without any token becomes."""
    rng = np.random.default_rng(seed)
    lengths = np.concatenate([[1, 1], rng.integers(1, longest + 1, count - 2)])
    ids = rng.integers(0, len(vocabulary), lengths.sum()).astype(np.int32)
    ids[ids == vocabulary.pad_id] = (vocabulary.pad_id + 1) % len(vocabulary)
    ids[0] = vocabulary.pad_id
    return Encoded(ids, np.concatenate([[0], np.cumsum(lengths)]), vocabulary.pad_id)


def pruned_vocabulary(
    folder: Path,
    examples: Sequence[Example],
    *,
    special_tokens: bool,
    max_length: int = 32,
    keep_unseen: bool = False,
) -> Vocabulary:
    """Returns the tokenizer of the model in ``folder``, pruned to the examples."""
    return prune(
        AutoTokenizer.from_pretrained(folder),
        examples,
        max_length,
        special_tokens=special_tokens,
        keep_unseen=keep_unseen,
        keep_pad_id=special_tokens and keeps_pad_id(folder),
    )


def options_needed(kind: str, model: Path) -> dict[str, Any]:
    """Returns the options that a student cannot do without: all of them name a model."""
    fields = option_fields(registry.students.get(kind))
    return {name: str(model) for name, (_, default) in fields.items() if default is ...}


def vocabulary_of_kind(
    kind: str, teacher: Path, model: Path, examples: Sequence[Example], *, keep_unseen: bool = False
) -> Vocabulary:
    """Returns what a student reads with: the teacher's tokenizer, pruned, or its own model's."""
    entry = registry.students.get(kind)
    if entry.tokenizer_of is not None:
        return own_vocabulary(model, entry.tokenizer_of, 32)
    special = entry.special_tokens
    return pruned_vocabulary(teacher, examples, special_tokens=special, keep_unseen=keep_unseen)


def context_of(
    vocabulary: Vocabulary,
    teacher: Path,
    encoder: Path | None = None,
    labels: Any = LABELS,
    pair_head: int = 0,
) -> BuildContext:
    """Returns what a student is built from; the teacher is its own encoder where none is given."""
    return BuildContext(
        labels=tuple(labels),
        vocabulary=vocabulary,
        encoder=lambda: AutoModelForSequenceClassification.from_pretrained(encoder or teacher),
        teacher=lambda: load_model(teacher).model,
        pair_head=pair_head,
    )


def save_tiny_classifier(
    architecture: str,
    folder: Path,
    tokenizer_of: Path,
    *,
    layers: int = 2,
    positions: int = 64,
    seed: int = 0,
) -> Path:
    """Writes a random classifier whose logits are far enough apart to have a clear largest one.

    Args:
        architecture: ``bert``, ``roberta`` or ``distilbert``.
        folder: where to.
        tokenizer_of: a model whose tokenizer is used; a RoBERTa gets a byte-level BPE instead.
        layers: how many.
        positions: tokens that it can read at most.
        seed: of the weights.
    """
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_of)
    if architecture == "roberta":
        tokenizer = _byte_level_tokenizer()
    torch.manual_seed(seed)
    model = _random_model(architecture, tokenizer, layers, positions)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name.lower() and name.endswith("weight")
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if is_norm else 0.0))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _random_model(architecture: str, tokenizer: Any, layers: int, positions: int) -> Any:
    shared = {
        "vocab_size": len(tokenizer),
        "id2label": dict(enumerate(LABELS)),
        "num_labels": len(LABELS),
    }
    match architecture:
        case "bert":
            return BertForSequenceClassification(
                BertConfig(
                    **shared, **SHAPE, num_hidden_layers=layers, max_position_embeddings=positions
                )
            )
        case "roberta":
            return RobertaForSequenceClassification(
                RobertaConfig(
                    **shared,
                    **SHAPE,
                    num_hidden_layers=layers,
                    max_position_embeddings=positions + 2,
                    type_vocab_size=1,
                    pad_token_id=tokenizer.pad_token_id,
                )
            )
        case "distilbert":
            return DistilBertForSequenceClassification(
                DistilBertConfig(
                    **shared, dim=16, hidden_dim=24, n_heads=2, n_layers=layers,
                    max_position_embeddings=positions,
                )
            )  # fmt: skip
    raise ValueError(architecture)


def _byte_level_tokenizer() -> PreTrainedTokenizerFast:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]  # RoBERTa's order: padding is 1
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    unused = ["quartz keyboards", "mountain valleys", "seventeen dolphins"] * 40
    tokenizer.train_from_iterator([*(each.text for each in some_texts(200)), *unused], trainer)
    tokenizer.post_processor = RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=False, trim_offsets=True
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        sep_token="</s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
    )
