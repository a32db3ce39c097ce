"""What a recipe may say: one frozen section per concern, unknown keys forbidden."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from kdzoo.recipe.csv import Csv, Named
from kdzoo.recipe.section import Section
from kdzoo.registry import Width

SCHEMA_VERSION = 1

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0, le=10**9)]
Few = Annotated[int, Field(gt=0, le=10_000)]  # of what takes seconds each, or bytes for each text
Rate = Annotated[float, Field(gt=0)]  # one that is too high is told when the loss is no number
Seed = Annotated[int, Field(lt=2**31)]  # two added up are one that every library takes
SelectBy = Literal["accuracy", "macro_f1", "in_scope_accuracy", "last"]


class Data(Section):
    """Where the texts and labels come from; exactly one of ``hub``, ``files`` and ``embedded``."""

    hub: str | None = Field(None, description="dataset id on the Hugging Face hub")
    config: str | None = Field(None, description="configuration of the hub dataset")
    revision: str | None = Field(None, description="commit, tag or branch of the hub dataset")
    files: str | dict[Literal["train", "validation", "test"], str] | None = Field(
        None, description="a folder with train/validation/test files, one file, or a file per split"
    )
    embedded: str | None = Field(None, description="a dataset that comes with kdzoo")
    csv: Csv | None = Field(None, description="how .csv and .tsv files are written")
    text: Named = Field("text", description="column of the text")
    text_pair: Named | None = Field(
        None, description="column of the second text, of sentence pairs"
    )
    label: Named = Field("label", description="column of the label")
    oos_label: Named | None = Field(None, description="the label that means out of scope")
    split: dict[Literal["validation", "test"], str] | None = Field(
        None, description="splits the source lacks: '0.1 of train', or the name of another split"
    )
    other_tests: dict[Name, str] | None = Field(
        None, description="more test sets, each with figures of its own: the source's split of each"
    )
    positive_label: Named | None = Field(
        None, description="of two labels, the one whose F1 is told; of pairs, the second by default"
    )
    labels_per_class: Positive | None = Field(
        None, description="labelled texts kept per class; the rest of train becomes unlabelled text"
    )
    rest_of_train: Literal["unlabelled", "dropped"] = Field(
        "unlabelled", description="what labels_per_class makes of the other training texts"
    )
    validation_per_class: Positive | None = Field(
        None, description="validation texts kept per class"
    )
    on_leak: Literal["warn", "drop", "error"] = Field(
        "warn", description="what to do with texts that stand in two splits"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        given = [key for key in ("hub", "files", "embedded") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of hub, files and embedded, got {' and '.join(given) or 'none'}"
            )
        if self.hub is None and (self.config or self.revision):
            raise ValueError("config and revision belong to a hub dataset; remove them")
        if self.files is None and self.csv is not None:
            raise ValueError("csv belongs to files; remove it")
        if self.embedded is not None and self.text_pair is not None:
            raise ValueError("text_pair: the embedded datasets hold single texts; remove it")
        reserved = sorted({"train", "validation", "test"} & {*(self.other_tests or {})})
        if reserved:
            raise ValueError(f"other_tests: '{reserved[0]}' is a split already; call it otherwise")
        if self.labels_per_class is None and self.rest_of_train == "dropped":
            raise ValueError("rest_of_train belongs to labels_per_class; remove it")
        return self


class FineTune(Section):
    """How the teacher is fitted to the labelled texts, once."""

    epochs: float = Field(5, gt=0, le=10_000, description="passes over the labelled training texts")
    learning_rate: Rate = 3e-4
    batch_size: Few = 32
    weight_decay: float = Field(0.01, ge=0, le=1000)
    warmup: Fraction = Field(0.1, description="share of the steps in which the rate rises")
    select_by: SelectBy = "accuracy"
    seed: Seed = Field(
        0, ge=0, description="order of batches and dropout; few-label studies add the recipe's"
    )
    freeze: int | None = Field(
        None,
        ge=0,
        le=1000,
        exclude_if=lambda count: count is None,
        description="the embeddings and so many layers, counted from below, stay as they are",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        exclude_if=operator.not_,
        description="share of each label that all of them get",
    )


class Teacher(Section):
    """The model to be replaced: any Hugging Face sequence classifier, or an ensemble of them."""

    model: str | None = Field(
        None, description="hub id (owner/name or owner/name@revision), folder, or package:NAME/PATH"
    )
    models: list[str] | None = Field(None, min_length=1, description="an ensemble: logits averaged")
    outputs: str | None = Field(
        None,
        description="a file of what some teacher said of each text, as `kdzoo label` writes it: "
        "logits, probabilities or a label",
    )
    csv: Csv | None = Field(None, description="how a file of outputs, a .csv or .tsv, is written")
    smoothing: float = Field(
        0.1, gt=0, lt=1, description="of bare labels in a file of outputs: what the others share"
    )
    encoder: str | None = Field(
        None,
        description="the pretrained model that a finished classifier was fine-tuned from; beside a "
        "file of outputs, the model that lends students tokenizer and embeddings",
    )
    fallback: str | None = Field(None, description="used when a package: model is not installed")
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="of model.safetensors; other weights are refused",
    )
    labels: list[Named] | None = Field(
        None,
        description="names of the classes in the order of the outputs of the model, or of the "
        "lists in the file, if it lacks them",
    )
    max_length: int = Field(128, ge=4, le=8192, description="tokens; longer texts are cut")
    batch_size: Few = Field(128, description="texts labelled at once")
    fine_tune: FineTune | None = None
    head: Literal["linear"] | None = Field(
        None,
        description="linear: the model is an encoder that stays as it is, and a logistic "
        "regression over its sentence vectors is fitted to the labelled texts",
    )
    pooling: Literal["mean", "cls", "max"] | None = Field(
        None,
        description="of a linear head: how outputs become a sentence vector; by default as the "
        "encoder's sentence-transformers files say, else the mean",
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=20,
        description="so many teachers more, each fitted without a part of the labelled texts, "
        "which it then labels for the students; the whole teacher labels the others",
    )

    @model_validator(mode="after")
    def _one_model(self) -> Teacher:
        given = [key for key in ("model", "models", "outputs") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(
                "give exactly one of model, models and outputs, "
                f"got {' and '.join(given) or 'none'}"
            )
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
        if self.pooling is not None and self.head is None:
            raise ValueError("pooling belongs to head: linear; add head: linear, or remove pooling")
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


class Augment(Section):
    """Texts made from the training texts, labelled by the teacher. Options follow the kind."""

    kind: str
    copies: Few = Field(1, description="new texts per text of the data's")


class Unlabelled(Section):
    """Texts without labels, for the teacher alone; exactly one of ``files`` and ``hub``."""

    files: str | list[str] | None = Field(
        None, description="a .txt (one text a line), .jsonl, .csv, .tsv or .parquet, or several"
    )
    hub: str | None = Field(None, description="dataset id on the Hugging Face hub")
    config: str | None = Field(None, description="configuration of the hub dataset")
    revision: str | None = Field(None, description="commit, tag or branch of the hub dataset")
    split: str | None = Field(None, description="split of the hub dataset; train by default")
    csv: Csv | None = Field(None, description="how .csv and .tsv files are written")
    text: Named = Field("text", description="column of the text")
    text_pair: Named | None = Field(None, description="column of the second text, of pairs")
    max_texts: Positive | None = Field(
        None, description="so many of them, chosen by content: more texts include the fewer"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Unlabelled:
        if (self.files is None) == (self.hub is None):
            raise ValueError("give exactly one of files and hub")
        if self.hub is None and (self.config or self.revision or self.split):
            raise ValueError("config, revision and split belong to a hub dataset; remove them")
        if self.files is None and self.csv is not None:
            raise ValueError("csv belongs to files; remove it")
        return self


class Transfer(Section):
    """What the teacher gets to label beside the data's own texts."""

    unlabelled: Unlabelled | None = None
    augment: Augment | None = None


