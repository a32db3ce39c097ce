"""Importing this module teaches ``transformers`` kdzoo's models: Auto classes and ``pipeline``."""

from __future__ import annotations

from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from kdzoo.model.sentence import KdzooSentenceConfig, KdzooSentenceForSequenceClassification
from kdzoo.model.wrapper import (
    KdzooConfig,
    KdzooForSequenceClassification,
    KdzooForTokenClassification,
)

for _config, _model in (
    (KdzooConfig, KdzooForSequenceClassification),
    (KdzooSentenceConfig, KdzooSentenceForSequenceClassification),
):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModelForSequenceClassification.register(_config, _model, exist_ok=True)
AutoModelForTokenClassification.register(KdzooConfig, KdzooForTokenClassification, exist_ok=True)
