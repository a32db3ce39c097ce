"""Mistakes in encoders: of sentence vectors, and of what a student begins from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from cures_of_models import (
    FINE_TUNED,
    TAKE_ANOTHER,
    more_words,
    resized,
    run_as_said,
    teacher,
    unpadded,
)
from safetensors.torch import load_file, save_file
from tiny_cures import CHECK, Act, Case, copied, done, edited, removed, rewritten, set_as_said
from tiny_sentences import sentence_folder
from tiny_teachers import save_teacher
from tiny_world import to_old_tokenizer
from transformers import AutoTokenizer, BertJapaneseTokenizer


def sentences(parts: tuple[str, ...], /, **files: str | None) -> Act:
    """Writes an encoder with the files of sentence-transformers; None takes one away."""

    def act(things: dict[str, str]) -> None:
        shutil.rmtree("model", ignore_errors=True)
        folder = sentence_folder(Path(things["encoder"]), Path("model"), parts)
        for name, content in files.items():
            file = folder / SENTENCE_FILES[name]
            file.unlink() if content is None else file.write_text(content, encoding="utf-8")

    return act


def setting(**changes: Any) -> Act:
    """Writes settings into the folder of an encoder; None takes one out."""

    def act(_: dict[str, str]) -> None:
        file = Path("model/config_sentence_transformers.json")
        file.exists() or file.write_text("{}", encoding="utf-8")
        edited(file, **changes)

    return act


def keeps_case(_: dict[str, str]) -> None:
    """Writes an encoder whose texts are lowered before its tokenizer, which keeps case."""
    folder = sentence_folder(save_teacher("roberta", Path("origin")), Path("model"), ("Pooling",))
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}', encoding="utf-8")


def lowered_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Runs the Python that the message gives, and names the folder that it writes."""
    written = run_as_said(message, written)
    return rewritten("give the folder 'lower'", teacher={"model": "lower"})(message, written)


def enlarged(folder: Path) -> None:
    """Makes what an encoder gives as large as no cache can hold."""
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.1.output.LayerNorm.weight"] *= 1e6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def in_python(things: dict[str, str]) -> None:
    """Writes a model whose texts are read by Python alone, as Japanese ones are."""
    folder = to_old_tokenizer(copied("encoder", to="model")(things))
    BertJapaneseTokenizer(
        str(folder / "vocab.txt"), word_tokenizer_type="basic", subword_tokenizer_type="character"
    ).save_pretrained(folder)


