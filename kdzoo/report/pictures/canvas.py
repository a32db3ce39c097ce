"""The house style of static pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdzoo.report.pictures.letters import families

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name is text, whatever stands in it
    "svg.hashsalt": "kdzoo",  # the same picture gives the same bytes
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # letters that can be searched and that journals take
}
_NO_DATE = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
GRID: dict[str, Any] = {"visible": True, "which": "major", "color": "#e6e6e6", "linewidth": 0.8}


@contextmanager
def canvas(
    stem: Path, size: tuple[float, float], texts: Iterable[str] = ()
) -> Iterator[tuple[Axes, list[Path]]]:
    """Yields axes to draw on and the files they are saved in: ``stem.png``, ``.svg`` and ``.pdf``.

    Args:
        stem: the files' path without its ending.
        size: width and height in inches.
        texts: what stands in it that comes from data, in letters of any script.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    paths = _files(stem)
    # without pyplot, whose backend is the user's: a notebook shows its own pictures with it
    with rc_context({**_STYLE, "font.family": list(families(texts))}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)  # which knows how large a label is
        yield figure.subplots(), paths
        no_picture(stem)  # a link to elsewhere would be written through
        save(figure, paths)


def save(figure: Figure, paths: Sequence[Path]) -> None:
    """Writes a picture in each of its forms."""
    figure.draw_without_rendering()  # lays everything out, once for all files
    figure.set_layout_engine(None)
    for path in paths:
        figure.savefig(path, dpi=160, metadata=_NO_DATE[path.suffix[1:]])


def no_picture(stem: Path) -> list[Path]:
    """Removes what was drawn before where nothing is to be shown now; returns no files."""
    for path in _files(stem):
        path.unlink(missing_ok=True)
    return []


def legend_below(figure: Any, handles: Sequence[Artist], title: str | None = None) -> None:
    """Puts a legend below the axes, in four columns or as many as the picture is wide for."""
    for columns in (4, 3, 2, 1):
        legend = figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=9,
            title=title,
            title_fontsize=9,
        )
        extent = legend.get_window_extent(figure.canvas.get_renderer())
        if extent.width <= figure.bbox.width or columns == 1:
            return
        legend.remove()


def in_lines(*parts: str) -> str:
    """Returns the parts that say something, a line each."""
    return "\n".join(part for part in parts if part)


def _files(stem: Path) -> list[Path]:
    return [stem.with_name(f"{stem.name}.{suffix}") for suffix in _NO_DATE]


def log_scale(axes: Axes) -> None:
    """Makes the x axis a log scale with plain numbers; its limits are not found by themselves."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_autoscalex_on(False)  # a lone power of ten would be warned of
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(**GRID)
    axes.set_axisbelow(True)


def name_lines(axes: Axes, names: Sequence[str]) -> None:
    """Gives each name a line across the picture, the first at the top, before a grid of values."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), list(names))
    axes.tick_params(axis="y", length=0)
    axes.grid(**GRID, axis="x")
    axes.set_axisbelow(True)
