"""Which of a teacher's outputs stands for which of the data's labels: by name, or one message."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kdzoo.errors import Problem, TeacherError, did_you_mean
from kdzoo.plain import told_apart
from kdzoo.teacher.naming import are_numbered, by_number, meant, moved
from kdzoo.teacher.source import read_config


@dataclass(frozen=True)
class LabelCures:
    """How a teacher's labels are put right where they are not the data's.

    Attributes:
        key: names its outputs.
        fit: has it fitted to the data; empty where it cannot be.
        is_option: whether the key is an option of a command, rather than one of a recipe's teacher.
    """

    key: str
    fit: str
    is_option: bool = False

    def named(self, labels: Sequence[str]) -> str:
        """Returns how to say that its outputs are called so, in this order."""
        names = f"[{', '.join(json.dumps(label, ensure_ascii=False) for label in labels)}]"
        if self.is_option:
            return f"{self.key} {shlex.quote(names)}"
        return f"teacher: {{{self.key}: {names}}}"


IN_RECIPE = LabelCures("labels", "teacher: {fine_tune: {}}")
IN_FILE = LabelCures("labels", "")


def columns_of(
    folder: Path,
    labels: Sequence[str],
    names: Sequence[str] | None = None,
    cures: LabelCures = IN_RECIPE,
) -> npt.NDArray[np.int64]:
    """Returns for each of ``labels`` the output of the folder's classifier that stands for it, [C].

    Args:
        folder: the classifier's.
        labels: the data's, C of them.
        names: of its outputs, where its configuration lacks them.
        cures: what a user writes instead, in the words of their command.

    Raises:
        TeacherError: its labels are not the data's; the message lists the differences.
    """
    config = read_config(folder)
    own = [config.id2label[number] for number in range(config.num_labels)]
    if names is None:
        return align(own, labels, folder.name, cures, by_number(config.label2id, len(own)))
    where = cures.key if cures.is_option else f"teacher.{cures.key}"
    if len(names) != len(own):
        raise TeacherError(
            f"{where} has {len(names)} names, the model in {folder.name} {len(own)} outputs; "
            f"name each of them once, in their order. Its own names: {cures.named(own)}"
        )
    if places := moved(names, own):
        raise TeacherError(
            f"{where} calls output {places[0]} of the model in {folder.name} '{names[places[0]]}', "
            f"and its own configuration calls output {places[1]} so; remove {where}, or put "
            f"id2label in {folder}/config.json right, if it is wrong"
        )
    fit = cures.fit and f"{cures.fit} instead of {cures.key}"
    return align(names, labels, folder.name, replace(cures, fit=fit))


def align(
    own: Sequence[str],
    labels: Sequence[str],
    name: str,
    cures: LabelCures = IN_RECIPE,
    told: Sequence[str] | None = None,
) -> npt.NDArray[np.int64]:
    """Returns for each of the data's labels the model's output that stands for it, by name.

    Args:
        own: the names of the model's outputs.
        labels: the data's, C of them.
        name: what the user calls the model.
        cures: what a user writes instead, in the words of their command.
        told: other names of its outputs, for a cure where its own are numbers.

    Raises:
        TeacherError: the two sets of names differ.
    """
    if set(labels) == set(own) and len(own) == len(set(own)):
        places = {label: place for place, label in enumerate(own)}
        return np.array([places[label] for label in labels], dtype=np.int64)
    problems = (
        [_numbered(own, labels, cures, told)]
        if are_numbered(own)
        else _differences(own, labels, cures)
    )
    raise TeacherError(f"the labels of the teacher {name} are not those of the data", *problems)


def _numbered(
    own: Sequence[str], labels: Sequence[str], cures: LabelCures, told: Sequence[str] | None
) -> Problem:
    """Returns that the outputs have numbers, and how they get names."""
    what = (
        f"its {len(own)} outputs are called {', '.join(own[:2])}{', ...' * (len(own) > 2)}; "
        f"the data's {len(labels)} labels have names"
    )
    ways = [_fitted(cures)]
    if len(own) == len(labels):
        order = "the order of the outputs" + ", which its label2id says" * (told is not None)
        ways.insert(0, f"name them in {order}: {_named(told or own, labels, cures)}")
    return Problem(what, cure="; or ".join(filter(None, ways)))


def _differences(own: Sequence[str], labels: Sequence[str], cures: LabelCures) -> list[Problem]:
    """Returns the names that one side alone has and, behind the last, what to do."""
    lacking, strange = sorted(set(labels) - set(own)), sorted(set(own) - set(labels))
    twice = sorted(label for label, count in Counter(own).items() if count > 1)
    shown = told_apart([*own, *labels])
    problems = [Problem(f"has the label '{shown[label]}' twice") for label in twice[:5]]
    problems += [
        Problem(
            f"does not know the data's label '{shown[label]}'",
            cure=did_you_mean(label, strange or own),
        )
        for label in lacking[:5]
    ]
    problems += [
        Problem(f"has the label '{shown[label]}', which the data lacks") for label in strange[:5]
    ]
    ways = [_fitted(cures)]
    if strange and not lacking and not twice:
        ways.insert(0, f"put texts of {'it' if len(strange) == 1 else 'each'} among those of train")
    if len(own) == len(labels):
        named = _named(own, labels, cures)
        ways.insert(0, f"if they mean the same, name its outputs in their order: {named}")
    last, cure = problems[-1], "; or ".join(filter(None, ways))
    said = (last.cure.removesuffix("."), cure) if cure else (last.cure,)
    return [*problems[:-1], replace(last, cure="; ".join(filter(None, said)))]


def _fitted(cures: LabelCures) -> str:
    return f"have it fitted to these labels: {cures.fit}" if cures.fit else ""


def _named(own: Sequence[str], labels: Sequence[str], cures: LabelCures) -> str:
    """Returns how to name the outputs after the data's labels, with a gap where it is not plain."""
    known = meant(own, labels)
    names = [known.get(place) or f"<{name.strip('<>')}>" for place, name in enumerate(own)]
    taken = {*known.values()}
    free = [label for label in labels if label not in taken]
    if not free:
        return cures.named(names)
    shown = f"{', '.join(free[:5])}{', ...' * (len(free) > 5)}"
    return f"{cures.named(names)} with a label of the data ({shown}) in place of each <...>"
