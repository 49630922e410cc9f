"""Directories of code: the archive that the Lambda API wants, and what a layer adds to the Python path."""

import io
import zipfile
from pathlib import Path

_FIXED_TIME = (2020, 1, 1, 0, 0, 0)


def archive_of(directory: Path) -> bytes:
    """The files of `directory` as a zip, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            entry = zipfile.ZipInfo(str(path.relative_to(directory)), _FIXED_TIME)
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def python_path_of(layer: Path) -> Path | None:
    """What the layer's source adds to the path; None for one that holds only a list of packages to build."""
    if (layer / "python").is_dir():
        return layer / "python"
    holds_packages = any((child / "__init__.py").is_file() for child in layer.iterdir() if child.is_dir())
    return layer if holds_packages else None