class Vectors(Section):
    """Word vectors from a text file (GloVe, fastText), read by torchtext."""

    vectors: str = Field(description="path of the file: a word and its numbers on each line")


class Student(Section):
    """A registered architecture. Options follow the kind."""

    kind: str
    text: Literal["teacher", "words"] = Field(
        "teacher", description="the teacher's tokenizer, or whole words"
    )
    vocabulary: Literal["occurring", "whole"] = Field(
        "occurring",
        description="pieces that occur in the training texts, or all of the teacher's: words that "
        "training never saw then keep their pretrained vectors, and the model is bigger",
    )
    embeddings: Literal["random", "teacher"] | Vectors = Field(
        "random",
        description="where the embedding table starts: 'teacher' is the encoder, not fine-tuned",
    )
    pair_head: Width = Field(
        400, description="of sentence pairs: width of the head's layer over both texts' encodings"
    )

    @model_validator(mode="after")
    def _words_occur(self) -> Student:
        if self.text == "words" and self.vocabulary == "whole":
            raise ValueError("words are those that occur: vocabulary whole needs text: teacher")
        return self


class Objective(Section):
    """What the student is asked to match. Options follow the kind."""

    kind: str
    alpha: Fraction = Field(0.0, description="weight of the gold labels; 1 is hard labels only")
    gold_for: list[Named] = Field(
        [],
        exclude_if=operator.not_,
        description="labelled texts whose target is their gold label, not the teacher: 'oos' (the "
        "out-of-scope label), 'wrong' (where the teacher is), names of labels",
    )

    @field_validator("gold_for")
    @classmethod
    def _distinct(cls, gold_for: list[str]) -> list[str]:
        if len(set(gold_for)) < len(gold_for):
            raise ValueError("a word is there twice; remove one")
        return gold_for


