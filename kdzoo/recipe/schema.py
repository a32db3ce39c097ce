"""What a recipe may say: one frozen section per concern, unknown keys forbidden."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from kdzoo.recipe.card import Card
from kdzoo.recipe.csv import Csv, Named
from kdzoo.recipe.data import Data
from kdzoo.recipe.measure import Measure
from kdzoo.recipe.numbers import Address, Few, Fraction, Name, Positive, Rate, Seed, SelectBy
from kdzoo.recipe.search import Search
from kdzoo.recipe.section import Section, require_one
from kdzoo.recipe.teacher import Teacher
from kdzoo.registry import Width

SCHEMA_VERSION = 1
FINE_TUNED = "fine-tuned"  # word vectors, of the teacher as it labels
OF_A_MODEL = ("teacher", FINE_TUNED)  # word vectors that a transformer gives


class Augment(Section):
    """Texts made from the training texts, labelled by the teacher. Options follow the kind."""

    kind: str
    copies: Few = Field(1, description="number of new texts per training text")


class Unlabelled(Section):
    """Texts without labels, for the teacher alone; exactly one of ``files`` and ``hub``."""

    files: Address | Annotated[list[Address], Field(min_length=1)] | None = Field(
        None,
        description="files of texts: .txt (one a line), .jsonl, .json, .csv, .tsv or .parquet",
    )
    hub: Address | None = Field(None, description="dataset id on the Hugging Face hub")
    config: str | None = Field(None, description="configuration of the hub dataset")
    revision: str | None = Field(None, description="commit, tag or branch of the hub dataset")
    split: str | None = Field(None, description="split of the hub dataset; train by default")
    csv: Csv | None = Field(None, description="format of .csv and .tsv files")
    text: Named = Field("text", description="column of the text")
    text_pair: Named | None = Field(None, description="column of the second text of pairs")
    max_texts: Positive | None = Field(
        None,
        description="maximum number of texts, chosen as choose says: a larger number includes a "
        "smaller one's texts",
    )
    choose: Literal["random", "nearest"] = Field(
        "random",
        exclude_if=lambda choose: choose == "random",
        description="random: by a hash of the content; nearest: most like the labelled texts by "
        "the encoder's sentence vectors, as many for each class",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Unlabelled:
        require_one(self, "files", "hub")
        if self.choose == "nearest" and self.max_texts is None:
            raise ValueError(
                "choose: nearest: say how many texts, as in max_texts: 10000, or remove choose"
            )
        if self.hub is None and (self.config or self.revision or self.split):
            raise ValueError("config, revision and split belong to a hub dataset; remove them")
        if self.files is None and self.csv is not None:
            raise ValueError("csv belongs to files; remove it")
        return self


class Transfer(Section):
    """What the teacher gets to label beside the data's own texts."""

    unlabelled: Unlabelled | None = None
    augment: Augment | None = None

    @property
    def is_chosen_by_vectors(self) -> bool:
        """Whether an encoder's sentence vectors decide which texts there are."""
        return self.unlabelled is not None and self.unlabelled.choose == "nearest"


class Vectors(Section):
    """Word vectors from a text file (GloVe, fastText), read by torchtext."""

    vectors: Address = Field(
        description="path of the vector file: one word and its numbers per line"
    )


class Student(Section):
    """A registered architecture. Options follow the kind."""

    kind: str
    text: Literal["teacher", "words"] = Field(
        "teacher", description="the teacher's tokenizer, or whole words"
    )
    vocabulary: Literal["occurring", "whole"] = Field(
        "occurring",
        description="occurring: the word pieces of the training texts; whole: all of the "
        "teacher's, so that unseen words keep their pretrained vectors and the model "
        "is bigger",
    )
    embeddings: Literal["random", "teacher", "fine-tuned"] | Vectors = Field(
        "random",
        description="how the embedding table is initialised: 'teacher' is the encoder before "
        "fine-tuning; 'fine-tuned' the teacher after it, and the encoder for the control (and "
        "where a teacher is a file or frozen)",
    )
    pair_head: Width = Field(
        400, description="width of the head's hidden layer over the encodings of a sentence pair"
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
        description="labelled texts that learn from their gold label instead of the teacher: 'oos' "
        "(the out-of-scope label), 'wrong' (texts that the teacher gets wrong), label "
        "names",
    )

    hidden: float = Field(
        0.0,
        ge=0,
        le=1000,
        exclude_if=operator.not_,
        description="weight of a further loss: the student's encoding, through a linear map that "
        "is dropped afterwards, against the teacher's sentence vector",
    )

    @model_validator(mode="after")
    def _hidden_is_of_the_teacher(self) -> Objective:
        if self.hidden and self.alpha == 1:
            raise ValueError(
                "hidden compares with the teacher, and alpha: 1 is hard labels only: lower alpha, "
                "or remove hidden"
            )
        return self

    @field_validator("gold_for")
    @classmethod
    def _distinct(cls, gold_for: list[str]) -> list[str]:
        if len(set(gold_for)) < len(gold_for):
            raise ValueError("a word is there twice; remove one")
        return gold_for


