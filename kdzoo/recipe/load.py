"""From a name or a path to resolved recipes: found, overridden, expanded, checked."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kdzoo.bounds import DEEPEST, is_whole
from kdzoo.errors import Problem, RecipeError, did_you_mean
from kdzoo.files import has_file, with_home
from kdzoo.plain import is_unicode, shortened
from kdzoo.recipe.document import Document, parse_scalar, read_document
from kdzoo.recipe.options import recipe_model
from kdzoo.recipe.paths import anchor_paths
from kdzoo.recipe.problems import problems_of
from kdzoo.recipe.schema import Augment, Objective, Recipe, Student
from kdzoo.recipe.section import Section
from kdzoo.recipe.spelling import KeyPath

# A section whose kind is overridden keeps these keys and drops the other kind's options.
_KEPT_KEYS: dict[str, type[Section]] = {
    "student": Student,
    "objective": Objective,
    "augment": Augment,
}


MOST_VARIANTS = 1000  # of a recipe, its grid's products included
LONGEST_NAME = 200  # characters of a variant's name


@dataclass(frozen=True)
class Variant:
    """A recipe with one of its variants applied: all that a run needs to know."""

    recipe: Recipe
    variant: str
    source: str

    @property
    def name(self) -> str:
        """``bilstm`` for the recipe itself, ``bilstm/mse`` for its variant."""
        return f"{self.recipe.name}/{self.variant}" if self.variant else self.recipe.name


@dataclass(frozen=True)
class Study:
    """Recipes that are run together and stand in one table."""

    name: str
    variants: tuple[Variant, ...]


def recipes_root() -> Path:
    """Returns the folder of the recipes that come with kdzoo."""
    return Path(str(resources.files("kdzoo.recipes")))


def shipped_recipes() -> dict[str, Path]:
    """Returns the recipes that come with kdzoo, by short names such as ``clinc150/bilstm``."""
    root = recipes_root()
    return {
        path.relative_to(root).with_suffix("").as_posix(): path
        for path in sorted(root.rglob("*.yaml"))
    }


def find_recipes(target: str) -> tuple[str, dict[str, Path]]:
    """Returns the study's name and its recipe files: of a short name, a folder or a file.

    Raises:
        RecipeError: there is no such recipe; the message suggests the nearest.
    """
    path = with_home(target)
    if path.suffix in (".yaml", ".yml"):
        if not has_file(path):
            raise RecipeError(f"no such recipe file: {target}")
        return path.stem, {target: path}
    if path.is_dir() and (files := sorted([*path.glob("*.yaml"), *path.glob("*.yml")])):
        return path.resolve().name, {str(file): file for file in files}
    shipped, name = shipped_recipes(), target.strip("/")
    if name in shipped:
        return name.replace("/", "-"), {name: shipped[name]}
    members = {key: file for key, file in shipped.items() if key.startswith(f"{name}/")}
    if members and name:
        return name.replace("/", "-"), members
    if path.is_dir():
        raise RecipeError(f"the folder {target} holds no recipe (.yaml)")
    for ending in (".yaml", ".yml"):
        if path.with_name(path.name + ending).is_file():
            raise RecipeError(f"no recipe '{shortened(target)}'; write {target}{ending}")
    names = {*shipped, *(key.rpartition("/")[0] for key in shipped)}
    raise RecipeError(f"no recipe '{shortened(target)}'; {did_you_mean(target, names)}")


def load_study(
    target: str,
    *,
    overrides: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    data: str | None = None,
) -> Study:
    """Returns the study that ``target`` names, every variant of it validated.

    Args:
        target: a short name (``clinc150``, ``clinc150/bilstm``), a recipe file, or a folder
            of them.
        overrides: ``key.path=value`` each, applied to every recipe.
        seeds: instead of the recipes' own.
        data: a file or folder that takes the place of the recipes' data source.

    Raises:
        RecipeError: all problems of all files at once.
    """
    study, files = find_recipes(target)
    model = recipe_model()
    variants: list[Variant] = []
    problems: dict[str, list[Problem]] = {}
    for name, path in files.items():
        try:
            document = read_document(path, name)
            anchor_paths(document.data, path.resolve().parent)
            _override(document, overrides, seeds, data)
            variants += _validated(document, model)
        except RecipeError as error:
            problems[name] = list(error.problems) or [Problem(error.title)]
    if problems:
        single = len(problems) == 1
        raise RecipeError(
            next(iter(problems)) if single else target,
            *(
                problem
                if single
                else Problem(problem.what, f"{name} {problem.where}", problem.cure)
                for name, found in problems.items()
                for problem in found
            ),
        )
    _refuse_double_names(study, variants)
    return Study(study, tuple(variants))


def _refuse_double_names(study: str, variants: list[Variant]) -> None:
    seen: dict[str, str] = {}
    for variant in variants:
        if variant.name in seen:
            raise RecipeError(
                f"two recipes of {study} are called '{variant.name}': "
                f"{seen[variant.name]} and {variant.source}; rename one of them"
            )
        seen[variant.name] = variant.source


def _validated(document: Document, model: type[Recipe]) -> Iterator[Variant]:
    """Yields the recipe and its variants; raises with the problems of all of them."""
    problems: dict[Problem, Problem] = {}  # a mistake of the recipe itself is in all its variants
    variants: list[Variant] = []
    for name, expanded, origin in _expand(document):
        try:
            variants.append(Variant(model.model_validate(expanded.data), name, document.source))
        except ValidationError as error:
            for problem in problems_of(error, expanded, model):
                place = problem.where if not origin else f"{problem.where} ({origin})"
                problems.setdefault(problem, Problem(problem.what, place, problem.cure))
    if problems:
        raise RecipeError(document.source, *problems.values())
    yield from variants


def _expand(document: Document) -> list[tuple[str, Document, str]]:
    """Returns (name, document, origin) of the recipe, its variants, and their grid's products."""
    base = copy.deepcopy(document.data)
    variants, grid = base.pop("variants", None) or {}, base.pop("grid", None) or {}
    if problems := _expansion_problems(document, variants, grid):
        raise RecipeError(document.source, *problems)
    gridded = {tuple(key.split(".")): document.place(("grid", key)) for key in grid}
    named = [("", base, "", {**document.places, **gridded})]
    for name, override in variants.items():
        own = _places_below(document, ("variants", str(name)))
        places = {**document.places, **own, **gridded}
        named.append((str(name), merge(base, override), f"in variant '{name}'", places))
    expanded = []
    for name, data, origin, places in named:
        for values in itertools.product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            nested = data
            for key, value in point.items():
                nested = merge(nested, _nest(key.split("."), value))
            label = ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in point.items())
            title = "/".join(filter(None, (name, label)))
            expanded.append((title, Document(document.source, nested, places), origin))
    return expanded


