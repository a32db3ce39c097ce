"""What is known of each thing that is registered, by kind."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kdzoo.digest import file_sha256

Road = Literal["compression", "change"]
# how many labels a text has, one or any number; or a tag for each of its words
TaskName = Literal["single-label", "multi-label", "token-classification"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"  # of what is registered, and of recipes: of files too
LONGEST_NAME = 64  # characters
OFFERED = ("max_length", "pad_id")  # what kdzoo tells a class whose signature asks for it


@dataclass(frozen=True)
class Caller:
    """The code that registers something.

    Attributes:
        module: its name.
        file: where it is written; none of that name exists where it was typed.
        line: of that file.
    """

    module: str
    file: Path
    line: int


def place_of(value: Any, caller: Caller) -> tuple[Path, int]:
    """Returns the file and the line where a class or function was written.

    One that was made at run time, and an object, are written where they are registered.
    """
    code = inspect.unwrap(value) if callable(value) else value
    try:
        return Path(inspect.getsourcefile(code) or "?"), inspect.getsourcelines(code)[1]
    except (OSError, TypeError):
        is_typed = not caller.file.is_file()
        return Path(f"<{caller.module}>") if is_typed else caller.file, caller.line


@dataclass(frozen=True)
class Entry:
    """A registered thing, and where it was written.

    Attributes:
        name: what recipes call it.
        value: the class or function.
        file: where it was written.
        line: of that file.
        registrant: the module that registered it; as a rule the one in which it was written.
        digest: of a user's file as it was when the thing was registered; an edit comes later.
    """

    name: str
    value: Callable[..., Any]
    file: Path
    line: int
    registrant: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        is_kdzoos = self.is_builtin or self.value.__module__.startswith("kdzoo.")
        is_of_a_users_file = not is_kdzoos and not self.is_typed
        object.__setattr__(self, "digest", file_sha256(self.file) if is_of_a_users_file else "")

    @property
    def origin(self) -> str:
        """The place as ``file.py:12``."""
        return f"{self.file}:{self.line}"

    @property
    def registered_in(self) -> Path:
        """The file of the module that registered it; of what was typed, there is none."""
        file = getattr(sys.modules.get(self.registrant), "__file__", None)
        return Path(f"<{self.registrant}>" if file is None else file)

    @property
    def code(self) -> tuple[Callable[..., Any], ...]:
        """All classes and functions that it is."""
        return (self.value,)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.value) or "").partition("\n")[0]

    @property
    def is_builtin(self) -> bool:
        """Whether it comes with kdzoo itself."""
        return self.registrant.startswith("kdzoo.")

    @property
    def is_typed(self) -> bool:
        """Whether it is in no file: typed at a prompt, or in a cell of a notebook."""
        return not self.file.is_file()

    def is_again(self, other: Entry) -> bool:
        """Whether another is made by the same code run again: a cell, or a reloaded module."""
        if self.registered_in != other.registered_in:
            return False
        if self.is_typed:
            return other.is_typed
        names = {getattr(each.value, "__qualname__", "") for each in (self, other)}
        return self.file == other.file and len(names) == 1

    @property
    def offered(self) -> tuple[str, ...]:
        """Parameters that kdzoo fills in, so that they are no options of recipes."""
        return ()


@dataclass(frozen=True)
class Starter:
    """What ``kdzoo init`` writes into its recipe of a student.

    Attributes:
        batch_size: of its training.
        learning_rate: of its training.
        embeddings: where its word table starts: ``teacher`` or ``random``.
        instead_of: the student that it stands in for, where that one cannot be made of a teacher.
        reads_order: whether the order of words tells it something: then n-grams of few labelled
            texts teach it more than masked ones.
    """

    batch_size: int
    learning_rate: float
    embeddings: Literal["random", "teacher"] = "random"
    instead_of: str | None = None
    reads_order: bool = False


@dataclass(frozen=True, kw_only=True)
class StudentEntry(Entry):
    """A student: a class that is built, or a function that returns a Hugging Face model.

    Attributes:
        road: the approach: the teacher's architecture made smaller, or another one.
        special_tokens: whether it reads texts wrapped as the teacher does, as in [CLS] text [SEP].
        tokenizer_of: the option whose model's tokenizer it reads with; the teacher's if None.
        starter: what ``kdzoo init`` writes for it; nothing if None.
    """

    road: Road
    special_tokens: bool = False
    tokenizer_of: str | None = None
    starter: Starter | None = None

    @property
    def offered(self) -> tuple[str, ...]:
        """Those of ``OFFERED`` that its constructor asks for; a function has its context."""
        asked = inspect.signature(self.value.__init__).parameters if self.is_module else ()
        return tuple(name for name in OFFERED if name in asked)

    @property
    def is_module(self) -> bool:
        """Whether it is a plain module (to be wrapped), not a function that builds a model."""
        return inspect.isclass(self.value)

    @property
    def is_transformer(self) -> bool:
        """Whether it is one as a whole, also where it is none of the teacher's architecture."""
        return self.road == "compression" or not self.is_module


@dataclass(frozen=True, kw_only=True)
class ObjectiveEntry(Entry):
    """An objective, ``f(student_logits, teacher_logits, **options) -> scalar``.

    Attributes:
        needs_logits: whether logarithms of probabilities are no substitute for logits.
        needs_gold: whether it takes the gold labels [B] too, as its third argument.
        views: the function for each task that it fits beside single-label.
    """

    needs_logits: bool = False
    needs_gold: bool = False
    views: Mapping[TaskName, Callable[..., Any]] = field(default_factory=dict, hash=False)

    @property
    def code(self) -> tuple[Callable[..., Any], ...]:
        """The function for one label a text, then those for other tasks."""
        return (self.value, *self.views.values())

    def view(self, task: TaskName) -> Callable[..., Any] | None:
        """Returns the function for a task; None where it does not fit.

        Words are rows as texts are: what fits single labels fits tags.
        """
        return self.views.get(task) if task == "multi-label" else self.value


@dataclass(frozen=True, kw_only=True)
class AugmenterEntry(Entry):
    """An augmenter, ``f(words, rng, context, **options) -> words``.

    Attributes:
        needs_pairs: whether it is for pairs of texts alone.
    """

    needs_pairs: bool = False


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """An embedded dataset, ``f() -> RawData``."""


@dataclass(frozen=True, kw_only=True)
class RuntimeEntry(Entry):
    """A runtime, ``f(folder, threads) -> Classifier``.

    Attributes:
        title: what reports call it.
        module: what it imports when it is used.
        needs: the modules that have to be installed.
        extra: the extra of kdzoo that installs them.
        export: ``f(folder, target, settings)`` writes what it reads; None where it reads the
            trained model's own folder.
        exact: whether it computes in float32.
        reads: trained models, the classical baseline, or a cascade.
    """

    title: str
    module: str = ""
    needs: tuple[str, ...] = ()
    extra: str = ""
    export: Callable[..., None] | None = None
    exact: bool = True
    reads: Literal["models", "baseline", "cascade"] = "models"

    @property
    def code(self) -> tuple[Callable[..., Any], ...]:
        """What opens a form, then what writes it."""
        return (self.value,) if self.export is None else (self.value, self.export)

    @property
    def is_exported(self) -> bool:
        """Whether it reads a form of its own, rather than the trained model's folder."""
        return self.export is not None

    @property
    def exporter(self) -> Callable[..., None]:
        """What writes the form that it reads.

        Raises:
            TypeError: it reads the trained model's own folder.
        """
        if self.export is None:
            raise TypeError(f"the runtime '{self.name}' has no form of its own")
        return self.export
