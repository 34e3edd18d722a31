-- Returns what was fetched and not run to the front of its queue, in the order given.
-- ARGV: worker, then queue, id, delivery for each. Returns how many.
local held, back = held_key(ARGV[1]), 0
for i = #ARGV - 2, 2, -3 do
    local key, id, delivery = NS .. ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local mark = redis.call("HGET", held, id)
    if mark and string.sub(mark, 1, #delivery + 1) == delivery .. ":" then
        if withdraw(key, id) then
            redis.call("DEL", alone_key(ARGV[1]))
        elseif string.sub(mark, #delivery + 2, #delivery + 2) == "1" then
            redis.call("LPUSH", key .. ".suspects", id)
            redis.call("RPUSH", key, WAKE)
            redis.call("DEL", alone_key(ARGV[1]))
        elseif redis.call("HEXISTS", key .. ".msgs", id) == 1 then
            make_ready(key, id, true)
        end
        redis.call("HDEL", held, id)
        back = back + 1
    end
end
return back
