"""How a sentence vector comes about is what the encoder's folder says, or one message."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import some_texts
from tiny_sentences import sentence_folder, write_dense, write_json
from tiny_teachers import save_teacher
from transformers import AutoModel, AutoTokenizer

from kdzoo.errors import KdzooError
from kdzoo.progress import Silent
from kdzoo.teacher import find_model, look_at_sentences, open_sentence_encoder, source

CPU = torch.device("cpu")
TEXTS = [each.text for each in some_texts(20)]
CLS, MAX = {"pooling_mode_cls_token": True}, {"pooling_mode_max_tokens": True}


def expected(folder: Path, kind: str, *steps: str) -> torch.Tensor:
    """Returns the vectors text by text, as sentence-transformers defines them."""
    model, tokenizer = (
        AutoModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    rows = []
    for text in TEXTS:
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=32)
        with torch.no_grad():
            states = model(**inputs).last_hidden_state[0]  # [T, D]
        vector = {"mean": states.mean(0), "cls": states[0], "max": states.amax(0)}[kind]
        for step in steps:
            if step == "normalize":
                vector = vector / vector.norm()
            else:
                write_dense(folder / "again", 12)
                from safetensors.torch import load_file

                weights = load_file(folder / "again" / "model.safetensors")
                vector = torch.tanh(weights["linear.weight"] @ vector + weights["linear.bias"])
        rows.append(vector)
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("modules", "pooling", "kind", "steps"),
    [
        (("Pooling",), None, "mean", ()),
        (("Pooling", "Normalize"), None, "mean", ("normalize",)),
        (("Pooling", "Normalize"), CLS, "cls", ("normalize",)),
        (("Pooling",), MAX, "max", ()),
        (("Pooling",), {"pooling_mode": "cls"}, "cls", ()),
        (("Pooling", "Dense"), None, "mean", ("dense",)),
        (("Pooling", "Dense", "Normalize"), CLS, "cls", ("dense", "normalize")),
    ],
)
def test_vectors_are_those_of_sentence_transformers(
    tiny_encoder: Path,
    tmp_path: Path,
    modules: tuple[str, ...],
    pooling: dict[str, Any] | None,
    kind: str,
    steps: tuple[str, ...],
) -> None:
    folder = sentence_folder(tiny_encoder, tmp_path / "encoder", modules, pooling)

    found = open_sentence_encoder(folder, None, 32, 8).vectors(some_texts(20), Silent(), CPU)[:]

    torch.testing.assert_close(
        torch.from_numpy(found).float(), expected(folder, kind, *steps), rtol=2e-3, atol=2e-3
    )


def test_an_encoder_without_such_files_is_pooled_by_the_mean(tiny_encoder: Path) -> None:
    found = open_sentence_encoder(tiny_encoder, None, 32, 8).vectors(some_texts(20), Silent(), CPU)

    torch.testing.assert_close(
        torch.from_numpy(found[:]).float(), expected(tiny_encoder, "mean"), rtol=2e-3, atol=2e-3
    )


def test_the_recipe_comes_before_the_folder(tiny_encoder: Path, tmp_path: Path) -> None:
    """Which is also the cure where the folder's own is missing."""
    folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling", "Normalize"), {})

    found = open_sentence_encoder(folder, "max", 32, 8).vectors(some_texts(20), Silent(), CPU)[:]

    torch.testing.assert_close(
        torch.from_numpy(found).float(), expected(folder, "max", "normalize"), rtol=2e-3, atol=2e-3
    )


def _no_modules(folder: Path) -> None:
    write_json(folder / "modules.json", {"0": "Transformer"})


def _no_json(folder: Path) -> None:
    (folder / "modules.json").write_text("[", encoding="utf-8")


def _outside(folder: Path) -> None:
    entries = [{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "../other"}]
    write_json(folder / "modules.json", entries)


def _no_weights(folder: Path) -> None:
    (folder / "2_Dense" / "model.safetensors").unlink()


def _other_sizes(folder: Path) -> None:
    config = {"in_features": 7, "out_features": 12, "activation_function": "torch.nn.Tanh"}
    write_json(folder / "2_Dense" / "config.json", config)


def _vast(folder: Path) -> None:
    config = {"in_features": 32, "out_features": 10**12, "activation_function": "torch.nn.Tanh"}
    write_json(folder / "2_Dense" / "config.json", config)


def _own_activation(folder: Path) -> None:
    write_dense(folder / "2_Dense", 12, "os.system")


def _nothing(folder: Path) -> None:
    """Leaves the folder as it is."""


