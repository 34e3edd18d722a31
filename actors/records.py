"""Records: what Redis knows of one message, found by its id from any process.

Names the keys and reads what the scripts of docs/broker.md write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec
from dramatiq import Message

from actors import encoding
from actors.wire import lines
from actors.wire.scripts import FORGET, LOOK, REVOKE, Command


class Try(msgspec.Struct):
    """One run of a message, ended or not. Times are ms since 1970; `error`: type and text."""

    worker: str = ""
    started: int | None = None
    ended: int | None = None
    error: dict[str, str] | None = None


class Ended(msgspec.Struct):
    """How a message ended: succeeded, failed, revoked or expired. Times are ms since 1970."""

    state: str
    actor: str = ""
    queue: str = ""
    kept: bool = True
    attempts: int = 0
    worker: str = ""
    started: int = 0
    ended: int = 0
    error: dict[str, Any] | None = None
    result: Any = None
    progress: dict[str, Any] | None = None


class Info(msgspec.Struct):
    """What is known of a message now; bounded in size, and so without its result.

    `state`: unknown, queued, delayed, running, retrying, or one of `Ended`. `attempts`: how often
    it was begun; `tries`: the last ten of these. `due`: ms since 1970, of a message that waits for
    it. `error` and `traceback`: why it is tried again or failed. `progress`: done, total, note.
    """

    state: str
    attempts: int = 0
    worker: str = ""
    started: int | None = None
    due: int | None = None
    ended: int | None = None
    error: dict[str, str] | None = None
    traceback: str | None = None
    progress: dict[str, Any] | None = None
    tries: list[Try] = msgspec.field(default_factory=list)


#: Attempts that an `Info` tells of.
MOST_TRIES = 10

#: How the records of ends begin: those that write them name the state first.
_ENDS = tuple(
    b'{"state":"%b"' % state for state in (b"succeeded", b"failed", b"revoked", b"expired")
)
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


def is_end(data: bytes) -> bool:
    """Return whether what was published is the record of an end."""
    return data.startswith(_ENDS)


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
    tries = _tries(live)
    if ended:
        return _info_of_end(ended_of(ended), tries, live)
    info = Info(
        state=_state(live, place),
        attempts=int(live.get("attempts", 0)),
        worker=live.get("worker", b"").decode(),
        started=int(live["started"]) if "started" in live else None,
        due=int(float(due)) if due else None,
        error=tries[-1].error if tries else None,
        traceback=live["traceback"].decode() if "traceback" in live else None,
        progress=_decoded(live, "progress"),
        tries=tries,
    )
    if info.state == "running":
        info.attempts += 1
        info.tries = [*tries, Try(info.worker, info.started)][-MOST_TRIES:]
    return info


def _info_of_end(record: Ended, tries: list[Try], live: dict[str, bytes]) -> Info:
    failure = record.error
    error = {"type": str(failure["type"]), "msg": str(failure["msg"])} if failure else None
    if record.started:
        tries.append(Try(record.worker, record.started, record.ended, error))
    return Info(
        state=record.state,
        attempts=record.attempts or int(live.get("attempts", 0)),
        worker=record.worker,
        started=record.started or None,
        ended=record.ended,
        error=error,
        traceback=failure.get("traceback") if failure else None,
        progress=record.progress or _decoded(live, "progress"),
        tries=tries[-MOST_TRIES:],
    )


def _tries(live: dict[str, bytes]) -> list[Try]:
    """Return the attempts that were followed by another, the oldest first."""
    told = [encoding.decode(live[name]) for name in live if name.startswith("attempt:")]
    return [msgspec.convert(each, Try) for each in sorted(told, key=itemgetter("attempts"))]


def _decoded(live: dict[str, bytes], name: str) -> Any:
    return encoding.decode(live[name]) if name in live else None


def revoke_command(
    namespace: str, message_id: str, ttl_ms: int, queues: Sequence[str], stored: bytes | None
) -> Command:
    """Return the command that revokes a message; `stored` is one that was not sent yet."""
    record = encoding.encode({"state": "revoked", "ended": int(time.time() * 1000)})
    return REVOKE(namespace, message_id, record, ttl_ms, stored or b"", *queues)


def forget_command(namespace: str, message_id: str) -> Command:
    """Return the command that drops what is known of a message that has ended."""
    return FORGET(namespace, message_id)


def store(message: Message[Any], state: str, ttl_ms: int, **facts: Any) -> None:
    """Write the record of an end outside of a worker's own way of it."""
    told = {"state": state, "actor": message.actor_name, "queue": message.queue_name}
    now_ms = int(time.time() * 1000)
    data = encoding.encode({**told, "attempts": 1, "ended": now_ms, **facts})
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
