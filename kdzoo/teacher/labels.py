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
        return align(own, labels, folder.name, cures)
    if len(names) != len(own):
        where = cures.key if cures.is_option else f"teacher.{cures.key}"
        raise TeacherError(
            f"{where} has {len(names)} names, the model in {folder.name} {len(own)} outputs; "
            f"name each of them once, in their order. Its own names: {cures.named(own)}"
        )
    fit = cures.fit and f"{cures.fit} instead of {cures.key}"
    return align(names, labels, folder.name, replace(cures, fit=fit))


def _in_order(labels: Sequence[str]) -> list[str]:
    """Returns labels that are numbers by their size, 2 before 10, and others as they are given."""
    try:
        return sorted(labels, key=float)
    except ValueError:
        return list(labels)


def align(
    own: Sequence[str], labels: Sequence[str], name: str, cures: LabelCures = IN_RECIPE
) -> npt.NDArray[np.int64]:
    """Returns for each of the data's labels the model's output that stands for it, by name.

    Args:
        own: the names of the model's outputs.
        labels: the data's, C of them.
        name: what the user calls the model.
        cures: what a user writes instead, in the words of their command.

    Raises:
        TeacherError: the two sets of names differ.
    """
    lacking, strange = sorted(set(labels) - set(own)), sorted(set(own) - set(labels))
    if not lacking and not strange and len(own) == len(set(own)):
        places = {label: place for place, label in enumerate(own)}
        return np.array([places[label] for label in labels], dtype=np.int64)
    fit = f"have it fitted to these labels: {cures.fit}" if cures.fit else ""
    named = cures.named(_in_order(labels))
    renamed = f"if they mean the same, name its outputs in their order: {named}"
    problems = []
    if all(label.startswith("LABEL_") for label in own):
        counts = (
            f"its {len(own)} outputs are called {', '.join(own[:2])}{', ...' * (len(own) > 2)}; "
            f"the data's {len(labels)} labels have names"
        )
        if len(own) == len(labels):
            fit = f"name them in the order of the outputs, {named}" + (f"; or {fit}" if fit else "")
        problems.append(Problem(counts, cure=fit))
    else:
        shown = told_apart([*own, *labels])
        twice = sorted(label for label, count in Counter(own).items() if count > 1)
        problems += [Problem(f"has the label '{shown[label]}' twice") for label in twice[:5]]
        problems += [
            Problem(
                f"does not know the data's label '{shown[label]}'",
                cure=did_you_mean(label, strange or own),
            )
            for label in lacking[:5]
        ]
        problems += [
            Problem(f"has the label '{shown[label]}', which the data lacks")
            for label in strange[:5]
        ]
        cure = "; or ".join(cure for cure in (renamed * (len(own) == len(labels)), fit) if cure)
        if cure:
            last = problems[-1]
            problems[-1] = Problem(last.what, cure="; ".join(filter(None, (last.cure, cure))))
    raise TeacherError(f"the labels of the teacher {name} are not those of the data", *problems)
