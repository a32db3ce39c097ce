"""Any Hugging Face classifier, several, or a file of outputs; its logits computed or read once."""

from kdzoo.teacher.cache import LogitTable, cache_contents, cache_root, check_cache, clear_cache
from kdzoo.teacher.fine_tune import fine_tune
from kdzoo.teacher.label_file import OutputsWriter, label_file
from kdzoo.teacher.labels import LabelCures, align, columns_of
from kdzoo.teacher.look import Looked, is_classifier, look_at
from kdzoo.teacher.outputs import NO_ENCODER, NO_TOKENIZER, OutputsTeacher, open_outputs_teacher
from kdzoo.teacher.outputs_file import OutputsFile, open_outputs
from kdzoo.teacher.protocol import AnyTeacher
from kdzoo.teacher.source import content_key, find_model, load_hf_tokenizer, short_name
from kdzoo.teacher.teacher import (
    Member,
    Teacher,
    cut_share,
    load_encoder,
    open_member,
    token_counts,
)
from kdzoo.teacher.vectors import encoder_vectors

__all__ = [
    "NO_ENCODER",
    "NO_TOKENIZER",
    "AnyTeacher",
    "LabelCures",
    "LogitTable",
    "Looked",
    "Member",
    "OutputsFile",
    "OutputsTeacher",
    "OutputsWriter",
    "Teacher",
    "align",
    "cache_contents",
    "cache_root",
    "check_cache",
    "clear_cache",
    "columns_of",
    "content_key",
    "cut_share",
    "encoder_vectors",
    "find_model",
    "fine_tune",
    "is_classifier",
    "label_file",
    "load_encoder",
    "load_hf_tokenizer",
    "look_at",
    "open_member",
    "open_outputs",
    "open_outputs_teacher",
    "short_name",
    "token_counts",
]
