"""The mean of a model's weights over the last steps of its training."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from kdzoo.training.plan import TrainingPlan


class WeightAverage:
    """What is evaluated and kept in place of the model, once its weights are averaged.

    Each step of the averaged ones weighs the same (Izmailov et al., 2018, arXiv:1803.05407).
    """

    def __init__(self, model: nn.Module, plan: TrainingPlan) -> None:
        self._model, self._plan = model, plan
        self._averaged: AveragedModel | None = None

    @property
    def shown(self) -> nn.Module:
        """The model with averaged weights; before there are any, the model itself."""
        return self._model if self._averaged is None else self._averaged.module

    def update(self, step: int) -> None:
        """Takes in the weights after so many steps, if they are among those that are averaged."""
        if self._plan.is_averaged(step):
            self._begun().update_parameters(self._model)

    def state(self) -> dict[str, Tensor]:
        """Returns what a checkpoint keeps of it; nothing before there are averaged weights."""
        return {} if self._averaged is None else self._averaged.state_dict()

    def resume(self, state: dict[str, Tensor]) -> None:
        """Goes on from what ``state`` returned."""
        if state:
            self._begun().load_state_dict(state)

    def _begun(self) -> AveragedModel:
        if self._averaged is None:
            self._averaged = AveragedModel(self._model)
        return self._averaged
