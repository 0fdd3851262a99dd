"""Lets pip download a source archive without running any of its code.

pip asks the archive's build backend for name and version before it hands the archive over; that of
an archive without pyproject.toml is `setuptools`, which runs setup.py. Here it is a stand-in that
answers by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

OPTIONS = ("--use-pep517", "--no-build-isolation", "--no-binary", ":all:")
"""Options of pip with which it asks the backend that it finds on the path."""

_BACKEND = '''"""Stands for setuptools: name and version of one archive; nothing of it is run."""

from pathlib import Path


class __legacy__:
    @staticmethod
    def get_requires_for_build_wheel(config_settings=None):
        return []

    @staticmethod
    def prepare_metadata_for_build_wheel(directory, config_settings=None):
        about = Path(directory, "{escaped}-{version}.dist-info")
        about.mkdir()
        text = "Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n"
        (about / "METADATA").write_text(text)
        (about / "WHEEL").write_text("Wheel-Version: 1.0\\n")
        return about.name
'''


def environment(work: Path, package: str, version: str) -> Mapping[str, str]:
    """The environment for pip; the stand-in is written to a new directory in `work`."""
    path = work / "no-build"
    (path / "setuptools").mkdir(parents=True)
    (path / "setuptools/__init__.py").write_text('__version__ = "0"\n', encoding="ascii")
    escaped = package.replace("-", "_")
    backend = _BACKEND.format(package=package, escaped=escaped, version=version)
    (path / "setuptools/build_meta.py").write_text(backend, encoding="ascii")
    return {**os.environ, "PYTHONPATH": str(path)}
