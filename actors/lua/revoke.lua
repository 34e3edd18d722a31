-- Revokes a message. ARGV: id, record of its end, ttl, its data where it was stored and not sent yet, queues.
-- Returns "revoked" (it will not run), "asked" (a worker holds it and is told), "ended" or "unknown" (where
-- an earlier message is to cause it, it will not run). What it would cause is revoked with it.
local id, text, ttl = ARGV[1], ARGV[2], ARGV[3]
local live, ended = "actors:live:" .. id, "actors:ended:" .. id

local function mark(message_id)
    local key = "actors:live:" .. message_id
    redis.call("HSET", key, "revoked", text)
    if redis.call("PTTL", key) < tonumber(ttl) then
        redis.call("PEXPIRE", key, ttl)
    end
end

-- Tell the worker that holds it, now and with its next sign of life: it may not be listening.
local function is_told()
    for _, worker in ipairs(redis.call("ZRANGE", WORKERS, 0, -1)) do
        local held = redis.call("HGET", held_key(worker), id)
        if held then
            mark(id)
            redis.call("HSET", revoked_key(worker), id, held)
            redis.call("PUBLISH", CONTROL, "revoke " .. string.match(held, "^%x+") .. " " .. id)
            return true
        end
    end
    return false
end

local function revoke_caused(data)
    for _, later in ipairs(caused_by(data)) do
        mark(later)
        never_runs(later, text, ttl)
    end
end

local function finish()
    redis.call("SET", ended, text, "PX", ttl)
    redis.call("PUBLISH", "actors:events:" .. id, text)
    redis.call("PEXPIRE", live, ttl)
end

if redis.call("EXISTS", ended) == 1 then
    return "ended"
end
for i = 5, #ARGV do
    local key = NS .. ARGV[i]
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        revoke_caused(redis.call("HGET", key .. ".msgs", id))
        if is_told() then
            redis.call("HDEL", key .. ".again", id)
            return "asked"
        end
        finish()
        redis.call("ZREM", key .. ".delayed", id)
        redis.call("ZREM", key .. ".prio", id)
        redis.call("HDEL", key .. ".scores", id)
        redis.call("HDEL", key .. ".again", id)
        redis.call("HDEL", key .. ".msgs", id)
        return "revoked"
    end
end
if ARGV[4] ~= "" then
    revoke_caused(ARGV[4])
    finish()
    return "revoked"
end
mark(id)
return "unknown"
