-- Takes messages for a worker.
-- ARGV: queue, worker, delivery, most, most where priorities wait, "1" where the worker has nothing else in hand.
-- Returns suspects left, deaths of a suspect taken or 0, then id, data for each message.

local queue, worker, delivery = ARGV[1], ARGV[2], ARGV[3]
local most, few, is_alone = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == "1"
local key, held = NS .. queue, held_key(worker)
local suspects = redis.call("LLEN", key .. ".suspects")
local found = { suspects, 0 }

if redis.call("EXISTS", alone_key(worker)) == 1 then
    put_back_woken(key)
    return found
end
-- Given up by its sender, whose connection broke: nobody would run what it took now.
if redis.call("HEXISTS", NS .. "__void__:" .. worker, delivery) == 1 then
    put_back_woken(key)
    return found
end

local function hold(ids, alone)
    local data = redis.call("HMGET", key .. ".msgs", unpack(ids))
    local marks = {}
    for i, id in ipairs(ids) do
        if data[i] then
            marks[#marks + 1] = id
            marks[#marks + 1] = delivery .. ":" .. alone .. ":" .. queue
            found[#found + 1] = id
            found[#found + 1] = data[i]
        end
    end
    if #marks > 0 then
        -- Known as a worker before it holds anything, or nobody would look when it dies.
        redis.call("ZADD", WORKERS, "NX", string.format("%.0f", clock_ms()), worker)
        redis.call("HSET", held, unpack(marks))
    end
    return #marks / 2
end

if suspects > 0 and is_alone then
    while redis.call("EXISTS", held) == 0 do
        local id = redis.call("LINDEX", key .. ".suspects", 0)
        if not id then
            break
        end
        redis.call("SET", alone_key(worker), id)
        local taken = hold({ id }, "1")
        redis.call("LPOP", key .. ".suspects")
        if taken > 0 then
            found[2] = tonumber(redis.call("HGET", key .. ".deaths", id) or 1)
            return found
        end
        redis.call("DEL", alone_key(worker))
    end
    found[1] = redis.call("LLEN", key .. ".suspects")
end

local function take_prioritised(from, to, count)
    local ids = redis.call("ZRANGEBYSCORE", key .. ".prio", from, to, "LIMIT", 0, count)
    if #ids == 0 then
        return 0
    end
    local taken = hold(ids, "0")
    redis.call("ZREM", key .. ".prio", unpack(ids))
    return taken
end

-- Until enough are found: a list may hold tokens, and ids of messages that are gone.
local function take_from(list, count)
    local taken = 0
    while taken < count do
        local listed = redis.call("LRANGE", list, 0, count - taken - 1)
        if #listed == 0 then
            break
        end
        local ids = {}
        for _, id in ipairs(listed) do
            if id ~= WAKE then
                ids[#ids + 1] = id
            end
        end
        if #ids > 0 then
            taken = taken + hold(ids, "0")
        end
        redis.call("LTRIM", list, #listed, -1)
    end
    return taken
end

-- First what woke a worker: this one, or another.
local function take_listed(count)
    local taken = take_from(key .. ".woken", count)
    return taken + take_from(key, count - taken)
end

if redis.call("EXISTS", key .. ".prio") == 1 then
    local left = math.min(most, few)
    if left > 0 then
        left = left - take_prioritised("-inf", "(0", left)
    end
    if left > 0 then
        left = left - take_listed(left)
    end
    if left > 0 then
        take_prioritised("0", "+inf", left)
    end
    put_back_woken(key)
    -- Tokens were trimmed on the way: who parks must still be woken for what is left.
    if redis.call("EXISTS", key .. ".prio") == 1 and redis.call("EXISTS", key) == 0 then
        redis.call("RPUSH", key, WAKE)
    end
elseif most > 0 then
    take_listed(most)
end
return found
