"""All figures of studies as one tidy frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import pandas as pd

from kdzoo.report.findings import find
from kdzoo.report.forms import is_exported
from kdzoo.report.latency import Latency, by_machine, latency_of
from kdzoo.report.rows import make_table
from kdzoo.report.table import THIS_MODEL, THIS_RECIPE
from kdzoo.results import Member, Record, Row, Session, Store, opened

COLUMNS = (
    "study", "row", "role", "kind", "road", "variant", "seed", "key", "runtime", "machine", "split",
    "metric", "value",
)  # fmt: skip
VERDICT_COLUMNS = (
    "study", "row", "question", "seeds", "split", "verdict", "difference", "low", "high", "p",
    "sentence",
)  # fmt: skip
DEPLOYED = "deployed"  # in the place of a split: what a model costs
_OWN = "torch"  # in which a model stands as it was trained; a baseline has no such runtime


def tidy_frame(*stores: Store) -> pd.DataFrame:
    """Returns a line per model, runtime, split and metric; of latencies, one per machine too.

    Raises:
        StoreError: a folder is no study.
    """
    return pd.DataFrame(
        [line for store in stores for line in _lines(opened(store))], columns=COLUMNS
    )


def verdict_frame(*stores: Store) -> pd.DataFrame:
    """Returns a line per row of the tables and question.

    Raises:
        StoreError: a folder is no study, or outcomes are missing or damaged.
    """
    return pd.DataFrame(
        [line for store in stores for line in _verdicts(opened(store))], columns=VERDICT_COLUMNS
    )


def _verdicts(store: Store) -> Iterator[tuple[object, ...]]:
    table = make_table(store)
    for each in find(store, table):
        asked = (
            (THIS_MODEL, each.standing, each.to_teacher),
            (THIS_RECIPE, each.effect, each.to_control),
        )
        for question, verdict, known in asked:
            if verdict is not None and known is not None:
                found = known.comparison.difference
                yield (
                    table.study, each.name, question, known.comparison.seeds, table.split,
                    str(verdict.kind), found.value, found.low, found.high, known.adjusted_p,
                    verdict.sentence,
                )  # fmt: skip


def _lines(store: Store) -> Iterator[tuple[object, ...]]:
    manifest, machines = store.manifest(), by_machine(store.sessions())
    for row in manifest.rows:
        for member in row.members:
            yield from _of_model(store, manifest.study, row, member, machines)
            if member.control_key is not None:
                control = Member(seed=member.seed, key=member.control_key)
                alone = {"role": "control", "members": (control,), "runtimes": ()}
                yield from _of_model(
                    store, manifest.study, row.model_copy(update=alone), control, machines
                )


def _of_model(
    store: Store, study: str, row: Row, member: Member, machines: Mapping[str, list[Session]]
) -> Iterator[tuple[object, ...]]:
    """Yields the lines of a model: as it was trained, then in its row's other runtimes."""
    record = store.read(member.key)
    alone = row.model_copy(update={"members": (member,)})
    own = () if row.role == "baseline" else (_OWN,)
    for runtime in dict.fromkeys((*own, *row.runtimes)):
        found = _read(store, record, runtime)
        if not found:
            continue
        costs = (
            (machine, DEPLOYED, _costs(latency_of(alone, runtime, sessions)))
            for machine, sessions in machines.items()
        )
        told = (
            (machine, split, metrics)
            for machine, quality, size_bytes in found
            for split, metrics in {**quality, DEPLOYED: _sizes(record, size_bytes)}.items()
        )
        for machine, split, metrics in chain(told, costs):
            for metric, value in metrics.items():
                if value or split != DEPLOYED:  # a teacher that is a file has no size
                    yield (
                        study, row.name, row.role, row.kind, row.road, record.variant, record.seed,
                        record.key, runtime, machine, split, metric, float(value or 0),
                    )  # fmt: skip


def _read(
    store: Store, record: Record, runtime: str
) -> list[tuple[str, Mapping[str, Mapping[str, float]], int]]:
    """Returns machine, quality and bytes in a runtime, of the exported form where it has one.

    A machine is named where several read the form; nothing is returned where it was not exported.
    """
    if not is_exported(runtime):
        return [("", record.quality, record.size.size_bytes)]
    known = store.forms_everywhere(record.key)
    forms = [form for form in known if form.runtime == runtime and form.failure is None]
    several = len(forms) > 1
    return [(form.machine if several else "", form.quality, form.size_bytes) for form in forms]


def _sizes(record: Record, size_bytes: int) -> dict[str, float]:
    return {
        "parameters": record.size.parameters,
        "embedding_parameters": record.size.embedding_parameters,
        "size_bytes": size_bytes,
    }


def _costs(latency: Latency | None) -> dict[str, float | None]:
    """Returns what a row costs, by the names that table.csv has for it."""
    if latency is None:
        return {}
    ratios = {
        "times_faster": latency.to_teacher,
        "times_faster_than_fastest_teacher": latency.to_fastest,
    }
    memory = {} if latency.memory is None else latency.memory.model_dump()
    return {
        "latency_p50_ms": latency.p50_ms,
        "latency_p90_ms": latency.p90_ms,
        "latency_p99_ms": latency.p99_ms,
        "model_latency_p50_ms": latency.model_p50_ms,
        **{name: ratio and ratio.times for name, ratio in ratios.items()},
        **{f"texts_per_second_{size}": rate for size, rate in latency.texts_per_second.items()},
        "cold_start_ms": latency.cold_start_ms,
        **{f"memory_{name}": value for name, value in memory.items()},
        "flops": latency.flops,
        "noise": latency.noise,
    }
