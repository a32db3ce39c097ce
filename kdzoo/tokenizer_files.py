"""A tokenizer that may be a stranger's, looked at before a library reads it.

Texts cannot grow by it, nor take time, without bound.
"""

from __future__ import annotations

import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdzoo.bounds import check_depth, read_json
from kdzoo.errors import ModelError

LARGEST_TOKENIZER = 1 << 27  # bytes: vocabularies of a quarter of a million pieces have a fourth
_ADDED = 64  # ids that a template may put around a text
_GROWTH = 64  # times that a text may grow while it is normalised
_REPEATS = 4  # that may follow each other in a regular expression: it takes len(text)**4 at worst
_CHOICES = 8  # that may follow each other: each takes twice the time at worst


def check_tokenizer_file(path: Path, rows: int | None = None) -> None:
    """Looks at a tokenizer before it is loaded.

    Args:
        path: of its ``tokenizer.json``.
        rows: the model's table has at most so many; None where that is not known.

    Raises:
        ModelError: it has ids beyond the table, or makes texts grow, or take time, without bound.
    """
    content = read_mapping(path, LARGEST_TOKENIZER)
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
        "has added_tokens that lack an id or a content": not _are_added(content),
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


def read_mapping(path: Path, largest: int) -> dict[str, Any]:
    """Returns what a model's file of JSON says.

    Raises:
        ModelError: it is too big, no mapping, or begins with a byte order mark.
    """
    try:
        content = read_json(path, largest)
        check_depth(content)
        has_mark = _begins(path) == BOM_UTF8
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}; save or export it again") from error
    if has_mark:
        raise ModelError(
            f"{path} begins with a byte order mark, which no library reads there; save it as UTF-8 "
            "without one"
        )
    if not isinstance(content, dict):
        raise ModelError(f"{path} is no mapping of names to values; save or export it again")
    return content


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(BOM_UTF8))


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


def _are_added(content: dict[str, Any]) -> bool:
    """Whether added tokens are what libraries take them for, which fail without a word."""
    added = content.get("added_tokens") or []
    return isinstance(added, list) and all(
        isinstance(token, dict)
        and isinstance(token.get("id"), int)
        and isinstance(token.get("content"), str)
        for token in added
    )


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
