"""A study's results as a notebook shows them: short table, verdict, picture, files."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

from kdzoo.plain import one_line
from kdzoo.report.formats.short import short_table
from kdzoo.report.formats.summary import summary
from kdzoo.report.formats.table import notes
from kdzoo.report.write import Report, read_report
from kdzoo.results import Failure, Store

_PICTURE = "accuracy_vs_latency.svg"


@dataclass(frozen=True)
class Results(Store):
    """The store of a finished study; a notebook shows its table, verdict and picture.

    Attributes:
        known: what it says, where that was read already.
    """

    known: Report | None = field(default=None, repr=False, compare=False)

    def __fspath__(self) -> str:
        """The folder: what takes a study by its folder takes its results too."""
        return str(self.root)

    @cached_property
    def report(self) -> Report:
        """What the store says: table, verdicts, outcomes; read once."""
        return self.known or read_report(self)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What of the study could not be made, and why; empty where all was."""
        return self.manifest().failures

    def _repr_html_(self) -> str:
        """Returns HTML without a script; text from data is text wherever it stands."""
        from jinja2 import Environment, StrictUndefined

        table = self.report.table
        picture = self.root / _PICTURE
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        template = resources.files("kdzoo.report.page") / "assets" / "notebook.html"
        return environment.from_string(template.read_text(encoding="utf-8")).render(
            study=one_line(table.study),
            sentences=map(one_line, summary(table)),
            shown=short_table(table),
            notes=map(one_line, notes(table)),
            picture=b64encode(picture.read_bytes()).decode() if picture.is_file() else None,
            folder=one_line(str(self.root)),
            files=[one_line(path.name) for path in sorted(self.root.iterdir()) if path.is_file()],
        )
