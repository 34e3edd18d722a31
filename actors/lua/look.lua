-- What is known of a message. ARGV: id, queues.
-- Returns the record of its end or "", its live fields, where it waits ("queued", "delayed", "") and when it is due.
local id = ARGV[1]
local live = redis.call("HGETALL", "actors:live:" .. id)
local ended = redis.call("GET", "actors:ended:" .. id)
if ended then
    return { ended, live, "", "" }
end
for i = 2, #ARGV do
    local key = NS .. ARGV[i]
    if redis.call("HEXISTS", key .. ".msgs", id) == 1 then
        local due = redis.call("ZSCORE", key .. ".delayed", id)
        return { "", live, due and "delayed" or "queued", due or "" }
    end
end
return { "", live, "", "" }
