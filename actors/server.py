"""What a Redis server is not set up for: keeping what it was given. Says so in words."""

from __future__ import annotations

from typing import Any

from actors.wire import lines
from actors.wire.replies import ReplyError

type Facts = dict[str, str]


def warnings() -> list[str]:
    """Return what is wrong with the server's settings, a sentence or two each; often nothing.

    A managed server may not tell: of what it does not say, nothing is said here.

    Raises:
        BrokerUnavailable: Redis can't be reached.
    """
    commands = [
        ("INFO", "persistence"),
        ("INFO", "memory"),
        ("CONFIG", "GET", "save"),
    ]
    persistence, memory, save = lines.call_many(commands, action="look at its settings")
    return [*_of_persistence(_facts(persistence), save), *_of_memory(_facts(memory))]


def _of_persistence(facts: Facts, save: Any) -> list[str]:
    if facts.get("aof_enabled") != "0" or _text(save) != "":
        return []
    return [
        "Redis keeps nothing on disk (neither an append-only file nor snapshots): where it "
        "restarts, queued messages are gone, and only what a sweep looks after is sent again. "
        "Set `appendonly yes`."
    ]


def _of_memory(facts: Facts) -> list[str]:
    policy, most = facts.get("maxmemory_policy", ""), facts.get("maxmemory", "0")
    if policy in ("", "noeviction") or most == "0":
        return []
    return [
        f"Redis drops keys when its memory is full (maxmemory-policy {policy}): queued messages "
        "can vanish unseen. Set `maxmemory-policy noeviction`."
    ]


def _facts(answer: Any) -> Facts:
    if isinstance(answer, ReplyError):
        return {}
    pairs = (line.partition(":") for line in answer.decode().splitlines() if ":" in line)
    return {name: value.strip() for name, _, value in pairs}


def _text(answer: Any) -> str | None:
    """Return the value in the answer to CONFIG GET, as either protocol has it; None without."""
    if isinstance(answer, ReplyError) or not answer:
        return None
    value = next(iter(answer.values())) if isinstance(answer, dict) else answer[1]
    return str(value.decode())
