"""Memory and cores as containers limit them: control groups of both versions, and affinity."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from kdzoo import limits
from kdzoo.limits import MemoryLimit, memory_limit, usable_cores, usable_threads
from kdzoo.measure import machine as measured_machine

MB = 1 << 20
HOST = psutil.virtual_memory().total


@dataclass(frozen=True)
class Machine:
    """A made-up file system that tells of control groups, as a process in one of them sees it."""

    root: Path

    def mount(self, kind: str, at: str, seen_from: str, options: str) -> None:
        """Adds a tree of groups, of which the one at the top is ``seen_from``."""
        (self.root / "proc/self").mkdir(parents=True, exist_ok=True)
        (self.root / at.lstrip("/")).mkdir(parents=True, exist_ok=True)
        with (self.root / "proc/self/mountinfo").open("a") as file:
            file.write("23 1 0:21 / / rw shared:1 - ext4 /dev/root rw\n")
            file.write(
                f"35 31 0:32 {seen_from} {at} rw,relatime shared:9 - {kind} {kind} {options}\n"
            )

    def belongs(self, line: str) -> None:
        """Puts the process into a group."""
        with (self.root / "proc/self/cgroup").open("a") as file:
            file.write(line + "\n")

    def group(self, at: str, **files: str) -> None:
        """Writes a group's files; two underscores in a name stand for a dot."""
        folder = self.root / at.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content + "\n", encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def second(machine: Machine, name: str = "/docker/abc", seen_from: str = "/") -> None:
    machine.mount("cgroup2", "/sys/fs/cgroup", seen_from, "rw,nsdelegate")
    machine.belongs(f"0::{name}")


def first(machine: Machine, name: str = "/docker/abc", seen_from: str = "/") -> None:
    machine.mount("cgroup", "/sys/fs/cgroup/pids", seen_from, "rw,pids")
    machine.mount("cgroup", "/sys/fs/cgroup/cpu,cpuacct", seen_from, "rw,cpu,cpuacct")
    machine.mount("cgroup", "/sys/fs/cgroup/memory", seen_from, "rw,memory")
    machine.mount("cgroup2", "/sys/fs/cgroup/unified", "/", "rw")
    for line in (f"9:pids:{name}", f"4:memory:{name}", f"1:cpu,cpuacct:{name}", "0::/"):
        machine.belongs(line)