def more_tokens(folder: Path) -> None:
    """Adds tokens that a model has no rows for."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["quokka", "wombat"])
    tokenizer.save_pretrained(folder)


SENTENCE_FILES = {"modules": "modules.json", "pooling": "1_Pooling/config.json",
                  "dense": "2_Dense/config.json"}  # fmt: skip
HEAD = {"teacher": {"model": "model", "fine_tune": None, "head": "linear"}}
BEGUN = {"student": {"kind": "hf", "model": "model"}}

CASES: dict[str, Case] = {
    # sentence vectors
    "no list of modules": Case(
        CHECK, "is no list of modules", done("remove that file", lambda _: Path(
            "model/modules.json").unlink()), HEAD,
        prepare=sentences(("Pooling",), modules="{}"),
        quick=True,
    ),
    "modules that cannot be read": Case(
        CHECK, "cannot be read", done("remove that file", lambda _: Path(
            "model/modules.json").unlink()), HEAD,
        prepare=sentences(("Pooling",), modules="["),
    ),
    "modules elsewhere": Case(
        CHECK, "which is not inside its own", TAKE_ANOTHER, HEAD,
        prepare=sentences(("Pooling",), modules=json.dumps([
            {"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "../other"}])),
    ),
    **{
        f"a pooling {what}": Case(CHECK, said, set_as_said, HEAD, prepare=sentences(
            ("Pooling",), pooling=content))
        for what, said, content in (
            ("that is not there", "names a pooling, and", None),
            ("that cannot be read", "cannot be read", "["),
            ("that is not known", "names the pooling", '{"pooling_mode": "weightedmean"}'),
        )
    },
    "a module that is not known": Case(
        CHECK, "which kdzoo does not know", FINE_TUNED, HEAD, prepare=sentences(
            ("Pooling",), modules=json.dumps([
                {"type": "a.Transformer", "path": ""}, {"type": "a.LSTM", "path": "1_LSTM"}])),
    ),
    **{
        f"a setting of sentence-transformers, {name}": Case(
            CHECK, said, done(cure, setting(**dict.fromkeys(content))), HEAD,
            prepare=lambda things, content=content: [
                sentences(("Pooling",))(things), setting(**content)(things)],
            quick=name == "prompts",
        )
        for name, said, cure, content in (
            ("prompts", "puts the prompt", "remove default_prompt_name",
             {"default_prompt_name": "query", "prompts": {"query": "query: "}}),
            ("cut vectors", "cuts vectors", "remove truncate_dim", {"truncate_dim": 16}),
        )
    },
    "texts that are lowered": Case(
        CHECK, "lowers texts", lowered_as_said, HEAD, prepare=keeps_case,
    ),
    "the old layout of sentence-transformers": Case(
        CHECK, "is not a model folder", done("write it to the folder 'whole'", lambda things:
            shutil.copytree(things["encoder"], "model", dirs_exist_ok=True)), HEAD,
        prepare=lambda things: [
            copied("encoder", to="model/0_Transformer")(things),
            Path("model/modules.json").write_text(json.dumps([
                {"type": "a.Transformer", "path": "0_Transformer"}]), encoding="utf-8")],
        once=False,
    ),
    "a dense layer that is not there": Case(
        CHECK, "names a dense layer", done("download the whole folder", sentences((
            "Pooling", "Dense"))), HEAD, prepare=sentences(("Pooling", "Dense"), dense=None),
    ),
    "a dense layer that cannot be read": Case(
        CHECK, "cannot be read", done("download the whole folder", sentences((
            "Pooling", "Dense"))), HEAD, prepare=sentences(("Pooling", "Dense"), dense="["),
    ),
    "a dense layer of other numbers": Case(
        CHECK, "are none that kdzoo knows", FINE_TUNED, HEAD,
        prepare=sentences(("Pooling", "Dense"), dense='{"in_features": "x"}'),
    ),
    "large sentence vectors": Case(
        CHECK, "gives sentence vectors with numbers", TAKE_ANOTHER, HEAD,
        prepare=lambda things: enlarged(copied("encoder", to="model")(things)),
        quick=True,
    ),
    "a layer that is not there": Case(
        CHECK, "and the last is read anyway", rewritten("write 0", teacher={"lower_layers": [0]}),
        {"teacher": {"head": "linear", "fine_tune": None, "lower_layers": [7]}},
    ),
    "a finished model twice": Case(
        CHECK, "is named twice",
        rewritten("write each model once", teacher={"models": ["{teacher}"]}),
        {"teacher": {"model": None, "models": ["{teacher}", "{teacher}"], "fine_tune": None}},
        quick=True,
    ),
    "a linear head twice": Case(
        CHECK, "is named twice",
        rewritten("add fine_tune, in place of head",
                  teacher={"head": None, "fine_tune": {"epochs": 1}}),
        {"teacher": {"model": None, "models": ["{encoder}", "{encoder}"], "fine_tune": None,
                     "head": "linear"}},
    ),
    "an encoder with a decoder": Case(CHECK, "an encoder with a decoder", FINE_TUNED, HEAD,
                                      prepare=teacher("t5")),
    "texts chosen by an encoder with a decoder": Case(
        CHECK, "by the sentence vectors of", removed("transfer.unlabelled.choose"),
        {"teacher": {"model": "model"}, "transfer": {"unlabelled": {
            "files": "more.txt", "max_texts": 5, "choose": "nearest"}}}, {"more.txt": "on\n"},
        prepare=teacher("t5"),
    ),
    "encodings beside an encoder with a decoder": Case(
        CHECK, "by the sentence vectors of", removed("objective.hidden"),
        {"teacher": {"model": "model"}, "objective": {"hidden": 1.0}}, prepare=teacher("t5"),
    ),
    # what a student begins from
    "no tokenizer to begin from": Case(
        CHECK, "; save it beside the weights", done(
            "save it beside the weights", lambda things: AutoTokenizer.from_pretrained(
                things["encoder"]).save_pretrained("model")),
        BEGUN, prepare=copied("encoder", "tokenizer.json", "tokenizer_config.json", to="model"),
    ),
    "a tokenizer in Python": Case(
        CHECK, "; name another model", rewritten("name another model", student={
            "kind": "hf", "model": "{encoder}"}), BEGUN, prepare=in_python,
    ),
    "more tokens than rows": Case(
        CHECK, "and the model's table", resized, BEGUN,
        prepare=lambda things: more_tokens(copied("encoder", to="model")(things)),
    ),
    "more words than rows": Case(
        CHECK, "tokens, the model's word table", resized, BEGUN,
        prepare=lambda things: more_words(copied("encoder", to="model")(things)),
    ),
    "no padding to begin from": Case(
        CHECK, "without a padding token", rewritten("name another model", student={
            "kind": "hf", "model": "{encoder}"}), BEGUN,
        prepare=lambda things: unpadded(copied("encoder", to="model")(things)), quick=True,
    ),
    "no encoder to begin from": Case(
        CHECK, "which is no encoder for", rewritten("name one, such as a bert", student={
            "kind": "hf", "model": "{encoder}"}), BEGUN, prepare=teacher("gpt2"),
    ),
    "a tokenizer that is brought along": Case(
        CHECK, "reads with the tokenizer of", removed("student.text"),
        {"student": {"kind": "hf", "model": "{encoder}", "text": "words"}},
    ),
    "a teacher's rate that is too high": Case(
        "run mine.yaml", "the loss is", rewritten(
            "try a lower teacher.fine_tune.learning_rate or a longer teacher.fine_tune.warmup",
            teacher={"fine_tune": {"learning_rate": 0.002}}),
        {"teacher": {"fine_tune": {"learning_rate": 1e30}}, "training": {"steps": 5}},
    ),
}  # fmt: skip
