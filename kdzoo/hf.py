"""Importing this module teaches ``transformers`` kdzoo's models: Auto classes and ``pipeline``."""

from __future__ import annotations

from transformers import AutoConfig, AutoModelForSequenceClassification

from kdzoo.model.wrapper import KdzooConfig, KdzooForSequenceClassification

AutoConfig.register(KdzooConfig.model_type, KdzooConfig, exist_ok=True)
AutoModelForSequenceClassification.register(
    KdzooConfig, KdzooForSequenceClassification, exist_ok=True
)
