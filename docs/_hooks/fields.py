"""The fields of a recipe as tables, from its JSON schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
_LIMITS = {
    "minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<",
}  # fmt: skip


def recipe_fields(schema: Schema) -> str:
    """Returns a heading and a table for the file itself, for each section and each kind of one."""
    definitions = schema["$defs"]
    lines = ["## The file itself", "", *_table(schema["properties"], schema, definitions)]
    return "\n".join([*lines, *_inner("", schema["properties"], definitions, level=2)])


def _section(name: str, part: Schema, definitions: Schema, level: int) -> Iterator[str]:
    """Yields the lines of one section, then those of the sections in it."""
    kinds = _section_of(part).get("discriminator", {}).get("mapping")
    if kinds:
        sections = {kind: definitions[ref.rpartition("/")[2]] for kind, ref in kinds.items()}
        yield from _kinds(name, sections, definitions, level)
        return
    section = definitions[_reference(part)]
    yield from ("", f"{'#' * level} {name}", "", _plain(section.get("description", "")), "")
    yield from _table(section["properties"], section, definitions)
    yield from _inner(name, section["properties"], definitions, level + 1)


def _inner(
    name: str, fields: Mapping[str, Schema], definitions: Schema, level: int
) -> Iterator[str]:
    """Yields the lines of the sections that fields hold."""
    for inner, field in fields.items():
        if _refers(field):
            yield from _section(f"{name}.{inner}".lstrip("."), field, definitions, level)


def _kinds(
    name: str, sections: Mapping[str, Schema], definitions: Schema, level: int
) -> Iterator[str]:
    """Yields the lines of a section that has a ``kind``: what all kinds share, then each."""
    shared = _shared([section["properties"] for section in sections.values()])
    yield from ("", f"{'#' * level} {name}", "")
    yield f"`kind` is one of {', '.join(f'`{kind}`' for kind in sections)}."
    if shared:
        yield from (
            "",
            "Fields of every kind, unless it says otherwise:",
            "",
            *_table(shared, {}, definitions),
        )
    yield from _inner(name, shared, definitions, level + 1)
    for kind, section in sections.items():
        own = {
            key: field
            for key, field in section["properties"].items()
            if key != "kind" and field != shared.get(key)
        }
        yield from ("", f"{'#' * (level + 1)} {name}: {kind}", "", _plain(section["description"]))
        if own:
            yield from ("", *_table(own, section, definitions))
            yield from _inner(name, own, definitions, level + 2)


def _shared(kinds: Sequence[Mapping[str, Schema]]) -> dict[str, Schema]:
    """Returns the fields that more than half of the kinds have alike."""
    found = [(key, field) for fields in kinds for key, field in fields.items() if key != "kind"]
    return {key: field for key, field in found if found.count((key, field)) * 2 > len(kinds)}


def _table(fields: Mapping[str, Schema], owner: Schema, definitions: Schema) -> Iterator[str]:
    yield "| field | value | default | what it is |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields.items():
        default = json.dumps(field["default"], ensure_ascii=False) if "default" in field else ""
        shown = "required" if name in owner.get("required", ()) else f"`{default}`" * bool(default)
        if default == "null" or (default and _refers(field) and default[0] == "{"):
            shown = ""  # nothing; or what the section's own table says
        described = field if "description" in field else definitions.get(_reference(field), {})
        what = _plain(described.get("description", ""))
        yield f"| `{name}` | {_value(field, definitions)} | {shown} | {what} |"


def _value(field: Schema, definitions: Schema) -> str:
    """Returns which values a field takes, in words."""
    if "$ref" in field or "discriminator" in field:
        return "section"
    if "anyOf" in field or "oneOf" in field:
        parts = [_value(each, definitions) for each in field.get("anyOf", field.get("oneOf", ()))]
        return " or ".join(dict.fromkeys(part for part in parts if part != "nothing"))
    if "const" in field or "enum" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kind = field.get("type")
    if kind == "array":
        return f"list of ({_value(field.get('items', {}), definitions)})"
    names = {
        "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
        "null": "nothing", "object": "mapping", None: "any",
    }  # fmt: skip
    limits = [f"{sign} {field[key]:,}" for key, sign in _LIMITS.items() if key in field]
    return " ".join([names[kind], ", ".join(limits)]).strip()


def _section_of(part: Schema) -> Schema:
    """Returns what says which section a field holds: itself, one of several, or of a mapping."""
    if "$ref" in part or "discriminator" in part:
        return part
    values = part.get("additionalProperties")
    within = [*part.get("anyOf", ()), *([values] if isinstance(values, dict) else [])]
    return next((found for each in within if (found := _section_of(each))), {})


def _reference(part: Schema) -> str:
    """Returns the name of the definition of a field's section; empty where there is none."""
    return str(_section_of(part).get("$ref", "")).rpartition("/")[2]


def _refers(part: Schema) -> bool:
    return bool(_section_of(part))


def _plain(text: str) -> str:
    """Returns a description as a cell of a table has it: one line, code in single backticks."""
    return re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|").strip()
