"""Simulated classifiers whose true accuracy is known: skill, hard texts, lucky seeds, chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """What the texts and the seeds of simulated studies are like.

    A text is hit where skill + luck of the seed - hardness of the text + chance is above zero; all
    three are normal, chance with deviation 1.
    """

    hardness: float = 2.0
    luck: float = 0.05

    def accuracy(self, skill: float) -> float:
        """Returns the expected accuracy over all seeds and texts."""
        return float(norm.cdf(skill / np.sqrt(1 + self.hardness**2 + self.luck**2)))

    def study(self, rng: np.random.Generator, texts: int, *models: tuple[float, int]) -> list[Hits]:
        """Returns the hits [S, N] of models, each given as skill and seeds, on the same texts."""
        hardness = rng.normal(0, self.hardness, texts)
        return [
            skill
            + rng.normal(0, self.luck, (seeds, 1))
            - hardness
            + rng.normal(0, 1, (seeds, texts))
            > 0
            for skill, seeds in models
        ]


def some_hits(seeds: int | None = None, texts: int | None = None) -> st.SearchStrategy[Hits]:
    """Returns hits [S, N] of up to four seeds and thirty texts, or of so many."""
    shapes = st.tuples(
        st.integers(1, 4) if seeds is None else st.just(seeds),
        st.integers(1, 30) if texts is None else st.just(texts),
    )
    return arrays(np.bool_, shapes)


def pairs_of_hits(fewest: int = 1, most: int = 30) -> st.SearchStrategy[tuple[Hits, Hits]]:
    """Returns two models' hits on the same texts, with as many seeds or one of them with one.

    Between ``fewest`` and ``most`` texts.
    """
    sizes = st.tuples(
        st.integers(1, 4), st.integers(fewest, most), st.sampled_from(["both", "a", "b"])
    )
    return sizes.flatmap(
        lambda size: st.tuples(
            some_hits(1 if size[2] == "a" else size[0], size[1]),
            some_hits(1 if size[2] == "b" else size[0], size[1]),
        )
    )