class TestMemory:
    def test_is_the_machines_where_nothing_limits_it(self, machine: Machine) -> None:
        """As on a system without control groups."""
        found = memory_limit(machine.root)

        assert found.total_bytes == HOST
        assert 0 < found.available_bytes <= HOST

    @pytest.mark.parametrize("seen_from", ["/", "/docker/abc", "/docker/other"])
    @pytest.mark.parametrize("namespaced", [True, False])
    def test_is_what_a_group_of_version_2_leaves(
        self, machine: Machine, seen_from: str, namespaced: bool
    ) -> None:
        """From the host, from within the container, and where the names do not fit each other."""
        second(machine, "/" if namespaced else "/docker/abc", seen_from)
        own = "" if namespaced or seen_from != "/" else "/docker/abc"
        machine.group(
            f"/sys/fs/cgroup{own}",
            memory__max=str(1200 * MB), memory__high="max", memory__current=str(900 * MB),
            memory__stat=f"anon {500 * MB}\ninactive_file {300 * MB}\nactive_file 1",
        )  # fmt: skip

        assert memory_limit(machine.root) == MemoryLimit(1200 * MB, 600 * MB)

    @pytest.mark.parametrize("seen_from", ["/", "/docker/abc"])
    def test_is_what_a_group_of_version_1_leaves(self, machine: Machine, seen_from: str) -> None:
        first(machine, seen_from=seen_from)
        own = "/docker/abc" if seen_from == "/" else ""
        machine.group(
            f"/sys/fs/cgroup/memory{own}",
            memory__limit_in_bytes=str(512 * MB), memory__usage_in_bytes=str(400 * MB),
            memory__stat=f"inactive_file 5\ntotal_inactive_file {100 * MB}",
        )  # fmt: skip

        assert memory_limit(machine.root) == MemoryLimit(512 * MB, 212 * MB)

    def test_is_what_the_tightest_group_above_leaves(self, machine: Machine) -> None:
        """A pod's limit holds for its containers; what is left counts, not what is allowed."""
        second(machine, "/pod/container")
        machine.group("/sys/fs/cgroup/pod/container", memory__max=str(800 * MB),
                      memory__current=str(100 * MB))  # fmt: skip
        machine.group("/sys/fs/cgroup/pod", memory__max=str(1000 * MB),
                      memory__current=str(950 * MB))  # fmt: skip

        assert memory_limit(machine.root) == MemoryLimit(800 * MB, 50 * MB)

    def test_that_is_throttled_is_not_there(self, machine: Machine) -> None:
        """Above memory.high a process hardly moves."""
        second(machine)
        machine.group("/sys/fs/cgroup/docker/abc", memory__max=str(900 * MB),
                      memory__high=str(700 * MB), memory__current="0")  # fmt: skip

        assert memory_limit(machine.root).total_bytes == 700 * MB

    @pytest.mark.parametrize("limit", ["max", "9223372036854771712", str(HOST * 4), "", "-1"])
    @pytest.mark.parametrize("file", ["memory__max", "memory__limit_in_bytes"])
    def test_is_the_machines_where_a_group_has_no_limit(
        self, machine: Machine, file: str, limit: str
    ) -> None:
        second(machine)
        machine.group("/sys/fs/cgroup/docker/abc", **{file: limit}, memory__current="5")

        assert memory_limit(machine.root).total_bytes == HOST

    def test_that_is_overdrawn_is_none(self, machine: Machine) -> None:
        second(machine)
        machine.group("/sys/fs/cgroup/docker/abc", memory__max="100", memory__current="200")

        assert memory_limit(machine.root).available_bytes == 0


