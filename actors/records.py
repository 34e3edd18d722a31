"""Records: what Redis knows of one message, found by its id from any process.

Names the keys and reads what the scripts of docs/broker.md write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from dramatiq import Message

from actors import encoding
from actors.wire import lines
from actors.wire.scripts import LOOK, REVOKE, Command


class Ended(msgspec.Struct):
    """How a message ended: succeeded, failed, revoked or expired. Times are ms since 1970."""

    state: str
    actor: str = ""
    queue: str = ""
    kept: bool = True
    attempts: int = 1
    worker: str = ""
    started: int = 0
    ended: int = 0
    error: dict[str, Any] | None = None
    result: Any = None


class Info(msgspec.Struct):
    """What is known of a message now.

    `state`: unknown, queued, delayed, running, retrying, or one of `Ended`. `due`: ms since 1970,
    of a message that waits for it. `progress`: done, total, note.
    """

    state: str
    attempts: int = 0
    worker: str = ""
    started: int | None = None
    due: int | None = None
    ended: int | None = None
    error: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None


_ended = msgspec.json.Decoder(Ended)


def ended_key(message_id: str) -> str:
    """Return the key of the record of a message's end."""
    return f"actors:ended:{message_id}"


def live_key(message_id: str) -> str:
    """Return the key of what is known before."""
    return f"actors:live:{message_id}"


def channel(message_id: str) -> str:
    """Return the channel on which its steps are told."""
    return f"actors:events:{message_id}"


def ended_of(data: bytes) -> Ended:
    """Return the record that Redis keeps as JSON."""
    try:
        return _ended.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.convert(encoding.decode(data), Ended)


def look_command(namespace: str, message_id: str, queues: Sequence[str]) -> Command:
    """Return the command whose answer `info_of` reads."""
    return LOOK(namespace, message_id, *queues)


def info_of(answer: Any) -> Info:
    """Return what `look.lua` answered."""
    ended, flat, place, due = answer
    live = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
    progress = encoding.decode(live["progress"]) if "progress" in live else None
    attempt = encoding.decode(live["attempt"]) if "attempt" in live else {}
    if ended:
        record = ended_of(ended)
        return Info(
            state=record.state,
            attempts=record.attempts,
            worker=record.worker,
            started=record.started or None,
            ended=record.ended,
            error=record.error,
            progress=progress,
        )
    return Info(
        state=_state(live, place),
        attempts=int(attempt.get("attempts", 0)) + (live.get("state") == b"running"),
        worker=live.get("worker", b"").decode(),
        started=int(live["started"]) if "started" in live else None,
        due=int(float(due)) if due else None,
        error=attempt.get("error"),
        progress=progress,
    )


def revoke_command(namespace: str, message_id: str, ttl_ms: int, queues: Sequence[str]) -> Command:
    """Return the command that revokes a message."""
    record = encoding.encode({"state": "revoked", "ended": int(time.time() * 1000)})
    return REVOKE(namespace, message_id, record, ttl_ms, *queues)


def store(message: Message[Any], state: str, ttl_ms: int, **facts: Any) -> None:
    """Write the record of an end outside of a worker's own way of it."""
    told = {"state": state, "actor": message.actor_name, "queue": message.queue_name}
    data = encoding.encode({**told, "ended": int(time.time() * 1000), **facts})
    action = f"store the result of {message.message_id}"
    lines.call("SET", ended_key(message.message_id), data, "PX", ttl_ms, action=action)
    lines.call("PUBLISH", channel(message.message_id), data, action=action)


def _state(live: dict[str, bytes], place: bytes) -> str:
    told = live.get("state", b"").decode()
    if place == b"delayed":
        return "retrying" if told == "retrying" else "delayed"
    if place == b"queued":
        return "running" if told == "running" else "queued"
    return told or "unknown"
