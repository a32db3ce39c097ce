"""Tags of words: how rows say them, and how any usual scheme becomes BIO."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kdzoo.data.cells import as_text, shown
from kdzoo.data.corpus import RawData, Tags
from kdzoo.data.sentences import Sentence
from kdzoo.errors import DataError, Problem
from kdzoo.plain import first_few
from kdzoo.task.tags import BEGIN, INSIDE, OUTSIDE
from kdzoo.task.tokens import MOST_WORDS
from kdzoo.task.words import SPACE, sentence_of

TEXT, LABEL = "text", "label"  # the columns, where a user names no others
TOKENS, TAGS, ENTITIES = "tokens", "tags", "entities"
_USUAL = ((TOKENS, TAGS), (TOKENS, "ner_tags"), (TEXT, ENTITIES))
_BEGINS, _GOES_ON, _ENDS = "BSU", "IEL", "ESLU"  # marks of BIO, IOES (also BIOES) and BILOU
_KEYS = ("start", "end", "label")
_SCHEMES = (
    f"wanted {OUTSIDE}, or a name behind B-, I-, E-, S-, L- or U-, as {BEGIN}person; if other "
    "columns hold words and tags, name them: data.text, data.label"
)


def usual_columns(found: Collection[str], text: str, label: str) -> tuple[str, str] | None:
    """Returns the columns of words and tags of a file as they are called; None if it has others.

    Args:
        found: columns of the file.
        text: that a user names, or as it is by default.
        label: likewise.
    """
    if text != TEXT or label != LABEL or label in found:
        return None
    return next((pair for pair in _USUAL if {*pair} <= {*found}), None)


def tagged(words: Any, tags: Any, where: str, otherwise: str = "") -> tuple[str, Tags]:
    """Returns the sentence of a row, and the tag of each of its words, as they are written.

    Args:
        words: a list of words; or a text, whose entities then say where they are.
        tags: a list of tags; or of entities, each ``[start, end, label]`` in characters.
        where: the row stands, file included.
        otherwise: what to write where a text has one label.

    Raises:
        DataError: words or tags are no lists, or do not fit each other.
    """
    if isinstance(words, list | tuple):
        return sentence(words, where), _tags(tags, len(words), where)
    if not isinstance(tags, list | tuple):
        raise DataError(
            f"{where}: the text is no list of words ({shown(words)}), and the label no list of "
            f"entities ({shown(tags)}); write words and tags as lists ({TOKENS}, {TAGS}), or text "
            f"and entities ([[start, end, label], ...]); if a text has one label, {otherwise}"
        )
    return _marked(as_text(words, where), tags, where)


def sentence(words: Sequence[Any], where: str) -> str:
    """Returns the text of a list of words.

    Raises:
        DataError: an element is no word, or there are too many.
    """
    odd = next((word for word in words if not isinstance(word, str) or not word), None)
    if odd is not None or any(word is None for word in words):
        raise DataError(f"{where}: {shown(odd)} is no word; write each as a string, none empty")
    spaced = next((word for word in words if SPACE in word), None)
    if spaced is not None:
        raise DataError(
            f"{where}: the word {shown(spaced)} holds a space; write its parts as words with a tag "
            "each"
        )
    if len(words) > MOST_WORDS:
        raise DataError(
            f"{where}: a sentence of {len(words):,} words; divide it: the longest has "
            f"{MOST_WORDS:,}"
        )
    return sentence_of(words)


def _tags(tags: Any, words: int, where: str) -> Tags:
    if not isinstance(tags, list | tuple):
        raise DataError(f"{where}: the tags are no list ({shown(tags)}); write one for each word")
    if len(tags) != words:
        raise DataError(f"{where}: {words} words and {len(tags)} tags; write one for each word")
    odd = next((tag for tag in tags if not is_tag(tag)), None)
    if odd is not None or None in tags:
        raise DataError(f"{where}: {shown(odd)} is no tag; {_SCHEMES}")
    return Tags(tag.strip() for tag in tags)


def is_tag(tag: Any) -> bool:
    """Whether a cell is a tag, as ``O`` and ``B-person`` are."""
    if not isinstance(tag, str):
        return False
    mark, dash, name = tag.strip().partition("-")
    return tag.strip() == OUTSIDE or (
        mark in {*_BEGINS, *_GOES_ON} and dash == "-" and bool(name.strip())
    )


def _marked(text: str, entities: Sequence[Any], where: str) -> tuple[str, Tags]:
    """Returns a text as words, and the tags that its entities give them."""
    read = Sentence.of(text)
    if len(read.words) > MOST_WORDS:
        raise DataError(
            f"{where}: a text of {len(read.words):,} words; divide it: the longest has "
            f"{MOST_WORDS:,}"
        )
    tags = [OUTSIDE] * len(read.words)
    for start, end, name in (_entity(entity, text, where) for entity in entities):
        inside = [i for i, (a, b) in enumerate(read.spans) if a < end and b > start]
        named = f"the entity '{text[start:end][:60]}' ({start} to {end})"
        if not inside:
            raise DataError(f"{where}: {named} holds no word; take it out")
        first, last = read.spans[inside[0]], read.spans[inside[-1]]
        if first[0] < start or last[1] > end:
            raise DataError(
                f"{where}: {named} begins or ends inside the word "
                f"'{text[slice(*(first if first[0] < start else last))]}'; let it begin and end "
                f"where words do: [{first[0]}, {last[1]}, ...]"
            )
        if any(tags[word] != OUTSIDE for word in inside):
            raise DataError(f"{where}: {named} overlaps with another one; leave one of them")
        tags[inside[0]] = f"{BEGIN}{name}"
        for word in inside[1:]:
            tags[word] = f"{INSIDE}{name}"
    return read.text, Tags(tags)


def is_entity(cell: Any) -> bool:
    """Whether an element of a list looks like an entity, rather than like the name of a label."""
    if isinstance(cell, Mapping):
        return {*_KEYS} <= {*cell}
    is_row = isinstance(cell, list | tuple) and len(cell) == len(_KEYS)
    return is_row and isinstance(cell[0], int)


def _entity(entity: Any, text: str, where: str) -> tuple[int, int, str]:
    """Returns where an entity begins and ends, without spaces around it, and its label."""
    cell = [entity.get(key) for key in _KEYS] if isinstance(entity, Mapping) else entity
    is_row = isinstance(cell, list | tuple) and len(cell) == len(_KEYS)
    parts: list[Any] = [*cell] if is_row else [None] * len(_KEYS)
    start, end, name = parts
    is_whole = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    if not is_whole or not isinstance(name, str) or not name.strip():
        raise DataError(
            f"{where}: {shown(entity)} is no entity; write [start, end, label]: two numbers of "
            "characters, counted from 0, and a name"
        )
    if not 0 <= start < end <= len(text):
        raise DataError(
            f"{where}: the entity {shown(entity)} is not within the text, which has {len(text):,} "
            "characters"
        )
    inner = text[start:end]
    return (
        start + len(inner) - len(inner.lstrip()),
        end - len(inner) + len(inner.rstrip()),
        name.strip(),
    )


def without_entities(raw: RawData) -> RawData:
    """Returns rows in which an empty list beside entities says that a text has none.

    Read alone, it may as well say that a text has none of several labels.
    """
    kinds = {type(label) for rows in raw.splits.values() for _, label in rows}
    if kinds != {Tags, tuple}:
        return raw
    splits: dict[str, list[Any]] = {}
    for split, rows in raw.splits.items():
        places = raw.places.get(split) or [f"row {number}" for number in range(1, len(rows) + 1)]
        splits[split] = [
            (given, label)
            if label or isinstance(label, Tags)
            else tagged(given, (), f"{raw.origin}, {split}, {place}")
            for (given, label), place in zip(rows, places, strict=True)
        ]
    return replace(raw, splits=splits)


def in_bio(raw: RawData) -> tuple[RawData, list[str]]:
    """Returns rows whose tags are in the scheme BIO, whatever they were in, and what to tell of it.

    ``I-`` and its like that stand behind no word of their type begin an entity: so is IO read, and
    so is BIO mended.
    """
    mended = 0
    splits: dict[str, list[Any]] = {}
    for split, rows in raw.splits.items():
        splits[split] = []
        for given, label in rows:
            tags, count = _bio(label if isinstance(label, tuple) else ())
            mended += count
            splits[split].append((given, tags))
    notes = [
        f"{mended:,} entities do not begin with B-; each is read as if it did (the first word, and "
        "one behind a word of another type, begins one)"
    ]
    return replace(raw, splits=splits), notes * (mended > 0)


def _bio(tags: Sequence[str]) -> tuple[Tags, int]:
    """Returns tags in BIO, and how many entities began with another mark."""
    found: list[str] = []
    mended, going_on = 0, ""
    for tag in tags:
        mark, _, name = tag.partition("-")
        if tag == OUTSIDE:
            found.append(tag)
            going_on = ""
            continue
        begins = mark in _BEGINS
        mended += not begins and going_on != name
        found.append(f"{INSIDE if going_on == name and not begins else BEGIN}{name}")
        going_on = "" if mark in _ENDS else name
    return Tags(found), mended


def types_in(tags: Collection[str]) -> set[str]:
    """Returns the names of the types that tags are of."""
    return {tag.partition("-")[2] for tag in tags if tag != OUTSIDE}


def tag_problems(raw: RawData) -> Iterator[Problem]:
    """Yields why tags cannot be learnt from: no entities, or types that train lacks."""
    known = types_in({tag for _, tags in raw.splits["train"] for tag in tags})
    if not known:
        yield Problem("no word is in an entity: all tags are O", "train", "tag some")
        return
    for split in [name for name in raw.splits if name != "train"]:
        found = types_in({tag for _, tags in raw.splits[split] for tag in tags})
        if strange := sorted(found - known):
            yield Problem(
                f"{len(strange)} types of entities that train lacks: {first_few(strange)}",
                split,
                "write names alike in all splits, or tag such entities in train too",
            )
