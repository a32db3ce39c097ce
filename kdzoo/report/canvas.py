"""The house style of static pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "kdzoo",  # the same picture gives the same bytes
    "svg.fonttype": "none",
}


@contextmanager
def canvas(stem: Path, size: tuple[float, float]) -> Iterator[tuple[Axes, list[Path]]]:
    """Yields axes to draw on and the files that they are saved in: ``stem.png`` and ``stem.svg``.

    Args:
        stem: the files' path without its ending.
        size: width and height in inches.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "svg")]
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=size, layout="constrained")
        yield axes, paths
        for path in paths:
            dated = {"Date": None} if path.suffix == ".svg" else {"Software": None}
            figure.savefig(path, dpi=160, metadata=dated)
        plt.close(figure)
