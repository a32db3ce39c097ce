"""The exported form of a model that its study made and measured: it deploys as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdzoo.results.reading import read_as
from kdzoo.results.record import FormRecord
from kdzoo.results.store import slug
from kdzoo.results.whole import RECORD
from kdzoo.runtime.folder import is_exported_form, read_exported_form


@dataclass(frozen=True)
class MadeForm:
    """An exported form in a study.

    Attributes:
        folder: where it lies.
        record: what the study says of it.
        int8: how activations get their ranges in it; None where they are floats.
    """

    folder: Path
    record: FormRecord
    int8: str | None


def made_form(model: Path, runtime: str) -> MadeForm | None:
    """Returns the form that a study made of a model; None where there is none.

    Args:
        model: the model's folder in the study.
        runtime: of the form.

    Raises:
        StoreError: its record is damaged.
    """
    folder = model / slug(runtime)
    if not (folder / RECORD).is_file() or not is_exported_form(folder):
        return None
    record = read_as(folder / RECORD, FormRecord)
    if record.failure is not None:
        return None
    return MadeForm(folder, record, read_exported_form(folder).int8)
