"""Small random classifiers of many architectures, their tokenizers trained on the spot."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_world import LABELS, texts_of
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
          "intermediate_size": 64}  # fmt: skip
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4}
_SPREAD = 0.3  # of the weights, so that logits are apart

Save = Callable[[Path], None]


def _texts() -> list[str]:
    rng = random.Random(3)
    return [text for label in LABELS for text in texts_of(label, 60, rng)]


def _template(tokenizer: Tokenizer, before: Sequence[str], after: Sequence[str]) -> Any:
    second = [f"{name}:1" for name in after]
    return processors.TemplateProcessing(
        single=" ".join([*before, "$A", *after]),
        pair=" ".join([*before, "$A", *after, "$B:1", *second]),
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in {*before, *after}],
    )


def _word_pieces(special: Sequence[str] = _BERT, unknown: str = "[UNK]") -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=[*special], show_progress=False
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    start, end = ("[CLS]", "[SEP]") if "[CLS]" in special else ("<s>", "</s>")
    tokenizer.post_processor = _template(tokenizer, [start], [end])
    return tokenizer


def _bytes(special: Sequence[str], before: Sequence[str] = (), after: Sequence[str] = ()) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[*special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    if before or after:
        tokenizer.post_processor = _template(tokenizer, before, after)
    return tokenizer


def _unigrams(
    special: Sequence[str], unknown: str, before: Sequence[str], after: Sequence[str]
) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=250, special_tokens=[*special], unk_token=unknown, show_progress=False
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.post_processor = _template(tokenizer, before, after)
    return tokenizer


def _fast(tokenizer: Tokenizer, special: Sequence[str], **options: Any) -> Any:
    """Returns a Hugging Face tokenizer, its special tokens under the names that they go by."""
    if special is _BERT:
        names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    elif special is _ROBERTA:
        names = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>",
                 "unk": "<unk>", "mask": "<mask>"}  # fmt: skip
    else:
        names = {}
    tokens = {f"{name}_token": token for name, token in names.items()}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**tokens, **options})


def _saves(kind: str, tokenizer: Any, **options: Any) -> Save:
    """Returns what writes a classifier of a kind (``Bert``, say) over the tests' labels."""

    def save(folder: Path) -> None:
        named: dict[str, Any] = {"id2label": dict(enumerate(LABELS)), "num_labels": len(LABELS)}
        config = getattr(transformers, f"{kind}Config")(
            **{"vocab_size": len(tokenizer), **named, **options}
        )
        torch.manual_seed(0)
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1 and "position" not in name:
                    parameter.normal_(0, _SPREAD)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    return save


def _bert(length: int | None = 128, **options: Any) -> Save:
    limit = {} if length is None else {"model_max_length": length}
    return _saves("Bert", _fast(_word_pieces(), _BERT, **limit),
                  **{**_SHAPE, "max_position_embeddings": 128, **options})  # fmt: skip


def _like_bert(kind: str, **options: Any) -> Save:
    tokenizer = _fast(_word_pieces(), _BERT, model_max_length=128)
    return _saves(kind, tokenizer, **{**_SHAPE, "max_position_embeddings": 128, **options})


def _like_roberta(kind: str, tokenizer: Tokenizer | None = None, **options: Any) -> Save:
    """No limit in the tokenizer, and positions that are counted from the padding id on."""
    own = tokenizer or _bytes(_ROBERTA, ["<s>"], ["</s>"])
    wanted = {**_SHAPE, "max_position_embeddings": 130, "type_vocab_size": 1, "pad_token_id": 1,
              "bos_token_id": 0, "eos_token_id": 2}  # fmt: skip
    return _saves(kind, _fast(own, _ROBERTA), **{**wanted, **options})


def _pieces(kind: str, **options: Any) -> Save:
    tokenizer = _fast(_unigrams(_BERT, "[UNK]", ["[CLS]"], ["[SEP]"]), _BERT)
    return _saves(kind, tokenizer, **{**_SHAPE, "max_position_embeddings": 128, **options})


def _mpnet() -> Save:
    tokenizer = _word_pieces(("<s>", "<pad>", "</s>", "[UNK]", "<mask>"))
    return _saves("MPNet", _fast(tokenizer, _ROBERTA, unk_token="[UNK]"), **_SHAPE,
                  max_position_embeddings=130)  # fmt: skip


def _modern_bert() -> Save:
    special = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
    tokenizer = _fast(_bytes(special, ["[CLS]"], ["[SEP]"]), _BERT, model_max_length=256)
    return _saves("ModernBert", tokenizer, **_SHAPE, max_position_embeddings=256, pad_token_id=3,
                  cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2,
                  global_attn_every_n_layers=2, local_attention=16)  # fmt: skip


