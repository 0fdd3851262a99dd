"""RoBERTa (Liu et al., 2019), XLM-RoBERTa and CamemBERT, which differ only in vocabulary.

The first position is the padding token's id + 1, so two rows of the position table are never used.
"""

from .family import Family

ROBERTA = Family(
    model_types=("roberta", "xlm-roberta", "camembert"), prefix="roberta.", padding_position=1
)
