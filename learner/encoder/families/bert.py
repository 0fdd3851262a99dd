"""BERT (Devlin et al., 2019) and MiniLM (Wang et al., 2020), which has the same structure."""

from .family import Family

BERT = Family(model_types=("bert",), prefix="bert.")