class TestCores:
    @pytest.fixture(autouse=True)
    def _eight(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))

    @pytest.mark.parametrize(
        ("quota", "cores"),
        [("20000 100000", 0.2), ("150000 100000", 1.5), ("max 100000", 8), ("9900000 100000", 8)],
    )
    def test_are_a_quotas_of_version_2(self, machine: Machine, quota: str, cores: float) -> None:
        second(machine)
        machine.group("/sys/fs/cgroup/docker/abc", cpu__max=quota)

        assert usable_cores(machine.root) == cores

    @pytest.mark.parametrize(("quota_us", "cores"), [("25000", 0.25), ("400000", 4), ("-1", 8)])
    def test_are_a_quotas_of_version_1(self, machine: Machine, quota_us: str, cores: float) -> None:
        first(machine)
        machine.group("/sys/fs/cgroup/cpu,cpuacct/docker/abc", cpu__cfs_quota_us=quota_us,
                      cpu__cfs_period_us="100000")  # fmt: skip

        assert usable_cores(machine.root) == cores

    def test_are_the_tightest_quotas_above(self, machine: Machine) -> None:
        second(machine, "/pod/container")
        machine.group("/sys/fs/cgroup/pod/container", cpu__max="300000 100000")
        machine.group("/sys/fs/cgroup/pod", cpu__max="200000 100000")

        assert usable_cores(machine.root) == 2

    @pytest.mark.parametrize("bound", [{3}, {0, 5}, set(range(8))])
    def test_are_those_that_the_process_is_bound_to(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, bound: set[int]
    ) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: bound)

        assert usable_cores(machine.root) == len(bound)

    def test_are_the_machines_where_none_can_be_bound(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on macOS."""
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: 10)

        assert usable_cores(machine.root) == 10

    @pytest.mark.parametrize(
        ("quota", "wanted", "had"),
        [("20000 100000", 4, 1), ("150000 100000", 4, 2), ("max 100000", 4, 4), ("max 1", 99, 8)],
    )
    def test_decide_how_many_threads_are_of_use(
        self, machine: Machine, quota: str, wanted: int, had: int
    ) -> None:
        second(machine)
        machine.group("/sys/fs/cgroup/docker/abc", cpu__max=quota)

        assert usable_threads(wanted, machine.root) == had

    @pytest.mark.parametrize(
        ("cores", "shown"), [(2.0, "2"), (0.2, "0.2"), (1.0, "1"), (4 / 3, "1.33")]
    )
    def test_name_the_machine_of_a_figure(
        self, monkeypatch: pytest.MonkeyPatch, cores: float, shown: str
    ) -> None:
        """What ran on a fifth of a core does not share a column with the whole machine."""
        monkeypatch.setattr("kdzoo.measure.machine.usable_cores", lambda: cores)

        assert measured_machine._machine.__wrapped__()["cores"] == shown


MEMORY_TREES = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))  # version 1, version 2


@pytest.fixture
def real_group() -> Iterator[Path]:
    """A control group of this machine, without any process in it yet."""
    for tree in MEMORY_TREES:
        group = tree / f"kdzoo-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        if any((group / name).is_file() for name in ("memory.max", "memory.limit_in_bytes")):
            yield group
            group.rmdir()
            return
        group.rmdir()
    pytest.skip("this user can make no control group with a memory limit here")


def limited(group: Path, limit_bytes: int, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the group."""
    files = [group / name for name in ("memory.limit_in_bytes", "memory.max")]
    next(file for file in files if file.is_file()).write_text(str(limit_bytes))
    enter = f'echo $$ > {group / "cgroup.procs"} && exec "$@"'
    return subprocess.run(
        ["sh", "-c", enter, "sh", *command], capture_output=True, text=True, check=False
    )


def test_a_real_groups_limit_is_seen(real_group: Path) -> None:
    script = f"""
from {limits.__name__} import memory_limit
found = memory_limit()
print(found.total_bytes, found.available_bytes)
"""

    ran = limited(real_group, 1200 * MB, sys.executable, "-c", script)

    total_bytes, available_bytes = map(int, ran.stdout.split())
    assert total_bytes == 1200 * MB
    assert 1000 * MB < available_bytes < 1200 * MB


@pytest.mark.slow
def test_a_session_in_a_small_real_group_has_all_its_figures(
    real_group: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    """A container of 1.2 GB, half of which a study takes until it measures.

    Nothing is killed, though the rows would not find room side by side.
    """
    script = f"""
import json
from pathlib import Path
import torch, transformers
from kdzoo.measure import Candidate, MeasureSettings, measure_candidates
from kdzoo.progress import Silent
from kdzoo.runtime.export import export_model
from kdzoo.runtime.settings import ExportSettings
teacher, exports = Path({str(tiny_teacher)!r}), Path({str(tmp_path)!r})
runtimes = ("pipeline", "torch", "onnx", "onnx-int8")
for runtime in runtimes[2:]:
    export_model(teacher, exports / runtime, runtime, ExportSettings())
rows = [
    Candidate(name, teacher if runtime in runtimes[:2] else exports / runtime, runtime)
    for name in ("teacher", "a", "b", "c") for runtime in runtimes
]
found = measure_candidates(rows, ["play a song"], references=rows[:4],
    settings=MeasureSettings(rounds=2, texts=1, cold_starts=1), seed=0, progress=Silent())
print(json.dumps([[speed.failure, speed.first_round] for speed in found.speeds.values()]))
"""

    ran = limited(real_group, 1200 * MB, sys.executable, "-c", script)

    assert ran.returncode == 0, ran.stderr
    answers = json.loads(ran.stdout.splitlines()[-1])
    assert [failure for failure, _ in answers] == [None] * 16
    assert len({first for _, first in answers}) > 1


def test_memory_is_asked_for_in_one_place() -> None:
    """Else what is refused for want of memory would be measured by the host's."""
    package = Path(limits.__file__).parent
    asking = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "virtual_memory" in path.read_text(encoding="utf-8")
    ]

    assert asking == ["limits.py"]
