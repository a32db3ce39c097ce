"""The files of a model that may be a stranger's, looked at before a library reads them.

What a configuration says is held against the weights beside it: a model cannot have more layers
than there are tensors, nor more labels than a tensor has rows. Nothing is allocated to see that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kdzoo.bounds import LARGEST_JSON, check_depth, read_json
from kdzoo.errors import ModelError
from kdzoo.files import has_file
from kdzoo.plain import is_unicode

CHECKPOINT = "checkpoint.safetensors"  # of a training that is under way
_LOOKED_AT = ("config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors")
_LARGEST_TOKENIZER = 1 << 27  # bytes: vocabularies of a quarter of a million pieces have a fourth
_ADDED = 64  # ids that a template may put around a text
_GROWTH = 64  # times that a text may grow while it is normalised
_REPEATS = 4  # that may follow each other in a regular expression: it takes len(text)**4 at worst
_CHOICES = 8  # that may follow each other: each takes twice the time at worst
_BUILT_OF = re.compile(r"(heads?|layers?|hidden_size|intermediate_size|vocab_size)$")  # never < 0
_COUNTED = re.compile(r"(^|_)(n_|num_)?\w*(layers?|blocks|experts)$")
_LAYERS = 200  # that may share one tensor
_SHARE = re.compile(r"dropout|drop_rate")


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
    config = _mapping(folder / "config.json", LARGEST_JSON)
    weights = folder / "model.safetensors"
    shapes = _shapes(weights) if weights.is_file() else []
    for what in _impossible(config, shapes):
        raise ModelError(f"{folder / 'config.json'} {what}; save the model again")
    settings = folder / "tokenizer_config.json"
    if settings.is_file():
        limit = _mapping(settings, LARGEST_JSON).get("model_max_length")
        if limit is not None and not _is_number(limit, 1, math.inf):
            raise ModelError(
                f"{settings}: model_max_length is {str(limit)[:40]!r}; write a number of tokens, "
                "as in 512"
            )
    if (folder / "tokenizer.json").is_file():
        rows = max((shape[0] for shape in shapes if shape), default=None)
        check_tokenizer_file(folder / "tokenizer.json", rows)


def check_tokenizer_file(path: Path, rows: int | None = None) -> None:
    """Looks at a tokenizer before it is loaded.

    Args:
        path: of its ``tokenizer.json``.
        rows: the model's table has at most so many; None where that is not known.

    Raises:
        ModelError: it has ids beyond the table, or makes texts grow, or take time, without bound.
    """
    content = _mapping(path, _LARGEST_TOKENIZER)
    cut = content.get("truncation")
    length = cut.get("max_length") if isinstance(cut, dict) else None
    most = min(_ADDED, length - 1) if isinstance(length, int) else _ADDED
    added = sum(_added(part) for part in _parts(content.get("post_processor")))
    growth = math.prod(_growth(part) for part in _parts(content.get("normalizer")))
    parts = (content.get(part) for part in ("normalizer", "pre_tokenizer", "decoder"))
    expressions = [expression for part in parts for expression in expressions_in(part)]
    problems = {
        f"puts {added:,} ids around each text, more than {most}": added > most,
        "cuts texts with an overlap": isinstance(cut, dict) and cut.get("stride") not in (0, None),
        "makes texts many times longer": growth > _GROWTH,
        "has a regular expression that may take for ever": any(map(_explodes, expressions)),
    }
    highest = max(_ids(content), default=0)
    if rows is not None and highest >= rows:
        raise ModelError(
            f"{path} has the id {highest:,}, and the model's table {rows:,} rows; save the model "
            f"once more after model.resize_token_embeddings({highest + 1})"
        )
    for what, is_so in problems.items():
        if is_so:
            raise ModelError(f"{path} {what}; save the tokenizer again from the model's own")


def _mapping(path: Path, largest: int) -> dict[str, Any]:
    try:
        content = read_json(path, largest)
        check_depth(content)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}; save or export it again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is no mapping of names to values; save or export it again")
    return content


def _shapes(path: Path) -> list[list[int]]:
    """Returns the shape of every tensor, without reading one."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be loaded: {error}; save the model again") from error


