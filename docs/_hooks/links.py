"""Links that leave docs/: pictures of results/ come along, other files are shown in the repository.

So a page reads the same in the repository and on the site, and nothing is there twice.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LEAVING = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)")
_PICTURES = {".png", ".svg"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pictures of the published studies, below ``results/`` of the site."""
    root = _root(config)
    for path in sorted((root / "results").glob("*/*")):
        if path.suffix in _PICTURES:
            name = path.relative_to(root).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Returns the page with its links to files outside docs/ as the site has them.

    Raises:
        PluginError: no such file.
    """
    folder = posixpath.dirname(page.file.src_uri)
    root, docs = _root(config), Path(config.docs_dir).name

    def as_shown(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(docs, folder, found[1]))
        if target.startswith(f"{docs}/"):
            return found[0]
        if not (root / target).exists():
            raise PluginError(f"{page.file.src_uri}: the link {found[1]} leads nowhere")
        if files.get_file_from_path(target) is not None:
            return f"]({posixpath.relpath(target, folder or '.')}"
        return f"]({config.extra['repository']}/blob/main/{target}"

    return _LEAVING.sub(as_shown, markdown)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
