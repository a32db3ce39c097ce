"""What is written down of a model, of its exported forms, of a latency session, of a study."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kdzoo.bounds import check_depth
from kdzoo.entries import Road, TaskName
from kdzoo.fields import Count, Finite, Name, Words
from kdzoo.measure import Size, Speed
from kdzoo.recipe.card import Card
from kdzoo.recipe.measure import Escalate
from kdzoo.runtime.parity import Parity
from kdzoo.task import TASKS
from kdzoo.task.tags import types_of

SCHEMA_VERSION = 1

OUTPUTS = "outputs"  # the kind of a teacher that is only a file
Role = Literal["teacher", "student", "control", "baseline"]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]  # a part of a folder's name
Figures = dict[str, float]  # of a split, by metric; NaN where there was nothing to tell


def _distinct(values: Sequence[Any]) -> Sequence[Any]:
    if len(set(values)) < len(values):
        raise ValueError("one of them is named twice")
    return values


def _mappings(recipe: dict[str, Any]) -> dict[str, Any]:
    """Looks at a recipe as far as reports rely on it: an older one may lack keys, or have others.

    Raises:
        ValueError: a section is no mapping, or nested as nobody writes one, or what reports show
            of it is of another kind.
    """
    check_depth(recipe)
    for name in ("data", "teacher", "transfer", "student", "objective", "training", "measure"):
        if not isinstance(recipe.get(name, {}), dict):
            raise ValueError(f"the recipe's section '{name}' is no mapping")
    objective, augment = recipe.get("objective", {}), recipe.get("transfer", {}).get("augment")
    if not isinstance(objective.get("gold_for", []), list):
        raise ValueError("the recipe's objective.gold_for is no list")
    for name in ("alpha", "hidden"):
        if not isinstance(objective.get(name, 0), int | float):
            raise ValueError(f"the recipe's objective.{name} is no number")
    if not isinstance(augment, dict | None):
        raise ValueError("the recipe's transfer.augment is no mapping")
    return recipe


def _accuracies(quality: dict[str, Figures]) -> dict[str, Figures]:
    for split, figures in quality.items():
        if not 0 <= figures.get("accuracy", -1) <= 1:
            raise ValueError(f"'{split}' has no accuracy between 0 and 1")
    return quality


Quality = Annotated[dict[Name, Figures], AfterValidator(_accuracies)]


def now() -> str:
    """Returns when something is written down: ISO 8601, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


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

    origin: Words
    labels: Annotated[tuple[Words, ...], Field(min_length=1), AfterValidator(_distinct)]
    oos: Count | None
    train: Count
    unlabelled: Count
    validation: Count
    test: Count
    fingerprint: Name
    test_fingerprint: Name
    cut_share: Finite  # of the training texts, cut at the maximum length
    pairs: bool = False  # of texts, rather than single ones
    positive: Count | None = None  # the label whose F1 is told
    other_tests: dict[Name, Count] = {}  # texts in each
    task: TaskName = Field("single-label", exclude_if=lambda task: task == "single-label")
    validation_fingerprint: Name | None = Field(None, exclude_if=lambda known: known is None)

    @model_validator(mode="after")
    def _labels_are_there(self) -> Self:
        if any(
            label is not None and label >= len(self.labels) for label in (self.oos, self.positive)
        ):
            raise ValueError(f"'oos' or 'positive' is none of the {len(self.labels)} labels")
        if TASKS[self.task].by_word:
            types_of(self.labels)
        return self

    @property
    def texts(self) -> dict[str, int]:
        """How many texts each split has that is read."""
        return {**self.other_tests, "validation": self.validation, "test": self.test}


class TrainingSummary(_Frozen):
    """What the training took."""

    steps: Count
    best_step: Count
    seconds: Finite
    texts: Count  # in the transfer set
    unlabelled: Count = 0  # of them, from elsewhere
    augmented: Count
    augmented_wanted: Count


