-- Prepended, in place of fingerprint.lua and still.lua, to scripts in a transaction that WATCHes the key: it has been
-- compared in parts, and the transaction ends without effect if it has changed since.
local LARGE = '?'
local function is_still() return true, 'watched', 0 end
