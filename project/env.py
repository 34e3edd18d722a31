"""Reads typed values from the environment, or says which variable is wrong and what it accepts.

`project/settings.py` calls these, and `project/dev` for what concerns starting; nothing else reads
the environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def env_str(name: str, default: str) -> str:
    """Return the variable, or `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """Return a switch.

    Raises:
        ImproperlyConfigured: Where the value is none of 1/0, true/false, yes/no, on/off.
    """
    value = env_str(name, str(default)).lower()
    if value not in _TRUE | _FALSE:
        raise _refused(name, value, "1 or 0, true or false, yes or no, on or off")
    return value in _TRUE


def env_int(name: str, default: int, *, at_least: int = 0) -> int:
    """Return a whole number of at least `at_least`.

    Raises:
        ImproperlyConfigured: Where the value is no such number.
    """
    value = env_str(name, str(default))
    if not value.isdecimal() or int(value) < at_least:
        raise _refused(name, value, f"a whole number of {at_least} or more")
    return int(value)


def env_seconds(name: str, default: float) -> float:
    """Return a duration in seconds, more than 0; fractions are accepted.

    Raises:
        ImproperlyConfigured: Where the value is no positive number.
    """
    value = env_str(name, str(default))
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise _refused(name, value, "a number of seconds above 0, such as 1 or 0.5")
    return seconds


def env_list(name: str, default: list[str]) -> list[str]:
    """Return the comma-separated parts, blanks dropped."""
    value = env_str(name, ",".join(default))
    return [part.strip() for part in value.split(",") if part.strip()]


def env_choice(name: str, default: str, *, choices: tuple[str, ...]) -> str:
    """Return one of `choices`.

    Raises:
        ImproperlyConfigured: Where the value is none of them.
    """
    value = env_str(name, default)
    if value not in choices:
        raise _refused(name, value, " or ".join(choices))
    return value


def env_url(name: str, default: str, *, schemes: tuple[str, ...]) -> SplitResult:
    """Return a URL, split, whose scheme is one of `schemes`.

    Raises:
        ImproperlyConfigured: Where the scheme or the port is none that can be used.
    """
    value = env_str(name, default)
    accepted = " or ".join(f"{scheme}://..." for scheme in schemes)
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        raise _refused(name, _without_password(value), accepted) from None
    if url.scheme not in schemes:
        raise _refused(name, _without_password(value), accepted)
    return url


def env_secret(name: str) -> str | None:
    """Return the variable, or the content of the file that `<name>_FILE` names, or None.

    Raises:
        ImproperlyConfigured: Where that file cannot be read.
    """
    if value := env_str(name, ""):
        return value
    if not (path := env_str(f"{name}_FILE", "")):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise _refused(f"{name}_FILE", path, f"a readable file ({error.strerror})") from error


def stored_secret(path: Path) -> str:
    """Return the secret kept at `path`, making it on first use; the owner alone may read it.

    Safe where several processes start at once: the first file to be linked wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def _refused(name: str, value: str, accepted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}; expected {accepted}.")


def _without_password(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    return f"{scheme}{separator}...@{rest.rpartition('@')[2]}" if "@" in rest else value
