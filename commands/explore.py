"""Command `explore`: a local page on finished runs, where every change is replayed."""

from __future__ import annotations

from typing import Annotated

import typer

from .display import errors
from .options import StudyDir
from .results import warn

app = typer.Typer()

Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port of 127.0.0.1 (0: any free one).")
]


@app.command()
def explore(directory: StudyDir, port: Port = 8050) -> None:
    """Serve a page to this machine: change links, devices, rounds or costs, and see the new curve.

    Ctrl-C ends it. The page is for finished runs, and trains nothing.
    """
    from analysis import load_study
    from analysis.explore.model import Model

    try:
        from analysis.explore.page import make_page
        from analysis.explore.server import listening, make_local_server
    except ImportError as error:
        raise ValueError(
            f"explore needs the package {error.name}: pip install 'fedadapter-sim[explore]'"
        ) from None
    from sim.study.replayer import Replayer

    study = load_study(directory)
    warn(study)
    model = Model(study, Replayer())
    server = make_local_server(make_page(model), listening(port))
    errors.print(f"explore: http://{server.host}:{server.port}  (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        errors.print("Ended.")
    finally:
        server.server_close()
