"""The command line. Heavy imports stay inside the commands: help answers at once."""

from __future__ import annotations

import os
import sys

# Help lists the commands in the order of these imports.
# isort: off
from kdzoo.cli import run
from kdzoo.cli import tune
from kdzoo.cli import report
from kdzoo.cli import pick
from kdzoo.cli import predict
from kdzoo.cli import models
from kdzoo.cli import bench
from kdzoo.cli import recipes
from kdzoo.cli import texts
from kdzoo.cli import cache

# isort: on
from kdzoo.cli.app import (
    app,
    ended_as_by_ctrl_c,
    err_console,
    note_edited_code,
    until_the_end,
)
from kdzoo.cli.encoding import write_any_text
from kdzoo.errors import KdzooError
from kdzoo.files import as_file_errors

__all__ = [
    "app", "bench", "cache", "main", "models", "pick", "predict", "recipes", "report", "run",
    "texts", "tune",
]  # fmt: skip


def main() -> None:
    """Runs the command line; a user's mistake is one message and exit code 2."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    write_any_text(sys.stdout, sys.stderr)
    note_edited_code()
    try:
        with ended_as_by_ctrl_c(), as_file_errors(), until_the_end:
            app()
    except KdzooError as error:
        err_console.print(
            f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
