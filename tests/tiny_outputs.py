"""Files of outputs for the tests: written in every format, opened as teachers of the tiny data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tiny_world import LABELS

from kdzoo.data import Example
from kdzoo.progress import Silent
from kdzoo.recipe.teacher import Teacher
from kdzoo.teacher import OutputsTeacher, open_outputs_teacher

CPU = torch.device("cpu")
OutputsRow = dict[str, Any]


def write_rows(path: Path, rows: Sequence[OutputsRow], labels: Sequence[str] | None = None) -> Path:
    """Writes rows in the format of the suffix; in csv, lists and mappings as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        case ".json":
            path.write_text(json.dumps(rows), encoding="utf-8")
        case ".parquet":
            table = pa.Table.from_pylist(list(rows))
            said = None if labels is None else {"kdzoo": json.dumps({"labels": list(labels)})}
            pq.write_table(table.replace_schema_metadata(said), path)
        case _:
            cells = [
                {k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()}
                for row in rows
            ]
            separator = "\t" if path.suffix == ".tsv" else ","
            pd.DataFrame(cells).to_csv(path, index=False, sep=separator)
    return path


def opened(path: Path, **section: Any) -> OutputsTeacher:
    """Returns the file as a teacher of the tiny data."""
    return open_outputs_teacher(Teacher(outputs=str(path), **section), LABELS, Silent())


def said(teacher: OutputsTeacher, *texts: str) -> npt.NDArray[np.float32]:
    """Returns the teacher's logits [N, C] of these texts."""
    table = teacher.label([Example(text) for text in texts], Silent(), CPU)
    return table[:].astype(np.float32)
