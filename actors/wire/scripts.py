"""The scripts of `actors/lua`, and how they are called. What they do stands in docs/broker.md."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import hiredis

LUA = Path(__file__).resolve().parent.parent / "lua"
COMMON = (LUA / "_common.lua").read_text()

type Argument = str | bytes | int
type Command = tuple[Argument, ...]


def pack(command: Command) -> bytes:
    """Return a command as it is written."""
    return cast(bytes, hiredis.pack_command(cast(Any, command)))


@dataclass(frozen=True)
class Script:
    """One script. `digest` is what a server that has it knows it by."""

    name: str
    source: str
    digest: str

    def __call__(self, namespace: str, *arguments: Argument) -> Command:
        """Return the command that runs it."""
        return ("EVALSHA", self.digest, 1, namespace, *arguments)


def _load(name: str) -> Script:
    source = COMMON + (LUA / f"{name}.lua").read_text()
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


ENQUEUE = _load("enqueue")
FETCH = _load("fetch")
END = _load("end")
GIVE_BACK = _load("give_back")
KEEP = _load("keep")
REAP = _load("reap")
LEAVE = _load("leave")
ADOPT = _load("adopt")
REVOKE = _load("revoke")
LOOK = _load("look")
MARK = _load("mark")
FORGET = _load("forget")
LIVING = _load("living")

_all = (
    ENQUEUE,
    FETCH,
    END,
    GIVE_BACK,
    KEEP,
    REAP,
    LEAVE,
    ADOPT,
    REVOKE,
    LOOK,
    MARK,
    FORGET,
    LIVING,
)
_by_digest = {script.digest: script for script in _all}


def unknown_to_server(command: Command, error: BaseException) -> Command | None:
    """Return the command that teaches the server the script it lacks, where `error` says so."""
    if not str(error).startswith("NOSCRIPT"):
        return None
    return ("SCRIPT", "LOAD", _by_digest[str(command[1])].source)
