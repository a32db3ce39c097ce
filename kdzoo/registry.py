"""Names for what a recipe can choose: students, objectives, augmenters, datasets, runtimes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Interval

from kdzoo.entries import (
    AugmenterEntry,
    DatasetEntry,
    ObjectiveEntry,
    Road,
    RuntimeEntry,
    StudentEntry,
    TaskName,
)
from kdzoo.entries import Starter as Starter
from kdzoo.errors import RegistryError
from kdzoo.registering import Registry

T = TypeVar("T", bound=Callable[..., Any])

# Types of options that recipes are held to; a student may use its own, or plain int and float.
Width = Annotated[int, Interval(gt=0, le=1 << 16)]
Dropout = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class Pretrained:
    """Marks an option that names a model, as in ``init: Annotated[str, Pretrained()]``.

    A recipe gives it by hub id, or by a folder beside the recipe; a student that is a function gets
    the model's folder, and is trained anew when the weights in it are other ones.

    Attributes:
        words: values that stand for something else.
    """

    words: tuple[str, ...] = ()


students: Registry[StudentEntry] = Registry("student", "kdzoo.students", "kdzoo.students")
objectives: Registry[ObjectiveEntry] = Registry("objective", "kdzoo.objectives", "kdzoo.objectives")
augmenters: Registry[AugmenterEntry] = Registry(
    "augmenter", "kdzoo.transfer.augmenters", "kdzoo.augmenters"
)
datasets: Registry[DatasetEntry] = Registry("dataset", "kdzoo.data.embedded", "kdzoo.datasets")
runtimes: Registry[RuntimeEntry] = Registry("runtime", "kdzoo.runtime.forms", "kdzoo.runtimes")
REGISTRIES: tuple[Registry[Any], ...] = (students, objectives, augmenters, datasets, runtimes)


def register_student(
    name: str,
    *,
    road: Road,
    special_tokens: bool = False,
    tokenizer_of: str | None = None,
    starter: Starter | None = None,
) -> Callable[[T], T]:
    """Registers a student: an ``nn.Module`` class, or a function that returns a Hugging Face model.

    A class is built as ``cls(vocab_size, num_labels, **options)``, a function is called as
    ``build(context, **options)`` with a :class:`kdzoo.model.BuildContext`. Its keyword-only
    parameters are its options in recipes: their names, types and defaults are the schema. A class
    that asks for ``max_length``, the tokens at which texts are cut, or ``pad_id``, the id of
    padding, is told them: these are no options.

    Args:
        name: what recipes call it.
        road: the approach: ``compression`` (the teacher's architecture, smaller) or ``change``
            (another one).
        special_tokens: whether it reads texts wrapped as the teacher does, as in [CLS] text [SEP].
        tokenizer_of: the option, marked :class:`Pretrained`, whose model's tokenizer it reads with,
            whole; the teacher's, pruned, if None. Recipes then choose no text, vocabulary and
            embeddings for it.
        starter: what ``kdzoo init`` writes into a recipe of it; it writes none if None.
    """
    if road not in ("compression", "change"):
        raise RegistryError(
            f"student '{name}': road must be 'compression' or 'change', got '{road}'"
        )
    entry_of = partial(
        StudentEntry,
        name,
        road=road,
        special_tokens=special_tokens,
        tokenizer_of=tokenizer_of,
        starter=starter,
    )
    return students.register(entry_of)


def register_objective(
    name: str,
    *,
    needs_logits: bool = False,
    needs_gold: bool = False,
    tasks: Mapping[TaskName, Callable[..., Any] | None] | None = None,
) -> Callable[[T], T]:
    """Registers an objective: ``f(student_logits, teacher_logits, **options) -> scalar``.

    Both logits are [B, C].

    Args:
        name: what recipes call it.
        needs_logits: whether it reads the logits as they are, so that the logarithms of a teacher's
            probabilities, from which the logits differ by a constant per text, are no substitute.
        needs_gold: whether it also takes the gold labels [B], as its third argument; they are
            ``NO_LABEL`` where a row has none.
        tasks: those that it fits beside single-label: another function with the same options, or
            None where it fits as it is.
    """

    def entry_of(
        value: Callable[..., Any], file: Path, line: int, registrant: str
    ) -> ObjectiveEntry:
        return ObjectiveEntry(
            name,
            value,
            file,
            line,
            registrant,
            needs_logits=needs_logits,
            needs_gold=needs_gold,
            views={task: view or value for task, view in (tasks or {}).items()},
        )

    return objectives.register(entry_of)


def register_augmenter(name: str, *, needs_pairs: bool = False) -> Callable[[T], T]:
    """Registers an augmenter: ``f(words, rng, context, **options) -> words``.

    See ``kdzoo.transfer``.

    Args:
        name: what recipes call it.
        needs_pairs: whether it is for pairs of texts alone; ``context.side`` says which is at hand.
    """
    return augmenters.register(partial(AugmenterEntry, name, needs_pairs=needs_pairs))


def register_dataset(name: str) -> Callable[[T], T]:
    """Registers ``f() -> RawData`` as an embedded dataset (see ``kdzoo.data.embedded``)."""
    return datasets.register(partial(DatasetEntry, name))


def register_runtime(
    name: str,
    *,
    title: str,
    module: str = "",
    needs: tuple[str, ...] = (),
    extra: str = "",
    export: Callable[..., None] | None = None,
    exact: bool = True,
    reads: Literal["models", "baseline", "cascade"] = "models",
) -> Callable[[T], T]:
    """Registers a runtime: ``f(folder, threads) -> Classifier`` (see ``kdzoo.runtime``).

    Args:
        name: what recipes call it.
        title: what reports call it.
        module: what it imports when it is used, told apart from loading a model in its memory.
        needs: the modules that have to be installed.
        extra: the extra of kdzoo that installs them.
        export: ``f(folder, target, settings)`` writes what the runtime reads into ``target``; None
            where it reads the trained model's own folder.
        exact: whether it computes in float32, so that its logits are PyTorch's but for rounding.
        reads: trained models, the classical baseline, or a cascade.
    """
    entry_of = partial(
        RuntimeEntry,
        name,
        title=title,
        module=module,
        needs=needs,
        extra=extra,
        export=export,
        exact=exact,
        reads=reads,
    )
    return runtimes.register(entry_of)


def exported_runtimes(names: Iterable[str]) -> list[str]:
    """Returns those of the runtimes that read a form of their own, in their order.

    What is registered nowhere here is left out: results may name a runtime of another machine's.
    """
    known = runtimes.entries()
    return [name for name in names if name in known and known[name].is_exported]
