-- Ends messages, each with all it causes.
-- ARGV: worker, then for each: queue, id, delivery, kind, message id, record, ttl, number of new messages,
-- and gate, queue, id, data, how for each of those.
-- kind: "done"; "dead" (also kept in XQ); "retry" (the first new message is this one again, and the record is
-- a line of JSON for the attempt, and a line with its traceback).
-- A new message without a queue will never be: its data is the record that says so.
-- gate: empty, or "size,name" of a group; its new messages wait for the last of so many to end (0: the gate
-- knows how many). It counts ids, so that a message which ends twice counts once, and opens once.
-- Returns for each: 1 ended, 0 not this worker's any more, 2 a retry of what was revoked (nothing was done),
-- or the text of an error: it is held as before.

local held = held_key(ARGV[1])
local FIELDS, NEW = 8, 5
-- Milliseconds that a gate stays after the last message came to it, and after it was opened.
local GATE_TTL, OPEN_TTL = 7 * 86400000, 86400000

local function bury(key, id)
    local data = redis.call("HGET", key .. ".msgs", id)
    if data then
        redis.call("HSET", key .. ".XQ.msgs", id, data)
        redis.call("ZADD", key .. ".XQ", string.format("%.0f", now_ms()), id)
    end
end

-- How a gate stands once `id` has come to it; false where that changes nothing.
local function arrive(gate, id)
    local size, name = string.match(gate, "^(%d+),(.*)$")
    local key = "actors:gate:" .. name
    local known = redis.call("HGET", key, "size")
    size = tonumber(known or size)
    if size == 0 or redis.call("HEXISTS", key, id) == 1 then
        return false
    end
    return { key = key, size = size, is_open = redis.call("HLEN", key) + (known and 0 or 1) >= size }
end

local function count(gate, id)
    if gate.is_open then
        redis.call("DEL", gate.key)
        redis.call("HSET", gate.key, "size", 0)
    else
        redis.call("HSET", gate.key, "size", gate.size, id, 1)
    end
    redis.call("PEXPIRE", gate.key, gate.is_open and OPEN_TTL or GATE_TTL)
end

-- Put what an end causes, unless it was revoked before it came.
local function put_caused(queue, id, data, how, ttl)
    local text = redis.pcall("HGET", "actors:live:" .. id, "revoked")
    if type(text) ~= "string" then
        put(queue, id, data, how)
        redis.call("DEL", "actors:ended:" .. id)
        return
    end
    never_runs(id, text, ttl)
    for _, later in ipairs(caused_by(data)) do
        never_runs(later, text, ttl)
    end
end

-- Each new message that no gate holds back; then the gates count the one that ends.
local function put_new(from, to, ended_id, ttl)
    local gates = {}
    for i = from, to, NEW do
        local gate, queue, id, data, how = unpack(ARGV, i, i + 4)
        if gate ~= "" and gates[gate] == nil then
            gates[gate] = arrive(gate, ended_id)
        end
        if queue == "" then
            never_runs(id, data, ttl)
        elseif gate == "" or (gates[gate] and gates[gate].is_open) then
            put_caused(queue, id, data, how, ttl)
        end
    end
    for _, gate in pairs(gates) do
        if gate then
            count(gate, ended_id)
        end
    end
end

local function record(message_id, text, ttl)
    redis.pcall("SET", "actors:ended:" .. message_id, text, "PX", ttl)
    redis.pcall("PEXPIRE", "actors:live:" .. message_id, ttl)
    redis.pcall("PUBLISH", "actors:events:" .. message_id, text)
end

