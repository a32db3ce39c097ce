"""A student as a Hugging Face model: building it, saving it, loading it, running it."""

from kdzoo.model.attention import attend_to_all
from kdzoo.model.auto import auto_class, task_of
from kdzoo.model.build import BuildContext, build_student, try_student
from kdzoo.model.embedding import refuse_narrow, refuse_tableless, scaled, to_width
from kdzoo.model.encodings import MappedEncodings
from kdzoo.model.folder import (
    DEPLOYED_FILES,
    READS_PAIRS,
    LoadedModel,
    deployed_files,
    load_model,
    load_tokenizer,
    reads_pairs,
    save_model,
    size_bytes,
    tokenizer_files,
)
from kdzoo.model.forward import (
    TYPES,
    Logits,
    length_sorted_batches,
    predict_logits,
    predict_vectors,
    readable,
    takes_token_types,
)
from kdzoo.model.freezing import freeze_lower
from kdzoo.model.padding import heeds_padding
from kdzoo.model.pooling import Pooling, PoolingKind, load_steps, read_pooling
from kdzoo.model.pretrained import own_vocabulary
from kdzoo.model.sentence import (
    KdzooSentenceConfig,
    KdzooSentenceForSequenceClassification,
    pair_features,
)
from kdzoo.model.sentence_files import refuse_other_settings, sentence_limit
from kdzoo.model.shape import OWN_PADDING, Shape, maximum_length, shape_of
from kdzoo.model.soundness import (
    padding_id,
    refuse_logits,
    refuse_maskless,
    refuse_other_problems,
    refuse_setfit,
    refuse_tokenizer,
    refuse_vectors,
    try_classifier,
)
from kdzoo.model.weights import load_begun
from kdzoo.model.word_table import narrow, widen, widened, word_table
from kdzoo.model.wrapper import (
    KdzooConfig,
    KdzooForSequenceClassification,
    KdzooForTokenClassification,
)
from kdzoo.task.finite import refuse_not_finite

__all__ = [
    "DEPLOYED_FILES",
    "OWN_PADDING",
    "READS_PAIRS",
    "TYPES",
    "BuildContext",
    "KdzooConfig",
    "KdzooForSequenceClassification",
    "KdzooForTokenClassification",
    "KdzooSentenceConfig",
    "KdzooSentenceForSequenceClassification",
    "LoadedModel",
    "Logits",
    "MappedEncodings",
    "Pooling",
    "PoolingKind",
    "Shape",
    "attend_to_all",
    "auto_class",
    "build_student",
    "deployed_files",
    "freeze_lower",
    "heeds_padding",
    "length_sorted_batches",
    "load_begun",
    "load_model",
    "load_steps",
    "load_tokenizer",
    "maximum_length",
    "narrow",
    "own_vocabulary",
    "padding_id",
    "pair_features",
    "predict_logits",
    "predict_vectors",
    "read_pooling",
    "readable",
    "reads_pairs",
    "refuse_logits",
    "refuse_maskless",
    "refuse_narrow",
    "refuse_not_finite",
    "refuse_other_problems",
    "refuse_other_settings",
    "refuse_setfit",
    "refuse_tableless",
    "refuse_tokenizer",
    "refuse_vectors",
    "save_model",
    "scaled",
    "sentence_limit",
    "shape_of",
    "size_bytes",
    "takes_token_types",
    "task_of",
    "to_width",
    "tokenizer_files",
    "try_classifier",
    "try_student",
    "widen",
    "widened",
    "word_table",
]
