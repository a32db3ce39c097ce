"""Recipes, overrides and names from a stranger, or from a slip: one message, at once, or right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_world import RunCommand, WriteRecipe

from kdzoo.errors import KdzooError, RecipeError
from kdzoo.recipe import load_study
from kdzoo.recipe.document import LARGEST

LONG = "a" * 5000
QUICKSTART = "quickstart/cnn"
NUMBERS = (
    "-1", "0", "1e14", "1e300", "1e999", "-1e300", ".inf", ".nan", "9" * 30, "9" * 5000,
    "2_000_000_000_000", "1099511627776", "true", "null", "[]", "{}", "text",
)  # fmt: skip
COUNTS = (
    "seeds", "teacher.max_length", "teacher.batch_size", "teacher.fine_tune.epochs",
    "teacher.fine_tune.seed", "teacher.fine_tune.batch_size",
    "transfer.augment.copies", "student.dim", "student.maps", "student.dropout", "student.widths",
    "student.pair_head", "objective.temperature", "objective.alpha", "training.steps",
    "training.batch_size", "training.evaluations", "training.warmup",
    "training.checkpoint_every", "training.max_grad_norm", "measure.threads", "measure.rounds",
    "measure.texts", "measure.cold_starts", "measure.time_limit_s", "data.labels_per_class",
)  # fmt: skip
SECTIONS = (  # so that they may be counted
    "teacher.head=null", "teacher.lower_layers=[]", "transfer.augment.kind=mask"
)  # fmt: skip
MOST = 10**9  # nothing that a recipe counts is more


def numbers(value: Any) -> Iterator[float]:
    """Yields every number in a recipe."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, int | float):
        yield value


@pytest.mark.parametrize(
    "values", [NUMBERS[2::6], pytest.param(NUMBERS, marks=pytest.mark.slow)], ids=["few", "all"]
)
@pytest.mark.parametrize("key", COUNTS)
def test_a_number_is_one_that_a_machine_can_do_or_refused(
    key: str, values: tuple[str, ...]
) -> None:
    for value in values:
        try:
            study = load_study(QUICKSTART, overrides=[*SECTIONS, f"{key}={value}"])
        except RecipeError as error:
            assert key.rpartition(".")[2] in str(error)
            assert len(str(error)) < 2000
        else:
            recipe = study.variants[0].recipe.model_dump(mode="json")
            assert all(-MOST <= each <= MOST for each in numbers(recipe))


@pytest.mark.parametrize("value", ["257", "1000000", "1099511627776"])
def test_threads_whose_stacks_are_gigabytes_are_refused(value: str) -> None:
    with pytest.raises(RecipeError, match=r"measure\.threads: should be less than or equal to 256"):
        load_study(QUICKSTART, overrides=[f"measure.threads={value}"])


@pytest.mark.parametrize("seed", ["4294967296", "18446744073709551616", "-1", "9" * 400])
def test_seeds_that_a_library_cannot_take_are_refused(seed: str) -> None:
    with pytest.raises(RecipeError, match="seeds"):
        load_study(QUICKSTART, seeds=[int(seed)])


@pytest.mark.parametrize(
    ("variants", "values", "keys"),
    [(0, 1000, 2), (0, 100, 4), (0, 2, 30), (500, 3, 1), (1001, 1, 1)],
)
def test_a_grid_is_counted_before_it_is_made(
    write_recipe: WriteRecipe, variants: int, values: int, keys: int
) -> None:
    grid = {f"training.key{number}": list(range(values)) for number in range(keys)}
    recipe = write_recipe(
        grid=grid, variants={f"v{number}": {"name": "tiny"} for number in range(variants)}
    )
    start = time.process_time()

    with pytest.raises(RecipeError, match=r"stands for [\d,]+ variants, more than 1,000"):
        load_study(str(recipe))

    assert time.process_time() - start < 5