class Training(Section):
    """The student's training: a budget of steps, the same for its control."""

    steps: Positive = Field(4000, description="number of training steps")
    batch_size: Few = Field(64, description="number of texts in a training step")
    learning_rate: Rate = Field(2e-3, description="peak learning rate of AdamW")
    embedding_rate: float | None = Field(
        None,
        ge=0,
        exclude_if=lambda rate: rate is None,
        description="learning rate of the embedding table, if different from learning_rate; 0 "
        "freezes the table",
    )
    weight_decay: float = Field(0.01, ge=0, le=1000, description="weight decay of AdamW")
    decay_matrices_only: bool = Field(
        False,
        exclude_if=operator.not_,
        description="whether weight decay leaves out biases and normalisation weights",
    )
    warmup: Fraction = Field(
        0.1, description="warm-up: the share of steps over which the learning rate rises"
    )
    average_weights: Fraction = Field(
        0.0,
        exclude_if=operator.not_,
        description="share of the steps, the last ones, over which weights are averaged for "
        "evaluation and saving; 0: no averaging",
    )
    max_grad_norm: float = Field(
        1.0, gt=0, le=10**9, description="maximum norm of the gradient; a larger one is scaled down"
    )
    class_weights: Literal["balanced"] | None = Field(
        None,
        exclude_if=lambda weights: weights is None,
        description="weights of labels in the loss on gold labels: balanced gives rare ones as "
        "much as frequent ones; by default each text weighs the same",
    )
    select_by: SelectBy = Field(
        "accuracy", description="validation metric that chooses the checkpoint"
    )
    evaluations: Few = Field(10, description="number of evaluations on validation during training")
    checkpoint_every: Positive = Field(
        500, description="steps between two checkpoints to resume from"
    )


class Controls(Section):
    """What every gain is held against."""

    hard_labels: bool = Field(
        True, description="whether to train the same student on gold labels alone, as a control"
    )
    baseline: bool = Field(
        True,
        description="whether to fit TF-IDF and a linear SVM, as a baseline; where each word has a "
        "label, its shape and neighbours and a linear SVM",
    )


class Recipe(Section):
    """One student of one study, complete in itself."""

    version: Literal[1] = Field(description="version of the recipe format")
    name: Name = Field(description="name of the recipe: its row in the table")
    seeds: list[Seed] = Field(
        [0],
        min_length=1,
        max_length=1000,
        description="random seeds of initialisation, batches and augmentation: one training each",
    )
    data: Data
    teacher: Teacher
    transfer: Transfer = Transfer()
    student: Student
    objective: Objective
    training: Training = Training()
    controls: Controls = Controls()
    measure: Measure = Measure()
    search: Search | None = Field(
        None,
        exclude_if=operator.not_,
        description="what kdzoo tune may try: by dotted key a range (low, high, log) or a list",
    )
    card: Card | None = Field(
        None,
        exclude_if=operator.not_,
        description="what the cards of the students say that nothing measures",
    )

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("seeds must be distinct and not negative")
        return seeds

    @property
    def reads_vectors(self) -> bool:
        """Whether anything reads a text's sentence vector, as ``teacher.pooling`` says."""
        chosen = self.transfer.is_chosen_by_vectors
        return self.teacher.head is not None or chosen or self.objective.hidden > 0

    @field_validator("transfer", "training", "controls", "measure", mode="before")
    @classmethod
    def _without(cls, section: Any) -> Any:
        """Takes an empty section, as ``transfer: null``, for one that is not there."""
        return {} if section is None else section


def options_of(section: Section) -> dict[str, Any]:
    """Returns what follows the kind: the fields that the registered thing adds to its section."""
    written_here = (
        base_class for base_class in type(section).__mro__ if base_class.__module__ == __name__
    )
    base: type[Section] = next(
        base_class for base_class in written_here if issubclass(base_class, Section)
    )
    fields = type(section).model_fields.keys() - base.model_fields.keys()
    return {name: getattr(section, name) for name in sorted(fields)}
