-- A worker's sign of life; makes due messages ready.
-- ARGV: worker, most messages a queue, ms that failed ones are kept, queues. Returns ms since the last sign
-- of this worker (-1: the first), ms until the next message is due (-1: none waits).
local worker, most, now = ARGV[1], tonumber(ARGV[2]), now_ms()
local last = redis.call("ZSCORE", WORKERS, worker)
redis.call("ZADD", WORKERS, string.format("%.0f", now), worker)

local next_due = -1
for i = 4, #ARGV do
    local key = NS .. ARGV[i]
    local due = redis.call("ZRANGEBYSCORE", key .. ".delayed", "-inf", now, "LIMIT", 0, most)
    for _, id in ipairs(due) do
        if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
            make_ready(key, id, false)
        end
        redis.call("ZREM", key .. ".delayed", id)
    end
    local head = redis.call("ZRANGE", key .. ".delayed", 0, 0, "WITHSCORES")[2]
    if head then
        local left = math.max(tonumber(head) - now, 0)
        next_due = next_due < 0 and left or math.min(next_due, left)
    end
    local failed = redis.call("ZRANGEBYSCORE", key .. ".XQ", "-inf", now - ARGV[3], "LIMIT", 0, most)
    if #failed > 0 then
        redis.call("HDEL", key .. ".XQ.msgs", unpack(failed))
        redis.call("ZREM", key .. ".XQ", unpack(failed))
    end
end
return { last and now - last or -1, next_due }
