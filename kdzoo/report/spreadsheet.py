"""The table as CSV: all figures, unrounded."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from kdzoo.measure import THROUGHPUT, Ratio
from kdzoo.report.findings import Finding, ToControl, ToTeacher
from kdzoo.report.latency import Latency
from kdzoo.report.plain import one_line
from kdzoo.report.rows import Spread, Table, TableRow

Cells = dict[str, str | int]
_UNTIMED = Latency(math.nan, math.nan, None, 0, "")


def comma_separated(table: Table, findings: Sequence[Finding] = ()) -> str:
    """Returns the unrounded figures, a line per row, and per machine where several timed rows.

    Both questions stand in the line that says what a model gives, each with its verdict: ``model_``
    is this model against the teacher, ``recipe_`` this recipe against hard labels.
    """
    target = io.StringIO()
    names = list(dict.fromkeys(name for row in table.rows for name in row.metrics))
    known = {each.name: each for each in findings}
    lines = [
        _figures(row, each, names)
        | (_verdicts(known.get(row.name) if row.is_first else None) if known else {})
        for each in table.by_machine
        for row in each.rows
    ]
    writer = csv.DictWriter(target, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return target.getvalue()


def _figures(row: TableRow, table: Table, names: Sequence[str]) -> Cells:
    found: Cells = {
        "study": _inert(table.study),
        "split": table.split,
        "model": _inert(row.name),
        "runtime": row.runtime,
        "role": row.role,
        "kind": _inert(row.kind),
        "road": row.road or "",
        "seeds": row.metrics["accuracy"].seeds if row.metrics else 0,
    }
    for prefix, figures in (("", row.metrics), ("hard_labels_", row.control)):
        for name in names:
            mean, deviation = _numbers(figures.get(name))
            found |= {f"{prefix}{name}_mean": mean, f"{prefix}{name}_sd": deviation}
    costs = _costs(row.latency or _UNTIMED)
    if table.machine:
        found["machine"] = _inert(table.machine) if row.is_tried else ""
    return found | {
        "gap_closed": _number(row.gap_closed),
        "gap_closed_in_scope": _number(row.gap_closed_in_scope),
        "effect": row.effect or "",
        "parameters": row.parameters or "",
        "embedding_parameters": row.embedding_parameters if row.parameters else "",
        "size_bytes": row.size_bytes or "",
        **(dict.fromkeys(costs, "") if row.latency is None else costs),
        "notes": _inert("; ".join(row.notes)),
    }


def _verdicts(finding: Finding | None) -> Cells:
    standing, effect = (None, None) if finding is None else (finding.standing, finding.effect)
    model, recipe = (None, None) if finding is None else (finding.to_teacher, finding.to_control)
    return {
        "model_verdict": "" if standing is None else standing.kind,
        **_compared("model_minus_teacher", model),
        "recipe_verdict": "" if effect is None else effect.kind,
        **_compared("recipe_minus_hard_labels", recipe),
    }


def _compared(name: str, known: ToTeacher | ToControl | None) -> Cells:
    found = None if known is None else known.comparison.difference
    value, low, high = (None,) * 3 if found is None else (found.value, found.low, found.high)
    return {
        name: _number(value),
        f"{name}_low": _number(low),
        f"{name}_high": _number(high),
        f"{name}_p": _number(None if known is None else known.adjusted_p),
    }


def _costs(latency: Latency) -> Cells:
    memory, rates = latency.memory, latency.texts_per_second
    return {
        "latency_p50_ms": _number(latency.p50_ms),
        "latency_p90_ms": _number(latency.p90_ms),
        "latency_p99_ms": _number(latency.p99_ms),
        "model_latency_p50_ms": _number(latency.model_p50_ms),
        **_ratio("times_faster", latency.to_teacher),
        **_ratio("times_faster_than_fastest_teacher", latency.to_fastest),
        **{f"texts_per_second_{size}": _number(rates.get(size)) for size in THROUGHPUT},
        "cold_start_ms": _number(latency.cold_start_ms),
        "memory_imported_bytes": "" if memory is None else memory.imported_bytes,
        "memory_loaded_bytes": "" if memory is None else memory.loaded_bytes,
        "memory_peak_bytes": "" if memory is None else memory.peak_bytes,
        "flops": "" if latency.flops is None else latency.flops,
        "tokens": "" if latency.tokens is None else latency.tokens,
        "threads": latency.threads,
        "cpu": _inert(latency.cpu),
        "noise": _number(latency.noise),
    }


def _ratio(name: str, ratio: Ratio | None) -> Cells:
    told = (None, None, None) if ratio is None else (ratio.times, ratio.low, ratio.high)
    value, low, high = told
    return {name: _number(value), f"{name}_low": _number(low), f"{name}_high": _number(high)}


def _numbers(spread: Spread | None) -> tuple[str, str]:
    return ("", "") if spread is None else (_number(spread.mean), _number(spread.sd))


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"


def _inert(text: str) -> str:
    """Returns text on one line that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
