"""A student as a Hugging Face model: building it, saving it, loading it, running it."""

from kdzoo.model.build import (
    BuildContext,
    build_student,
    refuse_narrow,
    refuse_tableless,
    scaled,
    to_width,
    try_student,
)
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
    Logits,
    length_sorted_batches,
    predict_logits,
    readable,
    takes_token_types,
)
from kdzoo.model.pretrained import own_vocabulary
from kdzoo.model.shape import Shape, maximum_length, shape_of
from kdzoo.model.soundness import (
    padding_id,
    refuse_adapter,
    refuse_logits,
    refuse_maskless,
    refuse_other_problems,
    refuse_setfit,
    refuse_tokenizer,
    try_classifier,
)
from kdzoo.model.table import narrow, widen, widened, word_table
from kdzoo.model.wrapper import KdzooConfig, KdzooForSequenceClassification, is_module

__all__ = [
    "DEPLOYED_FILES",
    "READS_PAIRS",
    "BuildContext",
    "KdzooConfig",
    "KdzooForSequenceClassification",
    "LoadedModel",
    "Logits",
    "Shape",
    "build_student",
    "deployed_files",
    "is_module",
    "length_sorted_batches",
    "load_model",
    "load_tokenizer",
    "maximum_length",
    "narrow",
    "own_vocabulary",
    "padding_id",
    "predict_logits",
    "readable",
    "reads_pairs",
    "refuse_adapter",
    "refuse_logits",
    "refuse_maskless",
    "refuse_narrow",
    "refuse_other_problems",
    "refuse_setfit",
    "refuse_tableless",
    "refuse_tokenizer",
    "save_model",
    "scaled",
    "shape_of",
    "size_bytes",
    "takes_token_types",
    "to_width",
    "tokenizer_files",
    "try_classifier",
    "try_student",
    "widen",
    "widened",
    "word_table",
]
