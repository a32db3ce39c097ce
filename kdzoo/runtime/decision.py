"""How a model's logits become an answer: its temperature, and when a text is out of scope.

Both are fitted on validation and lie beside the model; nothing needs them, users may ask for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kdzoo.bounds import LARGEST_JSON
from kdzoo.errors import ModelError
from kdzoo.files import has_file
from kdzoo.recipe.measure import ThresholdRule

DECISION = "decision.json"
ScoreName = Literal["oos_probability", "odds", "max_in_scope", "margin", "energy"]
SCORES: tuple[ScoreName, ...] = get_args(ScoreName)


class Decision(BaseModel):
    """What is written in ``decision.json``.

    Attributes:
        temperature: by which logits are divided, so that probabilities are as high as the model is
            right (Guo et al., 2017).
        oos_label: the out-of-scope label, where the data has one.
        oos_score: what of the logits, at temperature 1, says how likely a text is out of scope: see
            ``kdzoo.runtime.rejection``.
        oos_threshold: the score from which on a text is called out of scope; None where validation
            has no such text, or calling none so is the best.
        max_false_rejections: share of the validation texts in scope that the threshold may reject;
            None where it maximises the mean of the recalls in and out of scope.
        thresholds: where a text may have several labels, the probability of each, at temperature
            1, from which on it is given; by the label's name.
        threshold_rule: whether each label has its own, or all have one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(default=2, ge=1, le=2)
    temperature: float = Field(gt=0, allow_inf_nan=False)
    oos_label: str | None = None
    oos_score: ScoreName = "oos_probability"  # the only one that version 1 knew
    oos_threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    max_false_rejections: Annotated[float, Field(gt=0, lt=1)] | None = None
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, exclude_if=lambda thresholds: thresholds is None
    )
    threshold_rule: ThresholdRule | None = Field(None, exclude_if=lambda rule: rule is None)

    def thresholds_of(self, labels: Sequence[str]) -> tuple[float, ...] | None:
        """Returns the thresholds of labels in their order, [C]; None where there are none.

        Raises:
            ModelError: a label has none.
        """
        if self.thresholds is None:
            return None
        lacking = [label for label in labels if label not in self.thresholds]
        if lacking:
            raise ModelError(
                f"{DECISION} has no threshold for the label '{lacking[0][:60]}': it belongs to "
                "another model; run the recipe again"
            )
        return tuple(self.thresholds[label] for label in labels)


def read_decision(folder: Path) -> Decision | None:
    """Returns what lies beside a model; None where nothing was fitted.

    Raises:
        ModelError: the file is damaged, or a newer kdzoo wrote it.
    """
    path = folder / DECISION
    if not has_file(path):
        return None
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        return Decision.model_validate_json(path.read_bytes())
    except ValueError as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(
            f"{path} is not what this kdzoo writes: {reason}; remove it and run the recipe again"
        ) from error


def thresholds_in(folder: Path, labels: Sequence[str]) -> tuple[float, ...] | None:
    """Returns the thresholds that lie beside a model, of labels in their order, [C].

    None where there are none.

    Raises:
        ModelError: the file is damaged, or lacks a label.
    """
    decision = read_decision(folder)
    return None if decision is None else decision.thresholds_of(labels)
