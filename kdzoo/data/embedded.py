"""Datasets that come with kdzoo."""

from __future__ import annotations

import json
from importlib import resources

from kdzoo.data.corpus import SPLITS, RawData, RawRow
from kdzoo.registry import register_dataset


@register_dataset("assistant")
def assistant() -> RawData:
    """1,617 requests to an assistant: 24 confusable intents and out-of-scope, for demonstration."""
    folder = resources.files("kdzoo.data.assistant")
    splits: dict[str, list[RawRow]] = {}
    for split in SPLITS:
        lines = (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        splits[split] = [(row["text"], row["label"]) for row in rows]
    return RawData(splits, origin="embedded:assistant")
