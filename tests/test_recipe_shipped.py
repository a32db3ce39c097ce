"""Every recipe that comes with kdzoo can be read by people, by editors and by kdzoo."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kdzoo.recipe import find_recipes, load_study, shipped_recipes
from kdzoo.recipe.load import recipes_root

pytestmark = pytest.mark.usefixtures("own_registries")

SHIPPED = {
    path.relative_to(recipes_root()).with_suffix("").as_posix(): path
    for path in sorted(recipes_root().rglob("*"))
    if path.suffix in (".yaml", ".yml")
}
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
Marked = Callable[[dict[str, Any]], list[str]]
each_recipe = pytest.mark.parametrize("name", SHIPPED)


def comments(name: str) -> list[str]:
    """Returns the comment lines with which the recipe opens, without their mark."""
    lines = SHIPPED[name].read_text(encoding="utf-8").splitlines()
    opening = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return [line.removeprefix("#").strip() for line in opening]


@pytest.fixture(scope="module")
def marked() -> Marked:
    """What an editor marks in a recipe by the schema beside it, which is that of this kdzoo."""
    schema = json.loads((ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    return lambda recipe: [error.message for error in validator.iter_errors(recipe)]


class TestAll:
    def test_are_found_by_their_short_names(self) -> None:
        """However deep they lie, none is overlooked."""
        assert SHIPPED
        assert shipped_recipes() == SHIPPED

    @pytest.mark.parametrize("zoo", ["clinc150", "quickstart"])
    def test_show_the_students_that_the_first_zoos_compare(self, zoo: str) -> None:
        """What is added to ``students/`` later need not have recipes here."""
        begins = {"bilstm", "cnn", "distilbert", "static"}

        assert begins <= {v.recipe.student.kind for v in load_study(zoo).variants}

    def test_stand_in_one_table_with_their_neighbours(self) -> None:
        """The recipes of a folder share data and teacher, so their rows can be compared.

        Variants may have another one: that is what they are about.
        """
        folders = {name.rpartition("/")[0] for name in SHIPPED}
        for folder in folders:
            variants = load_study(folder).variants
            recipes = [each.recipe for each in variants if "/" not in each.name]
            assert len({recipe.data.model_dump_json() for recipe in recipes}) == 1
            assert len({recipe.teacher.model_dump_json() for recipe in recipes}) == 1


@each_recipe
class TestEach:
    def test_loads(self, name: str) -> None:
        """Its name is its file's, so that people find in the table what they ran."""
        (variant, *others) = load_study(name).variants

        assert variant.name == SHIPPED[name].stem
        assert all(other.recipe.name == variant.recipe.name for other in others)

    def test_is_what_the_schema_says(self, name: str, marked: Marked) -> None:
        """An editor that knows the schema finds nothing to mark."""
        data = yaml.safe_load(SHIPPED[name].read_text(encoding="utf-8"))

        assert marked(data) == []

    def test_is_marked_by_the_schema_when_misspelt(self, name: str, marked: Marked) -> None:
        """Any key of it, in any section, and any kind."""
        data = yaml.safe_load(SHIPPED[name].read_text(encoding="utf-8"))

        for broken in spoilt(data):
            assert marked(broken), broken

    def test_opens_with_the_editors_line(self, name: str) -> None:
        """Its path, from the recipe's place, is that of the one schema beside them."""
        match = re.fullmatch(r"yaml-language-server: \$schema=(\S+)", comments(name)[0])

        assert match is not None
        named = (SHIPPED[name].parent / match[1]).resolve()
        assert named == (recipes_root() / "recipe.schema.json").resolve()

    def test_says_what_it_is(self, name: str) -> None:
        """A sentence on the second line; `kdzoo list` shows it."""
        about = comments(name)[1]

        assert about.endswith(".")
        assert about[0].isupper()
        assert 20 < len(about) < 100

    def test_says_how_to_run_it_and_how_long_that_takes(self, name: str) -> None:
        """The command names this very recipe; a time is said only where one was taken."""
        (line,) = [line for line in comments(name) if line.startswith("Run:")]
        match = re.fullmatch(
            r"Run: +kdzoo run (\S+) +"
            r"(?:about \d+ (?:s|min)\b.* on (?:\d+ CPU cores|a GPU)|wants a GPU; not timed here|"
            r"not run yet)",
            line,
        )

        assert match is not None
        assert find_recipes(match[1])[1] == {name: SHIPPED[name]}

    def test_that_was_published_does_not_say_that_it_never_ran(self, name: str) -> None:
        """A row of its name stands in the results of its study."""
        manifest = RESULTS / Path(name).parent / "study.json"
        content = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
        published = {row["name"].partition("/")[0] for row in content.get("rows", [])}
        (line,) = [line for line in comments(name) if line.startswith("Run:")]

        assert not (Path(name).name in published and "not run yet" in line)

    def test_all_commands_in_it_work(self, name: str) -> None:
        """Every `kdzoo run` line: recipe and overrides are read as they stand."""
        commands = [line.partition("kdzoo run ")[2] for line in comments(name)]
        for command in filter(None, commands):
            target, *rest = command.partition("  ")[0].split()
            overrides = [rest[i + 1] for i, word in enumerate(rest) if word == "--set"]
            data = next((rest[i + 1] for i, word in enumerate(rest) if word == "--data"), None)

            assert load_study(target, overrides=overrides, data=data).variants

    def test_names_nothing_on_somebodys_machine(self, name: str) -> None:
        """No absolute path, no path of a home folder."""
        text = SHIPPED[name].read_text(encoding="utf-8")

        assert not re.search(r"[:\[,{] *['\"]?(?:/|~|[A-Za-z]:\\)", text)

    def test_says_its_version_first(self, name: str) -> None:
        text = SHIPPED[name].read_text(encoding="utf-8")
        keys = [line for line in text.splitlines() if line and not line.startswith("#")]

        assert keys[0] == "version: 1"


def spoilt(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the recipe with one key misspelt or one kind unknown, for all keys and kinds."""
    for path in key_paths(data):
        changed = copy.deepcopy(data)
        section = changed
        for key in path[:-1]:
            section = section[key]
        if path[-1] == "kind":
            section["kind"] = "unheard-of"
        else:
            section[f"{path[-1]}x"] = section.pop(path[-1])
        yield changed


def key_paths(data: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of every key, but for those that are a user's own names."""
    for key, value in data.items():
        yield (*above, key)
        if isinstance(value, dict) and key not in ("variants", "other_tests"):
            yield from key_paths(value, (*above, key))
