"""How often kdzoo's verdict on a recipe is right, in simulated studies whose truth is known.

Texts vary in difficulty, and models hang together through them: a hard text is hard for all. Each
model is right on a text by chance, the more probably the more skilled it is and the easier the
text. Training luck moves the accuracy of each model, distilled or not, by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
import typer
from scipy.special import ndtri
from setting import Publish, show

from kdzoo.statistics import (
    Effect,
    Hits,
    RecipeComparison,
    adjusted,
    compare_recipes,
    of_distilling,
)
from kdzoo.statistics.paired import permutation_p

TEXTS, SEEDS = (500, 2000, 5500), (1, 2, 3, 5)
LUCK = (0.3, 1.0, 2.0)  # points, standard deviation of a model's accuracy
EFFECTS = (0, 1, 2, 5)  # points that distilling gives
STUDENTS = 3  # of a study
HARDNESS = 2.0  # standard deviation of the texts' difficulty, beside chance of deviation 1
VARIANTS = "ten variants of one recipe"
HARD_LABELS, TEACHER = 0.82, 0.90  # accuracy of the controls, and of the teacher

Rng = np.random.Generator


@dataclass(frozen=True)
class World:
    """What simulated studies are like.

    Attributes:
        seeds: of each student.
        texts: of the test split.
        luck: of each student and its control, in points.
        effect: of distilling, in points.
        shared: share of the luck's variance that a student has in common with its control.
        variants: whether all are compared with one and the same recipe, not each with its control.
    """

    seeds: int
    texts: int
    luck: tuple[float, ...]
    effect: float
    shared: float = 0.0
    variants: bool = False


@dataclass(frozen=True)
class Tally:
    """What kdzoo said of the students of simulated studies; shares, a student each, [R].

    Attributes:
        gains: where it said that distilling gave something.
        losses: where it said that it cost something.
        held: where the interval held the effect; NaN where there was none.
        studies: how many.
    """

    gains: np.ndarray
    losses: np.ndarray
    held: np.ndarray
    studies: int


def study(rng: Rng, world: World) -> dict[tuple[str, int], Hits]:
    """Returns the hits [S, N] of each student and of its control, and those of the teacher."""
    hardness = rng.normal(0, HARDNESS, world.texts).astype(np.float32)

    def hits(accuracy: np.ndarray) -> Hits:
        skill = np.sqrt(1 + HARDNESS**2) * ndtri(accuracy)  # [S]
        chance = rng.standard_normal((len(accuracy), world.texts), dtype=np.float32)
        right: Hits = skill.astype(np.float32)[:, np.newaxis] + chance > hardness
        return right

    found = {("teacher", 0): hits(np.array([TEACHER]))}
    common = rng.normal(size=world.seeds)
    for number, luck in enumerate(world.luck):
        if not world.variants:
            common = rng.normal(size=world.seeds)
        for name, effect in (("distilled", world.effect), ("control", 0.0)):
            own = rng.normal(size=world.seeds)
            drawn = np.sqrt(world.shared) * common + np.sqrt(1 - world.shared) * own
            found[name, number] = hits(HARD_LABELS + (effect + luck * drawn) / 100)
    return found


def tally(world: World, studies: int, seed: int = 0) -> Tally:
    """Returns what kdzoo says of so many studies, each verdict counted among its study's."""
    rng, numbers = np.random.default_rng(seed), range(len(world.luck))
    kinds, held = [], []
    for _ in range(studies):
        hits = study(rng, world)
        other = {n: 0 if world.variants else n for n in numbers}
        found = compare_recipes(hits, [(("distilled", n), ("control", other[n])) for n in numbers])
        to_teacher = [] if world.variants else _to_teacher(hits, numbers)
        kinds.append(_kinds(found, to_teacher))
        held.append([_holds(each.difference.low, each.difference.high, world) for each in found])
    said = np.array(kinds)
    return Tally(
        (said == Effect.GAIN).mean(0), (said == Effect.LOSS).mean(0), np.mean(held, 0), studies
    )


def _to_teacher(hits: dict[tuple[str, int], Hits], numbers: Sequence[int]) -> list[float]:
    return [permutation_p(hits["distilled", n], hits["teacher", 0]) for n in numbers]


