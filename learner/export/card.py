"""The model card (README.md) of an exported state: what was trained, how, its scores, its use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learner.spec import Lora, TuningConfig
from learner.tasks.task import TaskKind

from .plain import is_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of an exported state.

    `scores` are by split, 0-1. `path` has each configuration with the lineage round in which it
    began. `sim_s` is the simulated time of the state in seconds. `majority` is the score of always
    answering the most frequent label.
    """

    base_model: str
    base_revision: str
    task: str
    metric: str
    majority: float
    scores: Mapping[str, float]
    path: Sequence[tuple[int, TuningConfig]]
    round: int
    sim_s: float
    n_clients: int
    state: str
    scenario_digest: str
    seed: int


def write_card(kind: TaskKind, config: TuningConfig, max_tokens: int, origin: Provenance) -> str:
    """The text of README.md. Values in the front matter are JSON, which is valid YAML."""
    is_tagging = kind == "tagging"
    pipeline = "token-classification" if is_tagging else "text-classification"
    tags = ["federated-learning", "fedadapter", config.kind]
    parts = [
        "---",
        f"base_model: {json.dumps(origin.base_model)}",
        "library_name: transformers",
        f"pipeline_tag: {pipeline}",
        f"tags: {json.dumps(tags)}",
        "---",
        "",
        f"# {origin.base_model} for {origin.task}",
        "",
        _summary(config, origin),
        "",
        _table(config, origin),
        "",
        "## Use",
        "",
        _use(is_tagging, is_plain(config), max_tokens),
    ]
    if isinstance(config, Lora):
        parts += ["", _peft_use(is_tagging)]
    return "\n".join([*parts, "", _LICENCE, ""])


def _summary(config: TuningConfig, origin: Provenance) -> str:
    return (
        f"Trained by simulated federated learning: {origin.n_clients} clients, {origin.round} "
        f"rounds, {origin.sim_s:,.0f} simulated seconds; configuration {config}. Always answering "
        f"the most frequent label scores {origin.majority:.4f}."
    )


def _table(config: TuningConfig, origin: Provenance) -> str:
    path = "; ".join(f"{config} from round {start}" for start, config in origin.path)
    rows = {
        "base model": f"{origin.base_model} (content {origin.base_revision})",
        "task": origin.task,
        **{f"{origin.metric}, {split}": repr(score) for split, score in origin.scores.items()},
        "configuration path": path,
        "state": origin.state,
        "scenario": f"{origin.scenario_digest}, seed {origin.seed}",
    }
    return "\n".join(
        ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())]
    )


def _use(is_tagging: bool, is_plain: bool, max_tokens: int) -> str:
    """How the model is loaded and asked; `trust_remote_code` only for the code of adapters."""
    trust = "" if is_plain else ", trust_remote_code=True"
    if is_tagging:
        return _tagging_use(max_tokens, trust) + (_NO_CODE if is_plain else _CODE)
    if is_plain:
        return _plain_text_use(max_tokens) + _MEAN + _NO_CODE
    return _text_use(max_tokens, trust) + _MEAN + _CODE


_NO_CODE = """

Every class above is one of `transformers` (or `torch`): nothing in this directory is run, and
`trust_remote_code` is not needed."""

_CODE = """

`trust_remote_code` runs `modeling_fedadapter.py` in this directory (about 100 lines): no class in
`transformers` has adapters between the layers. Read it, or compare it with the one of fedadapter,
before you allow it."""

_MEAN = """

The head reads the mean over a text's tokens, which no classifier in `transformers` does."""


def _plain_text_use(max_tokens: int) -> str:
    return f"""```python
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(DIRECTORY)
encoder = AutoModel.from_pretrained(DIRECTORY)  # a pooler that it reports as new is not used
head = load_file(DIRECTORY + "/head.safetensors")
given = tokenizer(
    texts, padding=True, truncation=True, max_length={max_tokens}, return_tensors="pt"
)
mask = given["attention_mask"].unsqueeze(2)
hidden = encoder(**given).last_hidden_state * mask
logits = hidden.sum(1) / mask.sum(1) @ head["weight"].T + head["bias"]
labels = [encoder.config.id2label[i] for i in logits.argmax(1).tolist()]
```"""


def _text_use(max_tokens: int, trust: str) -> str:
    return f"""```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(DIRECTORY{trust})
model = AutoModelForSequenceClassification.from_pretrained(DIRECTORY{trust})
given = tokenizer(
    texts, padding=True, truncation=True, max_length={max_tokens}, return_tensors="pt"
)
labels = [model.config.id2label[i] for i in model(**given).logits.argmax(1).tolist()]
```"""


def _tagging_use(max_tokens: int, trust: str) -> str:
    return f"""```python
from transformers import AutoModelForTokenClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(DIRECTORY{trust})
model = AutoModelForTokenClassification.from_pretrained(DIRECTORY{trust})
given = tokenizer(
    words, is_split_into_words=True, truncation=True, max_length={max_tokens}, return_tensors="pt"
)
tags = model(**given).logits[0].argmax(1)  # (tokens,)
first = {{word: i for i, word in reversed([*enumerate(given.word_ids())]) if word is not None}}
labels = [model.config.id2label[int(tags[first[w]])] for w in sorted(first)]
```

A word's tag is that of its first token."""


def _peft_use(is_tagging: bool) -> str:
    mean = """mask = given["attention_mask"].unsqueeze(2)
hidden = (hidden * mask).sum(1) / mask.sum(1)
"""
    return f"""The low-rank products are merged into the weights above. `peft/` has them separately,
for the unchanged base model; the head is in `peft/head.safetensors`:

```python
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModel

encoder = PeftModel.from_pretrained(AutoModel.from_pretrained(BASE_MODEL), DIRECTORY + "/peft")
hidden = encoder(**given).last_hidden_state
{"" if is_tagging else mean}head = load_file(DIRECTORY + "/peft/head.safetensors")
logits = hidden @ head["weight"].T + head["bias"]
```"""


_LICENCE = (
    "## Licence\n\nThe licences of the base model and of the data set apply; this export adds none."
)
