"""The command that deploys what was chosen."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from kdzoo.registry import runtimes
from kdzoo.report.figures.rows import TableRow


def holds_weights(folder: Path) -> bool:
    """Whether a study's folder holds models; published results hold none."""
    return any((folder / "models").glob("*/model.safetensors"))


def deploying(
    chosen: TableRow, folder: Path, elsewhere: str | None, brought: Sequence[str]
) -> str | None:
    """Returns the command that exports a row, or that answers with it as it was trained.

    None where it is a finished model that is deployed as it is.

    Args:
        chosen: the row.
        folder: of its study.
        elsewhere: the folder or hub id of the chosen model, where the study holds no weights of it.
        brought: options by which commands are given a user's file of students.
    """
    study = [str(folder), "--model", chosen.name]
    if runtimes.get(chosen.runtime).is_exported:  # which the study has: made again, it may differ
        own = ["--runtime", chosen.runtime, *brought, "--out", "deployed"]
        return shlex.join(["kdzoo", "export", *study, *own])
    if elsewhere is not None and holds_weights(folder):
        return None
    return shlex.join(["kdzoo", "predict", *study, *brought, "TEXT"])
