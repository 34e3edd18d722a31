"""Situations in which a worker sends commands that no ordinary life needs."""

from __future__ import annotations

from collections.abc import Callable

from dramatiq import Message
from dramatiq.common import current_millis

from tests.faults import tasks
from tests.faults.rig import new_token
from tests.faults.stage import Command, Stage


def dead_worker(stage: Stage) -> set[str]:
    """Messages held by a worker that died; the numbers of its deliveries are hexadecimal."""
    tokens, key = {new_token(), new_token()}, "dramatiq:default"
    with stage.rig.redis.pipeline() as pipeline:
        for number, token in zip(("9", "1a"), tokens, strict=True):
            pipeline.hset(f"{key}.msgs", token, lying_there(token).encode())
            pipeline.hset("dramatiq:__held__:ghost", token, f"{number}:0:default")
        pipeline.zadd("dramatiq:__workers__", {"ghost": 1})
        pipeline.execute()
    return tokens


def fetch_without_answer(stage: Stage) -> set[str]:
    """Messages that a fetch took, whose answer never came: it may be parked for the second."""
    stage.fail(Command("worker", "fetch", 1), "after")
    first = plain(stage)
    stage.rig.wait_for(first)
    return first | plain(stage)


def long_one(stage: Stage) -> set[str]:
    """A message that is marked as running."""
    token = new_token()
    stage.sender.send_many([token], seconds=0.1)
    return {token}


def plain(stage: Stage) -> set[str]:
    token = new_token()
    assert stage.sender.send("plain", token) is None
    return {token}


def delayed(stage: Stage) -> set[str]:
    """A message that waits until it is due."""
    token = new_token()
    assert stage.sender.send("delayed", token) is None
    return {token}


def too_many_fetched(stage: Stage) -> set[str]:
    """Quick ones, so that many are fetched ahead, and then long ones."""
    quick, slow = ([new_token() for _ in range(count)] for count in (60, 12))
    stage.sender.send_many(quick, seconds=0.0)
    stage.rig.wait_for(set(quick))
    stage.sender.send_many(slow, seconds=0.15)
    return set(slow)


def delayed_by_stock(stage: Stage) -> set[str]:
    """A message that Dramatiq's own broker has delayed."""
    token, key = new_token(), "dramatiq:default.DQ"
    message = lying_there(token, queue_name="default.DQ", eta=current_millis() + 50)
    with stage.rig.redis.pipeline() as pipeline:
        pipeline.hset(f"{key}.msgs", token, message.encode()).rpush(key, token).execute()
    return {token}


def lying_there(token: str, queue_name: str = "default", **options: int) -> Message[str]:
    """Return a message as Redis has it."""
    message = tasks.succeed.message(token)
    return message.copy(queue_name=queue_name, options={"redis_message_id": token, **options})


#: What makes a worker send each command.
RARE: dict[str, Callable[[Stage], set[str]]] = {
    "reap": dead_worker,
    "keep": delayed,
    "mark": long_one,
    "HSET": fetch_without_answer,
    "EXPIRE": fetch_without_answer,
    "HGETALL": fetch_without_answer,
    "give_back": too_many_fetched,
    "LRANGE": delayed_by_stock,
    "HGET": delayed_by_stock,
    "adopt": delayed_by_stock,
}
