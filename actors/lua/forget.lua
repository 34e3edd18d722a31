-- Drops what is known of a message that has ended. ARGV: id. Returns 1 where there was something.
local ended, live = "actors:ended:" .. ARGV[1], "actors:live:" .. ARGV[1]
if redis.call("EXISTS", ended) == 0 then
    return 0
end
return math.min(redis.call("DEL", ended, live), 1)
