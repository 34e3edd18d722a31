"""A program that uses Dramatiq as it comes, beside ours: it knows no Django and no `actors`.

`python -m tests.acceptance.stock_program URL NAMESPACE send ORDERS` sends, and prints of each its
id and when it is due. `... work` runs messages until its input ends, and prints what it ran.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

broker = RedisBroker(url=sys.argv[1], namespace=sys.argv[2])
dramatiq.set_broker(broker)


@dramatiq.actor
def note(name: str) -> None:
    """Named as one of ours; prints instead of leaving a file."""
    # In one piece: `print` would write the line's end by itself, and another thread in between.
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()


@dramatiq.actor
def expose(seconds: float, value: str) -> None:
    """Only sent from here."""


def send(orders: list[dict[str, Any]]) -> None:
    """Send each order: `actor`, `args`, and `delay` in ms or nothing."""
    for order in orders:
        actor = broker.get_actor(order.pop("actor"))
        message = actor.send_with_options(**order)
        print(message.message_id, message.options.get("eta", 0))


def work() -> None:
    """Run messages until the input ends."""
    worker = dramatiq.Worker(broker, worker_threads=2)
    worker.start()
    print("ready", flush=True)
    sys.stdin.read()
    worker.stop()


if __name__ == "__main__":
    if sys.argv[3] == "send":
        send(json.loads(sys.argv[4]))
    else:
        work()
