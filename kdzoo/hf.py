"""Importing this module teaches ``transformers`` kdzoo's models: Auto classes and ``pipeline``."""

from __future__ import annotations

from transformers import AutoConfig, AutoModelForSequenceClassification

from kdzoo.model.sentence import KdzooSentenceConfig, KdzooSentenceForSequenceClassification
from kdzoo.model.wrapper import KdzooConfig, KdzooForSequenceClassification

for _config, _model in (
    (KdzooConfig, KdzooForSequenceClassification),
    (KdzooSentenceConfig, KdzooSentenceForSequenceClassification),
):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModelForSequenceClassification.register(_config, _model, exist_ok=True)
