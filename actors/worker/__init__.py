"""The worker's side of the broker: what a worker process holds, runs, and ends.

One direction: `life` (Dramatiq's hooks) starts `keeper` and `steward`; `consumer` fetches into
Dramatiq's worker; `courier` carries ends to Redis; `desk` knows what this process holds.
"""
