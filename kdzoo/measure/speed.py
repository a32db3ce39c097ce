"""What one candidate costs to run, as it was measured."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kdzoo.fields import Count, Name, Words

Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Round = Annotated[tuple[Above, ...], Field(min_length=1)]
Rounds = tuple[Round, ...]  # milliseconds of every call, round by round

BATCH_SIZES = (1, 8, 32)
WHOLE = "all"  # the split at once, or as much of it as tells the rate
THROUGHPUT = (*map(str, BATCH_SIZES), WHOLE)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Memory(_Frozen):
    """Resident bytes of a process that holds one model and nothing else.

    Attributes:
        imported_bytes: once the runtime is imported.
        loaded_bytes: once the model is loaded as well.
        peak_bytes: the most at any time, texts one by one and in batches; not those of the whole
            split, which depend on how long it is.
    """

    imported_bytes: Count
    loaded_bytes: Count
    peak_bytes: Count


class Speed(_Frozen):
    """What one model in one runtime took; without figures where there is a ``failure``.

    Attributes:
        first_round: which round of the session ``rounds_ms`` begins with; candidates that did not
            live at once have other rounds, and references have them all.
        rounds_ms: text to label, tokenisation included.
        same_text_ms: of one text, the same in every round: they differ by the machine alone. Older
            sessions have none.
        model_rounds_ms: the model alone, on the same texts.
        throughput: texts per second, by the names in ``THROUGHPUT``.
        cold_start_ms: from the start of a fresh process to its first label, once per process.
        memory: of its process.
        failure: why there are no figures.
    """

    first_round: Count = 0
    rounds_ms: Rounds = ()
    same_text_ms: Rounds = Field((), exclude_if=lambda rounds: not rounds)
    model_rounds_ms: Rounds = ()
    throughput: dict[Name, Above] = {}
    cold_start_ms: tuple[Above, ...] = ()
    memory: Memory | None = None
    failure: Words | None = None

    @property
    def same_work_ms(self) -> Rounds:
        """Calls for as much work in every round, as far as the session has them."""
        return self.same_text_ms or self.rounds_ms
