"""Fitting a pretrained encoder to the labelled texts, once."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from kdzoo.data import Corpus
from kdzoo.errors import KdzooError, TeacherError, first_line
from kdzoo.files import writing
from kdzoo.metrics import quality_of_logits
from kdzoo.model import (
    READS_PAIRS,
    attend_to_all,
    auto_class,
    freeze_lower,
    load_begun,
    maximum_length,
    padding_id,
    predict_logits,
    readable,
    takes_token_types,
)
from kdzoo.model.auto import auto_tokenizer
from kdzoo.model_files import CHECKPOINT
from kdzoo.objectives import bind_gold_loss, distillation_loss, over_words
from kdzoo.progress import Progress
from kdzoo.recipe.teacher import FineTune
from kdzoo.task import rows_of
from kdzoo.text import encode, reader_of
from kdzoo.tracking import Note
from kdzoo.training import TrainingPlan, TrainingResult, TrainingSet, train


def fine_tune(
    source: Path,
    folder: Path,
    corpus: Corpus,
    options: FineTune,
    max_length: int,
    seed: int,
    *,
    accelerator: Accelerator,
    progress: Progress,
    note: Note | None = None,
) -> tuple[TrainingResult, dict[str, float]]:
    """Fine-tunes the encoder in ``source`` and saves it as a classifier in ``folder``.

    Returns the training's history and the validation quality of what was saved.

    Args:
        source: the folder of the encoder, or of a classifier whose head is then new.
        folder: where the classifier is written.
        corpus: the data.
        options: epochs, rate and the like.
        max_length: tokens at which texts are cut.
        seed: of the head, the batches and dropout.
        accelerator: the devices.
        progress: told how far it is.
        note: told the figures of each evaluation.

    Raises:
        TeacherError: the model or its tokenizer cannot be read.
        ModelError: it has not so many layers as are to stay as they are.
    """
    model, tokenizer = _classifier(source, corpus, seed)
    if options.freeze is not None:
        freeze_lower(model, options.freeze)
    limit = maximum_length(tokenizer, model.config, max_length)
    reader = reader_of(tokenizer, limit)
    pad = model.config.pad_token_id
    by_word = corpus.task.by_word
    texts = readable(model, encode(reader, corpus.train, pad, by_word=by_word))
    data = TrainingSet(texts, rows_of([example.label for example in corpus.train]))
    validation = encode(reader, corpus.validation, pad, by_word=by_word)
    gold = corpus.gold("validation")

    def evaluate(trained: nn.Module) -> dict[str, float]:
        logits = predict_logits(trained, validation)
        return quality_of_logits(corpus.task, logits, gold, corpus.oos, corpus.positive)

    by_gold = bind_gold_loss(corpus.task, label_smoothing=options.label_smoothing)
    loss = partial(distillation_loss, soft=None, alpha=1.0, by_gold=by_gold)
    result = train(
        model,
        data,
        _plan(options, len(corpus.train), seed),
        over_words(loss) if by_word else loss,
        evaluate,
        accelerator=accelerator,
        progress=progress,
        description="fine-tuning the teacher",
        steadier="a lower teacher.fine_tune.learning_rate or a longer teacher.fine_tune.warmup",
        checkpoint=folder / CHECKPOINT,
        note=note,
    )
    if accelerator.is_main_process:
        tokenizer.model_max_length = limit
        with writing(folder):
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    accelerator.wait_for_everyone()
    return result, evaluate(model)


def _plan(options: FineTune, texts: int, seed: int) -> TrainingPlan:
    steps = max(1, round(options.epochs * math.ceil(texts / options.batch_size)))
    return TrainingPlan(
        steps=steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup=options.warmup,
        max_grad_norm=1.0,
        select_by=options.select_by,
        evaluations=max(1, math.ceil(options.epochs)),
        checkpoint_every=200,
        seed=seed,
    )


def _classifier(source: Path, corpus: Corpus, seed: int) -> tuple[Any, Any]:
    torch.manual_seed(seed)
    names = dict(enumerate(corpus.labels))
    try:
        tokenizer = auto_tokenizer(source)
        model = load_begun(
            auto_class(corpus.task),
            source,
            str(source),
            num_labels=len(corpus.labels),
            id2label=names,
            label2id={name: number for number, name in names.items()},
        )
    except KdzooError:
        raise
    except Exception as error:
        raise TeacherError(f"{source} cannot be loaded: {first_line(error)}") from error
    model.config.problem_type = corpus.task.problem_type
    if corpus.has_pairs:
        setattr(model.config, READS_PAIRS, True)
        if takes_token_types(model):  # a tokenizer that keeps them back would have pairs misread
            inputs = ["input_ids", "token_type_ids", "attention_mask"]
            tokenizer = auto_tokenizer(source, model_input_names=inputs)
    model.config.pad_token_id = padding_id(tokenizer, model.config)
    if tokenizer.pad_token is None:  # a decoder's, for which one of its own serves
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(model.config.pad_token_id)
    return attend_to_all(model), tokenizer
