"""The signature is the schema: a registered thing's keyword-only parameters become recipe keys."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import BeforeValidator, Field, PydanticUserError, TypeAdapter, create_model
from pydantic_core import PydanticSerializationError

from kdzoo import registry
from kdzoo.entries import Entry, RuntimeEntry, StudentEntry
from kdzoo.errors import Problem, RegistryError
from kdzoo.recipe.measure import Measure
from kdzoo.recipe.schema import Augment, Objective, Recipe, Student, Transfer
from kdzoo.recipe.section import Section

# the first line of a recipe: where an editor finds what it may say; of one that comes with kdzoo,
# and of a user's
SHIPPED_SCHEMA = "# yaml-language-server: $schema=../recipe.schema.json"
OWN_SCHEMA = (
    "# yaml-language-server: $schema=recipe.schema.json   (kdzoo schema > recipe.schema.json)"
)


def option_fields(entry: Entry) -> dict[str, Any]:
    """Returns pydantic field definitions for the options of ``entry``.

    These are its keyword-only parameters, but for those that kdzoo fills in.

    Raises:
        RegistryError: a keyword-only parameter has no annotation, so no type to hold a recipe to,
            or one that is not known in its file.
    """
    signed = entry.value.__init__ if inspect.isclass(entry.value) else entry.value
    options = [
        parameter
        for parameter in inspect.signature(signed).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.name not in entry.offered
    ]
    try:
        hints = _types(signed, [parameter.name for parameter in options])
    except NameError as error:
        raise RegistryError(f"{entry.origin}: the type of an option: {error}") from error
    fields: dict[str, Any] = {}
    for parameter in options:
        if parameter.name not in hints:
            raise RegistryError(
                entry.origin,
                Problem(
                    f"option '{parameter.name}' of '{entry.name}' has no type",
                    cure=f"annotate it, as in `{parameter.name}: int = 64`",
                ),
            )
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return fields


def written_options(entry: Entry, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns options as JSON can hold them: a tuple is a list, a path a text.

    One that ``entry`` does not have stays as it is.
    """
    typed = read_options(entry, options)
    kinds = _kinds(entry, typed)
    return {**typed, **{name: kinds[name].dump_python(typed[name], mode="json") for name in kinds}}


