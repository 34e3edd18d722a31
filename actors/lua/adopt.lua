-- Moves what a stock producer delayed to our own place for it.
-- ARGV: queue, id, data, ms until due. Returns 1 where it was there.
local key = NS .. ARGV[1]
if redis.call("HEXISTS", key .. ".DQ.msgs", ARGV[2]) == 0 then
    redis.call("LREM", key .. ".DQ", 1, ARGV[2])
    return 0
end
put(ARGV[1], ARGV[2], ARGV[3], ARGV[4] .. ",0")
redis.call("LREM", key .. ".DQ", 1, ARGV[2])
redis.call("HDEL", key .. ".DQ.msgs", ARGV[2])
return 1