def _euro_bert() -> Save:
    special = ("<|begin|>", "<|end|>", "<|mask|>", "<|pad|>")
    tokenizer = _fast(
        _bytes(special, ["<|begin|>"], ["<|end|>"]), special, model_max_length=256,
        bos_token="<|begin|>", eos_token="<|end|>", mask_token="<|mask|>", pad_token="<|pad|>",
    )  # fmt: skip
    return _saves("EuroBert", tokenizer, **_SHAPE, num_key_value_heads=4,
                  max_position_embeddings=256, pad_token_id=3, bos_token_id=0, eos_token_id=1,
                  mask_token_id=2)  # fmt: skip


def _gpt2(*, pads: bool) -> Save:
    end = "<|endoftext|>"
    named = {"bos_token": end, "eos_token": end, "unk_token": end}
    padding = {"pad_token": end} if pads else {}
    tokenizer = _fast(_bytes((end,)), (end,), model_max_length=128, **named, **padding)
    ids = {"bos_token_id": 0, "eos_token_id": 0, **({"pad_token_id": 0} if pads else {})}
    return _saves("GPT2", tokenizer, **_GPT, n_positions=128, **ids)


def _gpt2_of_few_words() -> Save:
    """Trained from scratch; its configuration still has the eos_token_id of GPT-2's own table."""
    tokenizer = _fast(_bytes(("<pad>", "<eos>")), (), pad_token="<pad>", eos_token="<eos>",
                      unk_token="<eos>", model_max_length=128)  # fmt: skip
    return _saves("GPT2", tokenizer, **_GPT, n_positions=128, pad_token_id=0)


def _qwen() -> Save:
    end = "<|endoftext|>"
    tokenizer = _fast(_bytes((end,)), (end,), eos_token=end, pad_token=end, padding_side="left",
                      model_max_length=131_072)  # fmt: skip
    return _saves("Qwen2", tokenizer, **_SHAPE, num_key_value_heads=2, max_position_embeddings=256,
                  pad_token_id=0, eos_token_id=0, bos_token_id=None)  # fmt: skip


def _llama() -> Save:
    special = ("<s>", "</s>", "<unk>")
    tokenizer = _fast(_bytes(special, ["<s>"]), special, bos_token="<s>", eos_token="</s>",
                      unk_token="<unk>", pad_token="</s>", padding_side="left")  # fmt: skip
    return _saves("Llama", tokenizer, **_SHAPE, num_key_value_heads=2, max_position_embeddings=256,
                  pad_token_id=1, bos_token_id=0, eos_token_id=1)  # fmt: skip


def _opt() -> Save:
    tokenizer = _fast(_bytes(_ROBERTA, ["</s>"]), (), bos_token="</s>", eos_token="</s>",
                      pad_token="<pad>", unk_token="</s>")  # fmt: skip
    return _saves("OPT", tokenizer, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                  ffn_dim=64, word_embed_proj_dim=32, max_position_embeddings=128, pad_token_id=1,
                  bos_token_id=2, eos_token_id=2)  # fmt: skip


def _xlnet() -> Save:
    special = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>")
    tokenizer = _fast(
        _unigrams(special, "<unk>", [], ["<sep>", "<cls>"]), special, bos_token="<s>",
        eos_token="</s>", unk_token="<unk>", sep_token="<sep>", pad_token="<pad>",
        cls_token="<cls>", mask_token="<mask>", padding_side="left",
    )  # fmt: skip
    return _saves("XLNet", tokenizer, d_model=32, n_layer=2, n_head=4, d_inner=64, pad_token_id=5)


def _xlm() -> Save:
    special = ("<s>", "</s>", "<pad>", "<unk>", "<special1>")
    tokenizer = _fast(
        _bytes(special, ["<s>"], ["</s>"]), special, model_max_length=128, bos_token="<s>",
        eos_token="</s>", cls_token="</s>", sep_token="</s>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<special1>",
    )  # fmt: skip
    return _saves("XLM", tokenizer, emb_dim=32, n_layers=2, n_heads=4, n_langs=1,
                  max_position_embeddings=128, pad_token_id=2, pad_index=2)  # fmt: skip


def _bart() -> Save:
    tokenizer = _fast(_bytes(_ROBERTA, ["<s>"], ["</s>"]), _ROBERTA, model_max_length=128)
    return _saves("Bart", tokenizer, d_model=32, encoder_layers=2, decoder_layers=2,
                  encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
                  decoder_ffn_dim=64, max_position_embeddings=128, pad_token_id=1, bos_token_id=0,
                  eos_token_id=2, decoder_start_token_id=2)  # fmt: skip


def _t5() -> Save:
    special = ("<pad>", "</s>", "<unk>")
    tokenizer = _fast(_unigrams(special, "<unk>", [], ["</s>"]), special, pad_token="<pad>",
                      eos_token="</s>", unk_token="<unk>", model_max_length=128)  # fmt: skip
    return _saves("T5", tokenizer, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                  pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)  # fmt: skip