@pytest.mark.parametrize(
    ("modules", "pooling", "change", "words"),
    [
        (("Pooling",), {}, _nothing, "--set teacher.pooling=mean"),
        (("Pooling",), {**CLS, **MAX}, _nothing, "cls_token, max_tokens"),
        (("Pooling",), {"pooling_mode_lasttoken": True}, _nothing, "lasttoken"),
        (("Pooling",), {"pooling_mode": "weightedmean"}, _nothing, "weightedmean"),
        (("Pooling",), {"pooling_mode_cls_token": False}, _nothing, "the pooling none"),
        (("Pooling", "LayerNorm"), None, _nothing, "a module LayerNorm"),
        (("Pooling", "CNN"), None, _nothing, "teacher.fine_tune in place of teacher.head"),
        (("Pooling",), None, _no_modules, "no list of modules"),
        (("Pooling",), None, _no_json, "cannot be read"),
        (("Pooling",), None, _outside, "not inside its own"),
        (("Pooling", "Dense"), None, _no_weights, "2_Dense/model.safetensors is not there"),
        (("Pooling", "Dense"), None, _other_sizes, "2_Dense/model.safetensors cannot be loaded"),
        (("Pooling", "Dense"), None, _vast, "outputs"),
        (("Pooling", "Dense"), None, _own_activation, "activation"),
    ],
)
def test_what_kdzoo_does_not_know_is_refused_with_its_cure(
    tiny_encoder: Path,
    tmp_path: Path,
    modules: tuple[str, ...],
    pooling: dict[str, Any] | None,
    change: Callable[[Path], None],
    words: str,
) -> None:
    """Nothing of a sentence-transformers folder is passed over in silence."""
    folder = sentence_folder(tiny_encoder, tmp_path / "encoder", modules, pooling)
    change(folder)

    with pytest.raises(KdzooError) as caught:
        look_at_sentences(folder, None, 32)

    assert words in str(caught.value)
    assert str(folder) in str(caught.value)


class TestSettingsBesideTheModules:
    """What sentence-transformers would do to texts, or vectors, and kdzoo does not."""

    @pytest.fixture
    def cased(self, tmp_path: Path) -> Path:
        """An encoder whose tokenizer keeps case."""
        return sentence_folder(
            save_teacher("roberta", tmp_path / "origin"), tmp_path / "encoder", ("Pooling",)
        )

    @pytest.mark.parametrize(
        ("file", "said", "words"),
        [
            ("sentence_bert_config.json", {"do_lower_case": True}, "keeps case"),
            ("sentence_xlm-roberta_config.json", {"do_lower_case": True}, "keeps case"),
            (
                "config_sentence_transformers.json",
                {"prompts": {"query": "query: "}, "default_prompt_name": "query"},
                "puts the prompt 'query: ' before each text",
            ),
            ("config_sentence_transformers.json", {"truncate_dim": 16}, "truncate_dim 16"),
        ],
    )
    def test_are_refused(self, cased: Path, file: str, said: dict[str, Any], words: str) -> None:
        write_json(cased / file, said)

        for pooling in (None, "mean"):
            with pytest.raises(KdzooError, match=words) as caught:
                open_sentence_encoder(cased, pooling, 32, 8)  # type: ignore[arg-type]
            assert str(cased / file) in str(caught.value)

    @pytest.mark.parametrize(
        ("file", "said"),
        [
            ("sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False}),
            ("1_Pooling/config.json", {"pooling_mode": "mean", "include_prompt": False}),
            (
                "config_sentence_transformers.json",
                {"prompts": {"query": "", "document": "text: "}, "default_prompt_name": "query",
                 "truncate_dim": None, "similarity_fn_name": "cosine"},
            ),
            (
                "config_sentence_transformers.json",
                {"prompts": {"query": "query: "}, "default_prompt_name": None},
            ),
        ],
    )  # fmt: skip
    def test_that_change_nothing_are_no_matter(
        self, cased: Path, file: str, said: dict[str, Any]
    ) -> None:
        write_json(cased / file, said)

        look_at_sentences(cased, None, 32)

    def test_have_no_say_where_the_tokenizer_lowers_texts_itself(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling",))
        write_json(folder / "sentence_bert_config.json", {"do_lower_case": True})

        look_at_sentences(folder, None, 32)

    def test_have_none_without_modules(self, cased: Path) -> None:
        """They would not be read by sentence-transformers either."""
        (cased / "modules.json").unlink()
        write_json(cased / "sentence_bert_config.json", {"do_lower_case": True})

        look_at_sentences(cased, None, 32)


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_an_encoder_with_a_decoder_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(KdzooError, match=r"teacher\.fine_tune in place of teacher\.head"):
        look_at_sentences(save_teacher(kind, tmp_path / kind), None, 32)


@pytest.mark.parametrize("kind", ["mpnet", "roberta", "gpt2 without padding", "deberta", "xlm"])
def test_encoders_of_many_builds_give_vectors(kind: str, tmp_path: Path) -> None:
    """Together as each alone, whatever stands for padding."""
    folder = find_model(str(save_teacher(kind, tmp_path / "encoder")))
    look_at_sentences(folder, None, 32)
    texts = some_texts(12)

    together, alone = (
        open_sentence_encoder(folder, None, 32, size).vectors(texts, Silent(), CPU)[:]
        for size in (12, 1)
    )

    torch.testing.assert_close(
        torch.from_numpy(together), torch.from_numpy(alone), rtol=5e-3, atol=5e-3
    )


def test_a_damaged_layer_is_no_traceback(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = sentence_folder(tiny_encoder, tmp_path / "encoder", ("Pooling", "Dense"))
    shutil.copy(folder / "config.json", folder / "2_Dense" / "model.safetensors")

    with pytest.raises(KdzooError, match="cannot be loaded"):
        look_at_sentences(folder, None, 32)


def test_of_a_hub_what_stands_behind_the_layers_is_fetched_too() -> None:
    """And no other form of the weights, which may lie in folders of their own."""
    from huggingface_hub.utils import filter_repo_objects

    behind = ["modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors"]
    others = ["onnx/config.json", "openvino/config.json", "checkpoint-1/model.safetensors",
              "2_Dense/pytorch_model.bin", "own.py"]  # fmt: skip

    fetched = filter_repo_objects(
        [*behind, *others], allow_patterns=source._FILES, ignore_patterns=source._NOT_FILES
    )

    assert [*fetched] == behind
