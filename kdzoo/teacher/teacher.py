"""A teacher that is there: it labels texts, lends its encoder, and can be timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Example, Texts
from kdzoo.errors import Problem, TeacherError, did_you_mean
from kdzoo.model import load_model, load_tokenizer, maximum_length, predict_logits
from kdzoo.progress import Progress, with_speed
from kdzoo.teacher.cache import SHARD_ROWS, LogitCache, LogitTable, cache_root
from kdzoo.teacher.source import content_hash, content_key
from kdzoo.text import SpecialTokens, cut_at, encode


@dataclass(frozen=True)
class Member:
    """One finished classifier: its folder, and which of its outputs stands for which label."""

    folder: Path
    key: str
    columns: npt.NDArray[np.int64] = field(repr=False)  # [C]


@dataclass(frozen=True)
class Teacher:
    """One classifier or an ensemble, its outputs in the order of the data's labels.

    Attributes:
        members: the classifiers.
        encoder_folder: the pretrained model before fine-tuning; a finished classifier's own folder
            where that is not known.
        max_length: tokens at which texts are cut.
        batch_size: texts labelled at once.
    """

    members: tuple[Member, ...]
    encoder_folder: Path
    max_length: int
    batch_size: int

    @property
    def key(self) -> str:
        """Stands for everything that decides the logits."""
        return content_hash([(member.key, member.columns.tolist()) for member in self.members])

    def tokenizer(self) -> Any:
        """Returns the Hugging Face tokenizer of the (first) model."""
        return load_hf_tokenizer(self.members[0].folder)

    def mask_token(self) -> str | None:
        """Returns the tokenizer's mask token, which augmenters put in; None where it has none."""
        return SpecialTokens.of(self.tokenizer()).mask

    def text_limit(self) -> int:
        """Returns the tokens at which texts are cut, for teacher and students alike."""
        return text_limit(self.members[0].folder, self.max_length)

    def cut_side(self) -> str:
        """Returns the side on which texts are cut, for teacher and students alike."""
        return str(self.tokenizer().truncation_side)

    def model(self) -> Any:
        """Loads the fine-tuned model (an ensemble's first)."""
        return load_model(self.members[0].folder).model

    def encoder(self) -> Any:
        """Loads the model before fine-tuning, its classification head not to be used."""
        return load_encoder(self.encoder_folder)

    def encoder_key(self) -> str:
        """Stands for the weights of the encoder."""
        return content_key(self.encoder_folder, self.max_length)

    def covers(self, examples: Sequence[Example]) -> bool:
        """Whether it can label all of these: a model can label any text."""
        return True

    def label(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> LogitTable:
        """Returns the logits of the examples; what the cache lacks is computed and kept."""
        texts = Texts.of(examples)
        found = []
        for member in self.members:
            cache = LogitCache(cache_root() / "logits" / member.key, progress.say)
            places, shards = cache.lookup(texts.digests)
            missing = np.flatnonzero(places[:, 0] < 0)
            if len(missing):
                self._label_missing(member, cache, texts, missing, progress, device)
                places, shards = cache.lookup(texts.digests)
            found.append((places, shards))
        return LogitTable(tuple(found), tuple(member.columns for member in self.members))

    def _label_missing(
        self,
        member: Member,
        cache: LogitCache,
        texts: Texts,
        missing: npt.NDArray[np.int64],
        progress: Progress,
        device: torch.device,
    ) -> None:
        """Labels the texts in an order that depends on them alone: batches are always the same."""
        todo = _in_order_of_content(texts, missing)
        loaded = load_model(member.folder)
        model = loaded.model.to(device)
        # cut where this member ends: its logits are the same whichever ensemble asks for them
        cut_at(loaded.tokenizer, text_limit(member.folder, self.max_length))
        encoded = encode(loaded.tokenizer, todo, loaded.pad_id)
        order = np.argsort(-encoded.lengths, kind="stable")
        with progress.task("the teacher labels", len(todo)) as task:
            advance = with_speed(task, "texts")
            for start in range(0, len(order), SHARD_ROWS):
                chunk = order[start : start + SHARD_ROWS]
                logits = predict_logits(model, encoded.take(chunk), self.batch_size, advance)
                cache.write(todo.digests[chunk], logits)


def _in_order_of_content(texts: Texts, rows: npt.NDArray[np.int64]) -> Texts:
    """Returns these rows of the texts, each text once, in an order that is theirs alone."""
    _, first = np.unique(np.ascontiguousarray(texts.digests[rows]).view("V16"), return_index=True)
    return texts.take(rows[first])


def text_limit(folder: Path, wanted: int) -> int:
    """Returns the tokens at which the model in the folder cuts, if so many are wanted at most."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    return maximum_length(load_hf_tokenizer(folder), config, wanted)


def load_hf_tokenizer(folder: Path) -> Any:
    """Loads the Hugging Face tokenizer of a model's folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def cut_share(folder: Path, examples: Sequence[Example], wanted: int) -> tuple[float, int]:
    """Returns which share of the texts a model's tokenizer cuts, and at how many tokens.

    Raises:
        TeacherError: the model's configuration cannot be read.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise TeacherError(f"{folder} cannot be loaded: {str(error).splitlines()[0]}") from error
    tokenizer, pad_id = load_tokenizer(folder, config, wanted)
    cut = encode(tokenizer, examples, pad_id).cut
    limit = (tokenizer.truncation or {"max_length": wanted})["max_length"]
    return cut / max(1, len(examples)), int(limit)


def load_encoder(folder: Path) -> Any:
    """Loads a pretrained model as a classifier whose head is new, on the CPU."""
    from transformers import AutoModelForSequenceClassification

    try:
        return AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
    except Exception as error:
        raise TeacherError(f"{folder} cannot be loaded: {str(error).splitlines()[0]}") from error


def open_member(
    folder: Path, max_length: int, labels: Sequence[str], names: Sequence[str] | None = None
) -> Member:
    """Returns the classifier in the folder with its outputs aligned to ``labels`` by name.

    Raises:
        TeacherError: its labels are not the data's; the message lists the differences.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise TeacherError(f"{folder} cannot be loaded: {str(error).splitlines()[0]}") from error
    own = (
        list(names) if names is not None else [config.id2label[i] for i in range(config.num_labels)]
    )
    if len(own) != config.num_labels:
        raise TeacherError(
            f"teacher.labels has {len(own)} names, "
            f"the model in {folder.name} {config.num_labels} outputs"
        )
    return Member(folder, content_key(folder, max_length), align(own, labels, folder.name))


def align(own: Sequence[str], labels: Sequence[str], name: str) -> npt.NDArray[np.int64]:
    """Returns for each of the data's labels the model's output that stands for it, by name.

    Raises:
        TeacherError: the two sets of names differ.
    """
    lacking, strange = sorted(set(labels) - set(own)), sorted(set(own) - set(labels))
    if not lacking and not strange:
        return np.array([list(own).index(label) for label in labels], dtype=np.int64)
    problems = []
    if all(label.startswith("LABEL_") for label in own):
        problems.append(
            Problem(
                f"its {len(own)} outputs are called {', '.join(own[:2])}, ...; "
                f"the data's {len(labels)} labels have names",
                cure="name them in the order of the outputs, teacher: {labels: [...]}; "
                "or fit a model that is no classifier yet, teacher: {fine_tune: {}}",
            )
        )
    else:
        problems += [
            Problem(
                f"does not know the data's label '{label}'",
                cure=did_you_mean(label, strange or own),
            )
            for label in lacking[:5]
        ]
        problems += [
            Problem(f"has the label '{each}', which the data lacks") for each in strange[:5]
        ]
    raise TeacherError(f"the labels of the teacher {name} are not those of the data", *problems)
