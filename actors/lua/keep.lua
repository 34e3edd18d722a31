-- A worker's sign of life; makes due messages ready.
-- ARGV: worker, most messages a queue, ms that failed ones are kept, ms of silence that mean death, queues.
-- Returns ms until the next message is due (-1: none waits), then delivery and id of each that it holds and
-- that was revoked: word of it may have come while nobody listened.
local worker, most, now = ARGV[1], tonumber(ARGV[2]), now_ms()
-- What passed since any worker's last sign counts, but no longer than they come apart: an outage is no silence.
local passed = now - (redis.call("HGET", CLOCK, "seen") or now)
local clock = string.format("%.0f", clock_ms() + math.max(0, math.min(passed, ARGV[4] * 0.3)))
redis.call("HSET", CLOCK, "time", clock, "seen", string.format("%.0f", now))
redis.call("ZADD", WORKERS, clock, worker)

local next_due = -1
-- What woke a worker that did not come for it; and suspects wake another.
local function wake(key)
    put_back_woken(key)
    if redis.call("EXISTS", key .. ".suspects") == 1 and redis.call("EXISTS", key) == 0 then
        redis.call("RPUSH", key, WAKE)
    end
end

for i = 5, #ARGV do
    local key = NS .. ARGV[i]
    wake(key)
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
local answer, revoked = { next_due }, redis.call("HGETALL", revoked_key(worker))
for i = 1, #revoked, 2 do
    local id, held = revoked[i], revoked[i + 1]
    if redis.call("HGET", held_key(worker), id) == held then
        answer[#answer + 1] = string.match(held, "^%x+")
        answer[#answer + 1] = id
    else
        redis.call("HDEL", revoked_key(worker), id)
    end
end
return answer
