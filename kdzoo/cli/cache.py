"""The command over the logits and sentence vectors that studies share: cache."""

from __future__ import annotations

from typing import Annotated

import typer

from kdzoo.cli.app import app
from kdzoo.errors import RecipeError


@app.command(epilog="Examples: `kdzoo cache`, `kdzoo cache clear`")
def cache(
    action: Annotated[str | None, typer.Argument(help="clear: remove all that is cached.")] = None,
) -> None:
    """Show, or clear, the cache of teacher logits and sentence vectors."""
    from kdzoo.teacher.cache import KINDS, cache_contents, cache_root, clear_cache

    if action == "clear":
        typer.echo(f"{clear_cache() / 1e6:.1f} MB freed in {cache_root()}")
        return
    if action is not None:
        raise RecipeError(f"kdzoo cache {action}: the only action is clear")
    total = 0
    for kind in KINDS:
        for key, texts, size in cache_contents(kind):
            total += size
            typer.echo(f"{key}  {kind:<7}  {texts:>9,} texts  {size / 1e6:8.1f} MB")
    typer.echo(f"{total / 1e6:.1f} MB in {cache_root()}")