class Record(_Frozen):
    """One trained model: what it is, what shaped it, how good it is. Written last and atomically.

    ``quality`` is by split, then by metric; ``test`` is there once it has been read.
    ``quality_version`` says which metrics kdzoo knew then. ``made_of`` stands for what the recipe
    names alone, such as files and the user's code; older ones lack it.
    """

    schema_version: int = SCHEMA_VERSION
    key: Key
    role: Role
    name: Name  # of the recipe; the role for teacher and baseline
    variant: Words = ""
    seed: Count
    kind: Name
    road: Road | None = None
    teacher_key: Key | None = None
    data: DataSummary
    recipe: Annotated[dict[str, Any], AfterValidator(_mappings)]
    made_of: Name | None = Field(None, exclude_if=lambda known: known is None)
    training: TrainingSummary | None = None
    size: Size
    quality: Quality
    quality_version: Count = 1
    notes: tuple[Words, ...] = ()
    environment: dict[Name, Words]
    created: Name  # ISO 8601, UTC

    @property
    def is_file(self) -> bool:
        """Whether it is a teacher that is only a file: it may lack figures, and has no size."""
        return self.role == "teacher" and self.kind == OUTPUTS


class FormRecord(_Frozen):
    """One trained model in one exported form: whether it answers as it did, and how good it is.

    Its files lie beside it. ``failure`` says why there are none, where there are none. In merged
    results ``place`` tells the answers of other machines apart from those of the first: in 8 bits,
    processors compute otherwise.
    """

    schema_version: int = SCHEMA_VERSION
    key: Key
    runtime: Name
    place: Words = ""
    made_from: Name  # a digest of what shaped the form
    failure: Words | None = None
    files: dict[Name, Count] = {}  # bytes of what is deployed, by name
    parity: Parity | None = None
    kept: tuple[Name, ...] | None = None  # operations left in float to pass; older: not looked for
    data: DataSummary  # that its figures were read on
    quality: Quality = {}
    quality_version: Count = 1
    environment: dict[Name, Words]
    created: Name

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

    seed: Count
    key: Name
    teacher_key: Name | None = None
    control_key: Name | None = None


class ManifestRow(_Frozen):
    """One line of the table: a variant over its seeds, or the teacher, or the baseline."""

    name: Name
    role: Role
    kind: Words
    road: Road | None
    members: Annotated[tuple[Member, ...], Field(min_length=1)]
    runtimes: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_distinct)] = (
        "torch",
    )  # in which it is shown, a line each
    card: Card | None = Field(None, exclude_if=operator.not_)  # as the recipe has it now
    escalate: Escalate | None = Field(None, exclude_if=operator.not_)  # rows for its cascades


class Failure(_Frozen):
    """What of a study did not come to be, and why; the rest was finished without it."""

    row: Name
    role: Role
    kind: Words
    road: Road | None
    runtime: Name  # the first in which it would have been shown
    seed: Count
    reason: Words


class Manifest(_Frozen):
    """Which models make up a study's table, in its order; and what is missing there."""

    schema_version: int = SCHEMA_VERSION
    study: Name
    rows: tuple[ManifestRow, ...]
    failures: tuple[Failure, ...] = ()

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        _distinct([row.name for row in self.rows])
        return self

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

    key: Name
    runtime: Name
    tokens: Count | None = None  # of the text of median length
    flops: Count | None = None  # for that text
    flops_failure: Words | None = None  # why they could not be counted

    @model_validator(mode="after")
    def _has_rounds(self) -> Self:
        if self.failure is None and not self.rounds_ms:
            raise ValueError("'rounds_ms' is empty, and no failure is told")
        return self


class Session(_Frozen):
    """One joint latency session on one machine; only rows of one session share a column."""

    schema_version: int = SCHEMA_VERSION
    id: Name
    threads: Count
    timings: tuple[Timing, ...]
    conditions: dict[Name, float | Words] = {}  # of the machine while it was measured
    environment: dict[Name, Words]
    created: Name
    asked: Name | None = Field(None, exclude_if=lambda asked: asked is None)  # again, after others

    @property
    def machine(self) -> str:
        """The name of the machine."""
        return machine_name(self.environment)

    @property
    def age(self) -> tuple[str, bool, str]:
        """Sorts sessions: what was asked for last is what a study now says of its rows."""
        return self.asked or self.created, self.asked is not None, self.id
