"""Any Hugging Face classifier, or several: fine-tuned once, its logits computed once."""

from kdzoo.teacher.cache import LogitTable, cache_contents, cache_root, clear_cache
from kdzoo.teacher.fine_tune import fine_tune
from kdzoo.teacher.source import content_hash, content_key, find_model, short_name
from kdzoo.teacher.teacher import Member, Teacher, align, cut_share, load_encoder, open_member
from kdzoo.teacher.vectors import encoder_vectors

__all__ = [
    "LogitTable",
    "Member",
    "Teacher",
    "align",
    "cache_contents",
    "cache_root",
    "clear_cache",
    "content_hash",
    "content_key",
    "cut_share",
    "encoder_vectors",
    "find_model",
    "fine_tune",
    "load_encoder",
    "open_member",
    "short_name",
]
