"""Files of weights that kdzoo does not read, looked at for what transformers makes of them.

A pickle is never loaded: its instructions are listed, which names all that it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError
from kdzoo.model_files import stored_in
from kdzoo.plain import first_few, shortened

_SHARD = re.compile(r".+-\d+-of-\d+\.(safetensors|bin)")
_OF_TENSORS = ("torch", "collections", "numpy", "_codecs")  # modules that a state dict names
_HEAD = re.compile(r"(classifier|score|classification_head|pre_classifier|logits_proj)\.")
_LARGEST = 1 << 24  # bytes of a pickle without its tensors
_SHOWN = 3


def fault_of(folder: Path) -> str | None:
    """Returns why transformers cannot load the weights in a folder, and what to do; None if it can.

    As far as that is seen from which files there are, and what they name.
    """
    named = _indexed(folder)
    lacking = sorted({name for name in named.values() if not (folder / name).is_file()})
    if lacking:
        shown = first_few([shortened(name) for name in lacking], _SHOWN)
        return f"its index names {shown}, not there; download the whole model again"
    shards = [file.name for file in sorted(folder.iterdir()) if _SHARD.fullmatch(file.name)]
    if shards and not named:
        index = re.sub(r"-\d+-of-\d+", "", shards[0]) + ".index.json"
        return f"its weights lie in parts, and their index {index} is not there; download it too"
    foreign = [name for name, is_class in _in_pickle(folder) if is_class and _is_foreign(name)]
    if foreign and not named:
        return (
            f"pytorch_model.bin is a model that was pickled whole ({shortened(foreign[0])}), which "
            "would run code; where it was made, save it with model.save_pretrained(FOLDER)"
        )
    return None


def has_head(folder: Path) -> bool:
    """Whether some weights in a folder are those of a classifier's head, by their names."""
    names = [*_indexed(folder), *(name for name, is_class in _in_pickle(folder) if not is_class)]
    for file in folder.glob("model.*.safetensors"):
        with suppress(ModelError, OSError):
            names += stored_in(file)
    return any(_HEAD.match(name) for name in names)


def _indexed(folder: Path) -> dict[str, str]:
    """Returns which file holds each weight, by the index of a model in parts."""
    found: dict[str, str] = {}
    for path in folder.glob("*.index.json"):
        said: Any = None
        with suppress(ValueError, OSError):
            said = read_json(path)
        held = said.get("weight_map") if isinstance(said, dict) else None
        if isinstance(held, dict):
            found |= {str(name): Path(str(file)).name for name, file in held.items()}
    return found


def _is_foreign(name: str) -> bool:
    return name.partition(" ")[0].partition(".")[0] not in _OF_TENSORS


def _in_pickle(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yields the names in ``pytorch_model.bin``, and whether each is that of a class."""
    import pickletools  # memory that a process that answers has no use for
    import zipfile
    import zlib

    with suppress(OSError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile):
        with zipfile.ZipFile(folder / "pytorch_model.bin") as archive:
            (entry,) = (each for each in archive.infolist() if each.filename.endswith("/data.pkl"))
            if entry.file_size > _LARGEST:
                return
            content = archive.read(entry)
        for code, value, _ in pickletools.genops(content):
            if isinstance(value, str) and code.name in ("GLOBAL", "BINUNICODE"):
                yield value, code.name == "GLOBAL"