class Training(Section):
    """The student's training: a budget of steps, the same for its control."""

    steps: Positive = 4000
    batch_size: Few = 64
    learning_rate: Rate = 2e-3
    embedding_rate: float | None = Field(
        None,
        ge=0,
        exclude_if=lambda rate: rate is None,
        description="learning rate of the embedding table, where it is not learning_rate; 0 leaves "
        "the table as it began",
    )
    weight_decay: float = Field(0.01, ge=0, le=1000)
    decay_matrices_only: bool = Field(
        False,
        exclude_if=operator.not_,
        description="no weight decay on biases and on the gains of norms",
    )
    warmup: Fraction = Field(0.1, description="share of the steps in which the rate rises")
    average_weights: Fraction = Field(
        0.0,
        exclude_if=operator.not_,
        description="the mean of the weights over so great a share of the steps, the last ones, "
        "is what is evaluated and kept; 0 takes the weights as they are",
    )
    max_grad_norm: float = Field(1.0, gt=0, le=10**9)
    select_by: SelectBy = Field("accuracy", description="validation metric of the best checkpoint")
    evaluations: Few = Field(10, description="how often validation is looked at")
    checkpoint_every: Positive = Field(500, description="steps between two points to resume from")


class Controls(Section):
    """What every gain is held against."""

    hard_labels: bool = Field(True, description="the same student on gold labels alone")
    baseline: bool = Field(True, description="TF-IDF and a linear SVM")


class Reject(Section):
    """When a text is called out of scope."""

    max_false_rejections: float = Field(
        gt=0, lt=1, description="share of the texts in scope that may be rejected, on validation"
    )


class Measure(Section):
    """How the trained models are measured; changing it trains nothing anew."""

    runtimes: list[str] = Field(
        ["torch"], min_length=1, description="forms in which teacher and students are deployed"
    )
    int8: Literal["dynamic", "static"] = Field(
        "dynamic", description="ranges of activations: as they come, or calibrated on validation"
    )
    threads: int = Field(1, gt=0, le=256, description="CPU threads, the same for every row")
    rounds: Few = Field(60, description="visits to every row, in random order")
    texts: Few = Field(16, description="texts timed per visit")
    cold_starts: Few = Field(3, description="fresh processes per row, to time the first label")
    reject: Reject | None = Field(
        None,
        description="when a text is called out of scope; without it, where the mean of the recalls "
        "in and out of scope is best on validation",
    )
    isolated: bool = Field(
        True,
        description="a process per row; false times all in this one: quicker, and nothing is known "
        "of memory and cold start",
    )
    time_limit_s: int = Field(
        300, gt=0, le=10**6, description="a row's process that does not answer in time is given up"
    )

    @field_validator("runtimes")
    @classmethod
    def _distinct(cls, runtimes: list[str]) -> list[str]:
        if len(set(runtimes)) < len(runtimes):
            raise ValueError("a runtime is named twice; remove one")
        return runtimes


class Recipe(Section):
    """One student of one study, complete in itself."""

    version: Literal[1]
    name: Name
    seeds: list[Seed] = Field(
        [0], min_length=1, max_length=1000, description="initialisation, batches, augmentation"
    )
    data: Data
    teacher: Teacher
    transfer: Transfer = Transfer()
    student: Student
    objective: Objective
    training: Training = Training()
    controls: Controls = Controls()
    measure: Measure = Measure()

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("seeds must be distinct and not negative")
        return seeds


def options_of(section: Section) -> dict[str, Any]:
    """Returns what follows the kind: the fields that the registered thing adds to its section."""
    written_here = (each for each in type(section).__mro__ if each.__module__ == __name__)
    base: type[Section] = next(each for each in written_here if issubclass(each, Section))
    fields = type(section).model_fields.keys() - base.model_fields.keys()
    return {name: getattr(section, name) for name in sorted(fields)}
