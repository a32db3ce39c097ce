"""Labelling beside the bare forward pass of the same teacher.

kdzoo's side hashes and tokenises the texts, runs the teacher and writes verified shards to an empty
cache. The bare side finds length-sorted padded batches ready as tensors and only runs the teacher.
Bar: at least 0.90 times the bare pass's texts per second.

Run:  python benchmarks/labelling.py           about 3 min on 2 CPU cores once the teacher is there
"""

from __future__ import annotations

import time

import torch
import typer
from rounds import take_turns
from setting import WORK, Data, Overrides, Publish, Work, empty_cache, open_setting, show

from kdzoo.model import length_sorted_batches, load_model
from kdzoo.progress import Silent
from kdzoo.text import encode

ROUNDS, TEXTS = 6, 7680  # the default recipe's data: 60 batches of 128 texts a visit


def main(
    data: Data = None, overrides: Overrides = None, work: Work = WORK, publish: Publish = False
) -> None:
    """Times both sides in turns and prints texts per second and their ratio."""
    setting = open_setting("clinc150/cnn", data, overrides, work)
    teacher = setting.teacher
    texts = setting.run.corpus.train[:TEXTS]
    loaded = load_model(teacher.members[0].folder)
    encoded = encode(loaded.tokenizer, texts, loaded.pad_id)
    batches = [
        encoded.batch(rows) for rows in length_sorted_batches(encoded.lengths, teacher.batch_size)
    ]

    def kdzoo_side() -> float:
        with empty_cache():
            start = time.perf_counter()
            table = teacher.label(texts, Silent(), torch.device("cpu"))
            table[:]
            return (time.perf_counter() - start) / len(texts)

    @torch.inference_mode()
    def bare() -> float:
        start = time.perf_counter()
        for batch in batches:
            loaded.model(**batch).logits.numpy()
        return (time.perf_counter() - start) / len(texts)

    turns = take_turns(kdzoo_side, bare, ROUNDS, "labelling", setting.progress)
    ours, theirs = turns.times()
    row = {
        "bare forward pass, texts/s": round(1 / theirs),
        "kdzoo, texts/s": round(1 / ours),
        "kdzoo / bare (quartiles)": turns.ratio(),
    }
    title = f"Labelling {len(texts):,} texts, {ROUNDS} rounds of {len(batches)} batches"
    show("labelling", {title: [row]}, publish=publish)


if __name__ == "__main__":
    typer.run(main)
