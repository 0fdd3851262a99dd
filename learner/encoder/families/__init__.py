"""Supported encoder families, one file each with its differences from BERT."""

from .bert import BERT
from .distilbert import DISTILBERT
from .family import Family
from .mpnet import MPNET
from .roberta import ROBERTA

FAMILIES = {
    model_type: family
    for family in (BERT, DISTILBERT, ROBERTA, MPNET)
    for model_type in family.model_types
}
"""By the `model_type` of config.json. MiniLM models have the type bert or xlm-roberta."""

__all__ = ["FAMILIES", "Family"]
