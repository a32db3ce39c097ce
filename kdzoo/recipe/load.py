"""From a name or a path to resolved recipes: found, overridden, expanded, checked."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kdzoo.bounds import is_whole
from kdzoo.errors import Problem, RecipeError, did_you_mean
from kdzoo.files import has_file, with_home
from kdzoo.lists import refuse_no_list
from kdzoo.plain import is_unicode, shortened
from kdzoo.recipe.document import Document, parse_scalar, read_document
from kdzoo.recipe.expansion import expand, is_key, is_kind, merge, nest, places_of
from kdzoo.recipe.options import recipe_model
from kdzoo.recipe.paths import anchor_paths
from kdzoo.recipe.problems import problems_of
from kdzoo.recipe.schema import Recipe


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
    own = [file for end in (".yaml", ".yml") if (file := Path(f"{path}{end}")).is_file()]
    if own and "/" in name and name in shipped:  # as the folder goes before the short name
        return path.name, {str(own[0]): own[0]}
    if name in shipped:
        return name.replace("/", "-"), {name: shipped[name]}
    members = {key: file for key, file in shipped.items() if key.startswith(f"{name}/")}
    if members and name:
        return name.replace("/", "-"), members
    if path.is_dir():
        raise RecipeError(f"the folder {target} holds no recipe (.yaml)")
    if own:
        raise RecipeError(f"no recipe '{shortened(target)}'; write {target}{own[0].suffix}")
    if path.is_file():
        raise RecipeError(
            f"{shortened(target)} is no recipe (.yaml); if it holds labelled texts, have recipes "
            f"written for them: kdzoo init --data {shlex.quote(target)} -o mine/"
        )
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
    refuse_no_list(overrides=overrides, seeds=seeds)
    said = _parsed(overrides)
    study, files = find_recipes(target)
    model = recipe_model()
    variants: list[Variant] = []
    problems: dict[str, Sequence[Problem]] = {}
    for name, path in files.items():
        try:
            document = read_document(path, name)
            anchor_paths(document.data, path.resolve().parent)
            _override(document, said, seeds, data)
            variants += _validated(document, model)
        except RecipeError as error:
            problems[name] = error.problems or [Problem(error.title)]
    if problems:
        source, found = next(iter(problems.items()))
        raise (
            RecipeError(source, *found)
            if len(problems) == 1
            else RecipeError(target, *_told_once(problems, files))
        )
    _refuse_double_names(study, variants)
    _refuse_unread_pooling(variants)
    return Study(study, tuple(variants))


def _told_once(
    problems: Mapping[str, Sequence[Problem]], files: Collection[str]
) -> Iterator[Problem]:
    """Yields the problems of several files, what the command says wrongly once for all of them."""
    sources: dict[Problem, list[str]] = {}
    for name, found in problems.items():
        for problem in found:
            sources.setdefault(problem, []).append(name)
    for problem, names in sources.items():
        if not problem.where.startswith("--"):
            places = [f"{name} {problem.where}".strip() for name in names]
        elif len(names) == len(files):
            places = [problem.where]
        else:
            places = [f"{', '.join(names)} {problem.where}"]
        yield from (Problem(problem.what, place, problem.cure) for place in places)


def _refuse_double_names(study: str, variants: list[Variant]) -> None:
    seen: dict[str, str] = {}
    for variant in variants:
        if variant.name == "teacher":
            raise RecipeError(
                f"{variant.source}: 'teacher' is the teacher's row of the table; give the recipe "
                "another name (name: student)"
            )
        if variant.name in seen:
            raise RecipeError(
                f"two recipes of {study} are called '{variant.name}': "
                f"{seen[variant.name]} and {variant.source}; rename one of them"
            )
        seen[variant.name] = variant.source


def _refuse_unread_pooling(variants: Sequence[Variant]) -> None:
    """Refuses a pooling that no recipe of the study reads; where one does, it may stand in all."""
    poolings = [variant.source for variant in variants if variant.recipe.teacher.pooling]
    if poolings and not any(variant.recipe.reads_vectors for variant in variants):
        raise RecipeError(
            f"{poolings[0]}: teacher.pooling belongs to head: linear, choose: nearest and hidden, "
            "which read sentence vectors; add head: linear to the teacher, or remove "
            "teacher.pooling"
        )


def _validated(document: Document, model: type[Recipe]) -> Iterator[Variant]:
    """Yields the recipe and its variants; raises with the problems of all of them."""
    problems: dict[Problem, Problem] = {}  # a mistake of the recipe itself is in all its variants
    variants: list[Variant] = []
    for name, expanded, origin in expand(document):
        try:
            variants.append(Variant(model.model_validate(expanded.data), name, document.source))
        except ValidationError as error:
            for problem in problems_of(error, expanded, model):
                place = problem.where if not origin else f"{problem.where} ({origin})"
                problems.setdefault(problem, Problem(problem.what, place, problem.cure))
    if problems:
        raise RecipeError(document.source, *problems.values())
    yield from variants


def _parsed(overrides: Sequence[str]) -> list[tuple[tuple[str, ...], Any]]:
    """Returns the place and the value that each override says; the kinds of sections first."""
    said = []
    for override in sorted(overrides, key=lambda said: not is_kind(said.partition("=")[0])):
        key, equals, text = override.partition("=")
        if not equals or not is_key(key) or not is_unicode(text):
            raise RecipeError(
                f"--set {shortened(override)}: write key.path=value, as in training.steps=500"
            )
        path = tuple(key.split("."))
        value = parse_scalar(text, path)
        if not is_whole(value):
            raise RecipeError(
                f"--set {shortened(override)}: half a character (a lone surrogate); write it whole"
            )
        said.append((path, value))
    return said


def _override(
    document: Document,
    said: Sequence[tuple[tuple[str, ...], Any]],
    seeds: Sequence[int] | None,
    data: str | None,
) -> None:
    if data is not None and isinstance(document.data.get("data"), dict):
        document.data["data"].pop("csv", None)  # it told of the files that were there
    for path, value in said:
        document.data = merge(document.data, nest(path, value))
        if not isinstance(value, dict):
            document.forget_below(path)
        document.places.update(places_of(path, "--set", document.places))
    if seeds is not None:
        document.data["seeds"] = list(seeds)
        document.forget_below(("seeds",))
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
