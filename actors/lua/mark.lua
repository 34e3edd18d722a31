-- Marks what happens to running messages. ARGV: worker, ttl, then id, delivery, message id, event,
-- number of fields and values, and those, for each. Returns how many are still this worker's.
local held, mine, i = held_key(ARGV[1]), 0, 3
while i <= #ARGV do
    local id, delivery, message_id, event, count = unpack(ARGV, i, i + 4)
    local mark = redis.call("HGET", held, id)
    if mark and string.sub(mark, 1, #delivery + 1) == delivery .. ":" then
        local live = "actors:live:" .. message_id
        redis.pcall("HSET", live, unpack(ARGV, i + 5, i + 4 + count))
        redis.pcall("PEXPIRE", live, ARGV[2])
        redis.pcall("PUBLISH", "actors:events:" .. message_id, event)
        mine = mine + 1
    end
    i = i + 5 + count
end
return mine
