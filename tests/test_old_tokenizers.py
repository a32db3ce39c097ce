"""Tokenizers from before there was tokenizer.json are read as transformers reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    AutoTokenizer,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from kdzoo.errors import ModelError
from kdzoo.model import load_model, size_bytes, tokenizer_files
from kdzoo.runtime import load_classifier
from kdzoo.teacher.source_key import content_key

TEXTS = ["play some jazz now", "what is the weather in paris", "wake me at seven"]
SMALL = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 16, "max_position_embeddings": 40, "num_labels": 2}  # fmt: skip


def write_pairs_of_bytes(folder: Path) -> None:
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        TEXTS * 9, 300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    )
    tokenizer.save_model(str(folder))


def write_pieces(name: str, **options: object) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        trainer = pytest.importorskip("sentencepiece").SentencePieceTrainer
        (folder / "corpus").write_text("\n".join(TEXTS * 9), encoding="utf-8")
        trainer.train(
            input=str(folder / "corpus"), model_prefix=str(folder / "pieces"), vocab_size=60,
            hard_vocab_limit=False, minloglevel=2, **options,
        )  # fmt: skip
        (folder / "pieces.model").rename(folder / name)
        (folder / "pieces.vocab").unlink()
        (folder / "corpus").unlink()

    return write


ALBERT = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1,
          "control_symbols": ["[CLS]", "[SEP]"], "user_defined_symbols": ["[MASK]"]}  # fmt: skip
DEBERTA = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3, "pad_piece": "[PAD]",
           "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]",
           "user_defined_symbols": ["[MASK]"]}  # fmt: skip
KINDS = {
    "roberta": (RobertaConfig, RobertaForSequenceClassification, write_pairs_of_bytes),
    "xlm-roberta": (
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
        write_pieces("sentencepiece.bpe.model"),
    ),
    "albert": (
        AlbertConfig,
        AlbertForSequenceClassification,
        write_pieces("spiece.model", **ALBERT),
    ),
    "deberta-v2": (
        DebertaV2Config,
        DebertaV2ForSequenceClassification,
        write_pieces("spm.model", **DEBERTA),
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A classifier whose tokenizer lies as its kind's first uploads have it."""
    config, model, write = KINDS[request.param]
    torch.manual_seed(0)
    model(config(**SMALL)).eval().save_pretrained(tmp_path)
    write(tmp_path)
    settings = json.dumps({"model_max_length": 32})
    (tmp_path / "tokenizer_config.json").write_text(settings, encoding="utf-8")
    return tmp_path


def test_reads_them_as_transformers_does(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    loaded = load_model(folder)

    for text in TEXTS:
        assert loaded.tokenizer.encode(text).ids == tokenizer(text)["input_ids"]
    assert load_classifier(folder, "torch").logits(TEXTS).shape == (3, 2)


def test_counts_and_hashes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is deployed is all that is there; other pieces are another teacher."""
    monkeypatch.setattr(
        "kdzoo.teacher.source_key._read_otherwise", lambda _: {}
    )  # no longer readable
    names = tokenizer_files(folder)
    before = content_key(folder, 32)

    assert size_bytes(folder) == sum(file.stat().st_size for file in folder.iterdir())
    for name in names:
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
        assert content_key(folder, 32) != before


def test_names_the_file_of_today_where_one_is_missing(folder: Path) -> None:
    (folder / tokenizer_files(folder)[0]).unlink()

    with pytest.raises(ModelError, match=r"it lacks tokenizer\.json"):
        load_model(folder)