def _impossible(config: dict[str, Any], shapes: list[list[int]]) -> Iterator[str]:
    """Yields what of a configuration cannot be."""
    widest = max((side for shape in shapes for side in shape), default=0)
    names = config.get("id2label")
    count = config.get("num_labels", 0)
    labels = max(len(names) if isinstance(names, dict) else 0, count if _is_whole(count) else 0)
    if names is not None and not _are_labels(names):
        yield "has an id2label that does not give the outputs 0, 1, 2, ... a name each of its own"
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


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yields a part of a tokenizer, or what it is a sequence of."""
    if isinstance(value, dict):
        yield value
        for name in ("processors", "normalizers", "pretokenizers", "decoders"):
            for inner in value.get(name) or ():
                yield from _parts(inner)


def _added(processor: dict[str, Any]) -> int:
    """Returns how many ids it puts around a text, or beside a pair; texts that come twice too."""
    known = processor.get("special_tokens")
    sizes = {
        name: len(token.get("ids") or ())
        for name, token in (known.items() if isinstance(known, dict) else ())
        if isinstance(token, dict)
    }
    found = [0]
    for name in ("single", "pair"):
        pieces = [piece for piece in processor.get(name) or () if isinstance(piece, dict)]
        tokens = [piece["SpecialToken"].get("id") for piece in pieces if "SpecialToken" in piece]
        texts = len(pieces) - len(tokens)
        found.append(sum(sizes.get(str(token), 1) for token in tokens) + (_ADDED + 1) * (texts > 2))
    return max(found)


def _growth(normalizer: dict[str, Any]) -> float:
    """Returns how many times longer it may make a text."""
    replaced, content = normalizer.get("pattern"), normalizer.get("content")
    if not isinstance(replaced, dict) or not isinstance(content, str):
        return 1
    return max(1, len(content) / max(1, len(str(replaced.get("String", "")))))


def expressions_in(part: Any) -> Iterator[str]:
    """Yields the regular expressions of a part of a tokenizer, as ``tokenizer.json`` has it."""
    for inner in _parts(part):
        pattern = inner.get("pattern")
        if isinstance(pattern, dict) and "Regex" in pattern:
            yield str(pattern["Regex"])


def may_go_back(pattern: str) -> bool:
    """Whether a regular expression may try a long text many times over.

    So it is where something follows what repeats: a+b tries each length of a+ from each place on.
    """
    ends = re.compile(r"([+*]|\{\d+,\d*\})[?+]?$")
    return any(_repeats(ends.sub("", part)) for part in _plain(pattern).split("|"))


def _plain(pattern: str) -> str:
    """Returns a regular expression with a letter for what stands for one character."""
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)


def _explodes(pattern: str) -> bool:
    """Whether trying it may take time that is more than a power of the text's length.

    So it is where what repeats holds what repeats, or choices: (a+)+, (a|a)*, (a|aa){30}; where
    many choices follow each other: a?a?a?, (a|b)(a|b); and where a part is called again by name or
    number. Those of known tokenizers do not.
    """
    if re.search(r"\\[gk1-9]|\(\?[R&(~]", pattern):
        return True
    plain = _plain(pattern)
    while True:
        inner = re.search(r"\(([^()]*)\)(\+|\*|\{\d+(?:,\d*)?\})?", plain)
        if inner is None:
            break
        body, repeated = inner.groups()
        if repeated and re.search(r"[+*|?{]", body.lstrip("?:")):
            return True
        plain = (
            plain[: inner.start()]
            + "y+" * max(map(_repeats, body.split("|")))
            + "y?" * (_choices(body) + ("|" in body))
            + "y"
            + (repeated or "")
            + plain[inner.end() :]
        )
    return any(_repeats(part) > _REPEATS or _choices(part) > _CHOICES for part in plain.split("|"))


def _repeats(pattern: str) -> int:
    """Returns how many parts of it may repeat without end, or almost."""
    return len(re.findall(r"[+*]|\{\d+,", pattern))


def _choices(pattern: str) -> int:
    """Returns how many parts of it may be left out."""
    return len(re.findall(r"(?<![?+*}])\?", pattern.lstrip("?")))


def _ids(content: dict[str, Any]) -> Iterator[int]:
    """Yields every id that a text may get."""
    model = content.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        yield from (number for number in vocabulary.values() if isinstance(number, int))
    elif isinstance(vocabulary, list):
        yield len(vocabulary) - 1
    added = content.get("added_tokens")
    for token in added if isinstance(added, list) else ():
        if isinstance(token, dict) and isinstance(token.get("id"), int):
            yield token["id"]