def documents() -> Iterator[tuple[str, bytes]]:
    """Yields files that are no recipes, by what is wrong with them."""
    yield "flat and huge", b"".join(b"key%d: 1\n" % number for number in range(LARGEST // 10))
    yield "long lines", b"name: " + b"a" * (2 * LARGEST)
    for opening, closing in ((b"[", b"]"), (b"{a: ", b"}"), (b"- ", b""), (b"a: [", b"]")):
        for depth in (30, 300, 3000, 100_000):
            yield f"{depth} x {opening!r}", opening * depth + b"1" + closing * depth
    for escape in (rb'"\ud800"', rb'"\udfff: 1"', rb'{"\ud83d": 1}', rb'["a", "\udc00"]'):
        for key in (b"name", b"variants", b"data", b"grid", b"student"):
            yield f"half a character in {key!r}", key + b": " + escape
    yield "half a character as a key", rb'"\ud800": 1'
    yield "NUL", b"name: \x00"
    yield "not UTF-8", b"name: \xff\xfe"
    yield "an alias", b"a: &a [1]\nb: [*a, *a]"
    yield "a tag", b"a: !!python/object/apply:os.system ['true']"
    yield "digits", b"version: " + b"9" * 5000
    yield "a key of lists", b"? [a, b]\n: 1"
    yield "a variant's name", b"variants: {" + b"a" * 300 + b": {}}"
    yield "escape sequences", b'"\\e[31mred\\e[0m": 1'


@pytest.mark.parametrize(
    "content", [pytest.param(content, id=name) for name, content in documents()]
)
def test_a_file_that_is_no_recipe_is_told_of(
    tmp_path: Path, kdzoo: RunCommand, content: bytes
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_bytes(content)
    start = time.process_time()
    outcome = kdzoo("check", str(recipe))

    assert outcome.code == 2
    assert "recipe.yaml" in outcome.err
    assert "Traceback" not in outcome.err
    assert "\x1b" not in outcome.err
    assert len(outcome.err) < 10_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", LONG),
        ("check", f"{LONG}.yaml"),
        ("check", f"/{LONG}/{LONG}"),
        ("show", LONG),
        ("new", QUICKSTART, f"{LONG}.yaml"),
        ("new", QUICKSTART, f"{LONG}/a.yaml"),
        ("run", QUICKSTART, "--out", LONG),
        ("run", QUICKSTART, "--out", "/proc/results"),
        ("new", QUICKSTART, "/proc/mine.yaml"),
        ("check", QUICKSTART, "--data", LONG),
        ("check", QUICKSTART, "--set", f"data.files={LONG}"),
        ("check", QUICKSTART, "--set", f"{LONG}=1"),
        ("check", QUICKSTART, "--set", f"student.kind={LONG}"),
        ("check", QUICKSTART, "--set", "a." * 3000 + "a=1"),
        ("check", QUICKSTART, "--set", f"training.steps={'[' * 5000}"),
        ("check", QUICKSTART, "--set", "data.text=\udcff"),
        ("check", QUICKSTART, "--set", "\udcff=1"),
        ("check", QUICKSTART, "--set", 'data.label="\\ud800"'),
        ("check", QUICKSTART, "--set", 'student.kind="\\e[31mred"'),
        ("check", QUICKSTART, "--set", "student.embeddings={vectors: /dev/zero}"),
        ("check", QUICKSTART, "--students", LONG),
        ("init", "--data", LONG, "-o", "mine"),
        ("init", "--data", "/dev/zero", "-o", "mine"),
        ("report", LONG),
        ("report", "/proc/self"),
        ("pick", LONG),
        ("predict", LONG, "a text"),
        ("export", LONG, "--out", "there"),
        ("run", QUICKSTART, "--seeds", "9" * 5000),
        ("run", QUICKSTART, "--seeds", "0,-1"),
    ],
    ids=lambda arguments: " ".join(each[:25] for each in arguments),
)
def test_names_and_numbers_on_the_command_line_end_in_one_message(
    kdzoo: RunCommand, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    outcome = kdzoo(*arguments)

    assert outcome.code == 2
    assert outcome.err.strip()
    assert "Traceback" not in outcome.err
    assert "\x1b" not in outcome.err + outcome.out
    assert not list(tmp_path.rglob("*.partial"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@settings(deadline=None, max_examples=15)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=20)
        | st.sampled_from(NUMBERS),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        ["data", "teacher", "student", "grid", "variants", "training", "seeds", "measure"]
    ),
)
def test_any_section_is_a_recipe_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, value: Any, key: str
) -> None:
    recipe = tmp_path_factory.mktemp("any") / "any.yaml"
    recipe.write_text(
        yaml.safe_dump({"version": 1, "name": "any", key: value}, allow_unicode=True),
        encoding="utf-8",
    )

    with pytest.raises(KdzooError):
        load_study(str(recipe))
