"""The machine and the versions that a figure was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("kdzoo", "torch", "transformers", "accelerate", "tokenizers", "scikit-learn", "numpy")


@cache
def environment() -> dict[str, str]:
    """Returns processor, cores, system, versions and kdzoo's commit; no host name, no paths."""
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
        "commit": _commit(),
    }


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
