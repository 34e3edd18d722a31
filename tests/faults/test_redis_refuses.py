"""Redis is there and refuses: its memory is full, or a key has the wrong type. Nothing is lost."""

from __future__ import annotations

import pytest

from tests.faults.lives import LIVES, tokens_of
from tests.faults.rig import is_unavailable, new_token
from tests.faults.stage import Stage
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(300)]

#: What lies under each name in `docs/broker.md`; W is the worker, ID a message that is sent.
STRINGS = (
    *("dramatiq:__seq__", "dramatiq:__alone__:W"),
    "actors:ended:ID",
)
OTHERS = (
    "dramatiq:default",
    *(f"dramatiq:default.{name}" for name in ("msgs", "prio", "scores", "delayed", "suspects")),
    *(f"dramatiq:default.{name}" for name in ("deaths", "again", "XQ", "XQ.msgs", "DQ")),
    "dramatiq:default.DQ.msgs",
    *(
        "dramatiq:__workers__",
        "dramatiq:__clock__",
        "dramatiq:__held__:W",
        "dramatiq:__revoked__:W",
        "dramatiq:__void__:W",
        "actors:live:ID",
    ),
)
#: Lays a value of another type under a name, what was there aside; and takes it away again.
LAY = """
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("RENAME", KEYS[1], KEYS[2]) end
return redis.call(ARGV[1], KEYS[1], "wrong")
"""
LIFT = """
if redis.call("TYPE", KEYS[1]).ok ~= ARGV[1] then return redis.call("DEL", KEYS[2]) end
redis.call("DEL", KEYS[1])
if redis.call("EXISTS", KEYS[2]) == 1 then redis.call("RENAME", KEYS[2], KEYS[1]) end
return 1
"""


def test_full_memory_loses_nothing(stage: Stage) -> None:
    tokens = in_full_swing(stage)

    stage.rig.redis.config_set("maxmemory", 1)
    refused = stage.sender.send("plain", new_token())
    ends_are_tried(stage, tokens)
    stage.rig.redis.config_set("maxmemory", 0)

    assert refused is not None
    assert is_unavailable(refused)
    stage.rig.wait_for(tokens)
    assert stage.go_on() is None


@pytest.mark.parametrize("key", [*STRINGS, *OTHERS])
def test_a_key_of_the_wrong_type_loses_nothing(stage: Stage, key: str) -> None:
    token = new_token()
    tokens = in_full_swing(stage) | {token}
    [worker] = eventually(lambda: stage.rig.redis.zrange("dramatiq:__workers__", 0, -1))
    name = key.replace(":W", f":{worker}").replace(":ID", f":{token}")
    write, kind = ("RPUSH", "list") if key in STRINGS else ("SET", "string")

    stage.rig.redis.eval(LAY, 2, name, "aside", write)
    refused = stage.sender.send("plain", token)
    ends_are_tried(stage, tokens)
    stage.rig.redis.eval(LIFT, 2, name, "aside", kind)

    assert refused is None or is_unavailable(refused)
    stage.rig.wait_for(tokens - {token} if refused else tokens)
    assert stage.go_on() is None


def in_full_swing(stage: Stage) -> set[str]:
    """Send what runs for a while, and one of each life behind it; return all that must end."""
    slow = [new_token() for _ in range(4)]
    stage.sender.send_many(slow, seconds=0.5)
    tokens = set(slow)
    for life in LIVES:
        token = new_token()
        assert stage.sender.send(life, token) is None
        tokens |= tokens_of(life, token)
    return tokens


def ends_are_tried(stage: Stage, tokens: set[str]) -> None:
    """Wait until what runs has run, and the worker has tried to end it, now that it can't."""
    proxy, start = stage.proxies["worker"], len(stage.proxies["worker"].seen)
    # The trace tells of other tests' messages too, and some of those never end.
    running = tokens & {each.token for each in stage.rig.trace.steps() if each.what == "started"}
    eventually(lambda: running <= stage.rig.trace.ended(), what="what runs has run")
    eventually(
        lambda: any(seen.name == "end" for seen in proxy.seen[start:]), what="an end is tried"
    )
