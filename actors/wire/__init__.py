"""Our own connections to Redis: one protocol without I/O, a driver for threads and one for loops.

`address` reads the URL, `scripts` are what we call, `lines` block a thread, `links` serve a loop.
Knows nothing of Dramatiq.
"""
