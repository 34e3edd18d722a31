"""A part of an open file, read piece by piece on a few threads of its own while it is sent.

The next piece is read when the one before has left: a slow client costs one piece of memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from weakref import WeakKeyDictionary

#: Bytes read at a time, in one hop to a thread. Twice as much makes the loop twice as late and
#: saves a tenth of the CPU time; half as much costs a third more of it.
PIECE_BYTES = 1 << 17
#: Files read at once. As many pieces come back in one turn of the loop at most, however many
#: clients there are: it is sending them that takes the loop's time.
AT_ONCE = 4
#: Threads that read. They share one interpreter lock with the event loop, as those of uploads do.
threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="file")

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Pieces:
    """`length_bytes` of a file from its present position.

    Closed by the response, read or not; and by whoever drops it, where the client has gone before
    there was a response.
    """

    def __init__(self, file: IO[Any], length_bytes: int) -> None:
        self._file = file
        self._left_bytes = length_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        turn = _turns.setdefault(loop, asyncio.Semaphore(AT_ONCE))
        while self._left_bytes:
            async with turn:
                piece = await loop.run_in_executor(threads, self._read)
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Close the file; where a piece is being read, after that."""
        self._file.close()

    __del__ = close

    def _read(self) -> bytes:
        piece: bytes = self._file.read(min(PIECE_BYTES, self._left_bytes))
        self._left_bytes -= len(piece)
        return piece
