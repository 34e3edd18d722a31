-- Revokes a message. ARGV: id, record of its end, ttl, queues.
-- Returns "revoked" (it will not run), "asked" (a worker holds it and is told), "ended" or "unknown".
local id, text, ttl = ARGV[1], ARGV[2], ARGV[3]
local live, ended = "actors:live:" .. id, "actors:ended:" .. id

local function is_held()
    for _, worker in ipairs(redis.call("ZRANGE", WORKERS, 0, -1)) do
        if redis.call("HEXISTS", held_key(worker), id) == 1 then
            return true
        end
    end
    return false
end

if redis.call("EXISTS", ended) == 1 then
    return "ended"
end
for i = 4, #ARGV do
    local key = NS .. ARGV[i]
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        if is_held() then
            redis.call("HSET", live, "revoked", 1)
            redis.call("PEXPIRE", live, ttl)
            redis.call("PUBLISH", CONTROL, "revoke " .. id)
            return "asked"
        end
        redis.call("SET", ended, text, "PX", ttl)
        redis.call("PUBLISH", "actors:events:" .. id, text)
        redis.call("PEXPIRE", live, ttl)
        redis.call("ZREM", key .. ".delayed", id)
        redis.call("ZREM", key .. ".prio", id)
        redis.call("HDEL", key .. ".scores", id)
        redis.call("HDEL", key .. ".msgs", id)
        return "revoked"
    end
end
return "unknown"
