-- Moves what one dead worker held to the suspects, some at a time.
-- ARGV: ms of silence that mean death, most messages. Returns its name ("" where none is dead), how many
-- were moved, how many it still holds.
local dead = redis.call("ZRANGEBYSCORE", WORKERS, "-inf", string.format("%.0f", clock_ms() - ARGV[1]), "LIMIT", 0, 1)[1]
if not dead then
    return { "", 0, 0 }
end
local held, moved = held_key(dead), 0
local page = redis.call("HSCAN", held, 0, "COUNT", ARGV[2])[2]
for i = 1, math.min(#page, 2 * ARGV[2]), 2 do
    local id, _, alone, queue = page[i], string.match(page[i + 1], "^(%x+):(%d):(.*)$")
    local key = NS .. queue
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 and not withdraw(key, id) then
        if redis.call("HSETNX", key .. ".deaths", id, 1) == 0 and alone == "1" then
            redis.call("HINCRBY", key .. ".deaths", id, 1)
        end
        redis.call("RPUSH", key .. ".suspects", id)
        redis.call("RPUSH", key, WAKE)
    end
    redis.call("HDEL", held, id)
    moved = moved + 1
end
local left = redis.call("HLEN", held)
if left == 0 then
    redis.call("DEL", alone_key(dead), revoked_key(dead))
    redis.call("ZREM", WORKERS, dead)
end
return { dead, moved, left }
