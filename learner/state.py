"""State: the tensors of a model during training. A StateRef (learner.spec) is only its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

State = Mapping[str, np.ndarray]
"""fp32 tensors by name: `param.head.weight`, `param.adapter.<layer>.<unit>.down.weight` ..."""
