"""Several processes train one model: they share each batch, and end as one process would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import tiny_ranks
import torch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two processes say that trained together."""
    folder = tmp_path_factory.mktemp("ranks")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    finished = subprocess.run(
        [*launch, tiny_ranks.__file__, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
    )
    assert finished.returncode == 0, finished.stderr
    said: dict[str, Any] = json.loads((folder / "found.json").read_text("utf-8"))
    assert said["processes"] == 2
    return said


def test_an_interruption_changes_no_weight(found: dict[str, Any]) -> None:
    """Each process goes on with its own random numbers, those of its dropout."""
    assert found["resumed_at"] == 10
    assert found["resumed_is_whole"]


def test_a_labelled_row_weighs_as_much_whichever_process_reads_it(found: dict[str, Any]) -> None:
    """Five of eight rows have a label; a process that reads one of them gave it half."""
    wanted = [0.0 if label < 0 else 0.2 for label in tiny_ranks.GOLD]

    assert found["row_weights"] == pytest.approx(wanted)
    assert tiny_ranks.row_weights(0, 1) == pytest.approx(wanted)


def test_a_process_that_reads_no_word_keeps_no_other_waiting(found: dict[str, Any]) -> None:
    """Two words of two processes, both of the first: it counts them twice, as half of each."""
    assert found["loss_of_words"] == pytest.approx(2 * tiny_ranks.loss_of_words(0))


def test_without_dropout_the_model_is_that_of_one_process(found: dict[str, Any]) -> None:
    alone, _ = tiny_ranks.trained(dropout=0.0)

    for name, values in found["plain"].items():
        torch.testing.assert_close(torch.tensor(values), alone[name], atol=1e-5, rtol=1e-4)
