"""What the tests' tiny world is made of: texts, models, a recipe."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABELS = ("alarm", "music", "oos", "weather")  # in the order kdzoo gives labels from files
WORDS = {
    "alarm": ["wake", "alarm", "morning", "seven", "ring", "early"],
    "music": ["play", "song", "album", "loud", "jazz", "band"],
    "weather": ["rain", "sunny", "forecast", "cold", "umbrella", "wind"],
    "oos": ["sandwich", "history", "joke", "planet", "bicycle", "poem"],
}
SHARED = "KDZOO_TESTS_SHARED"  # the variable that names the folder of what tests share
FILLERS = ["please", "the", "a", "tomorrow", "now", "me", "what", "is", "could", "you"]


def texts_of(label: str, count: int, rng: random.Random) -> list[str]:
    """Returns different short texts in which the label's own words give it away."""
    found: dict[str, None] = {}
    while len(found) < count:
        words = rng.sample(WORDS[label], rng.randint(1, 3)) + rng.sample(FILLERS, rng.randint(1, 4))
        rng.shuffle(words)
        found[" ".join(words)] = None
    return list(found)


def save_tiny_bert(folder: Path, labels: tuple[str, ...] | None) -> Path:
    """Writes a two-layer BERT of width 32, its tokenizer too; a classifier if labels are given."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        BertModel,
        PreTrainedTokenizerFast,
    )

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [word for group in WORDS.values() for word in group] + FILLERS
    names = list(dict.fromkeys([*special, *letters, *(f"##{each}" for each in letters), *words]))
    tokenizer = Tokenizer(WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        **(
            {}
            if labels is None
            else {"id2label": dict(enumerate(labels)), "num_labels": len(labels)}
        ),
    )
    model = BertModel(config) if labels is None else BertForSequenceClassification(config)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    ).save_pretrained(folder)
    return folder


def to_old_tokenizer(folder: Path) -> Path:
    """Leaves the tokenizer as BERTs of 2021 lie on the hub: vocab.txt, and no tokenizer.json."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"][
        "vocab"
    ]
    lines = "".join(f"{token}\n" for token in sorted(vocabulary, key=vocabulary.__getitem__))
    (folder / "vocab.txt").write_text(lines, encoding="utf-8")
    special = {
        f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")
    }
    settings = {"do_lower_case": True, **special, "strip_accents": None, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "tokenizer.json").unlink()
    return folder


def put_on_hub(cache: Path, hub_id: str, folder: Path, revision: str = "main") -> Path:
    """Lays a model into a Hugging Face cache as a download would, and returns its folder there."""
    commit = hashlib.sha1(f"{hub_id}@{revision}".encode()).hexdigest()  # noqa: S324 - as git does
    storage = cache / f"models--{hub_id.replace('/', '--')}"
    reference = storage / "refs" / revision
    reference.parent.mkdir(parents=True)
    reference.write_text(commit, encoding="utf-8")
    return Path(shutil.copytree(folder, storage / "snapshots" / commit, copy_function=os.link))


def listens_to_ctrl_c() -> None:
    """Begins a process as a terminal does; one of a shell's background would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def own_registrations() -> Iterator[None]:
    """Takes back what is registered within the block, and files of students that it loads."""
    from kdzoo import extensions, registry

    known = registry.REGISTRIES
    before = [each.entries() for each in known]
    files = dict(extensions._loaded_files)
    try:
        yield
    finally:
        for each, entries in zip(known, before, strict=True):
            each._entries = entries
        extensions._loaded_files.clear()
        extensions._loaded_files.update(files)


def write_splits(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Writes train (the first 150 rows), validation (40) and test (the others) as .jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"train": rows[:150], "validation": rows[150:190], "test": rows[190:]}
    for split, part in parts.items():
        lines = [json.dumps(row) for row in part]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_recipe_data(tiny_data: Path, tiny_encoder: Path) -> dict[str, Any]:
    """Returns a recipe that trains a fasttext student in a second or two."""
    return {
        "version": 1,
        "name": "tiny",
        "seeds": [0],
        "data": {"files": str(tiny_data), "oos_label": "oos"},
        "teacher": {
            "model": str(tiny_encoder),
            "max_length": 32,
            "fine_tune": {"epochs": 4, "learning_rate": 2e-3, "batch_size": 16},
        },
        "student": {"kind": "fasttext", "dim": 16},
        "objective": {"kind": "kl", "temperature": 2.0},
        "training": {"steps": 60, "batch_size": 16, "learning_rate": 1e-2, "evaluations": 3,
                     "checkpoint_every": 20},
        "measure": {"rounds": 2, "texts": 3, "isolated": False},
    }  # fmt: skip


@dataclass(frozen=True)
class CommandResult:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


RunCommand = Callable[..., CommandResult]
WriteRecipe = Callable[..., Path]
