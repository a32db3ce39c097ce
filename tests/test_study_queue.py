"""The script that the documentation has for Slurm, run under a stand-in for Slurm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import WriteRecipe

from kdzoo.results import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "many-machines.md"
SBATCH = """#!/bin/bash
# runs a script at once, so that what it depends on has ended; jobs of an array side by side
array=0-0
while [[ $1 == --* ]]; do
  case $1 in
    --array=*) array=${1#--array=} ;;
    --dependency=afterok:*) [[ -e $JOBS/${1##*:} ]] || exit 9 ;;
  esac
  shift
done
pids=()
for index in $(seq ${array%-*} ${array#*-}); do
  SLURM_ARRAY_TASK_ID=$index bash "$@" >&2 & pids+=($!)
done
for pid in "${pids[@]}"; do wait $pid || exit 1; done
number=$(ls "$JOBS" | wc -l)
touch "$JOBS/$number"
echo $number
"""
SRUN = """#!/bin/bash
exec "$@"
"""


def scripts() -> tuple[str, str]:
    """Returns the job's script, and the lines that give it to the queue."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return next(b for b in blocks if "srun" in b), next(b for b in blocks if "sbatch " in b)


def test_the_documented_script_makes_a_study(write_recipe: WriteRecipe, tmp_path: Path) -> None:
    """Teacher and labels first, then an array of jobs that share the students, then the report."""
    job, submission = scripts()
    recipe = write_recipe(seeds=[0, 1])
    job = job.replace("run clinc150 ", f"run {recipe} ").replace("/shared/", f"{tmp_path}/shared/")
    (tmp_path / "study.sh").write_text(job, encoding="utf-8")
    (tmp_path / "jobs").mkdir()
    commands = tmp_path / "bin"
    commands.mkdir()
    kdzoo = f'#!/bin/bash\nexec {sys.executable} -P -m kdzoo "$@"\n'
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("kdzoo", kdzoo)):
        (commands / name).write_text(text, encoding="utf-8")
        (commands / name).chmod(0o755)
    assert "--array=0-15" in submission

    done = subprocess.run(
        ["bash", "-e", "-c", submission.replace("--array=0-15", "--array=0-1")],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "JOBS": str(tmp_path / "jobs"),
        },
        capture_output=True,
        text=True,
        timeout=1400,
    )

    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "jobs").iterdir()]) == 3
    store = Store(tmp_path / "shared/runs/clinc150")
    assert [len(row.members) for row in store.manifest().rows if row.role == "student"] == [2]
    assert (store.root / "report.html").is_file()
    trained = re.findall(r"^.*: validation accuracy .*$", done.stderr, re.MULTILINE)
    assert len({line.partition(":")[0] for line in trained}) == len(trained)
