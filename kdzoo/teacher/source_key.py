"""What decides a model's logits, made one key: its files, and how its tokenizer reads them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from kdzoo.bounds import read_json
from kdzoo.digest import content_hash, file_sha256
from kdzoo.errors import TeacherError, first_line
from kdzoo.files import has_file
from kdzoo.model import TYPES, tokenizer_files
from kdzoo.teacher.source import deciding_files, load_hf_tokenizer, read_config
from kdzoo.text import reader_of


def content_key(folder: Path, max_length: int) -> str:
    """Returns a hash of what decides the logits: weights, configuration, tokenizer, length.

    Raises:
        TeacherError: tokenizer_config.json cannot be read.
    """
    parts = [f"{file.name}:{file_sha256(file)}" for file in deciding_files(folder)]
    reading = _unusual_reading(folder, max_length) | _read_otherwise(folder)
    content = {"files": parts, "max_length": max_length, "dtype": "float32", **reading}
    return content_hash(content)


def _unusual_reading(folder: Path, max_length: int) -> dict[str, Any]:
    """Returns what tokenizer_config.json says of reading that tokenizer.json does not.

    Only what is not as in nearly all models, so that their keys stay what they were.
    """
    settings = _tokenizer_settings(folder / "tokenizer_config.json")
    usual = {"truncation_side": "right", "split_special_tokens": False}
    unusual = {
        name: settings[name] for name in usual if settings.get(name, usual[name]) != usual[name]
    }
    limit, inputs = settings.get("model_max_length"), settings.get("model_input_names")
    if isinstance(limit, int | float) and 0 < limit < max_length:
        unusual["model_max_length"] = limit
    if isinstance(inputs, list) and TYPES not in inputs and _has_types(folder):
        unusual[TYPES] = False
    return unusual


def _has_types(folder: Path) -> bool:
    """Whether a model tells the tokens of a pair's second text from those of the first."""
    return int(getattr(read_config(folder), "type_vocab_size", 0) or 0) > 1


def _tokenizer_settings(file: Path) -> dict[str, Any]:
    """Returns what tokenizer_config.json says; nothing where there is none."""
    try:
        settings = read_json(file) if has_file(file) else {}
    except (OSError, ValueError) as error:
        raise TeacherError(f"{file} cannot be read: {first_line(error)}") from error
    if not isinstance(settings, dict):
        raise TeacherError(f"{file} holds no settings: it has to be a mapping of names to values")
    return settings


def _read_otherwise(folder: Path) -> dict[str, str]:
    """Returns what stands for a tokenizer as it reads, where tokenizer.json does not say it all.

    Settings beside it may change what it says (``do_lower_case``, ``add_bos_token``, tokens that
    were added), or be all that there is, beside an old vocabulary. Nothing where it reads as
    tokenizer.json has it: keys of nearly all models stay what they were.
    """
    names = (
        "tokenizer.json",
        "added_tokens.json",
        "special_tokens_map.json",
        *tokenizer_files(folder),
    )
    files = {folder / name for name in ("tokenizer_config.json", *names) if has_file(folder / name)}
    states = ((file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(files))
    return _read_otherwise_in(folder, tuple(states))


@lru_cache(maxsize=64)
def _read_otherwise_in(folder: Path, states: tuple[tuple[int, int], ...]) -> dict[str, str]:
    """Looks once at files in a state: a study asks for its teacher many times."""
    tokenizer = load_hf_tokenizer(folder)
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        return {}  # which is refused where texts are to be read
    reads = _reading(json.loads(reader_of(tokenizer).to_str()))
    file = folder / "tokenizer.json"
    if file.is_file() and reads == _reading(json.loads(Tokenizer.from_file(str(file)).to_str())):
        return {}
    return {"reads": content_hash(reads)}


def _reading(state: dict[str, Any]) -> dict[str, Any]:
    """Returns what of a tokenizer decides the ids of a text."""
    parts = ("model", "normalizer", "pre_tokenizer", "post_processor")
    added = sorted((token["id"], token["content"]) for token in state["added_tokens"])
    return {**{part: state[part] for part in parts}, "added": added}