-- The last ten attempts are kept, and the whole traceback of the last one. An earlier one's is kept in short,
-- and only where the next one's differs: most fail each time alike, and Redis holds all that are tried again.
local SHORT = 1000
local function keep_traceback(live, number, traceback)
    local before = redis.call("HMGET", live, "traceback", "attempts")
    local last, slot = before[1], "traceback:" .. (tonumber(before[2] or number - 1) % 10)
    redis.call("HDEL", live, "traceback:" .. number % 10)
    if last and last ~= traceback then
        local is_short = #last <= 2 * SHORT
        redis.call("HSET", live, slot,
            is_short and last or string.sub(last, 1, SHORT) .. "\n...\n" .. string.sub(last, -SHORT))
    end
end

local function record_attempt(message_id, text, ttl, how)
    local live = "actors:live:" .. message_id
    local told, traceback = string.match(text, "^([^\n]*)\n(.*)$")
    local number = tonumber(string.match(told or "", '"attempts":(%d+)'))
    if not number then
        return
    end
    local delay = tonumber(string.match(how, "^%d+") or 0)
    pcall(keep_traceback, live, number, traceback)
    redis.pcall("HSET", live, "state", "retrying", "attempts", number, "attempt:" .. number % 10, told,
        "traceback", traceback)
    redis.pcall("HSETNX", live, "first", string.match(told, '"started":(%d+)') or "0")
    redis.pcall("PEXPIRE", live, string.format("%.0f", ttl + delay))
    redis.pcall("PUBLISH", "actors:events:" .. message_id, told)
end

-- What a queue has; a key of the wrong type is met here, before anything is written or removed.
local known = {}
local function parts_of(key)
    local parts = known[key]
    if not parts then
        redis.call("HLEN", key .. ".msgs")
        parts = {
            scores = redis.call("HLEN", key .. ".scores") > 0,
            deaths = redis.call("HLEN", key .. ".deaths") > 0,
            again = redis.call("HLEN", key .. ".again") > 0,
        }
        known[key] = parts
    end
    return parts
end

-- What has ended in this call: it is still held until the removals.
local ended = {}

-- Removals come last, many in one command: nothing in them can fail any more.
local removed = {}
local function remove(key, id)
    local ids = removed[key]
    if not ids then
        ids = {}
        removed[key] = ids
    end
    ids[#ids + 1] = id
end

local function forget(key, id, stays, is_alone)
    local parts = parts_of(key)
    remove(held, id)
    if is_alone then
        redis.call("DEL", alone_key(ARGV[1]))
    end
    if not stays then
        remove(key .. ".msgs", id)
        if parts.scores then
            remove(key .. ".scores", id)
        end
    end
    if parts.deaths then
        remove(key .. ".deaths", id)
    end
end

local function finish(i, new)
    local queue, id, delivery, kind, message_id = unpack(ARGV, i, i + 4)
    local key, first, is_retry = NS .. queue, i + FIELDS, kind == "retry"
    local mark = redis.call("HGET", held, id)
    if not mark or string.sub(mark, 1, #delivery + 1) ~= delivery .. ":" then
        return 0
    end
    if ended[id] then
        return 0
    end
    parts_of(key)
    if is_retry and redis.call("HGET", "actors:live:" .. message_id, "revoked") then
        return 2
    end
    local how = ARGV[first + 4]
    if is_retry then
        -- Its priority is known already, and stays.
        place(key, id, ARGV[first + 3], string.match(how, "^(%d+),") or "0", "0")
        first, new = first + NEW, new - 1
    elseif kind == "dead" then
        bury(key, id)
    end
    if new > 0 then
        put_new(first, first + NEW * new - 1, message_id, ARGV[i + 6])
    end
    if is_retry then
        record_attempt(message_id, ARGV[i + 5], ARGV[i + 6], how)
    elseif ARGV[i + 5] ~= "" then
        record(message_id, ARGV[i + 5], ARGV[i + 6])
    end
    local stays = is_retry or (parts_of(key).again and come_again(key, id))
    ended[id] = true
    forget(key, id, stays, string.sub(mark, #delivery + 2, #delivery + 2) == "1")
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
for key, ids in pairs(removed) do
    redis.call("HDEL", key, unpack(ids))
end
return answers
