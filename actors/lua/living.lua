-- Which messages are still to end: queued, delayed, held or retrying.
-- ARGV: number of queues, those, then ids. Returns 1 or 0 for each id.
local queues, answers = tonumber(ARGV[1]), {}
for i = queues + 2, #ARGV do
    local found = 0
    for j = 2, queues + 1 do
        if redis.call("HEXISTS", NS .. ARGV[j] .. ".msgs", ARGV[i]) == 1 then
            found = 1
            break
        end
    end
    answers[#answers + 1] = found
end
return answers
