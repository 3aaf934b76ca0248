-- KEYS: the lock, and whose it was last; ARGV: token, holder, ms, and 'renew' to keep the lock instead of taking it.
-- Returns nothing when taken (or kept), else the holder and the ms left.
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) ~= ARGV[1] then
  return { string.match(value, '^%S+ (.*)') or value, redis.call('PTTL', KEYS[1]) }
end
-- A run that slept past the end of its lock has it back only if nobody had it meanwhile: whoever did may have gone on
-- to a phase in which this run's work does harm.
if not value and ARGV[4] == 'renew' and redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return { 'nobody, but another run had it meanwhile or the shard lost its data', 0 }
end
-- Deleted first, because a script that has written may go on at maxmemory: a full shard is a reason to reshard.
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[1])
return {}
