"""The kinds of encoder that can be trained, each told by how it differs from BERT."""

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
"""By the `model_type` of a config.json. MiniLM models are BERT's or XLM-RoBERTa's in shape."""

__all__ = ["FAMILIES", "Family"]
