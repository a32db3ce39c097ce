"""The models that a user names: folders, exported or not, and hub ids."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdzoo.data.sentences import Sentence
from kdzoo.errors import DataError, ModelError, did_you_mean
from kdzoo.files import with_home
from kdzoo.registry import runtimes
from kdzoo.results.store import MANIFEST
from kdzoo.runtime import Input, load_classifier, runtime_of
from kdzoo.runtime.folder import check_exported_form, is_exported_form
from kdzoo.runtime.predictor import order_of_tags
from kdzoo.runtime.protocol import task_in
from kdzoo.task import SINGLE_LABEL, Task
from kdzoo.teacher import find_model
from kdzoo.teacher.naming import are_numbered

_OF_A_STUDY = re.compile(r"^(.+)--s(\d+)--[0-9a-f]{16}$")  # the folder of a trained model
_HASH = re.compile(r"[0-9a-f]{40}")  # of a commit
TRAINED = "torch"  # the runtime of a folder that other forms can be made of


@dataclass(frozen=True)
class Model:
    """A classifier to be measured.

    Attributes:
        name: tells it from the others.
        folder: where it lies.
        runtime: what its folder is made for.
        labels: of its classes, in the order of its logits.
        reads_pairs: whether it was trained on pairs of texts; None where nobody says.
        task: whether it gives a text one label, any number of them, or each word one.
        order: where each word gets one, the places of the labels in the order of the tags' ids.
    """

    name: str
    folder: Path
    runtime: str
    labels: tuple[str, ...]
    reads_pairs: bool | None
    task: Task = SINGLE_LABEL
    order: tuple[int, ...] = ()

    @property
    def is_trained(self) -> bool:
        """Whether other forms can be made of it."""
        return self.runtime == TRAINED


def open_models(sources: Sequence[str]) -> list[Model]:
    """Returns the models, once each is seen to load.

    Raises:
        KdzooError: one is nowhere, is given twice, is no model, or is damaged.
    """
    folders: dict[Path, str] = {}
    for source in sources:
        folder = _folder(source)
        if folder in folders:
            raise ModelError(f"{source} is the same model as {folders[folder]}; remove one")
        folders[folder] = source
    names = names_apart(sources)
    return [_open(name, folder) for name, folder in zip(names, folders, strict=True)]


def _folder(source: str) -> Path:
    path = with_home(source)
    if (path / MANIFEST).is_file():
        raise ModelError(f"{source} is a study; name models of it, as in {path / 'models'}/MODEL")
    if path.is_dir() and runtime_of(path) != TRAINED:
        return path.resolve()
    return find_model(source)


def _open(name: str, folder: Path) -> Model:
    if is_exported_form(folder):
        check_exported_form(folder)
    runtime = runtime_of(folder)
    loaded, task = load_classifier(folder, runtime), task_in(folder)
    order = order_of_tags(loaded.labels, folder) if task.by_word else ()
    return Model(name, folder, runtime, loaded.labels, loaded.reads_pairs, task, tuple(order))


def names_apart(sources: Sequence[str]) -> list[str]:
    """Returns for each path or hub id its shortest end that is no other's.

    An exported form lies in its model's folder, and is called after both. A model of a study, or
    one in the hub's cache, is called by its name; by its seed or its hash where others have that
    name too.
    """
    paths = [_parts(source) for source in sources]
    for said in (_without_seed, _with_seed):
        names = _ends_apart([said(path) for path in paths])
        if len(set(names)) == len(names):
            return names
    return _ends_apart(paths)


def _ends_apart(paths: Sequence[Sequence[str]]) -> list[str]:
    return [
        _shortest(own, [other for place, other in enumerate(paths) if place != number])
        for number, own in enumerate(paths)
    ]


def _without_seed(path: Sequence[str]) -> list[str]:
    return [_OF_A_STUDY.sub(lambda found: found[1].replace("--", "/"), part)
            for part in _of_the_hub(path)]  # fmt: skip


def _with_seed(path: Sequence[str]) -> list[str]:
    return [_OF_A_STUDY.sub(lambda found: f"{found[1].replace('--', '/')}/seed-{found[2]}", part)
            for part in _of_the_hub(path)]  # fmt: skip


def _of_the_hub(path: Sequence[str]) -> Sequence[str]:
    """Returns a path whose end is a model's name, where the hub's cache has a hash there."""
    *before, folder, snapshots, commit = ("", "", *path)
    is_cached = snapshots == "snapshots" and folder.startswith("models--")
    return [*before, *folder.split("--")[1:]] if is_cached and _HASH.fullmatch(commit) else path


def _parts(source: str) -> Sequence[str]:
    path = with_home(source)
    if path.is_dir():
        return Path(os.path.abspath(path)).parts[1:]  # noqa: PTH100 - keeps links
    return source.split("/")


def _shortest(own: Sequence[str], others: Sequence[Sequence[str]]) -> str:
    counts = range(2 if own[-1] in runtimes.entries() else 1, len(own))
    apart = (n for n in counts if all(other[-n:] != own[-n:] for other in others))
    return "/".join(own[-next(apart, len(own)) :])


def as_read(models: Sequence[Model], texts: Sequence[Input]) -> Sequence[Input]:
    """Returns the texts as the models read them: cut into words, where each word gets a label.

    Raises:
        DataError: some models label words, others whole texts.
    """
    by_word = {model.task.by_word: model.name for model in reversed(models)}
    if len(by_word) > 1:
        raise DataError(
            f"{by_word[True]} labels words, and {by_word[False]} whole texts; measure them apart, "
            "each kind with a command of its own"
        )
    if True not in by_word:
        return texts
    return [Sentence.of(text).text for text in texts if isinstance(text, str)]


def reads_pairs(models: Sequence[Model], *, are_pairs: bool) -> bool:
    """Returns whether pairs are to be read for the models; where none says, as the user does.

    Args:
        models: at least one.
        are_pairs: whether the user names the column of a second text.

    Raises:
        DataError: a model was trained on the other kind.
    """
    known = {model.reads_pairs: model.name for model in reversed(models)}
    if True in known and False in known:
        raise DataError(
            f"{known[True]} was trained on pairs, and {known[False]} on single texts; measure them "
            "apart, each kind with a command of its own"
        )
    if are_pairs and False in known:
        raise DataError(
            f"{known[False]} was trained on single texts, and these are pairs; remove --text-pair"
        )
    return are_pairs or True in known


def check_labels(models: Sequence[Model], gold: Sequence[str]) -> None:
    """Sees that every gold label is one of every model's.

    Raises:
        DataError: one is not; the message suggests the nearest. Or a model gives several labels,
            or labels words, whose quality is not told here.
    """
    for model in models:
        if model.task != SINGLE_LABEL:
            given = "labels words" if model.task.by_word else "gives any number of labels"
            raise DataError(
                f"{model.name} {given}, and bench tells the quality of models "
                "that give one; remove --labels: latency, memory and size are measured without"
            )
        unknown = sorted(set(gold) - set(model.labels))
        if unknown:
            others = f" (nor {len(unknown) - 1} others of the file)" if len(unknown) > 1 else ""
            cure = (
                _how_to_name(model)
                if are_numbered(model.labels)
                else did_you_mean(unknown[0], model.labels)
            )
            raise DataError(f"{model.name} knows no label '{unknown[0]}'{others}; {cure}")


def _how_to_name(model: Model) -> str:
    """Returns how the outputs of a model get names, where they have numbers."""
    shown = f"{', '.join(model.labels[:2])}{', ...' * (len(model.labels) > 2)}"
    where, again = str(model.folder / "config.json"), ""
    if is_exported_form(model.folder):
        where = "the config.json of the model that was exported"
        again = ", and export it again"
    return (
        f"its {len(model.labels)} outputs are called {shown}: write their names, in their order, "
        f"as id2label into {where}{again}"
    )
