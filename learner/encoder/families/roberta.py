"""RoBERTa (Liu et al., 2019), and XLM-RoBERTa and CamemBERT, which differ in vocabulary alone.

Positions count on from the padding token's id, so two rows of the position table are never used.
"""

from .family import Family

ROBERTA = Family(
    model_types=("roberta", "xlm-roberta", "camembert"), prefix="roberta.", padding_position=1
)
