-- Prepended to every script that compares values. Equal values give equal fingerprints on any server: a DUMP does
-- not (hash and set order, the RDB version in its footer).
local function pack(parts)
  for i = 1, #parts do parts[i] = #parts[i] .. ':' .. parts[i] end
  return parts
end

local function flatten(value, parts)
  if type(value) == 'table' then
    parts[#parts + 1] = '['
    for i = 1, #value do flatten(value[i], parts) end
    parts[#parts + 1] = ']'
  else
    parts[#parts + 1] = tostring(value)
  end
  return parts
end

local function pairs_of(list)
  local out = {}
  for i = 1, #list, 2 do out[#out + 1] = table.concat(pack({ list[i], list[i + 1] })) end
  return out
end

local function sorted(list) table.sort(list); return list end

local content = {
  list = function(key) return pack(redis.call('LRANGE', key, 0, -1)) end,
  set = function(key) return sorted(pack(redis.call('SMEMBERS', key))) end,
  hash = function(key) return sorted(pairs_of(redis.call('HGETALL', key))) end,
  zset = function(key) return sorted(pairs_of(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'))) end,
  stream = function(key)
    local groups = flatten(redis.call('XINFO', 'GROUPS', key), {})
    return pack(flatten(redis.call('XRANGE', key, '-', '+'), groups))
  end,
}

-- '' for a key that does not exist. Returns the bytes that were hashed as well.
local function fingerprint(key)
  local value = redis.pcall('GET', key)
  if value == false then return '', 0 end
  if type(value) == 'string' then return redis.sha1hex(value), #value end
  local kind = redis.call('TYPE', key).ok
  -- A module's type: the serialized body without its footer (2 bytes of version, 8 of checksum).
  local body = content[kind] and table.concat(content[kind](key)) or string.sub(redis.call('DUMP', key), 1, -11)
  return kind .. redis.sha1hex(body), #body
end

-- Whether a key is still what was seen of it. A value that equals the old one but expires later is another claim's life.
local function is_still(key, seen, expiry)
  local found, size = fingerprint(key)
  return found == seen and redis.call('PEXPIRETIME', key) == tonumber(expiry), found, size
end
