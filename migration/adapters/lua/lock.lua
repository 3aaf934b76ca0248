-- KEYS[1]: the lock; ARGV: token, holder, ms. Returns nothing when taken (or extended), else the holder and the ms left.
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) ~= ARGV[1] then
  return { string.sub(value, #ARGV[1] + 2), redis.call('PTTL', KEYS[1]) }
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return {}
