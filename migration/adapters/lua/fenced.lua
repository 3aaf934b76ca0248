-- Prepended to every script that writes: KEYS[1] is the lock, ARGV[1] the token of the run that may write.
local holder = redis.call('GET', KEYS[1])
if not holder or string.sub(holder, 1, #ARGV[1]) ~= ARGV[1] then
  return redis.error_reply('FENCED ' .. (holder and (string.match(holder, '^%S+ (.*)') or holder) or 'nobody holds the lock'))
end
