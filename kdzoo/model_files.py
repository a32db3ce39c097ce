"""The files of a model that may be a stranger's, looked at before a library reads them.

What a configuration says is held against the weights beside it: a model cannot have more layers
than there are tensors, nor more labels than a tensor has rows. Nothing is allocated to see that.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from kdzoo.bounds import FEWEST_TOKENS, LARGEST_JSON
from kdzoo.errors import ModelError
from kdzoo.files import check_readable, has_file
from kdzoo.plain import is_unicode
from kdzoo.tokenizer_files import check_tokenizer_file, read_mapping

CHECKPOINT = "checkpoint.safetensors"  # of a training that is under way
_LOOKED_AT = ("config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors")
_BUILT_OF = re.compile(r"(heads?|layers?|hidden_size|intermediate_size|vocab_size)$")  # never < 0
_COUNTED = re.compile(r"(^|_)(n_|num_)?\w*(layers?|blocks|experts)$")
_LAYERS = 200  # that may share one tensor
_SHARE = re.compile(r"dropout|drop_rate")
_PLACE = re.compile(r"[0-9]{1,6}")
_NAMES = 30  # of labels in a message
_LONGEST = 80  # characters of such a name


def check_model_files(folder: Path) -> None:
    """Looks at configuration and tokenizer of a model's folder, as far as they are there.

    Raises:
        ModelError: they say what cannot be: of these weights, or of any.
    """
    there = [folder / name for name in _LOOKED_AT if has_file(folder / name)]
    states = [(file.stat().st_mtime_ns, file.stat().st_size) for file in there]
    _check_once(folder, tuple(zip(there, states, strict=True)))


@cache
def _check_once(folder: Path, files: tuple[tuple[Path, tuple[int, int]], ...]) -> None:
    """Looks once at files in a state: a study asks for its teacher many times."""
    config = read_mapping(folder / "config.json", LARGEST_JSON)
    weights = folder / "model.safetensors"
    stored = stored_in(weights) if weights.is_file() else {}
    shapes = [each.shape for each in stored.values()]
    for what in _impossible(config, shapes):
        raise ModelError(f"{folder / 'config.json'} {what}; save the model again")
    if config.get("id2label") is not None and not _are_labels(config["id2label"]):
        raise ModelError(
            f"{folder / 'config.json'} has an id2label that does not give the outputs 0, 1, 2, ... "
            f"a name each of its own; write there {labels_to_write(config)}, with the true name of "
            "each output"
        )
    _refuse_limit(folder / "tokenizer_config.json", "model_max_length")
    for settings in sorted(folder.glob("sentence_*_config.json")):
        _refuse_limit(settings, "max_seq_length")
    if (folder / "tokenizer.json").is_file():
        rows = max((shape[0] for shape in shapes if shape), default=None)
        check_tokenizer_file(folder / "tokenizer.json", rows)


def _refuse_limit(settings: Path, name: str) -> None:
    """Refuses a number of tokens, after which texts are cut, that is none or next to nothing.

    Raises:
        ModelError: the settings have one.
    """
    limit = read_mapping(settings, LARGEST_JSON).get(name) if settings.is_file() else None
    if limit is not None and not _is_number(limit, FEWEST_TOKENS, math.inf):
        raise ModelError(
            f"{settings}: {name} is {str(limit)[:40]!r}; write a number of tokens, as in 512"
        )


class Stored(NamedTuple):
    """What a file of weights says of a tensor.

    Attributes:
        kind: of its numbers, as safetensors calls them: F32, BF16, I8, ...
        shape: its sides.
    """

    kind: str
    shape: tuple[int, ...]


def stored_in(path: Path) -> dict[str, Stored]:
    """Returns what a file of weights says of each tensor, by name, without reading one.

    Raises:
        ModelError: it is damaged.
        FileError: it is not the file itself.
        OSError: it may not be read.
    """
    from safetensors import SafetensorError, safe_open

    check_readable(path)
    try:
        with safe_open(path, framework="np") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {
                name: Stored(part.get_dtype(), tuple(part.get_shape()))
                for name, part in parts.items()
            }
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be loaded: {error}; save the model again") from error


def _impossible(config: dict[str, Any], shapes: Sequence[Sequence[int]]) -> Iterator[str]:
    """Yields what of a configuration cannot be."""
    widest = max((side for shape in shapes for side in shape), default=0)
    names = config.get("id2label")
    count = config.get("num_labels", 0)
    labels = max(len(names) if isinstance(names, dict) else 0, count if _is_whole(count) else 0)
    if not _is_whole(count):
        yield f"has num_labels = {str(count)[:40]}"
    if shapes and labels > widest:
        yield f"has {str(labels)[:40]} labels, and no tensor of the weights is that wide"
    for name, value in _entries(config):
        if _SHARE.search(name) and value is not None and not _is_number(value, 0, 1):
            yield f"has the share {name} = {str(value)[:40]}"
        if (
            shapes
            and _COUNTED.search(name)
            and _is_number(value, 1 + max(_LAYERS, len(shapes)), math.inf)
        ):
            yield f"has {name} = {str(value)[:40]}, and the weights are {len(shapes)} tensors"
        if _BUILT_OF.search(name) and _is_number(value, -math.inf, 0) and value != 0:
            yield f"has {name} = {str(value)[:40]}"
        if name == "vocab_size" and shapes and isinstance(value, int) and value > widest:
            yield f"has {name} = {str(value)[:40]}, and no tensor of the weights is that long"


def labels_to_write(config: dict[str, Any], outputs: int | None = None) -> str:
    """Returns what a configuration has to say of its labels: the names that it has, in their order.

    Args:
        config: as it is written.
        outputs: of the model; as many as it has names for, where that is not known.
    """
    found = [_names_in(config.get(key)) for key in ("id2label", "label2id")]
    names = next((each for each in found if len(each) == outputs), found[0] or found[1])
    count = outputs or len(names) or 2
    often = Counter(names)
    named = {
        str(place): name if often[name] == 1 and 0 < len(name) <= _LONGEST else f"LABEL_{place}"
        for place, name in enumerate([*names, *[""] * count][:count])
    }
    shown = dict(islice(named.items(), _NAMES))
    more = ", ..." * (len(named) > len(shown))
    return f'"id2label": {json.dumps(shown, ensure_ascii=False)[:-1]}{more}}}'


def _names_in(names: Any) -> list[str]:
    """Returns the names of outputs, in order, that are written in one of the ways that people do.

    By number, from 0 on or from 1 on; the other way round; or as a list.
    """
    if isinstance(names, list):
        return list(map(str, names))
    if not isinstance(names, dict):
        return []
    if all(map(_is_whole, names.values())):
        return sorted(names, key=lambda name: int(names[name]))
    if all(_PLACE.fullmatch(place) for place in names):
        return [str(names[place]) for place in sorted(names, key=int)]
    return []


def _are_labels(names: Any) -> bool:
    if not isinstance(names, dict):
        return False
    found = [names.get(str(number)) for number in range(len(names))]
    are_texts = all(isinstance(name, str) and is_unicode(name) for name in found)
    return are_texts and len({*found}) == len(found)


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Yields names and values that stand for themselves, those of inner mappings too."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _entries(inner)
        elif not isinstance(inner, list):
            yield name, inner


def _is_number(value: Any, least: float, most: float) -> bool:
    """Whether it is a number between two others; NaN is not."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and least <= value <= most


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
