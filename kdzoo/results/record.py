"""What is written down of a model, of its deployed forms, of a latency session, of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kdzoo.measure import Size, Speed
from kdzoo.runtime.parity import Parity

SCHEMA_VERSION = 1

OUTPUTS = "outputs"  # the kind of a teacher that is only a file
Role = Literal["teacher", "student", "control", "baseline"]


def machine_name(environment: Mapping[str, str]) -> str:
    """Returns ``AMD EPYC, 2 cores``: machines of one name share their figures."""
    cpu, cores = environment.get("cpu"), environment.get("cores")
    return f"{cpu}, {cores} core{'' if cores == '1' else 's'}"


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        ser_json_inf_nan="constants",  # null, the default, could not be read again
    )


class DataSummary(_Frozen):
    """Which data a model saw, without its texts."""

    origin: str
    labels: tuple[str, ...]
    oos: int | None
    train: int
    unlabelled: int
    validation: int
    test: int
    fingerprint: str
    test_fingerprint: str
    cut_share: float  # of the training texts, cut at the maximum length
    pairs: bool = False  # of texts, rather than single ones
    positive: int | None = None  # the label whose F1 is told
    other_tests: dict[str, int] = {}  # texts in each


class TrainingSummary(_Frozen):
    """What the training took."""

    steps: int
    best_step: int
    seconds: float
    texts: int  # in the transfer set
    unlabelled: int = 0  # of them, from elsewhere
    augmented: int
    augmented_wanted: int


class Record(_Frozen):
    """One trained model: what it is, what shaped it, how good it is. Written last and atomically.

    ``quality`` is by split, then by metric; ``test`` is there once it has been read.
    """

    schema_version: int = SCHEMA_VERSION
    key: str
    role: Role
    name: str  # of the recipe; the role for teacher and baseline
    variant: str = ""
    seed: int
    kind: str
    road: str | None = None
    teacher_key: str | None = None
    data: DataSummary
    recipe: dict[str, Any]
    training: TrainingSummary | None = None
    size: Size
    quality: dict[str, dict[str, float]]
    notes: tuple[str, ...] = ()
    environment: dict[str, str]
    created: str  # ISO 8601, UTC

    @property
    def is_file(self) -> bool:
        """Whether it is a teacher that is only a file: it may lack figures, and has no size."""
        return self.role == "teacher" and self.kind == OUTPUTS


class Deployed(_Frozen):
    """One trained model in one exported form: whether it answers as it did, and how good it is.

    Its files lie beside it. ``failure`` says why there are none, where there are none. In merged
    results ``place`` tells the answers of other machines apart from those of the first: in 8 bits,
    processors compute otherwise.
    """

    schema_version: int = SCHEMA_VERSION
    key: str
    runtime: str
    place: str = ""
    made_from: str  # a digest of what shaped the export
    failure: str | None = None
    files: dict[str, int] = {}  # bytes of what is deployed, by name
    parity: Parity | None = None
    data: DataSummary  # that its figures were read on
    quality: dict[str, dict[str, float]] = {}
    environment: dict[str, str]
    created: str

    @property
    def size_bytes(self) -> int:
        """Bytes of all that is deployed."""
        return sum(self.files.values())

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.runtime}--{self.place}" if self.place else self.runtime

    @property
    def machine(self) -> str:
        """The name of the machine on which it was made and read."""
        return machine_name(self.environment)


class Member(_Frozen):
    """The models of one seed of a row, by key."""

    seed: int
    key: str
    teacher_key: str | None = None
    control_key: str | None = None


class Row(_Frozen):
    """One line of the table: a variant over its seeds, or the teacher, or the baseline."""

    name: str
    role: Role
    kind: str
    road: str | None
    members: tuple[Member, ...]
    runtimes: tuple[str, ...] = ("torch",)  # in which it is shown, a line each


class Failure(_Frozen):
    """What of a study did not come to be, and why; the rest was finished without it."""

    row: str
    role: Role
    kind: str
    road: str | None
    runtime: str  # the first in which it would have been shown
    seed: int
    reason: str


class Manifest(_Frozen):
    """Which models make up a study's table, in its order; and what is missing there."""

    schema_version: int = SCHEMA_VERSION
    study: str
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The models that the table needs, controls too, each once."""
        found = (key for row in self.rows for m in row.members for key in (m.key, m.control_key))
        return [key for key in dict.fromkeys(found) if key is not None]

    def name_of(self, key: str) -> str:
        """Returns the name of the first row that has a model in it."""
        return next(
            row.name for row in self.rows if any(member.key == key for member in row.members)
        )


class Timing(Speed):
    """What one model in one runtime costs to run."""

    key: str
    runtime: str
    tokens: int | None = None  # of the text of median length
    flops: int | None = None  # for that text
    flops_failure: str | None = None  # why they could not be counted


class Session(_Frozen):
    """One joint latency session on one machine; only rows of one session share a column."""

    schema_version: int = SCHEMA_VERSION
    id: str
    threads: int
    timings: tuple[Timing, ...]
    conditions: dict[str, float | str] = {}  # of the machine while it was measured
    environment: dict[str, str]
    created: str

    @property
    def machine(self) -> str:
        """The name of the machine."""
        return machine_name(self.environment)
