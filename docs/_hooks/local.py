"""A page of the site loads nothing from elsewhere; the build fails where one would."""

from __future__ import annotations

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

# What a browser fetches by itself; links that a reader follows (<a href>) are fine.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=\"?(?:https?:)?//[^\s>]+"
    r"|<link\b(?![^>]*\brel=\"?(?:canonical|next|prev))[^>]*\bhref=\"?(?:https?:)?//[^\s>]+"
)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Returns the page as it is.

    Raises:
        PluginError: a browser would fetch part of it from another host.
    """
    if found := _FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri}: would be fetched from elsewhere: {found[0]}")
    return output
