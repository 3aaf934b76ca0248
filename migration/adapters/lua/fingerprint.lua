-- Prepended to every script that compares values. Equal values give equal fingerprints on any server: a DUMP does not
-- (order of members, version of the format).

-- What would hold the server for more than a few milliseconds is not read here: see part.lua.
local LARGE_STRING, LARGE_BYTES = 4194304, 65536
local LARGE = '?'

local whole = {
  list = function(key) add_list(redis.call('LRANGE', key, 0, -1), -1) end,
  set = function(key) add_set(redis.call('SMEMBERS', key)) end,
  hash = function(key, fields_after) add_fields(key, redis.call('HGETALL', key), fields_after) end,
  zset = function(key) add_scores(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')) end,
  stream = function(key)
    for _, group in ipairs(add_stream(key)) do
      if group.pending > 0 then
        add_pending(group.name, redis.call('XPENDING', key, group.name, '-', '+', group.pending))
      end
    end
    add_entries(redis.call('XRANGE', key, '-', '+'))
  end,
  -- Its DUMP depends on the order in which it was built; its elements do not.
  vectorset = function(key)
    for _, element in ipairs(redis.call('VRANDMEMBER', key, redis.call('VCARD', key))) do
      local vector = redis.call('VEMB', key, element, 'RAW')
      for i = 3, #vector do vector[i] = number_text(vector[i]) end
      add(sized(element) .. flat(vector) .. flat(redis.call('VGETATTR', key, element) or ''))
    end
  end,
}

-- '' for a key that does not exist, LARGE for one that has to be read in parts. Returns the bytes that were read as well.
-- Fields of a hash that expire before fields_after (Unix ms) do not count.
local function fingerprint(key, fields_after)
  local value = redis.pcall('GET', key)
  if value == false then return '', 0 end
  if type(value) == 'string' then
    if #value > LARGE_STRING then return LARGE, #value end
    return redis.sha1hex(value), #value
  end
  local kind, bytes = redis.call('TYPE', key).ok, redis.call('MEMORY', 'USAGE', key)
  begin()
  if not whole[kind] then
    -- Another module's type: the serialized body without its footer (2 bytes of version, 8 of checksum).
    add(string.sub(redis.call('DUMP', key), 1, -11))
  elseif bytes > LARGE_BYTES and kind ~= 'vectorset' then
    return LARGE, 0
  else
    whole[kind](key, fields_after)
  end
  if kind == 'hash' then
    -- All of its fields have expired, and the server has not come to delete it.
    if count == 0 then return '', bytes end
    kind = string.format('hash@%.0f', fields_after)
  end
  return string.format('%s:%.0f:%.0f:%.0f', kind, count, lane1, lane2), bytes
end
