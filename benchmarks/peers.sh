#!/bin/sh
# FLGo 0.4.4 in an environment of its own, training stubbed out, beside our engine in the same
# minutes. usage: benchmarks/peers.sh SCRATCH_DIRECTORY (default: .peers)
set -eu
export PEERS="${1:-.peers}" OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore
here=$(dirname "$0")
if [ ! -x "$PEERS/flgo/bin/python" ]; then
  python3 -m venv "$PEERS/flgo"
  "$PEERS/flgo/bin/pip" install --quiet torch==2.13.0 flgo==0.4.4
fi
for clients in 1000 10000; do
  "$PEERS/flgo/bin/python" "$here/peers/flgo_engine.py" "$clients" 20
  .venv/bin/python -m benchmarks.engine "$clients-clients"
done
