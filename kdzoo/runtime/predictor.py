"""A model that answers: labels and probabilities for texts, in whichever form it is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from kdzoo.arguments import as_annotated
from kdzoo.errors import DataError, ModelError
from kdzoo.files import has_file
from kdzoo.model_files import check_model_files
from kdzoo.runtime.cut import count_cut
from kdzoo.runtime.decision import DECISION, Decision, ScoreName, read_decision
from kdzoo.runtime.folder import CASCADE, check_exported_form, is_exported_form
from kdzoo.runtime.protocol import Input, Logits, load_classifier, runtime_of, task_in
from kdzoo.task import MULTI_LABEL, Answers
from kdzoo.task.finite import refuse_not_finite
from kdzoo.task.protocol import Values
from kdzoo.task.tags import entities_in, tag_order, types_of

if TYPE_CHECKING:
    from kdzoo.data.sentences import Sentence

CHUNK = 256  # texts in memory at once, however long the input
_WORDS = 1 << 16  # at once, where words get labels: each text counts as many as the longest


@dataclass(frozen=True)
class Entity:
    """A part of a text, and what it is.

    Attributes:
        label: its type.
        start: its first character in the text as it was given.
        end: the character behind its last.
        text: that part.
        probability: the mean of those of its words' tags.
    """

    label: str
    start: int
    end: int
    text: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The label of a text, and the probabilities of the most probable ones; or its entities.

    Attributes:
        label: what the text gets; where it may get several, the most probable one, given or not;
            nothing where each word gets one.
        probability: of that label; or of all the words' tags together.
        top: the most probable labels, each with its probability; where a text may get several, as
            many as it gets at least.
        by: who answered, of a cascade: ``student`` or ``teacher``; ``escalate`` where the teacher
            is elsewhere, and the label is the student's best guess.
        labels: where it may get several, those that it gets, the most probable first; else None.
        entities: where each word gets a label, what those mark, in their order; else None.
    """

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]
    by: Literal["student", "teacher", "escalate"] | None = None
    labels: tuple[str, ...] | None = None
    entities: tuple[Entity, ...] | None = None

    @property
    def chosen(self) -> tuple[tuple[str, float], ...]:
        """The labels that it gets, each with its probability."""
        given = (self.label,) if self.labels is None else self.labels
        return tuple(choice for choice in self.top if choice[0] in given)


