-- What the scripts share; put before each of them. The keys stand in docs/broker.md.
-- KEYS[1] is the namespace. Nothing here removes anything before what it adds is written.

local NS = KEYS[1] .. ":"
local WORKERS = NS .. "__workers__"
local CLOCK = NS .. "__clock__"
local SEQ = NS .. "__seq__"
local CONTROL = NS .. "__control__"
local SENT = NS .. "__sent__"
local WAKE = "*"

local function held_key(worker)
    return NS .. "__held__:" .. worker
end

-- What a worker holds and was told to drop: id -> what its held key said of it.
local function revoked_key(worker)
    return NS .. "__revoked__:" .. worker
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

-- The workers' clock: stands still while none of them reaches Redis. Begins when it is first looked at: were it to
-- begin with a worker's next sign of life, an outage right before that would count as silence of who came earlier.
local function clock_ms()
    local time = redis.call("HGET", CLOCK, "time")
    if not time then
        time = string.format("%.0f", now_ms())
        redis.call("HSET", CLOCK, "time", time, "seen", time)
    end
    return tonumber(time)
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

-- Put a message where it waits. `delay_ms` and `priority` are digits.
local function place(key, id, data, delay_ms, priority)
    if priority ~= "0" then
        redis.call("HSET", key .. ".scores", id, new_score(tonumber(priority)))
    end
    if delay_ms ~= "0" then
        postpone(key, id, tonumber(delay_ms))
    else
        make_ready(key, id, false)
    end
    redis.call("HSET", key .. ".msgs", id, data)
end

-- Forget what came of a message when it ran before: it is sent again, as if new.
local function start_fresh(key, id)
    redis.call("HDEL", key .. ".deaths", id)
    redis.call("DEL", "actors:ended:" .. id, "actors:live:" .. id)
end

-- Put a message anew that a person sent again while it was still on its way to its end, which has come now.
-- Returns whether there was one. (Whoever requeues a dead letter may be sooner than the worker that wrote it.
-- Where that worker dies right then, the message runs to its end once more, and only then comes this one.)
local function come_again(key, id)
    local kept = redis.call("HGET", key .. ".again", id)
    if not kept then
        return false
    end
    local delay_ms, priority, data = string.match(kept, "^(%d+),(-?%d+)\n(.*)$")
    redis.call("HDEL", key .. ".scores", id)
    place(key, id, data, delay_ms, priority)
    start_fresh(key, id)
    redis.call("HDEL", key .. ".again", id)
    return true
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
    if not come_again(key, id) then
        redis.call("HDEL", key .. ".msgs", id)
        redis.call("HDEL", key .. ".scores", id)
        redis.call("HDEL", key .. ".deaths", id)
    end
    return true
end

local function was_revoked(id)
    local ended = redis.call("GET", "actors:ended:" .. id)
    return ended and string.sub(ended, 1, 18) == '{"state":"revoked"'
end

-- Put a message of the outbox. `way` is "stored", or "again" for one that was sent before and is to run anew.
-- Its key is remembered in the same step, last: whatever becomes of the message, it is not put a second time.
local function put_stored(key, id, data, delay_ms, priority, way, send_key)
    if redis.call("ZSCORE", SENT, send_key) then
        return 0
    end
    local new = 1
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        if way == "again" then
            redis.call("HSET", key .. ".again", id, delay_ms .. "," .. priority .. "\n" .. data)
        else
            new = 0
        end
    elseif was_revoked(id) then
        new = 0
    else
        place(key, id, data, delay_ms, priority)
        if way == "again" then
            start_fresh(key, id)
        else
            redis.call("DEL", "actors:ended:" .. id)
        end
    end
    redis.call("ZADD", SENT, string.format("%.0f", now_ms()), send_key)
    return new
end

-- Put a new message on its queue. `how` is empty, or "delay_ms,priority", or "delay_ms,priority,way,key" for
-- one of the outbox. Returns 1, or 0 where it is dropped.
local function put(queue, id, data, how)
    local key = NS .. queue
    local delay_ms, priority, way, send_key = "0", "0", "", ""
    if how ~= "" then
        delay_ms, priority, way, send_key = string.match(how, "^(%d+),(-?%d+),?(%a*),?(.*)$")
    end
    if way ~= "" then
        return put_stored(key, id, data, delay_ms, priority, way, send_key)
    end
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        return 0
    end
    if how == "" then
        redis.call("RPUSH", key, id)
        redis.call("HSET", key .. ".msgs", id, data)
    else
        place(key, id, data, delay_ms, priority)
    end
    return 1
end
