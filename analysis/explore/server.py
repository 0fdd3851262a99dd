"""Serves the page to this machine alone."""

from __future__ import annotations

import socket
from contextlib import closing

from dash import Dash
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def listening(port: int) -> socket.socket:
    """A socket that listens on the port of the loopback interface; port 0: any free one.

    Raises ValueError if the port is in use or may not be used.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
        made.listen()
    except OSError as error:
        made.close()
        raise ValueError(
            f"--port {port}: cannot be used on {HOST} ({error.strerror}); choose another"
        ) from None
    return made


def make_local_server(page: Dash, listener: socket.socket) -> BaseWSGIServer:
    """The server of the page on a listening socket, which it takes over.

    Requests must name this machine, so that no page elsewhere can reach it under a name of its own.
    """
    page.server.config["TRUSTED_HOSTS"] = [HOST, "localhost"]
    port = listener.getsockname()[1]
    with closing(listener):
        return make_server(
            HOST,
            port,
            page.server,
            threaded=True,
            request_handler=_Quiet,
            fd=listener.fileno(),
        )
