"""What a recipe says of the teacher."""

from __future__ import annotations

import operator
from typing import Literal

from pydantic import Field, model_validator

from kdzoo.bounds import FEWEST_TOKENS
from kdzoo.fields import LowerLayers
from kdzoo.recipe.csv import Csv, Named
from kdzoo.recipe.numbers import Address, Few, Fraction, Rate, Seed, SelectBy
from kdzoo.recipe.section import Section, require_one


class FineTune(Section):
    """How the teacher is fitted to the labelled texts, once."""

    epochs: float = Field(
        5, gt=0, le=10_000, description="epochs: passes over the labelled training texts"
    )
    learning_rate: Rate = Field(3e-4, description="peak learning rate of AdamW")
    batch_size: Few = Field(32, description="number of texts in a training step")
    weight_decay: float = Field(0.01, ge=0, le=1000, description="weight decay of AdamW")
    warmup: Fraction = Field(
        0.1, description="warm-up: the share of steps over which the learning rate rises"
    )
    select_by: SelectBy = Field(
        "accuracy", description="validation metric that chooses the checkpoint"
    )
    seed: Seed = Field(
        0,
        ge=0,
        description="random seed of batch order and dropout; few-label studies add the recipe's "
        "seed",
    )
    freeze: int | None = Field(
        None,
        ge=0,
        le=1000,
        exclude_if=lambda count: count is None,
        description="number of lower layers that are frozen, together with the embeddings",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        exclude_if=operator.not_,
        description="label smoothing: the share of each target spread evenly over all classes",
    )


class Teacher(Section):
    """The model to be replaced: any Hugging Face sequence classifier, or an ensemble of them."""

    model: Address | None = Field(
        None,
        description="hub id (owner/name or owner/name@revision), folder, or package:NAME/PATH",
    )
    models: list[Address] | None = Field(
        None, min_length=1, description="several models as an ensemble; their logits are averaged"
    )
    outputs: Address | None = Field(
        None,
        description="a file with the teacher's output for each text, as `kdzoo label` writes it: "
        "logits, probabilities or a label",
    )
    csv: Csv | None = Field(None, description="format of a .csv or .tsv file of outputs")
    smoothing: float = Field(
        0.1, gt=0, lt=1, description="label smoothing for a file of outputs that holds labels alone"
    )
    encoder: Address | None = Field(
        None,
        description="the pretrained model that a finished classifier was fine-tuned from; with a "
        "file of outputs, the model that gives students their tokenizer and embeddings",
    )
    fallback: Address | None = Field(
        None,
        description="hub id used when a package: model is not installed, and in place of no other",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of model.safetensors; other weights are refused",
    )
    labels: list[Named] | None = Field(
        None,
        description="class names in the order of the outputs, for a model or file that does not "
        "name them",
    )
    max_length: int = Field(
        128, ge=FEWEST_TOKENS, le=8192, description="maximum length in tokens; longer texts are cut"
    )
    batch_size: Few = Field(128, description="number of texts labelled at once")
    fine_tune: FineTune | None = None
    head: Literal["linear"] | None = Field(
        None,
        description="linear: the encoder stays frozen, and a logistic regression over its sentence "
        "vectors is fitted to the labelled texts",
    )
    pooling: Literal["mean", "cls", "max"] | None = Field(
        None,
        description="how token outputs become a sentence vector; by default as "
        "the encoder's sentence-transformers files say, else the mean",
    )
    lower_layers: LowerLayers = Field(
        (),
        exclude_if=operator.not_,
        description="lower layers whose pooled outputs the linear head reads beside the sentence "
        "vector; 0 is the embeddings",
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=20,
        description="number of cross-fitting folds: students learn each labelled text from a "
        "teacher that was fitted without it; the whole teacher labels the other texts",
    )

    @model_validator(mode="after")
    def _one_model(self) -> Teacher:
        require_one(self, "model", "models", "outputs")
        if self.outputs is None and self.csv is not None:
            raise ValueError("csv belongs to outputs; remove it")
        if self.outputs is not None and not self.is_finished:
            fitted = "fine_tune" if self.fine_tune is not None else "head"
            raise ValueError(f"a file of outputs cannot be fine-tuned; remove {fitted}")
        if self.fine_tune is not None and self.head is not None:
            raise ValueError(
                "head: linear leaves the encoder as it is; remove fine_tune, or remove head to "
                "have the encoder fine-tuned"
            )
        if self.lower_layers and self.head is None:
            raise ValueError(
                "lower_layers belong to head: linear; add head: linear, or remove lower_layers"
            )
        if tuple(sorted(set(self.lower_layers))) != self.lower_layers:
            raise ValueError("lower_layers: write each layer once, the lowest first")
        if self.folds is not None and self.is_finished:
            raise ValueError(
                "folds belong to a teacher that is fitted here; add head: linear or fine_tune, or "
                "remove folds"
            )
        if not self.is_finished and (self.labels is not None or self.encoder is not None):
            fitted = "fine_tune" if self.fine_tune is not None else "head"
            raise ValueError(
                f"labels and encoder belong to a finished classifier; remove them or {fitted}"
            )
        return self

    @property
    def is_finished(self) -> bool:
        """Whether it teaches as it is: nothing of it is fitted to the labelled texts."""
        return self.fine_tune is None and self.head is None

    @property
    def sources(self) -> tuple[str, ...]:
        """The models, one or several; none where a file of outputs is the teacher."""
        return (self.model,) if self.model is not None else tuple(self.models or ())


TeacherSection = Teacher  # in rooms that know kdzoo.teacher.Teacher, who labels, too
