"""What a model does not read of texts is told before it learns: the cut and the unknown ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_teachers import save_teacher
from tiny_world import RunCommand, WriteRecipe

from kdzoo.data import Example
from kdzoo.teacher import reach_of

PLAIN = "play some jazz"
FOREIGN = "ເປີດເພງ ໃຫ້ຟັງແດ່"  # Lao, of which no tokenizer here has a piece
TEXTS = [FOREIGN] * 3 + [PLAIN] * 5
KNOWS_NONE = ("electra", "mpnet", "xlm-roberta", "t5")
READS_BYTES = ("gpt2", "roberta", "llama", "bart")


@pytest.mark.parametrize("kind", KNOWS_NONE)
def test_texts_of_unknown_pieces_are_counted_whatever_the_tokenizer(
    kind: str, tmp_path: Path
) -> None:
    reach = reach_of(save_teacher(kind, tmp_path / kind), [Example(text) for text in TEXTS], 32)

    assert (reach.unread, reach.texts, reach.example) == (3, 8, FOREIGN)
    (note,) = reach.notes("training texts")
    assert note.startswith("3 of 8 training texts (37.5 %) are unknown to the model's tokenizer")
    assert f"'{FOREIGN}'" in note


@pytest.mark.parametrize("kind", READS_BYTES)
def test_nothing_is_unknown_to_a_tokenizer_of_bytes(kind: str, tmp_path: Path) -> None:
    """Some name as the unknown piece the one that ends each text."""
    reach = reach_of(save_teacher(kind, tmp_path / kind), [Example(text) for text in TEXTS], 256)

    assert (reach.unread, reach.notes("training texts")) == (0, [])


def test_a_few_such_texts_are_no_matter(tiny_encoder: Path) -> None:
    texts = [Example(text) for text in [FOREIGN, *[PLAIN] * 99]]

    reach = reach_of(tiny_encoder, texts, 32)

    assert (reach.unread, reach.notes("training texts")) == (1, [])


@pytest.mark.parametrize("command", ["check", "init", "label"])
def test_each_command_that_looks_at_texts_says_so(
    command: str,
    kdzoo: RunCommand,
    write_recipe: WriteRecipe,
    tiny_data: Path,
    tiny_teacher: Path,
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    train = data / "train.jsonl"
    rows = [json.loads(line) for line in train.read_text("utf-8").splitlines()]
    foreign = [{**row, "text": FOREIGN + " " * n} if n % 2 else row for n, row in enumerate(rows)]
    train.write_text("".join(json.dumps(row) + "\n" for row in foreign), encoding="utf-8")
    words: dict[str, list[object]] = {
        "check": ["check", write_recipe(), "--data", data],
        "init": ["init", "--data", data, "--teacher", tiny_teacher, "-o", "mine"],
        "label": ["label", tiny_teacher, train, "-o", "o.parquet"],
    }

    outcome = kdzoo(*words[command])

    assert outcome.code == 0, outcome.err
    assert (outcome.out + outcome.err).count("are unknown to the model's tokenizer") == 1
