"""A claim: one process makes a thing, and whoever kills it frees the thing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kdzoo.claims import ClaimedError, Claims
from kdzoo.errors import TeacherError
from kdzoo.teacher import clear_cache
from kdzoo.teacher.cache import RowCache

HOLDER = """
import sys, time
from pathlib import Path
from kdzoo.claims import Claims
with Claims((Path(sys.argv[1]),)).hold("it"):
    print("held", flush=True)
    time.sleep(600)
"""
COUNTER = """
import sys
from pathlib import Path
from kdzoo import claims
claims.POLL_S = 0.001
count = Path(sys.argv[1]) / "count"
for _ in range(100):
    with claims.Claims((Path(sys.argv[1]),)).hold("it"):
        count.write_text(str(int(count.read_text()) + 1))
"""


def test_what_is_held_is_refused_or_waited_for(tmp_path: Path) -> None:
    told: list[str] = []
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with Claims((tmp_path,)).hold("it"):
            held.set()
            free.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    with pytest.raises(ClaimedError), Claims((tmp_path,), waits=False).hold("it"):
        pytest.fail("two at once")
    with Claims((tmp_path,), waits=False).hold("another"):
        pass
    threading.Timer(0.1, free.set).start()
    with Claims((tmp_path,), say=told.append).hold("it", "the teacher"):
        assert free.is_set()
    holder.join()

    assert told == ["the teacher: another run is at it; waiting for it"]
    assert list(tmp_path.iterdir()) == []


def test_one_of_several_folders_is_enough_to_be_refused(tmp_path: Path) -> None:
    """Two runs may share the cache alone, or the study's folder alone."""
    shared, mine, theirs = (tmp_path / name for name in ("shared", "mine", "theirs"))

    with Claims((shared, theirs)).hold("it"):
        for folders in ((shared, mine), (mine, theirs)):
            with pytest.raises(ClaimedError), Claims(folders, waits=False).hold("it"):
                pytest.fail("two at once")


@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGTERM])
def test_of_a_killed_process_is_free_at_once(tmp_path: Path, ends: signal.Signals) -> None:
    """What it left is swept away, and what another still holds is not."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        Claims((tmp_path,)).sweep()
        with pytest.raises(ClaimedError), Claims((tmp_path,), waits=False).hold("it"):
            pytest.fail("two at once")
        process.send_signal(ends)
        process.wait()

    assert len(list(tmp_path.iterdir())) == 1
    with Claims((tmp_path,), waits=False).hold("another"):
        Claims((tmp_path,)).sweep()
        assert [path.name for path in tmp_path.iterdir()] == [".claim-another"]
    with Claims((tmp_path,), waits=False).hold("it"):
        pass


def test_of_many_processes_keeps_them_apart(tmp_path: Path) -> None:
    """None reads what another is about to write: a hundred turns each."""
    (tmp_path / "count").write_text("0", encoding="utf-8")
    command = [sys.executable, "-c", COUNTER, str(tmp_path)]

    processes = [subprocess.Popen(command) for _ in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text(encoding="utf-8") == "300"


def test_the_cache_is_not_cleared_under_a_run_that_adds_to_it() -> None:
    cache = RowCache.of("logits", "of-a-test", lambda _: None)
    cache.folder.mkdir(parents=True)

    with cache.alone(), pytest.raises(TeacherError, match=r"a run adds logits .* wait until it"):
        clear_cache()

    assert cache.folder.is_dir()
    clear_cache()
    assert not cache.folder.exists()
