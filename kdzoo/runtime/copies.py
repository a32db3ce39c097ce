"""Exported folders that are copied to another place.

A process that answers with one exported form never imports this: a decision takes pydantic.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from kdzoo.files import has_file, whole_folder
from kdzoo.runtime.decision import DECISION
from kdzoo.runtime.folder import DEPLOYED, EXPORT, README, check_exported_form


def copy_exported_form(
    form: Path,
    target: Path,
    copy: Callable[[Path, Path], object] = shutil.copyfile,
    *,
    more: Sequence[str] = (),
) -> None:
    """Copies what deploys of a form into a new folder: neither its record nor what it answered.

    Args:
        form: the exported folder.
        target: the new one.
        copy: how a file gets there.
        more: names of further files.
    """
    target.mkdir(parents=True)
    for name in (*DEPLOYED, EXPORT, DECISION, *more):
        if has_file(form / name):
            copy(form / name, target / name)


def take_exported_form(form: Path, target: Path) -> None:
    """Copies a form with its README; whole or not at all.

    Args:
        form: the exported folder.
        target: the new one; one that is there is replaced.

    Raises:
        ModelError: the form is not whole.
    """
    with whole_folder(target) as partial:
        copy_exported_form(form, partial, more=(README,))
        check_exported_form(partial)
