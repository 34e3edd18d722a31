-- What the scripts share; put before each of them. The keys stand in docs/broker.md.
-- KEYS[1] is the namespace. Nothing here removes anything before what it adds is written.

local NS = KEYS[1] .. ":"
local WORKERS = NS .. "__workers__"
local CLOCK = NS .. "__clock__"
local SEQ = NS .. "__seq__"
local CONTROL = NS .. "__control__"
local WAKE = "*"

local function held_key(worker)
    return NS .. "__held__:" .. worker
end

-- There while a worker runs a suspect: it takes nothing beside.
local function alone_key(worker)
    return NS .. "__alone__:" .. worker
end

-- Milliseconds of the server's clock: one clock for all machines.
local function now_ms()
    local time = redis.call("TIME")
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The workers' clock: stands still while none of them reaches Redis.
local function clock_ms()
    return tonumber(redis.call("HGET", CLOCK, "time") or now_ms())
end

-- The place of a message among those of other priorities: higher first, then older.
local function new_score(priority)
    return string.format("%.0f", -priority * 17592186044416 + redis.call("INCR", SEQ))
end

-- Make a message ready that is in the hash. `first`: before those that wait.
local function make_ready(key, id, first)
    local score = redis.call("HGET", key .. ".scores", id)
    if score then
        redis.call("ZADD", key .. ".prio", score, id)
        redis.call("RPUSH", key, WAKE)
    elseif first then
        redis.call("LPUSH", key, id)
    else
        redis.call("RPUSH", key, id)
    end
end

-- Put back what woke a worker that does not take it: so it wakes another.
local function put_back_woken(key)
    while redis.call("LMOVE", key .. ".woken", key, "RIGHT", "LEFT") do
    end
end

-- Postpone a message; workers hear of it where it is due before all others.
local function postpone(key, id, delay_ms)
    local due = now_ms() + delay_ms
    local head = redis.call("ZRANGE", key .. ".delayed", 0, 0, "WITHSCORES")[2]
    redis.call("ZADD", key .. ".delayed", string.format("%.0f", due), id)
    if not head or due < tonumber(head) then
        redis.call("PUBLISH", CONTROL, "due")
    end
end

-- The ids of all that a message would cause: the later links of its chain, the callbacks of its group.
local function caused_by(data)
    local ids = {}
    local function walk(message)
        local target, callbacks = message.options.pipe_target, message.options.group_completion_callbacks
        local caused = type(callbacks) == "table" and callbacks or {}
        if type(target) == "table" then
            caused[#caused + 1] = target
        end
        for _, each in ipairs(caused) do
            ids[#ids + 1] = each.message_id
            walk(each)
        end
    end
    if string.find(data, "pipe_target", 1, true) or string.find(data, "group_completion", 1, true) then
        pcall(function()
            walk(cjson.decode(data))
        end)
    end
    return ids
end

-- The end of a message that will not run, unless another is known of it.
local function never_runs(id, text, ttl)
    local set = redis.pcall("SET", "actors:ended:" .. id, text, "PX", ttl, "NX")
    if type(set) == "table" and set.ok then
        redis.pcall("PUBLISH", "actors:events:" .. id, text)
    end
end

-- End a message that was revoked while a worker had it, now that none has. Returns whether it was.
local function withdraw(key, id)
    local live = "actors:live:" .. id
    local text = redis.call("HGET", live, "revoked")
    if not text then
        return false
    end
    local ttl = math.max(redis.call("PTTL", live), 1)
    redis.call("SET", "actors:ended:" .. id, text, "PX", string.format("%.0f", ttl))
    redis.call("PUBLISH", "actors:events:" .. id, text)
    redis.call("HDEL", key .. ".msgs", id)
    redis.call("HDEL", key .. ".scores", id)
    redis.call("HDEL", key .. ".deaths", id)
    return true
end

local function was_revoked(id)
    local ended = redis.call("GET", "actors:ended:" .. id)
    return ended and string.sub(ended, 1, 18) == '{"state":"revoked"'
end

-- Put a new message on its queue. `how` is empty, or "delay_ms,priority", or "delay_ms,priority,stored" for
-- one that may have been revoked before it was sent.
local function put(queue, id, data, how)
    local key = NS .. queue
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        return 0
    end
    if how == "" then
        redis.call("RPUSH", key, id)
    else
        local delay, priority, stored = string.match(how, "^(%d+),(-?%d+),?(%a*)$")
        if stored == "stored" then
            if was_revoked(id) then
                return 0
            end
            redis.call("DEL", "actors:ended:" .. id)
        end
        if priority ~= "0" then
            redis.call("HSET", key .. ".scores", id, new_score(tonumber(priority)))
        end
        if delay ~= "0" then
            postpone(key, id, tonumber(delay))
        else
            make_ready(key, id, false)
        end
    end
    redis.call("HSET", key .. ".msgs", id, data)
    return 1
end
