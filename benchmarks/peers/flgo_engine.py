"""FLGo 0.4.4's virtual-clock simulator with training stubbed out: client-rounds a second.

usage: flgo_engine.py N_CLIENTS N_ROUNDS
10 % of the clients take part in a round; PEERS is where its task goes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

N_CLIENTS, N_ROUNDS = int(sys.argv[1]), int(sys.argv[2])
sys.argv = sys.argv[:1]  # FLGo reads the command line as well

import flgo  # noqa: E402  (after sys.argv is cut, as above)
import torch  # noqa: E402
from flgo.algorithm import fedavg, fedbase  # noqa: E402

torch.set_num_threads(1)
trained = 0


def count_only(self: Any, model: Any) -> None:
    """In place of local training."""
    global trained
    trained += 1


task = Path(os.environ["PEERS"]) / f"flgo-task-{N_CLIENTS}"
if not task.exists():
    data = {"num_clients": N_CLIENTS, "mean_datavol": 20, "dimension": 60, "num_classes": 10}
    benchmark = {"name": "flgo.benchmark.synthetic_regression", "para": data}
    flgo.gen_task({"benchmark": benchmark}, task_path=str(task))
fedbase.BasicClient.train = count_only
options = {
    "num_rounds": N_ROUNDS,
    "proportion": 0.1,
    "num_steps": 1,
    "batch_size": 4,
    "eval_interval": 10**9,
    "no_log_console": True,
    "no_tqdm": True,
    "responsiveness": "LN-100-100",
    "availability": "IDL",
    "gpu": [],
    "train_holdout": 0.1,
}
runner = flgo.init(str(task), fedavg, options)
begun_s = time.process_time()
runner.run()
seconds = time.process_time() - begun_s
print(
    json.dumps(
        {
            "peer": "flgo 0.4.4",
            "clients": N_CLIENTS,
            "client_rounds_per_s": round(trained / seconds),
        }
    ),
    flush=True,
)
