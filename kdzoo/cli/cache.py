"""The command over the logits and vectors that studies share: cache."""

from __future__ import annotations

from typing import Annotated

import typer

from kdzoo import api
from kdzoo.amounts import in_megabytes
from kdzoo.cli.app import app
from kdzoo.errors import RecipeError


@app.command(epilog="Examples: `kdzoo cache`, `kdzoo cache clear`")
def cache(
    action: Annotated[
        str | None, typer.Argument(help="clear: delete everything in the cache.")
    ] = None,
) -> None:
    """Show, or clear, the cache of teacher logits, sentence vectors and word vectors."""
    if action not in (None, "clear"):
        raise RecipeError(f"kdzoo cache {action}: the only action is clear")
    found = api.cache(clear=action == "clear")
    total = in_megabytes(sum(model.size_bytes for model in found.models))
    if action == "clear":
        typer.echo(f"{total} freed in {found.folder}")
        return
    for model in found.models:
        noun = "words" if model.kind == "words" else "texts"
        size = f"{in_megabytes(model.size_bytes):>11}"
        typer.echo(f"{model.key}  {model.kind:<7}  {model.texts:>9,} {noun}  {size}")
    typer.echo(f"{total} in {found.folder}")
