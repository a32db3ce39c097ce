"""Any Hugging Face classifier, several, or a file of outputs; its logits computed or read once."""

from kdzoo.teacher.cache import CachedRows, LogitTable
from kdzoo.teacher.contents import cache_contents, clear_cache
from kdzoo.teacher.fine_tune import fine_tune
from kdzoo.teacher.folds import LinearFold, OutOfFold, folds_of, refuse_folds
from kdzoo.teacher.label_file import OutputsWriter, label_file
from kdzoo.teacher.labels import LabelCures, align, columns_of
from kdzoo.teacher.linear import LinearHead, fit_head, label_by_head, refuse_few, save_linear
from kdzoo.teacher.look import (
    Looked,
    is_classifier,
    look_at,
    look_at_sentences,
    refuse_other_vocabulary,
)
from kdzoo.teacher.outputs import (
    NO_ENCODER,
    NO_TOKENIZER,
    OutputsTeacher,
    named_outputs,
    open_outputs_teacher,
    refuse_bare_labels,
)
from kdzoo.teacher.outputs_file import OutputsFile, open_outputs
from kdzoo.teacher.part import WHOLE, Part
from kdzoo.teacher.protocol import AnyTeacher, Labeller
from kdzoo.teacher.reach import reach_at, reach_of, uncut
from kdzoo.teacher.sentences import SentenceEncoder, open_sentence_encoder
from kdzoo.teacher.shards import cache_root, check_cache, claims_folder
from kdzoo.teacher.source import (
    find_encoder,
    find_model,
    find_sources,
    keeps_pad_id,
    load_hf_tokenizer,
    read_config,
    short_name,
)
from kdzoo.teacher.source_key import content_key
from kdzoo.teacher.teacher import (
    EnsembleMember,
    Teacher,
    load_encoder,
    open_member,
    text_limit,
)
from kdzoo.teacher.vectors import encoder_vectors, word_vectors

__all__ = [
    "NO_ENCODER",
    "NO_TOKENIZER",
    "WHOLE",
    "AnyTeacher",
    "CachedRows",
    "EnsembleMember",
    "LabelCures",
    "Labeller",
    "LinearFold",
    "LinearHead",
    "LogitTable",
    "Looked",
    "OutOfFold",
    "OutputsFile",
    "OutputsTeacher",
    "OutputsWriter",
    "Part",
    "SentenceEncoder",
    "Teacher",
    "align",
    "cache_contents",
    "cache_root",
    "check_cache",
    "claims_folder",
    "clear_cache",
    "columns_of",
    "content_key",
    "encoder_vectors",
    "find_encoder",
    "find_model",
    "find_sources",
    "fine_tune",
    "fit_head",
    "folds_of",
    "is_classifier",
    "keeps_pad_id",
    "label_by_head",
    "label_file",
    "load_encoder",
    "load_hf_tokenizer",
    "look_at",
    "look_at_sentences",
    "named_outputs",
    "open_member",
    "open_outputs",
    "open_outputs_teacher",
    "open_sentence_encoder",
    "reach_at",
    "reach_of",
    "read_config",
    "refuse_bare_labels",
    "refuse_few",
    "refuse_folds",
    "refuse_other_vocabulary",
    "save_linear",
    "short_name",
    "text_limit",
    "uncut",
    "word_vectors",
]
