-- Puts messages on one queue. ARGV: queue, then id, data, how for each. Returns how many are new.
local new = 0
for i = 2, #ARGV, 3 do
    new = new + put(ARGV[1], ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
return new
