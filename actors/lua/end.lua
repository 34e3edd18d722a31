-- Ends messages, each with all it causes.
-- ARGV: worker, then for each: queue, id, delivery, kind, message id, record, ttl, number of new messages,
-- and gate, queue, id, data, how for each of those.
-- kind: "done"; "dead" (also kept in XQ); "retry" (the first new message is this one again, and the record
-- is of the attempt). gate: empty, or the key of a barrier that the last one to come opens.
-- Returns for each: 1 ended, 0 not this worker's any more, 2 a retry of what was revoked (nothing was done),
-- or the text of an error: it is held as before.

local held = held_key(ARGV[1])
local FIELDS, NEW = 8, 5

local function put_back(key, id, data, how)
    local delay = string.match(how, "^(%d+),")
    if delay and delay ~= "0" then
        postpone(key, id, tonumber(delay))
    else
        make_ready(key, id, false)
    end
    redis.call("HSET", key .. ".msgs", id, data)
end

local function bury(key, id)
    local data = redis.call("HGET", key .. ".msgs", id)
    if data then
        redis.call("HSET", key .. ".XQ.msgs", id, data)
        redis.call("ZADD", key .. ".XQ", string.format("%.0f", now_ms()), id)
    end
end

-- Each new message that no gate holds back; then the barriers are counted.
local function put_new(from, to)
    local opens = {}
    for i = from, to, NEW do
        local gate = ARGV[i]
        if gate ~= "" and opens[gate] == nil then
            opens[gate] = tonumber(redis.call("GET", gate) or 2) <= 1
        end
        if gate == "" or opens[gate] then
            put(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
        end
    end
    for gate, is_open in pairs(opens) do
        if is_open then
            redis.call("DEL", gate)
        elseif redis.call("EXISTS", gate) == 1 then
            redis.call("DECR", gate)
        end
    end
end

local function record(kind, message_id, text, ttl)
    if text == "" then
        return
    end
    local live = "actors:live:" .. message_id
    if kind == "retry" then
        redis.pcall("HSET", live, "state", "retrying", "attempt", text)
    else
        redis.pcall("SET", "actors:ended:" .. message_id, text, "PX", ttl)
    end
    redis.pcall("PEXPIRE", live, ttl)
    redis.pcall("PUBLISH", "actors:events:" .. message_id, text)
end

local function forget(key, id, is_retry)
    redis.call("HDEL", held, id)
    if not is_retry then
        redis.call("HDEL", key .. ".msgs", id)
        if redis.call("EXISTS", key .. ".scores") == 1 then
            redis.call("HDEL", key .. ".scores", id)
        end
    end
    if redis.call("EXISTS", key .. ".deaths") == 1 then
        redis.call("HDEL", key .. ".deaths", id)
    end
end

local function finish(i, count)
    local queue, id, delivery, kind, message_id = unpack(ARGV, i, i + 4)
    local key, first, is_retry = NS .. queue, i + FIELDS, kind == "retry"
    local mark = redis.call("HGET", held, id)
    if not mark or string.sub(mark, 1, #delivery + 1) ~= delivery .. ":" then
        return 0
    end
    if is_retry and redis.call("HGET", "actors:live:" .. message_id, "revoked") then
        return 2
    end
    if is_retry then
        put_back(key, id, ARGV[first + 3], ARGV[first + 4])
        first, count = first + NEW, count - 1
    elseif kind == "dead" then
        bury(key, id)
    end
    put_new(first, first + NEW * count - 1)
    record(kind, message_id, ARGV[i + 5], ARGV[i + 6])
    forget(key, id, is_retry)
    return 1
end

local answers, i = {}, 2
while i <= #ARGV do
    local count = tonumber(ARGV[i + 7])
    local done, answer = pcall(finish, i, count)
    if not done and type(answer) == "table" then
        answer = answer.err
    end
    answers[#answers + 1] = answer
    i = i + FIELDS + NEW * count
end
return answers
