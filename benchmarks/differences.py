"""What is not the same in two folders that should hold the same study.

Weights, tokenizers, histories, predictions and cached logits are compared byte by byte, records and
table without times, latency and sizes. A file that only one of them has is a difference too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

NOT_METRICS = re.compile(  # and what shows latencies
    r"study/(measurements/|table\.(md|tex)|report\.html|accuracy_(as_decided_)?vs_latency|models/[^/]+/README\.md)"
    r"|.*baseline\.skops"
)
NEVER_READ = re.compile(r"cache/.*\.partial$")  # by any run
# what a record says of time and place; and of sizes: a baseline's file holds addresses in memory
PASSING = {"created", "environment", "seconds", "size_bytes"}
PASSING_COLUMNS = re.compile("latency|times_faster|texts_per_s|cold_start|memory|noise|size_bytes")


def differences(whole: Path, killed: Path) -> list[str]:
    """Returns what is not the same in two folders that hold a study and its cache each."""
    ours, theirs = (
        {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        for root in (killed, whole)
    )
    found = [f"{name} is missing" for name in sorted(theirs - ours)]
    found += [
        f"{name} is left over" for name in sorted(ours - theirs) if not NEVER_READ.match(name)
    ]
    for name in sorted(ours & theirs):
        if not NOT_METRICS.match(name) and _content(whole / name) != _content(killed / name):
            found.append(f"{name} differs")
    return found


def _content(file: Path) -> Any:
    """Returns what is to be the same, however often the study was killed."""
    if file.name == "record.json":
        return json.loads(
            file.read_text(encoding="utf-8"),
            object_hook=lambda part: {k: v for k, v in part.items() if k not in PASSING},
        )
    if file.name == "table.csv":
        table = pd.read_csv(file)
        return table[[name for name in table if not PASSING_COLUMNS.search(str(name))]].to_csv()
    return file.read_bytes()
