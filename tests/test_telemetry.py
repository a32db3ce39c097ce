"""onnxruntime is kept from looking up its maker's host, and from leaving an id with the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kdzoo.runtime.usage import SNIPPET

# what native code opens is no event for Python: sockets are counted as the system counts them
WATCH = """
import json, os, sys
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith("socket.") else None)
"""
TELL = """
links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
open_files = [os.readlink(link) for link in links if os.path.lexists(link)]
print(json.dumps({
    "asked": asked,
    "sockets": [each for each in open_files if each.startswith("socket:")],
    "variable": os.environ.get("ORT_DISABLE_TELEMETRY"),
    "is_there": "onnxruntime" in sys.modules,
}))
"""
BARE = "import onnxruntime"
RUNTIME = "import kdzoo.runtime.onnx"
WAYS = [
    pytest.param("import kdzoo.measure.worker, kdzoo.runtime.onnx", id="worker"),
    pytest.param(SNIPPET.partition("from tokenizers")[0], id="snippet"),
    pytest.param(RUNTIME, id="runtime", marks=pytest.mark.study),
    pytest.param("import kdzoo.runtime.int8", id="export", marks=pytest.mark.study),
    pytest.param("import kdzoo\nimport onnxruntime", id="own code", marks=pytest.mark.study),
]


def left_by(code: str, home: Path, **variables: str) -> tuple[list[str], dict[str, Any]]:
    """Runs code in a process with a home of its own.

    Returns the files that are there afterwards, and what the process saw of itself.
    """
    known = {name: text for name, text in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **variables}
    done = subprocess.run(
        [sys.executable, "-c", WATCH + code + TELL],
        env={**known, **own},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["is_there"]
    return [path.name for path in home.rglob("*") if path.is_file()], answer


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system lists no open files")
class TestTelemetry:
    def test_is_there_where_nobody_stops_it(self, tmp_path: Path) -> None:
        """Else the tests below would say nothing of this version of onnxruntime."""
        files, answer = left_by(BARE, tmp_path)

        if not files:
            pytest.skip("this onnxruntime leaves nothing behind")
        assert "deviceid" in files
        assert answer["variable"] is None

    @pytest.mark.parametrize("way", WAYS)
    def test_never_begins(self, way: str, tmp_path: Path) -> None:
        """Neither a device id nor a socket, whichever way onnxruntime is imported."""
        files, answer = left_by(way, tmp_path)

        assert not [name for name in files if "device" in name or name.startswith("onnxruntime")]
        assert answer["asked"] == answer["sockets"] == []
        assert answer["variable"] == "1"

    def test_is_as_the_user_has_it(self, tmp_path: Path) -> None:
        _, answer = left_by(RUNTIME, tmp_path, ORT_DISABLE_TELEMETRY="0")

        assert answer["variable"] == "0"
