"""The queues that are compared, one adapter each. Libraries are loaded when one is made."""

from __future__ import annotations

from benchmarks.queues.adapters.multiplexed import Multiplexed
from benchmarks.queues.adapters.ours import Ours, OursByDelay, OursPersistent
from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.adapters.redispy import RedisPy
from benchmarks.queues.adapters.stock import Stock, StockInApp, StockInThreads, StockTuned

#: In the order of the table.
QUEUES: dict[str, type[Queue]] = {
    queue.name: queue
    for queue in (
        Ours,
        OursByDelay,
        OursPersistent,
        Stock,
        StockInThreads,
        StockTuned,
        StockInApp,
        RedisPy,
        Multiplexed,
    )
}
#: What the ratios refer to.
REFERENCE = Stock.name
