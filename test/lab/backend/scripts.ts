/** The scripts that a claim runs on a shard, as docs/reference/backend-contract.md has them. */

/** KEYS: the key. ARGV: deadline, value, expiry ("" for none). Answers as SET ... NX GET does. */
export const LATER_WRITE = `
local now = redis.call('TIME')
if not (now[1] * 1000 + now[2] / 1000 <= tonumber(ARGV[1])) then
  return redis.error_reply('LATE the claim window is over')
end
if ARGV[3] == '' then return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'GET') end
return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'GET', 'PXAT', ARGV[3])`;

/** KEYS: the key. ARGV: the value to replace, the value to put in its place, that one's expiry ("" for none). */
export const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
if ARGV[3] == '' then return redis.call('SET', KEYS[1], ARGV[2]) end
local time = redis.call('TIME')
if tonumber(ARGV[3]) > time[1] * 1000 + time[2] / 1000 then redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3]) end`;
