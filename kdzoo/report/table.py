"""The table as Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math

from tabulate import tabulate

from kdzoo.report.rows import Spread, Table, TableRow

_NOTHING = "–"


def percent(spread: Spread | None) -> str:
    """Returns ``86.8 ± 0.3``, in per cent; no deviation where there was one seed."""
    if spread is None or math.isnan(spread.mean):
        return _NOTHING
    deviation = "" if math.isnan(spread.sd) else f" ± {spread.sd * 100:.1f}"
    return f"{spread.mean * 100:.1f}{deviation}"


def megabytes(size: int) -> str:
    """Returns a size in MB (10^6 bytes)."""
    return f"{size / 1e6:.1f}" if size < 1e8 else f"{size / 1e6:.0f}"


def millions(count: int) -> str:
    """Returns a count in millions."""
    return f"{count / 1e6:.2f}"


def share(value: float | None) -> str:
    """Returns the closed share of a gap, in per cent."""
    return _NOTHING if value is None else f"{value * 100:.0f} %"


def cells(row: TableRow, table: Table) -> dict[str, str]:
    """Returns the row's cells by column title."""
    latency = row.latency
    shown = {
        "model": row.name,
        "road": row.road or row.role,
    }
    if table.has_added_texts:
        shown["texts"] = _NOTHING if row.texts is None else f"{row.texts:,}"
    shown["accuracy"] = percent(row.metrics.get("accuracy"))
    if table.has_oos:
        shown["in scope"] = percent(row.metrics.get("in_scope_accuracy"))
        shown["OOS recall"] = percent(row.metrics.get("oos_recall"))
    shown |= {
        "macro-F1": percent(row.metrics.get("macro_f1")),
        "agreement": percent(row.metrics.get("agreement")),
        "hard labels": percent(row.control.get("accuracy")),
        "gap closed": share(row.gap_closed),
    }
    if table.has_oos:
        shown["in-scope gap"] = share(row.gap_closed_in_scope)
    shown |= {
        "parameters, M": millions(row.parameters) if row.size_bytes else _NOTHING,
        "size, MB": megabytes(row.size_bytes) if row.size_bytes else _NOTHING,
        "p50, ms": _NOTHING if latency is None else f"{latency.p50_ms:.2f}",
        "p90, ms": _NOTHING if latency is None else f"{latency.p90_ms:.2f}",
        "faster": faster(row),
    }
    return shown


def short_cells(row: TableRow, table: Table) -> dict[str, str]:
    """Returns the cells that fit a terminal of 100 columns."""
    whole = cells(row, table)
    wanted = (
        "model",
        "texts",
        "accuracy",
        "in scope",
        "hard labels",
        "gap closed",
        "size, MB",
        "p50, ms",
        "faster",
    )
    return {title: whole[title] for title in wanted if title in whole}


def faster(row: TableRow) -> str:
    """Returns how many times faster than the teacher."""
    if row.latency is None or row.latency.ratio is None:
        return _NOTHING
    return f"{row.latency.ratio:.1f} ×"


def markdown(table: Table) -> str:
    """Returns the table with its caption; text from the data cannot break out of its cell."""
    lines = [cells(row, table) for row in table.rows]
    titles = list(lines[0]) if lines else []
    body = [[_escaped(line[title]) for title in titles] for line in lines]
    align = ["left", "left", *["right"] * (len(titles) - 2)]
    drawn = tabulate(body, titles, tablefmt="pipe", disable_numparse=True, colalign=align)
    return f"# {_escaped(table.study)}\n\n{drawn}\n\n{_escaped(caption(table))}\n"


def caption(table: Table) -> str:
    """Returns how to read the table."""
    seeds = max((row.metrics["accuracy"].seeds for row in table.rows if row.metrics), default=1)
    over = f"mean ± sd over {seeds} seeds" if seeds > 1 else "one seed"
    unlabelled = f" and {table.unlabelled:,} unlabelled" if table.unlabelled else ""
    parts = [
        f"{table.origin}: {table.labels} classes, trained from {table.labelled:,} "
        f"labelled{unlabelled} texts; {table.split} figures in per cent on {table.texts:,} texts, "
        f"{over}.",
        "Hard labels: the same student, initialisation and steps on gold labels alone. Gap closed: "
        "(student − hard labels) / (teacher − hard labels)"
        f"{'; in-scope gap: the same of the in-scope accuracy' if table.has_oos else ''}; a dash "
        "where teacher and hard labels cannot be told apart.",
    ]
    if table.has_added_texts:
        parts.append("Texts: what the student learnt from, unlabelled and augmented ones included.")
    if any(row.role == "teacher" and not row.metrics for row in table.rows):
        parts.append("A teacher without figures is a file that does not cover these texts.")
    timed = next((row.latency for row in table.rows if row.latency is not None), None)
    if timed is not None:
        compared = any(row.latency and row.latency.ratio is not None for row in table.rows)
        plural = "s" if timed.threads > 1 else ""
        parts.append(
            f"Latency: one text, tokenisation included, {timed.threads} thread{plural}, PyTorch, "
            f"all rows interleaved in one session on {timed.cpu}"
            f"{'; faster: than the teacher, median of the rounds' if compared else ''}."
        )
    return " ".join(parts)


def _escaped(text: str) -> str:
    for character in "\\`*_[]<>|#":
        text = text.replace(
            character,
            f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character],
        )
    return " ".join(text.split())


def comma_separated(table: Table) -> str:
    """Returns the unrounded figures, a line per row."""
    target = io.StringIO()
    names = list(dict.fromkeys(name for row in table.rows for name in row.metrics))
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(
        [
            "study", "split", "model", "role", "kind", "road", "seeds",
            *[f"{name}_{part}" for name in names for part in ("mean", "sd")],
            *[f"hard_labels_{name}_{part}" for name in names for part in ("mean", "sd")],
            "gap_closed", "gap_closed_in_scope",
            "parameters", "embedding_parameters", "size_bytes",
            "latency_p50_ms", "latency_p90_ms", "times_faster", "threads",
        ]
    )  # fmt: skip
    for row in table.rows:
        latency = row.latency
        own = [_numbers(row.metrics.get(name)) for name in names]
        control = [_numbers(row.control.get(name)) for name in names]
        seeds = row.metrics["accuracy"].seeds if row.metrics else 0
        writer.writerow(
            [
                *map(_inert, (table.study, table.split)),
                *map(_inert, (row.name, row.role, row.kind, row.road or "")),
                seeds,
                *[number for pair in own for number in pair],
                *[number for pair in control for number in pair],
                _number(row.gap_closed), _number(row.gap_closed_in_scope),
                *([row.parameters, row.embedding_parameters, row.size_bytes]
                  if row.size_bytes else ["", "", ""]),
                *(["", "", "", ""] if latency is None else
                  [_number(latency.p50_ms), _number(latency.p90_ms),
                   _number(latency.ratio), latency.threads]),
            ]
        )  # fmt: skip
    return target.getvalue()


def _numbers(spread: Spread | None) -> tuple[str, str]:
    return ("", "") if spread is None else (_number(spread.mean), _number(spread.sd))


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6g}"


def _inert(text: str) -> str:
    """Returns text on one line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
