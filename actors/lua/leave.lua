-- Strikes a worker that holds nothing off the list. ARGV: worker.
if redis.call("EXISTS", held_key(ARGV[1])) == 0 then
    redis.call("DEL", revoked_key(ARGV[1]))
    return redis.call("ZREM", WORKERS, ARGV[1])
end
return 0