def _places_below(document: Document, path: KeyPath) -> dict[KeyPath, str]:
    depth = len(path)
    return {
        key[depth:]: place
        for key, place in document.places.items()
        if key[:depth] == path and len(key) > depth
    }


def _expansion_problems(document: Document, variants: Any, grid: Any) -> list[Problem]:
    problems = []
    for key, value in (("variants", variants), ("grid", grid)):
        if not isinstance(value, dict):
            problems.append(Problem("must be a mapping", f"{document.place((key,))}  {key}"))
    if isinstance(variants, dict):
        problems += [
            Problem(
                f"a name has {LONGEST_NAME} characters at most",
                f"{document.place(('variants', k))}  {shortened(str(k))}",
            )
            for k in variants
            if len(str(k)) > LONGEST_NAME
        ]
        problems += [
            Problem("a variant has no name", f"{document.place(('variants', k))}", "give it one")
            for k in variants
            if not str(k).strip()
        ]
        problems += [
            Problem(
                "must be a mapping of keys to override", f"{document.place(('variants', k))}  {k}"
            )
            for k, v in variants.items()
            if not isinstance(v, dict)
        ]
    if isinstance(grid, dict):
        problems += [
            Problem(
                "must be a dotted key and a list of values",
                f"{document.place(('grid', str(k)))}  {k}",
                "as in `training.steps: [500, 1000]`",
            )
            for k, v in grid.items()
            if not (_is_key(k) and isinstance(v, list) and v)
        ]
        problems += [
            Problem("a value is there twice", f"{document.place(('grid', k))}  {k}", "keep one")
            for k, v in grid.items()
            if isinstance(v, list) and any(value in v[:number] for number, value in enumerate(v))
        ]
    if not problems and (count := (1 + len(variants)) * math.prod(map(len, grid.values()))) > (
        MOST_VARIANTS
    ):
        problems.append(
            Problem(
                f"stands for {count:,} variants, more than {MOST_VARIANTS:,}",
                document.place(("grid",)) or document.place(("variants",)),
                "give it fewer values, or make several recipes of it",
            )
        )
    return problems


def _is_key(key: Any) -> bool:
    """Whether it is a dotted key that a recipe can have."""
    if not isinstance(key, str) or not is_unicode(key):
        return False
    parts = key.split(".")
    return all(parts) and len(parts) <= DEEPEST


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """Returns ``base`` with ``override`` laid over it, key by key, to any depth.

    A section whose ``kind`` changes keeps what all kinds share and drops the other kind's options.
    """
    merged = copy.deepcopy(base)
    for key, value in override.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            if key in _KEPT_KEYS and value.get("kind", under.get("kind")) != under.get("kind"):
                shared = _KEPT_KEYS[key].model_fields
                under = {k: v for k, v in under.items() if k in shared}
            merged[key] = merge(under, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _nest(path: Sequence[str], value: Any) -> dict[str, Any]:
    return {path[0]: _nest(path[1:], value) if len(path) > 1 else value}


def _override(
    document: Document, overrides: Sequence[str], seeds: Sequence[int] | None, data: str | None
) -> None:
    if data is not None and isinstance(document.data.get("data"), dict):
        document.data["data"].pop("csv", None)  # it told of the files that were there
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not _is_key(key) or not is_unicode(text):
            raise RecipeError(
                f"--set {shortened(override)}: write key.path=value, as in training.steps=500"
            )
        path = tuple(key.split("."))
        value = parse_scalar(text, path)
        if not is_whole(value):
            raise RecipeError(
                f"--set {shortened(override)}: half a character (a lone surrogate); write it whole"
            )
        document.data = merge(document.data, _nest(path, value))
        document.places[path] = "--set"
    if seeds is not None:
        document.data["seeds"] = list(seeds)
        document.places[("seeds",)] = "--seeds"
    if data is not None:
        before = document.data.get("data")
        section = {
            k: v
            for k, v in (before.items() if isinstance(before, dict) else ())
            if k not in ("hub", "config", "revision", "embedded")
        }
        document.data["data"] = {**section, "files": str(with_home(data).resolve())}
        document.places[("data", "files")] = "--data"
