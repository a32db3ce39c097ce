"""An encoder's sentence vectors: each text read once, whoever asks, and kept by content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kdzoo.data import Digests, Example, Texts
from kdzoo.digest import content_hash
from kdzoo.errors import KdzooError, TeacherError, first_line
from kdzoo.model import (
    KdzooSentenceConfig,
    KdzooSentenceForSequenceClassification,
    Pooling,
    PoolingKind,
    attend_to_all,
    load_begun,
    load_steps,
    maximum_length,
    padding_id,
    predict_vectors,
    read_pooling,
    refuse_other_settings,
)
from kdzoo.progress import Progress, with_speed
from kdzoo.teacher.cache import CachedRows, Read, RowCache
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.source import load_hf_tokenizer, read_config
from kdzoo.teacher.source_key import content_key
from kdzoo.text import Vocabulary, encode, separate_pairs, whole

_FORMAT = 1  # raise it when the same encoder gives other vectors


@dataclass(frozen=True)
class SentenceEncoder:
    """A pretrained encoder that is not trained further, and how its sentence vectors come about.

    Attributes:
        folder: of the encoder.
        pooling: from its outputs to one vector.
        layers: the digest of each file with a dense layer behind the pooling, by its path.
        max_length: tokens at which texts are cut.
        batch_size: texts read at once.
        reads_pairs: whether it reads the two texts of a pair, each by itself.
    """

    folder: Path
    pooling: Pooling
    layers: dict[str, str] = field(hash=False)
    max_length: int
    batch_size: int
    reads_pairs: bool = False

    @cached_property
    def key(self) -> str:
        """Stands for everything that decides the vectors."""
        return content_hash(
            {
                "format": _FORMAT,
                "encoder": content_key(self.folder, self.max_length),
                "pooling": self.pooling.model_dump(),
                "layers": list(self.layers.values()),
                "pairs": self.reads_pairs,
            }
        )

    def vectors(
        self, examples: Sequence[Example], progress: Progress, device: torch.device
    ) -> CachedRows:
        """Returns the sentence vectors [N, D] in float16, of pairs both end to end, [N, 2D].

        What the cache lacks is computed and kept.

        Args:
            examples: N texts, or pairs.
            progress: told how far it is.
            device: that the models run on.

        Raises:
            TeacherError: the encoder cannot be loaded.
        """
        texts = Texts.of(examples)
        return self.read(texts, progress, device).rows(texts)

    def lacking(self, texts: Texts, part: Part = WHOLE) -> int:
        """Returns how many texts of a part of these it has not read yet."""
        return RowCache.of("vectors", self.key, lambda _: None).lacking(texts, part)

    def read(
        self, texts: Texts, progress: Progress, device: torch.device, part: Part = WHOLE
    ) -> RowCache:
        """Returns the cache of the vectors, once it has those of a part of the texts.

        Args:
            texts: any.
            progress: told how far it is.
            device: that the models run on.
            part: of the texts.

        Raises:
            TeacherError: the encoder cannot be loaded.
        """

        @contextmanager
        def reader(count: int) -> Iterator[Read]:
            model, vocabulary = self.load()
            model = model.to(device)
            with progress.task("the encoder reads", count, unit="texts") as bar:
                advance = with_speed(bar)

                def read(todo: Texts) -> tuple[Digests, npt.NDArray[np.float32]]:
                    encoded = encode(vocabulary.tokenizer, todo, vocabulary.pad_id)
                    order = np.argsort(-encoded.lengths, kind="stable")
                    batches = encoded.take(order)
                    return todo.digests[order], predict_vectors(
                        model, batches, self.batch_size, advance
                    )

                yield read

        cache = RowCache.of("vectors", self.key, progress.say)
        cache.fill(texts, reader, part)
        return cache

    def load(self) -> tuple[Any, Vocabulary]:
        """Returns the encoder with a head that is not fitted, on the CPU, and what it reads with.

        Raises:
            TeacherError: it cannot be built.
            ModelError: it, or a layer behind the pooling, cannot be loaded.
        """
        tokenizer, config = load_hf_tokenizer(self.folder), read_config(self.folder)
        pad_id = padding_id(tokenizer, config)
        if tokenizer.pad_token is None:  # a decoder's, for which one of its own serves
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(pad_id)
        vocabulary = whole(tokenizer, maximum_length(tokenizer, config, self.max_length))
        if self.reads_pairs:
            vocabulary = replace(vocabulary, tokenizer=separate_pairs(vocabulary.tokenizer))
        try:
            encoder = _bare_encoder(self.folder)
            model = KdzooSentenceForSequenceClassification(
                KdzooSentenceConfig(
                    encoder=_settings(encoder.config),
                    pooling=self.pooling.model_dump(),
                    vocab_size=encoder.config.vocab_size,
                    pad_token_id=pad_id,
                    reads_pairs=self.reads_pairs,
                )
            )
        except KdzooError:
            raise
        except Exception as error:  # the library's own checks have no common base
            raise TeacherError(f"{self.folder} cannot be loaded: {first_line(error)}") from error
        model.encoder.load_state_dict(encoder.state_dict())
        load_steps(model.steps, self.folder, self.layers)
        return model.eval(), vocabulary


def open_sentence_encoder(
    folder: Path,
    pooling: PoolingKind | None,
    max_length: int,
    batch_size: int,
    *,
    lower: Sequence[int] = (),
    reads_pairs: bool = False,
) -> SentenceEncoder:
    """Returns the encoder in a folder, pooled as the folder or the caller says.

    Args:
        folder: the encoder's.
        pooling: how a text becomes one vector.
        max_length: tokens at which texts are cut.
        batch_size: texts at once.
        lower: layers below the last that are read too, 0 being the embeddings.
        reads_pairs: whether both texts of a pair are read.

    Raises:
        TeacherError: it writes texts too, lacks such a layer, or its configuration cannot be read.
        ModelError: it lacks the pooling it claims, or has layers or settings that kdzoo does not
            know.
    """
    config = read_config(folder)
    if config.is_encoder_decoder:
        raise TeacherError(
            f"{folder} is a {config.model_type}, an encoder with a decoder, which gives no "
            "sentence vectors here; have it fine-tuned: teacher.fine_tune in place of teacher.head"
        )
    _refuse_lower(folder, config, lower)
    own, layers = read_pooling(folder, pooling)
    refuse_other_settings(folder, lambda text: list(load_hf_tokenizer(folder)(text)["input_ids"]))
    own = own.model_copy(update={"lower": tuple(lower)})
    return SentenceEncoder(folder, own, layers, max_length, batch_size, reads_pairs)


def _refuse_lower(folder: Path, config: Any, lower: Sequence[int]) -> None:
    """Refuses layers that an encoder does not have below its last.

    Raises:
        TeacherError: the encoder lacks such a layer, or does not say how many it has.
    """
    if not lower:
        return
    count = getattr(config, "num_hidden_layers", None)
    if not isinstance(count, int):
        raise TeacherError(
            f"teacher.lower_layers: {folder} does not say how many layers it has; remove "
            "lower_layers"
        )
    if max(lower) >= count:
        raise TeacherError(
            f"teacher.lower_layers: {max(lower)}: {folder} has {count} layers, and the last is "
            f"read anyway; write 0, which is the embeddings, to {count - 1}"
        )


def _bare_encoder(folder: Path) -> Any:
    """Loads the encoder without what it has behind its layers.

    Raises:
        ModelError: it cannot be loaded, or the weights lack a part of it.
    """
    from transformers import AutoModel

    model = load_begun(AutoModel, folder, str(folder))
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return attend_to_all(model)


def _settings(config: Any) -> dict[str, Any]:
    """Returns a configuration as a model's own says it: no place where it came from."""
    strange = ("_name_or_path", "transformers_version", "architectures", "id2label", "label2id")
    return {name: value for name, value in config.to_dict().items() if name not in strange}