def _canine() -> Save:
    return _saves("Canine", transformers.CanineTokenizer(model_max_length=128), **_SHAPE,
                  max_position_embeddings=128, num_hash_buckets=64, num_hash_functions=4,
                  local_transformer_stride=16, downsampling_rate=2, upsampling_kernel_size=2,
                  vocab_size=64)  # fmt: skip


def _changed(save: Save, change: Callable[[dict[str, torch.Tensor]], None]) -> Save:
    """Returns what writes a model with other weights."""

    def saved(folder: Path) -> None:
        save(folder)
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    return saved


def _described(save: Save, change: Callable[[dict[str, Any]], object]) -> Save:
    """Returns what writes a model with another configuration."""

    def saved(folder: Path) -> None:
        save(folder)
        path = folder / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        change(config)
        path.write_text(json.dumps(config), encoding="utf-8")

    return saved


def _with_file(save: Save, name: str) -> Save:
    def saved(folder: Path) -> None:
        save(folder)
        (folder / name).write_text("{}", encoding="utf-8")

    return saved


def _without_tokenizer(folder: Path) -> None:
    _bert()(folder)
    for file in folder.glob("*token*"):
        file.unlink()


def _large(weights: dict[str, torch.Tensor]) -> None:
    weights["classifier.weight"] *= 1e6


def _not_a_number(weights: dict[str, torch.Tensor]) -> None:
    weights["classifier.weight"][0, 0] = float("nan")


def _padding_beyond_the_table(folder: Path) -> None:
    _bert()(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.save_pretrained(folder)


SOUND: dict[str, Callable[[], Save]] = {
    "albert": lambda: _pieces("Albert", embedding_size=16),
    "bart": _bart,
    "bert": _bert,
    "bigbird": lambda: _like_bert("BigBird", block_size=8, num_random_blocks=1),
    "convbert": lambda: _like_bert("ConvBert", embedding_size=32),
    "deberta": lambda: _pieces("DebertaV2", type_vocab_size=0, relative_attention=True,
                               position_buckets=32, pos_att_type=["p2c", "c2p"],
                               norm_rel_ebd="layer_norm", share_att_key=True),
    "distilbert": lambda: _saves("DistilBert", _fast(_word_pieces(), _BERT, model_max_length=128),
                                 dim=32, n_layers=2, n_heads=4, hidden_dim=64,
                                 max_position_embeddings=128),
    "electra": lambda: _like_bert("Electra", embedding_size=16),
    "eurobert": _euro_bert,
    "gpt2": lambda: _gpt2(pads=True),
    "gpt2 of few words": _gpt2_of_few_words,
    "gpt2 without padding": lambda: _gpt2(pads=False),
    "llama": _llama,
    "longformer": lambda: _like_roberta("Longformer", attention_window=16),
    "modernbert": _modern_bert,
    "mpnet": _mpnet,
    "nystromformer": lambda: _like_bert("Nystromformer", num_landmarks=16,
                                        segment_means_seq_len=16),
    "opt": _opt,
    "qwen": _qwen,
    "roberta": lambda: _like_roberta("Roberta"),
    "roberta-prelayernorm": lambda: _like_roberta("RobertaPreLayerNorm"),
    "roformer": lambda: _like_bert("RoFormer", embedding_size=32),
    "t5": _t5,
    "without architectures": lambda: _described(_bert(), lambda each: each.pop("architectures")),
    "without a limit": lambda: _bert(length=None),
    "xlm": _xlm,
    "xlm-roberta": lambda: _like_roberta(
        "XLMRoberta", _unigrams(_ROBERTA, "<unk>", ["<s>"], ["</s>"])
    ),
    "xlnet": _xlnet,
}  # fmt: skip

UNSOUND: dict[str, tuple[Callable[[], Save], str]] = {
    "an adapter": (lambda: _with_file(_bert(), "adapter_config.json"), "merge_and_unload"),
    "canine": (_canine, "tokenizer.json"),
    "fnet": (lambda: _like_bert("FNet"), "reads no attention mask"),
    "ids beyond the table": (lambda: _padding_beyond_the_table, "resize_token_embeddings("),
    "logits too large": (lambda: _changed(_bert(), _large), "65,504"),
    "no tokenizer": (lambda: _without_tokenizer, "tokenizer.json"),
    "not a number": (lambda: _changed(_bert(), _not_a_number), "no finite numbers"),
    "one output": (lambda: _bert(num_labels=1, id2label={0: "score"}), "1 output"),
    "regression": (lambda: _bert(problem_type="regression"), "gives a number"),
    "setfit": (lambda: _with_file(_bert(), "config_setfit.json"), "a SetFit model"),
}  # fmt: skip


def save_teacher(name: str, folder: Path) -> Path:
    """Writes the teacher of that name, sound or not, into a folder and returns it."""
    make = SOUND[name] if name in SOUND else UNSOUND[name][0]
    make()(folder)
    return folder
