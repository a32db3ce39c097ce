"""The machine and the versions that a figure was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from kdzoo.limits import usable_cores

_LIBRARIES = (
    "kdzoo", "torch", "transformers", "accelerate", "tokenizers", "onnxruntime", "onnx",
    "onnxscript", "scikit-learn", "skops", "scipy", "numpy",
)  # fmt: skip
SOFTWARE = ("python", *_LIBRARIES)  # entries of ``environment`` that an installation changes
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
LOOK_S = 0.5  # how long is looked at how busy the machine is
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def environment() -> dict[str, str]:
    """Returns processor, usable cores, GPU, system, versions and kdzoo's commit; no host, no paths.

    A GPU that is not there, and libraries that are not installed, are left out. The thread settings
    are the threads that PyTorch computes with just now, and what this process was started with; a
    session of measurements has its own.
    """
    import torch

    settings = [f"{name}={os.environ[name]}" for name in _THREAD_VARIABLES if name in os.environ]
    threads = f"threads={torch.get_num_threads()}"
    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    return {**_machine(), **gpu, "thread_settings": " ".join([threads, *settings])}


@cache
def _machine() -> dict[str, str]:
    """Returns what stays the same as long as the process lives."""
    return {
        "cpu": _cpu_model(),
        "cores": f"{round(usable_cores(), 2):g}",
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: found for name in _LIBRARIES if (found := _version(name)) is not None},
        "commit": _commit(),
    }


def conditions() -> dict[str, float | str]:
    """Returns how busy the machine is while this process waits half a second, in per cent.

    Entries: ``load_average`` of the last minute; ``cpu_percent_of_others``; ``steal_percent``,
    which other virtual machines took (0 where it is not told); ``governor`` of the processor's
    frequency, where it is told.
    """
    times = psutil.cpu_times_percent(LOOK_S)
    waiting = times.idle + getattr(times, "iowait", 0.0)
    found: dict[str, float | str] = {
        "load_average": round(psutil.getloadavg()[0], 2),
        "cpu_percent_of_others": round(100 - waiting, 1),
        "steal_percent": getattr(times, "steal", 0.0),
    }
    if _GOVERNOR.is_file():
        found["governor"] = _GOVERNOR.read_text(encoding="utf-8").strip()
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _commit() -> str:
    """Returns the commit of a kdzoo that runs from a checkout of its own repository."""
    here = Path(__file__).resolve().parent.parent
    if not (here.parent / ".git").exists():
        return "installed"
    try:
        found = subprocess.run(  # noqa: S603 - a fixed command, no input of the user's
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
