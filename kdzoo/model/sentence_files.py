"""What a sentence-transformers folder says beside its modules: read as it says, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError

_MODULES = "modules.json"
_SETTINGS = "config_sentence_transformers.json"
_PROBE = "The QUICK Brown Fox OF ÅRHUS Naïve ÉCOLE"  # reads otherwise where case is kept


def refuse_other_settings(folder: Path, ids_of: Callable[[str], list[int]]) -> None:
    """Refuses an encoder whose own settings change texts, or vectors, as kdzoo does not.

    A folder without modules has no settings that sentence-transformers would follow.

    Args:
        folder: the encoder's.
        ids_of: returns what its tokenizer makes of a text.

    Raises:
        ModelError: texts get a prompt, or are lowered before a tokenizer that keeps case; or
            vectors are cut.
    """
    if not (folder / _MODULES).is_file():
        return
    said = _mapping(folder / _SETTINGS)
    prompts, name = said.get("prompts"), said.get("default_prompt_name")
    prompt = prompts.get(name) if isinstance(prompts, dict) and isinstance(name, str) else None
    there = "there (of a model of the hub, in a copy of its folder)"
    if prompt:
        raise ModelError(
            f"{folder / _SETTINGS} puts the prompt {str(prompt)[:60]!r} before each text "
            f"(default_prompt_name), and kdzoo reads texts as they are; remove default_prompt_name "
            f"{there}, or take another encoder"
        )
    if said.get("truncate_dim") is not None:
        raise ModelError(
            f"{folder / _SETTINGS} cuts vectors (truncate_dim {str(said['truncate_dim'])[:20]}), "
            f"and kdzoo reads them whole; remove truncate_dim {there}"
        )
    for file in sorted(folder.glob("sentence_*_config.json")):
        if _mapping(file).get("do_lower_case") is True and ids_of(_PROBE) != ids_of(_PROBE.lower()):
            raise ModelError(
                f"{file} lowers texts (do_lower_case), and the tokenizer beside it keeps case, "
                f"which is what kdzoo reads with; have the tokenizer lower them, and give the "
                f"folder 'lower', in Python: {_lowering(folder)}"
            )


def sentence_limit(folder: Path) -> int | None:
    """Returns how many tokens of a text an encoder's own settings read; None where none say.

    Args:
        folder: of an encoder whose files are sound.

    Raises:
        ModelError: the settings cannot be read.
    """
    if not (folder / _MODULES).is_file():
        return None
    said = [
        _mapping(file).get("max_seq_length")
        for file in sorted(folder.glob("sentence_*_config.json"))
    ]
    return min((int(limit) for limit in said if limit is not None), default=None)


def _lowering(folder: Path) -> str:
    """Returns the Python that writes the folder anew with a tokenizer that lowers texts."""
    return (
        "import shutil, transformers; from tokenizers.normalizers import Lowercase, Sequence; "
        f"shutil.copytree({str(folder)!r}, 'lower'); "
        "tokenizer = transformers.AutoTokenizer.from_pretrained('lower'); "
        "reader = tokenizer.backend_tokenizer; reader.normalizer = Sequence([Lowercase(), "
        "*([reader.normalizer] if reader.normalizer else [])]); tokenizer.save_pretrained('lower')"
    )


def _mapping(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        said = read_json(path)
    except ValueError as error:
        raise ModelError(f"{path} cannot be read: {error}; download the whole folder") from error
    return said if isinstance(said, dict) else {}