def read_options(entry: Entry, written: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what ``written_options`` wrote as it was: each option has the type that it names.

    One that ``entry`` does not have stays as it is.
    """
    kinds = _kinds(entry, written)
    return {**written, **{name: kinds[name].validate_python(written[name]) for name in kinds}}


def _kinds(entry: Entry, options: Mapping[str, Any]) -> dict[str, TypeAdapter[Any]]:
    """Returns what reads and writes each of these options of ``entry``."""
    fields = option_fields(entry)
    return {name: TypeAdapter(fields[name][0]) for name in options if name in fields}


def pretrained_options(entry: Entry, options: Mapping[str, Any]) -> dict[str, str]:
    """Returns those of the options of ``entry`` that name a model by hub id or folder."""
    return {
        name: options[name]
        for name, (kind, _) in option_fields(entry).items()
        for mark in _pretrained_marks(kind)
        if isinstance(options.get(name), str) and options[name] not in mark.words
    }


def _pretrained_marks(kind: Any) -> list[registry.Pretrained]:
    """Returns the mark of an option that names a model, if its type has it."""
    marks = getattr(kind, "__metadata__", ())
    return [mark for mark in marks if isinstance(mark, registry.Pretrained)]


def _types(signed: Any, names: list[str]) -> dict[str, Any]:
    """Returns the types of these parameters; the others' may be known to type checkers only."""
    function = inspect.unwrap(signed)
    annotations = {k: v for k, v in function.__annotations__.items() if k in names}
    described = SimpleNamespace(__annotations__=annotations)
    return get_type_hints(described, function.__globals__, include_extras=True)


def _chosen_by_kind(base: type[Section], known: Sequence[Entry]) -> Any:
    """Returns the union of ``base`` with each registered kind's options, told apart by ``kind``."""
    kinds: list[Any] = []
    for entry in known:
        try:
            kinds.append(_kind_model(base, entry))
        except RegistryError:
            for each in registry.REGISTRIES:
                each.forget_typed(entry)
            raise
    return Annotated[Union[tuple(kinds)], Field(discriminator="kind")]  # noqa: UP007 - made at run time


def _kind_model(base: type[Section], entry: Entry) -> type[Section]:
    """Returns ``base`` with the options of one registered thing."""
    fields = option_fields(entry)
    for name in fields:
        if name.startswith("_") or name in base.model_fields or hasattr(base, name):
            raise RegistryError(
                f"{entry.origin}: '{entry.name}' cannot have an option called '{name}'; "
                "the recipe's section has that name for itself, rename the parameter"
            )
    if isinstance(entry, StudentEntry) and entry.tokenizer_of is not None:
        fields |= _brought_along(entry, entry.tokenizer_of, fields)
    try:
        for kind, default in fields.values():
            if default is not ...:
                TypeAdapter(kind).dump_json(default)  # a function or a class is no text
        return create_model(
            f"_{base.__name__}_{entry.name}",
            __base__=base,
            __doc__=entry.summary,
            **{"kind": (Literal[entry.name], ...), **fields},
        )
    except (PydanticUserError, PydanticSerializationError) as error:
        raise RegistryError(
            f"{entry.origin}: an option of '{entry.name}' has a type that a recipe cannot write; "
            f"use numbers, texts and lists of them\n  {str(error).splitlines()[0]}"
        ) from error


def _brought_along(entry: StudentEntry, option: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields that are no choice where a student's model brings tokenizer and words."""
    if not _pretrained_marks(fields.get(option, (None,))[0]):
        raise RegistryError(
            f"{entry.origin}: tokenizer_of='{option}' of '{entry.name}' is no option that names a "
            f"model; annotate one, as in `{option}: Annotated[str, Pretrained()]`"
        )

    def only_own(value: Any) -> Any:
        if value != "own":
            raise ValueError(
                f"cannot be {value!r}: {entry.name} reads with the tokenizer of student.{option} "
                "and starts from that model's embeddings; remove this key"
            )
        return value

    own = (Annotated[Literal["own"], BeforeValidator(only_own)], "own")
    return dict.fromkeys(("text", "vocabulary", "embeddings"), own)


def recipe_model() -> type[Recipe]:
    """Returns the recipe's model with the options of everything that is registered by now."""
    known = registry.augmenters, registry.students, registry.objectives, registry.runtimes
    return _recipe_model(*(tuple(each.entries().values()) for each in known))


@lru_cache(maxsize=8)  # a model takes longer to make than a recipe to read
def _recipe_model(
    augmenters: tuple[Entry, ...],
    students: tuple[Entry, ...],
    objectives: tuple[Entry, ...],
    runtimes: tuple[RuntimeEntry, ...],
) -> type[Recipe]:
    transfer = create_model(
        "_Transfer",
        __base__=Transfer,
        __doc__=Transfer.__doc__,
        augment=(_chosen_by_kind(Augment, augmenters) | None, None),
    )
    chosen = tuple(entry.name for entry in runtimes if entry.reads == "models")
    measure = create_model(
        "_Measure",
        __base__=Measure,
        __doc__=Measure.__doc__,
        runtimes=(list[Literal[chosen]], Measure.model_fields["runtimes"]),  # type: ignore[valid-type]
    )
    return create_model(
        "_Recipe",
        __base__=Recipe,
        transfer=(transfer, transfer()),
        student=(_chosen_by_kind(Student, students), ...),
        objective=(_chosen_by_kind(Objective, objectives), ...),
        measure=(measure, measure()),
    )


def json_schema() -> dict[str, Any]:
    """Returns the JSON schema of a recipe file, variants and grid included, for editors."""
    file_model = create_model(
        "kdzoo recipe",
        __base__=recipe_model(),
        variants=(
            dict[str, dict[str, Any]],
            Field({}, description="variants: named overrides of this recipe"),
        ),
        grid=(
            dict[str, list[Any]],
            Field({}, description="grid: dotted keys and their values; every combination is run"),
        ),
    )
    schema = file_model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
