"""Rows of the table for cascades: a student that asks its teacher where it is not sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kdzoo.amounts import percent, percent_as_given
from kdzoo.recipe.measure import Escalate
from kdzoo.report.figures.spread import Spread
from kdzoo.results import Store
from kdzoo.statistics.asked_cascades import AskedCascade, asked_cascades
from kdzoo.statistics.cascade import Cascaded, promise_in_words


@dataclass(frozen=True)
class CascadeRow:
    """What a row of the table is of, where it is a cascade.

    Attributes:
        name: of the row.
        student: the row of the student that answers where it is sure.
        runtime: of both.
        timed_as: what sessions call it.
        read: what it comes to on the table's split; None where that is not known.
        price: of the teacher for a thousand texts, in the user's currency.
        size_bytes: of both forms.
        notes: why it is not known, or not timed.
        remarks: what was promised.
        broken: why more texts are lost than that; None where there are not.
    """

    name: str
    student: str
    runtime: str
    timed_as: str
    read: Cascaded | None
    price: float | None
    size_bytes: int
    notes: tuple[str, ...]
    remarks: tuple[str, ...]
    broken: str | None

    @property
    def metrics(self) -> dict[str, Spread]:
        """Its quality, of the first seed."""
        return {} if self.read is None else {"accuracy": Spread.of([self.read.accuracy])}

    @property
    def escalated(self) -> float | None:
        """The share of the texts that the teacher answers."""
        return None if self.read is None else self.read.escalated

    @property
    def cost_per_million_texts(self) -> float | None:
        """What the teacher takes for its share of a million texts."""
        if self.price is None or self.read is None:
            return None
        return self.price * 1000 * self.read.escalated


def cascade_rows(store: Store, split: str) -> list[CascadeRow]:
    """Returns a row for each cascade that the study's recipes ask for.

    Args:
        store: of the study.
        split: on which they are read.
    """
    return [_row(asked, store, split) for asked in asked_cascades(store)]


def _row(asked: AskedCascade, store: Store, split: str) -> CascadeRow:
    pair, threshold, read, broken = asked.pair, asked.threshold, None, None
    if pair is not None and threshold is not None and pair.texts(split):
        read = pair.read(threshold, split)
        broken = pair.why_broken(read, asked.escalate.max_loss, split)
    return CascadeRow(
        name=asked.name,
        student=asked.row.name,
        runtime=asked.runtime,
        timed_as=asked.timed_as,
        read=read,
        price=asked.escalate.price_per_1000_texts,
        size_bytes=sum(_sizes(asked, store)),
        notes=tuple(_notes(asked, split)),
        remarks=tuple(_remarks(asked, store)),
        broken=broken,
    )


def broken_promises(cascades: Sequence[CascadeRow]) -> Iterator[str]:
    """Yields which cascades lose more than was promised, and why that may be, each reason once."""
    for reason in dict.fromkeys(row.broken for row in cascades if row.broken is not None):
        rows = (
            f"{row.name}, {row.runtime} ({percent(row.read.lost, 2)})"
            for row in cascades
            if row.read is not None and row.broken == reason
        )
        yield f"{'; '.join(rows)}: {reason}"


def _sizes(asked: AskedCascade, store: Store) -> Iterator[int]:
    """Yields the bytes of both forms, as far as they are there."""
    keys = [asked.row.members[0].key, *([asked.pair.teacher_key] if asked.pair else [])]
    for key in keys:
        form = store.read_form(key, asked.runtime)
        if form is not None and form.failure is None:
            yield form.size_bytes


def _notes(asked: AskedCascade, split: str) -> Iterator[str]:
    """Yields why there is no cascade, or what is not known of it."""
    pair, max_loss = asked.pair, asked.escalate.max_loss
    if pair is None:
        yield (
            "no cascade: this form does not answer as in PyTorch, or the teacher has no answers on "
            "validation"
        )
    elif asked.threshold is None and max_loss is not None:
        yield (
            f"validation has {pair.texts('validation'):,} texts, too few to promise that at most "
            f"{percent_as_given(max_loss)} are lost: {asked.texts_needed:,} would do at least"
        )
    elif not pair.texts(split):
        yield f"the teacher has no answers on the {split} texts"


def _remarks(asked: AskedCascade, store: Store) -> Iterator[str]:
    """Yields what may be relied on, and what of the cost is not known."""
    if asked.pair is not None and asked.threshold is not None:
        yield _promise(asked.escalate)
        if store.read(asked.pair.teacher_key).is_file:
            yield "its teacher is a file, so that what is sent on to it is not timed"


def _promise(escalate: Escalate) -> str:
    """Returns in words what was asked of it."""
    if escalate.max_loss is not None:
        return promise_in_words(escalate.max_loss)
    return (
        f"at most {percent_as_given(escalate.max_escalated or 0)} of the validation texts go to "
        "the teacher, and fewer where that is no less accurate; of what is lost nothing is "
        "promised"
    )
