"""Small models in their exported form, and a user's own recurrent students."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts

from kdzoo import registry
from kdzoo.model import build_student, save_model
from kdzoo.runtime.settings import ExportSettings

TEXTS = [each.text for each in some_texts(60, seed=3)]  # of 1 to 14 words

RECURRENT = '''
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from kdzoo import register_student


class Recurrent(nn.Module):
    cell, packs_always = nn.GRU, False

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 12) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.layer = self.cell(dim, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, num_labels)

    def forward(self, input_ids, attention_mask):
        read = self.embedding(input_ids)
        if self.packs_always or not torch.compiler.is_exporting():
            lengths = attention_mask.sum(1).clamp(min=1).cpu()
            read = pack_padded_sequence(read, lengths, batch_first=True, enforce_sorted=False)
        state = self.layer(read)[1]
        state = state[0] if isinstance(state, tuple) else state
        return self.head(torch.cat([state[-2], state[-1]], dim=-1))


@register_student("own_gru", road="change")
class OwnGRU(Recurrent):
    """Packed where it learns, plain where it is exported."""


@register_student("own_lstm", road="change")
class OwnLSTM(Recurrent):
    """The same with an LSTM."""

    cell = nn.LSTM


@register_student("own_packer", road="change")
class OwnPacker(Recurrent):
    """Packs wherever it is."""

    packs_always = True


@register_student("own_rnn", road="change")
class OwnRNN(Recurrent):
    """A layer that torch unrolls."""

    cell = nn.RNN
'''


def save_student(
    kind: str, folder: Path, tiny_encoder: Path, *, pair_head: int = 0, **options: Any
) -> Path:
    """Writes an untrained student of the zoo, its teacher beside it, and returns its folder."""
    teacher = folder.with_name(f"{folder.name}_teacher")
    save_tiny_classifier("bert", teacher, tiny_encoder)
    vocabulary = pruned_vocabulary(teacher, some_texts(200), special_tokens=False)
    context = context_of(vocabulary, teacher, pair_head=pair_head)
    student = build_student(kind, options, context, None, 0)
    save_model(folder, student, vocabulary)
    return folder


def export_to(folder: Path, target: Path, runtime: str = "onnx", **settings: Any) -> Path:
    """Exports a trained model's folder, and returns where it lies."""
    export = registry.runtimes.get(runtime).exporter
    export(folder, target, ExportSettings(**settings))
    return target
