"""The forms in which a model is measured."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kdzoo import registry
from kdzoo.bench.models import Model
from kdzoo.errors import RecipeError
from kdzoo.results import made_form
from kdzoo.runtime import Input, require_runtimes
from kdzoo.runtime.copies import take_exported_form
from kdzoo.runtime.settings import ExportSettings

_READ = {"baseline": "the classical baseline", "cascade": "a cascade"}


@dataclass(frozen=True)
class Form:
    """A model in a runtime.

    Attributes:
        model: as the user named it.
        runtime: its registered name.
        folder: what the runtime reads: the model's own, or where it is exported to.
    """

    model: Model
    runtime: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.model.name}, {self.runtime}"

    @property
    def is_made(self) -> bool:
        """Whether it has to be exported first."""
        return self.folder != self.model.folder

    def make(self, texts: Sequence[Input]) -> None:
        """Exports the model in place of what an earlier run left; as its study did, where one did.

        Args:
            texts: what a runtime may calibrate on.

        Raises:
            ModelError: it has no such form.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        made = made_form(self.model.folder, self.runtime)
        if made is not None:
            take_exported_form(made.folder, self.folder)
            return
        export = registry.runtimes.get(self.runtime).exporter
        export(self.model.folder, self.folder, ExportSettings(calibration=texts))


def check_runtimes(names: Iterable[str]) -> None:
    """Sees that trained models can be run in these.

    Raises:
        RecipeError: one is not installed, or reads no trained models.
        RegistryError: there is no runtime of that name.
    """
    require_runtimes(names)
    for name in names:
        reads = registry.runtimes.get(name).reads
        if reads != "models":
            raise RecipeError(
                f"runtime '{name}' is that of {_READ[reads]} alone, whose folder is measured in it "
                "whatever --runtimes says; remove it there"
            )


def forms_of(model: Model, runtimes: Sequence[str], exports: Path) -> list[Form]:
    """Returns a trained model in every runtime; another one in its own.

    Args:
        model: any.
        runtimes: their registered names.
        exports: the folder in which there is one for each exported form.
    """
    if not model.is_trained:
        return [Form(model, model.runtime, model.folder)]
    return [Form(model, name, _folder(model, name, exports)) for name in runtimes]


def _folder(model: Model, runtime: str, exports: Path) -> Path:
    if not registry.runtimes.get(runtime).is_exported:
        return model.folder
    return exports / f"{quote(model.name, safe=' ')}--{runtime}"  # no two names give one folder
