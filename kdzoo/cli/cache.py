"""The command over the logits that studies share: cache."""

from __future__ import annotations

from typing import Annotated

import typer

from kdzoo.cli.app import app
from kdzoo.errors import RecipeError


@app.command(epilog="Examples: `kdzoo cache`, `kdzoo cache clear`")
def cache(
    action: Annotated[
        str | None, typer.Argument(help="clear: remove all cached teacher logits.")
    ] = None,
) -> None:
    """Show, or clear, the cache of teacher logits."""
    from kdzoo.teacher.cache import cache_contents, cache_root, clear_cache

    if action == "clear":
        typer.echo(f"{clear_cache() / 1e6:.1f} MB freed in {cache_root()}")
        return
    if action is not None:
        raise RecipeError(f"kdzoo cache {action}: the only action is clear")
    contents = cache_contents()
    for key, texts, size in contents:
        typer.echo(f"{key}  {texts:>9,} texts  {size / 1e6:8.1f} MB")
    typer.echo(f"{sum(size for *_, size in contents) / 1e6:.1f} MB in {cache_root()}")
