"""A layer of a model, and all of them as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from kdzoo.plain import one_line, shortened

TOKENS = 16  # of the text for which shapes and FLOPs are told, or what the model reads at most
_UNKNOWN = "–"


@dataclass(frozen=True)
class Layer:
    """A part of a model.

    Attributes:
        name: where it stands: ``student.embedding``.
        kind: its class, or the operation of a graph.
        shape: of what it gives for one text; None where that is not known.
        parameters: of its own.
        flops: of its own, for that text; None where they cannot be counted.
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    flops: int | None


def drawn(layers: Sequence[Layer], title: str, notes: Sequence[str]) -> str:
    """Returns the layers as a table with their sums, below a title and above notes.

    Args:
        layers: of the model, from its input to its output.
        title: what it is.
        notes: how to read the table.
    """
    flops = [layer.flops for layer in layers if layer.flops is not None]
    least = "" if len(flops) == len(layers) else "at least "
    rows = [
        (
            shortened(one_line(layer.name)),
            one_line(layer.kind),
            _UNKNOWN if layer.shape is None else str(list(layer.shape)),
            f"{layer.parameters:,}",
            _UNKNOWN if layer.flops is None else f"{layer.flops:,}",
        )
        for layer in layers
    ]
    total = f"{sum(layer.parameters for layer in layers):,}"
    rows.append(("all", "", "", total, f"{least}{sum(flops):,}" if flops else _UNKNOWN))
    table = tabulate(
        rows,
        ("layer", "kind", "output", "parameters", "FLOPs"),
        tablefmt="simple",
        colalign=("left", "left", "left", "right", "right"),
        disable_numparse=True,
    )
    return "\n\n".join((one_line(title), table, *notes))
