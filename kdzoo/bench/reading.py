"""Size, quality and work of a model's forms, and whether they answer as it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kdzoo import registry
from kdzoo.bench.forms import Form
from kdzoo.bench.models import TRAINED, Model
from kdzoo.bench.written import Benched
from kdzoo.data import Example
from kdzoo.measure import Size, Work, baseline_size, model_size, work_per_text
from kdzoo.metrics import quality
from kdzoo.model import LoadedModel, load_model, refuse_not_finite
from kdzoo.model.baseline import load_baseline
from kdzoo.runtime import Classifier, Input, Logits, load_classifier
from kdzoo.runtime.agreement import CHUNK
from kdzoo.runtime.cut import CutTexts, count_cut
from kdzoo.runtime.decision import thresholds_in
from kdzoo.runtime.folder import deployed_bytes
from kdzoo.runtime.parity import RAGGED_TEXTS, Long, Parity, parity_of, ragged_logits, with_long
from kdzoo.runtime.pipeline import read_long
from kdzoo.statistics import over_examples
from kdzoo.steps.failing import reason_of
from kdzoo.task.words import words_in


@dataclass(frozen=True)
class Reading:
    """A model's answers to the texts.

    Attributes:
        model: any; what needs the trained one is asked of trained ones alone.
        texts: at least one.
        gold: a label per text, each one of the model's, where there are any.
    """

    model: Model
    texts: Sequence[Input]
    gold: Sequence[str] | None

    def read(self, form: Form) -> Benched:
        """Returns what is known of a form beside its speed, or why it cannot be run."""
        row = Benched(name=self.model.name, runtime=form.runtime)
        try:
            if form.is_made:
                form.make(self.texts)
            return row.model_copy(update=self._figures(form))
        except Exception as error:  # whatever a form fails with: the others go on
            return row.model_copy(update={"failure": reason_of(error)})

    @cached_property
    def cut(self) -> CutTexts | None:
        """How many of the texts the model cuts; None where it cuts none, or nobody can tell."""
        try:
            classifier = load_classifier(self.model.folder, self.model.runtime)
            counted = count_cut(classifier)
            for start in range(0, len(self.texts) if counted else 0, CHUNK):
                classifier.encode(self.texts[start : start + CHUNK])
        except Exception:  # whatever it fails with: its forms say so
            return None
        return counted

    @cached_property
    def work(self) -> Work | None:
        """Tokens of the text of median length and its FLOPs, where the trained model is there."""
        if not self.model.is_trained:
            return None
        return work_per_text(self._loaded, [Example.of(text) for text in self.texts])

    @cached_property
    def _loaded(self) -> LoadedModel:
        return load_model(self.model.folder)

    @cached_property
    def _trained_logits(self) -> Logits:
        return self._in_order(load_classifier(self.model.folder, TRAINED).logits(self.texts))

    def _in_order(self, logits: Logits) -> Logits:
        """Returns logits of tags in the order of their ids; others as they are."""
        ordered: Logits = logits[..., self.model.order] if self.model.order else logits
        return ordered

    @cached_property
    def _long(self) -> Long:
        return read_long(self.model.folder, self.texts)

    @cached_property
    def _gold_ids(self) -> npt.NDArray[np.int64] | None:
        if self.gold is None:
            return None
        place = {label: number for number, label in enumerate(self.model.labels)}
        return np.array([place[label] for label in self.gold])

    def _figures(self, form: Form) -> dict[str, object]:
        classifier = load_classifier(form.folder, form.runtime)
        is_known = form.runtime == TRAINED
        logits = self._trained_logits if is_known else self._in_order(classifier.logits(self.texts))
        refuse_not_finite(self._said(logits), self.model.name)
        return {
            "size": self._size(form),
            "quality": self._quality(logits),
            "parity": self._parity(classifier, logits, form) if form.is_made else None,
        }

    def _said(self, logits: Logits) -> Logits:
        """Returns the logits of what there is: where each word gets a label, of the words."""
        if not self.model.task.by_word:
            return logits
        counts = np.array([len(words_in(str(text))) for text in self.texts])
        said: Logits = logits[np.arange(logits.shape[1]) < counts[:, np.newaxis]]
        return said

    def _quality(self, logits: Logits) -> dict[str, float]:
        if self._gold_ids is None:
            return {}
        predicted = logits.argmax(1)
        figures = quality(predicted, self._gold_ids, None)
        found = over_examples((predicted == self._gold_ids)[np.newaxis])
        ends = {"accuracy_low": found.low, "accuracy_high": found.high}
        return {name: figures[name] for name in ("accuracy", "macro_f1")} | {
            name: end for name, end in ends.items() if end is not None
        }

    def _parity(self, classifier: Classifier, logits: Logits, form: Form) -> Parity:
        """Returns how a form compares with its model; without gold, the model's labels count."""
        reference = self._trained_logits
        task, ragged = self.model.task, logits[:0]
        exact = registry.runtimes.get(form.runtime).exact
        own = thresholds_in(self.model.folder, self.model.labels)
        thresholds = (own, thresholds_in(form.folder, self.model.labels))
        if exact:
            ragged = self._in_order(ragged_logits(classifier, self.texts[:RAGGED_TEXTS]))
        gold = task.answers(reference, own) if self._gold_ids is None else self._gold_ids
        found = parity_of(
            reference, logits, gold, exact=exact, ragged=ragged, task=task, thresholds=thresholds
        )
        return with_long(
            found, self._long, classifier, exact=exact, task=task, thresholds=thresholds
        )

    def _size(self, form: Form) -> Size:
        if self.model.is_trained:
            size = model_size(self._loaded.model, self.model.folder)
            made = {"size_bytes": deployed_bytes(form.folder)} if form.is_made else {}
            return size.model_copy(update=made)
        if form.runtime == "sklearn":
            return baseline_size(load_baseline(form.folder)[0], form.folder)
        # an exported form says nothing of its parameters
        size_bytes = deployed_bytes(form.folder)
        return Size(parameters=0, embedding_parameters=0, size_bytes=size_bytes)