class Predictor:
    """A trained or exported model that answers: labels and probabilities for texts.

    Raises:
        ModelError: the folder is not a whole model; an exported one was changed.
        RecipeError: what runs it is not installed.
    """

    def __init__(self, folder: Path, *, calibrated: bool = False, reject: bool = False) -> None:
        if is_exported_form(folder):
            check_exported_form(folder)
        elif has_file(folder / "config.json"):
            check_model_files(folder)
        if has_file(folder / CASCADE) and (calibrated or reject):
            raise ModelError(
                f"{folder} is a cascade, which decides by the student's calibrated score; ask the "
                f"form in {folder / 'student'} for calibrated probabilities or rejection"
            )
        self.task = task_in(folder)
        decision = _decision(folder) if calibrated or reject else None
        self._folder = folder
        self.is_cascade = runtime_of(folder) == "cascade"
        self._classifier: Any = load_classifier(folder, runtime_of(folder))
        self.cut_texts = count_cut(self._classifier)
        self.labels = self._classifier.labels
        self.reads_pairs = self._classifier.reads_pairs
        self._temperature = decision.temperature if decision and calibrated else 1.0
        self._rejection = _rejection(decision, self.labels, folder) if decision and reject else None
        self._order = order_of_tags(self.labels, folder) if self.task.by_word else []
        fitted = read_decision(folder) if self.task == MULTI_LABEL else None
        self._thresholds = None if fitted is None else fitted.thresholds_of(self.labels)

    def __repr__(self) -> str:
        read = "pairs of texts" if self.reads_pairs else "texts"
        return f"Predictor({str(self._folder)!r}: reads {read}, {len(self.labels)} labels)"

    @as_annotated
    def predict(self, texts: Iterable[Input], top: int = 5) -> Iterator[Prediction]:
        """Yields a prediction per text, or pair, in order; memory does not grow with their number.

        Args:
            texts: texts, or pairs of them; a single text stands for itself.
            top: how many of the most probable labels are told, one at least.

        Raises:
            DataError: a text is not a string, is empty, or holds a lone surrogate; or the model was
                trained on pairs and a text stands alone, or the other way round; or ``top`` is 0.
            ModelError: a logit is not finite.
        """
        from kdzoo.data.checking import checked

        if top < 1:
            raise DataError(f"top is {top}; a text has one most probable label at least: top=1")
        remaining = checked([texts] if isinstance(texts, str) else texts, self.reads_pairs)
        while chunk := list(islice(remaining, CHUNK)):
            yield from self._of_words(chunk) if self.task.by_word else self._of_texts(chunk, top)

    def _of_words(self, texts: Sequence[Input]) -> Iterator[Prediction]:
        """Yields a prediction per text whose words get labels."""
        for part in _parts([text for text in texts if isinstance(text, str)]):
            yield from self._sentences(part)

    def _of_texts(self, texts: Sequence[Input], top: int) -> Iterator[Prediction]:
        """Yields a prediction per text that gets one label, or several."""
        logits, by = self._answered(texts)  # [N, C]
        refuse_not_finite(logits, str(self._folder))
        orders = self._orders(logits)
        probabilities = self.task.probabilities(logits / self._temperature)
        if self.task == MULTI_LABEL:
            chosen = self.task.answers(logits, self._thresholds)
            yield from self._sets(probabilities, chosen, orders, top)
            return
        for row, order, who in zip(probabilities, orders, by, strict=True):
            best = [(self.labels[i], float(row[i])) for i in order[:top]]
            yield Prediction(*best[0], tuple(best), who)

    def _orders(self, logits: Logits) -> npt.NDArray[np.intp]:
        """Returns the ids of each text's labels [N, C] as they are told: the most probable first.

        By a threshold the out-of-scope label comes before all others, or behind them.
        """
        orders = (-logits).argsort(axis=1, kind="stable")
        if self._rejection is None:
            return orders
        from kdzoo.runtime.rejection import oos_scores

        label, score, threshold = self._rejection
        is_out = oos_scores(score, logits, label) >= threshold
        places = np.where(orders == label, np.where(is_out, -1, 1)[:, np.newaxis], 0)
        return np.take_along_axis(orders, places.argsort(axis=1, kind="stable"), axis=1)

    def _sentences(self, part: Sequence[tuple[str, Sentence]]) -> Iterator[Prediction]:
        """Yields a prediction per text whose words get labels."""
        texts, sentences = zip(*part, strict=True)
        logits = self._classifier.logits([sentence.text for sentence in sentences])
        logits = logits[..., self._order]  # [N, W, C]
        counts = np.array([len(sentence.words) for sentence in sentences])
        is_word = np.arange(logits.shape[1]) < counts[:, np.newaxis]  # [N, W]
        refuse_not_finite(logits[is_word], str(self._folder))
        scaled = logits / self._temperature
        tags = self.task.answers(logits)
        certain = np.exp(self.task.log_probability(scaled, tags))
        probabilities = np.take_along_axis(
            self.task.probabilities(scaled), np.maximum(tags, 0)[..., np.newaxis], axis=-1
        )[..., 0]  # [N, W]
        types = types_of([self.labels[place] for place in self._order])
        for text, sentence, row, words, whole in zip(
            texts, sentences, tags, probabilities, certain, strict=True
        ):
            entities = []
            for first, end, kind in entities_in(row[: len(sentence.words)]):
                start, stop = sentence.spans[first][0], sentence.spans[end - 1][1]
                mean = float(words[first:end].mean())
                entities.append(Entity(types[kind], start, stop, text[start:stop], mean))
            yield Prediction("", float(whole), (), entities=tuple(entities))

    def _answered(self, chunk: Sequence[Input]) -> tuple[Logits, list[Any]]:
        """Returns the logits [N, C] of texts, and who gave them, where there are two to ask."""
        if not self.is_cascade:
            return self._classifier.logits(chunk), [None] * len(chunk)
        logits, escalated = self._classifier.decide(chunk)
        asked = "teacher" if self._classifier.has_teacher else "escalate"
        return logits, [asked if is_escalated else "student" for is_escalated in escalated]

    def _sets(
        self, probabilities: Values, chosen: Answers, orders: npt.NDArray[np.intp], top: int
    ) -> Iterator[Prediction]:
        """Yields a prediction per text that may get several labels; all arguments are [N, C]."""
        for row, is_given, order in zip(probabilities, chosen, orders, strict=True):
            places = [*order[:top], *(i for i in order[top:] if is_given[i])]
            best = [(self.labels[i], float(row[i])) for i in places]
            given = tuple(self.labels[i] for i in places if is_given[i])
            yield Prediction(*best[0], tuple(best), labels=given)


def _parts(texts: Sequence[str]) -> Iterator[list[tuple[str, Sentence]]]:
    """Yields the texts with their words, so many that their logits fit into memory.

    All texts of a part take as much as its longest.
    """
    from kdzoo.data.sentences import Sentence

    part: list[tuple[str, Sentence]] = []
    longest = 0
    for text in texts:
        sentence = Sentence.of(text)
        longest = max(longest, len(sentence.words))
        if part and (len(part) + 1) * longest > _WORDS:
            yield part
            part, longest = [], len(sentence.words)
        part.append((text, sentence))
    yield part


def order_of_tags(labels: Sequence[str], folder: Path) -> list[int]:
    """Returns where each tag stands among a model's labels, in the order of the tags' ids.

    Raises:
        ModelError: its labels are no tags of entities.
    """
    try:
        return tag_order(labels)
    except ValueError as error:
        raise ModelError(
            f"{folder} labels words, and {error}: entities cannot be told of them; take a model "
            "whose labels are O, B-NAME and I-NAME"
        ) from error


def _decision(folder: Path) -> Decision:
    decision = read_decision(folder)
    if decision is None:
        raise ModelError(
            f"{folder} holds no {DECISION}: nothing was fitted on validation, as only `kdzoo run` "
            "does; export a model of a study, or remove --reject and --calibrated"
        )
    return decision


def _rejection(
    decision: Decision, labels: Sequence[str], folder: Path
) -> tuple[int, ScoreName, float]:
    """Returns the id of the out-of-scope label, and the score from which on it is given."""
    if decision.oos_label not in labels or decision.oos_threshold is None:
        raise ModelError(
            f"{folder} has no threshold to reject by: its validation data has no out-of-scope "
            "label (data.oos_label), or no text that is best rejected"
        )
    return labels.index(decision.oos_label), decision.oos_score, decision.oos_threshold
