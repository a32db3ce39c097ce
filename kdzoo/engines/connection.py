"""The way into a Ray cluster: one that is there, or one of this machine, for kdzoo alone."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any

from kdzoo.errors import EngineError
from kdzoo.limits import usable_cores

ANSWER_S = 5.0  # in which an address has to answer
STORE_BYTES = 80 << 20  # of Ray's own memory on this machine: no tensors pass through it
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^:/\s]+):(?P<port>\d+)")


def check_ray(address: str) -> None:
    """Sees that an address is one, that Ray is installed, and that the address answers.

    Args:
        address: ``host:port``, ``ray://host:port`` or ``auto``; empty for this machine alone.

    Raises:
        EngineError: it is no address, Ray is not installed, or nothing answers there.
    """
    named = _ADDRESS.fullmatch(address)
    if named is None and address not in ("", "auto"):
        raise EngineError(
            f"--engine ray:{address}: write ray:HOST:PORT, as in ray:10.0.0.1:6379, or ray:auto on "
            "a machine of the cluster"
        )
    if find_spec("ray") is None:
        raise EngineError('--engine ray: Ray is not installed; pip install "kdzoo[ray]"')
    if named is None:
        return
    try:
        socket.create_connection((named["host"], int(named["port"])), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise EngineError(
            f"--engine ray:{address}: nothing answers there ({error}); see that the cluster runs "
            "(ray start --head), or write --engine ray for this machine alone"
        ) from error


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yields ``ray``, connected for the block; a cluster of this machine ends with it.

    A script that is connected already stays so.

    Args:
        address: as ``check_ray`` takes it.

    Raises:
        EngineError: no cluster lets this process in.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when ray starts
    import ray

    if ray.is_initialized():
        yield ray
        return
    with _token(is_needed=not address):
        try:
            ray.init(**_options(address))
        except Exception as error:  # Ray raises bare ones where a machine is slow to start
            named = f":{address}" * bool(address)
            raise EngineError(
                f"--engine ray{named}: Ray does not let kdzoo in: {str(error).strip()}; see that "
                "the cluster runs, with the same versions of Ray and Python, or write --engine ray "
                "for this machine alone"
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _options(address: str) -> dict[str, Any]:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        return {**quiet, "address": address}
    return {
        **quiet,
        "num_cpus": max(1, int(usable_cores())),
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
    }


@contextmanager
def _token(*, is_needed: bool) -> Iterator[None]:
    """Has a cluster that starts in the block ask for a token that nobody else on the machine has.

    Ray asks for one by itself, and would leave it in the user's home. Whoever gives Ray a token, or
    says that it is to ask for none, has what they say.
    """
    before = {name: os.environ.get(name) for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    if is_needed and not any([*before.values(), os.environ.get("RAY_AUTH_TOKEN_PATH")]):
        os.environ["RAY_AUTH_TOKEN"] = _own_token()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@cache
def _own_token() -> str:
    """Returns the token of this process; Ray remembers the first that it reads."""
    return secrets.token_hex(32)
