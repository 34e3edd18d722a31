-- What the scripts share; put before each of them. The keys stand in docs/broker.md.
-- KEYS[1] is the namespace. Nothing here removes anything before what it adds is written.

local NS = KEYS[1] .. ":"
local WORKERS = NS .. "__workers__"
local SEQ = NS .. "__seq__"
local CONTROL = NS .. "__control__"
local WAKE = "*"

local function held_key(worker)
    return NS .. "__held__:" .. worker
end

-- Milliseconds of the server's clock: one clock for all machines.
local function now_ms()
    local time = redis.call("TIME")
    return time[1] * 1000 + math.floor(time[2] / 1000)
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

-- Postpone a message; workers hear of it where it is due before all others.
local function postpone(key, id, delay_ms)
    local due = now_ms() + delay_ms
    local head = redis.call("ZRANGE", key .. ".delayed", 0, 0, "WITHSCORES")[2]
    redis.call("ZADD", key .. ".delayed", string.format("%.0f", due), id)
    if not head or due < tonumber(head) then
        redis.call("PUBLISH", CONTROL, "due")
    end
end

-- Put a new message on its queue. `how` is empty, or "delay_ms,priority".
local function put(queue, id, data, how)
    local key = NS .. queue
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        return 0
    end
    if how == "" then
        redis.call("RPUSH", key, id)
    else
        local delay, priority = string.match(how, "^(%d+),(-?%d+)$")
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
