"""Brings Dramatiq's own tests: from the sdist of the version that requirements.lock pins.

Fetched by pip with the lock's hash when first asked for, then kept. Nothing of it is in this
repository; nothing of it is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import dramatiq

from tests.missing import lacks

HERE = Path(__file__).resolve().parent
LOCK = HERE.parent.parent / "requirements.lock"
#: Seconds for one command, on a slow line.
COMMAND_WITHIN_S = 120


def dramatiqs_tests(kept_in: Path) -> Path:
    """Return the folder of the tests; `kept_in` is where an earlier call has left them.

    Skips the test, or fails it in CI, where the sdist can't be fetched.
    """
    folder = kept_in / f"dramatiq-{dramatiq.__version__}"
    if not folder.exists():
        try:
            archive = _fetched(kept_in)
        except subprocess.SubprocessError as error:
            said = getattr(error, "stderr", "") or str(error)
            lacks("Dramatiq's sdist", f"pip could not fetch it.\n{said}")
        with tarfile.open(archive) as opened, TemporaryDirectory(dir=kept_in) as unpacked:
            opened.extractall(unpacked, filter="data")
            Path(unpacked, folder.name).rename(folder)
    return folder / "tests"


def _fetched(into: Path) -> Path:
    pin = into / "dramatiq.txt"
    pin.write_text(_pin())
    # A venv of its own: ours may have no pip, and must not get a setuptools.
    _run(sys.executable, "-m", "venv", "--clear", str(into / "pip"))
    pip = (str(into / "pip" / "bin" / "python"), "-m", "pip")
    hashed = ("--quiet", "--disable-pip-version-check", "--retries", "1", "--require-hashes")
    _run(*pip, "install", *hashed, "--only-binary", ":all:", "-r", str(HERE / "setuptools.txt"))
    # Without isolation, or pip would get a setuptools of its own choice, without a hash.
    source = ("--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", str(into))
    _run(*pip, "download", *hashed, *source, "-r", str(pin))
    return into / f"dramatiq-{dramatiq.__version__}.tar.gz"


def _pin() -> str:
    """Return the lock's requirement of Dramatiq, with its hashes; the sdist's is one of them."""
    found = re.search(r"^dramatiq==(\S+) .*\n(?: +--hash.*\n)+", LOCK.read_text(), re.MULTILINE)
    assert found is not None, "requirements.lock does not pin dramatiq"
    assert found[1] == dramatiq.__version__, "another Dramatiq is installed than the lock pins"
    return found[0]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMMAND_WITHIN_S)
