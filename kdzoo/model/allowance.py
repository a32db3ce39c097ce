"""How much memory a model that is being built may take: seen before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from kdzoo.errors import KdzooError, ModelError
from kdzoo.limits import memory_limit

_MAKERS = frozenset(
    {
        torch.empty, torch.empty_strided, torch.zeros, torch.ones, torch.full, torch.rand,
        torch.randn, torch.randint, torch.randperm, torch.arange, torch.linspace,
        torch.logspace, torch.eye, torch.empty_like, torch.zeros_like,
        torch.ones_like, torch.full_like, torch.rand_like, torch.randn_like, torch.Tensor.new_empty,
        torch.Tensor.new_zeros, torch.Tensor.new_ones, torch.Tensor.new_full,
    }
)  # fmt: skip


def refuse_too_large(make: Callable[[], Any], name: str, copies: int = 1) -> None:
    """Has a model made without memory, its tensors counted.

    Args:
        make: builds it. One that asks for values meanwhile cannot be built so: it says nothing.
        name: what is built, for the message.
        copies: of each tensor that are going to be held.

    Raises:
        ModelError: memory would not hold it.
    """
    with torch.random.fork_rng(devices=[]):  # what is built afterwards begins as if it were first
        try:
            with Allowance(name, copies), torch.device("meta"):
                make()
        except KdzooError:
            raise
        except Exception:  # noqa: S110 - whatever it is, is told where the model itself is made
            pass


class Allowance(TorchFunctionMode):
    """Counts the tensors that are made within the block, each before it is; refuses too many.

    Whoever builds a model makes its parameters of these: layers of torch, and a user's own.

    Args:
        name: of what is built, for the message.
        copies: of each tensor that are going to be held: gradients and moments among them.

    Raises:
        ModelError: memory would not hold them.
    """

    def __init__(self, name: str, copies: int = 1) -> None:
        super().__init__()
        self._name = name
        self._copies = copies
        self._free_bytes = memory_limit().available_bytes
        self._held_bytes = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Counts what a call makes, and lets it be made."""
        options = dict(kwargs or {})
        if func in _MAKERS:
            self._count(func(*args, **{**_sized(options), "device": "meta"}))
        return func(*args, **options)

    def _count(self, made: Tensor) -> None:
        self._held_bytes += made.numel() * made.element_size() * self._copies
        if self._held_bytes > self._free_bytes:
            raise ModelError(
                f"{self._name} takes {self._held_bytes / 1e9:,.1f} GB or more"
                f"{' to train' * (self._copies > 1)}, and {self._free_bytes / 1e9:.1f} GB of "
                "memory are free; give it smaller widths"
            )


def _sized(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options that decide a size: a generator would be drawn from."""
    return {
        name: option
        for name, option in options.items()
        if name not in ("generator", "out", "pin_memory")
    }