def _kinds(found: Sequence[RecipeComparison], to_teacher: Sequence[float]) -> list[Effect]:
    """Returns the verdicts, each counted among all comparisons of its study, as reports do."""
    known = [each.p_value for each in found if each.p_value is not None]
    p_values: list[float | None] = list(adjusted([*known, *to_teacher])[: len(known)])
    p_values = p_values or [None] * len(found)
    return [of_distilling(each, p).kind for each, p in zip(found, p_values, strict=True)]


def _holds(low: float | None, high: float | None, world: World) -> float:
    if low is None or high is None:
        return float("nan")
    return float(low <= world.effect / 100 <= high)


def main(
    studies: Annotated[int, typer.Option(help="Simulated, of three students, in each cell.")] = 700,
    publish: Publish = False,
) -> None:
    """Prints how often verdicts are given, and how often the interval holds the truth."""
    title = (
        f"Verdicts on a recipe, and intervals that hold its effect, in per cent of "
        f"{studies * STUDENTS:,} comparisons each; luck: points, standard deviation over seeds of "
        f"each model's accuracy. With an effect of 0 each verdict is false; with others, verdicts "
        f"are gains (a false loss is in brackets)"
    )
    other = (
        "The same where the rows of a study are not alike, where there is one row, and where "
        "variants are held against their one recipe"
    )
    show("verdicts", {title: list(_grid(studies)), other: list(_others(studies))}, publish=publish)


def _grid(studies: int) -> Iterator[dict[str, object]]:
    """Yields a line per seeds, texts and effect."""
    for seeds, texts, effect in product(SEEDS, TEXTS, EFFECTS):
        found = {
            luck: tally(World(seeds, texts, (luck,) * STUDENTS, effect), studies) for luck in LUCK
        }
        yield (
            {"seeds": seeds, "texts": f"{texts:,}", "effect, points": effect}
            | {f"verdicts, luck {luck:g}": _verdicts(each, effect) for luck, each in found.items()}
            | {f"held, luck {luck:g}": _percent(each.held.mean()) for luck, each in found.items()}
        )


def _others(studies: int) -> Iterator[dict[str, object]]:
    """Yields a line per student of studies that are otherwise."""
    for name, seeds, effect, luck, shared in (
        ("rows alike", 3, 0, (1.0,) * STUDENTS, 0.5),
        ("rows alike", 3, 2, (1.0,) * STUDENTS, 0.5),
        ("one row", 2, 0, (1.0,), 0.0),
        ("one row", 3, 0, (1.0,), 0.0),
        ("one row", 3, 2, (1.0,), 0.0),
        ("one row luckier than the others", 2, 0, (0.3, 0.3, 2.0), 0.0),
        ("one row luckier than the others", 3, 0, (0.3, 0.3, 2.0), 0.0),
        ("one row luckier than the others", 5, 0, (0.3, 0.3, 2.0), 0.0),
        (VARIANTS, 3, 0, (1.0,) * 10, 0.0),
        (VARIANTS, 3, 0, (1.0,) * 10, 0.5),
        (VARIANTS, 3, 2, (1.0,) * 10, 0.5),
    ):
        world = World(seeds, max(TEXTS), luck, effect, shared, name == VARIANTS)
        found = tally(world, max(1, studies * STUDENTS // len(luck)))
        for deviation in dict.fromkeys(luck):
            own = np.array(luck) == deviation
            part = Tally(found.gains[own], found.losses[own], found.held[own], found.studies)
            yield {
                "study": name,
                "seeds": seeds,
                "effect, points": effect,
                "luck of the row": deviation,
                "shared luck": shared,
                "verdicts": _verdicts(part, effect),
                "held": _percent(part.held.mean()),
            }


def _verdicts(found: Tally, effect: float) -> str:
    gains, losses = found.gains.mean(), found.losses.mean()
    if effect == 0:
        return _percent(gains + losses)
    return _percent(gains) + (f" ({_percent(losses)})" if losses else "")


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share * 100:.1f}"


if __name__ == "__main__":
    typer.run(main)
