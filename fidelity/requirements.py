"""What the machine must offer: Linux, root, ip, tc with tbf, TUN devices and a cpu controller."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from .quota import find_hierarchy

_TUN = Path("/dev/net/tun")


def unmet() -> str | None:
    """The first requirement that this machine does not meet, in one line; None if it meets all."""
    if not sys.platform.startswith("linux"):
        return f"needs Linux (network namespaces), this is {sys.platform}"
    if os.geteuid() != 0:
        return "needs root, to create network namespaces and CPU quotas; run it with sudo"
    for program in ("ip", "tc"):
        if shutil.which(program) is None:
            return f"needs the program {program}; install the package iproute2"
    if not os.access(_TUN, os.R_OK | os.W_OK):
        return f"needs {_TUN}, for the round-trip delay; load the kernel module tun"
    if find_hierarchy() is None:
        return "needs the cpu controller of cgroups, writable, for the clients' CPU quotas"
    return None
