"""Names for requests: the command, or the file in `actors/lua/` whose script it runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import actors

FOLDER = Path(actors.__file__).parent / "lua"
#: Commands whose first argument belongs to their name.
_FAMILIES = frozenset((b"ACL", b"CLIENT", b"CONFIG", b"FUNCTION", b"PUBSUB", b"SCRIPT", b"XGROUP"))
_RUNS_TEXT, _RUNS_DIGEST = (b"EVAL", b"EVAL_RO"), (b"EVALSHA", b"EVALSHA_RO")


class Scripts:
    """Knows each script by its digest; one that is put together otherwise, once it was loaded."""

    def __init__(self) -> None:
        files = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.lua"))}
        shared = [text + glue for text in (files["_common"],) for glue in (b"", b"\n")]
        self._texts = {name: text for name, text in files.items() if name != "_common"}
        self._names = {
            _digest(before + text): name
            for name, text in self._texts.items()
            for before in (b"", *shared)
        }

    def name_of(self, request: list[bytes]) -> str:
        """Return `end` where the script of `end.lua` runs, else the command in capitals."""
        command = request[0].upper()
        if command in _RUNS_TEXT:
            return self._learn(request[1])
        if command in _RUNS_DIGEST:
            digest = request[1].decode().lower()
            return self._names.get(digest, f"script {digest[:8]}")
        if command in _FAMILIES and len(request) > 1:
            command += b" " + request[1].upper()
        if command == b"SCRIPT LOAD":
            self._learn(request[2])
        return command.decode()

    def _learn(self, text: bytes) -> str:
        digest = _digest(text)
        for name, ending in self._texts.items():
            if text.rstrip().endswith(ending.rstrip()):
                self._names[digest] = name
        return self._names.get(digest, f"script {digest[:8]}")


def _digest(text: bytes) -> str:
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()
