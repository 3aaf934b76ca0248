/** What a shard itself checks of every write, and the lock whose token it checks. */
import { inFile } from "../mutation";

const FENCED = inFile(
  "migration/adapters/lua/fenced.lua",
  ["test/integration/fencing.test.ts"],
  [
    {
      name: "fencing",
      removed: "a shard refuses the writes of a run that lost its lock",
      find: "if not holder or string.sub(holder, 1, #ARGV[1]) ~= ARGV[1] then",
      replace: "if false then",
    },
  ],
);

const WRITE = inFile(
  "migration/adapters/lua/write.lua",
  ["test/integration/fencing.test.ts"],
  [
    {
      name: "write-compares",
      removed: "a write happens only where the shard still holds what was read",
      find: "if not is_seen then",
      replace: "if false then",
    },
    {
      name: "write-expired",
      removed: "nothing is written whose time has passed",
      find: "elseif expires >= 0 and expires <= now then",
      replace: "elseif false then",
    },
    {
      name: "absolute-expiry",
      removed: "an expiry is a point in time: it is taken for the time that is left",
      find: "'PXAT', expiry)",
      replace: "'PX', expiry)",
    },
  ],
);

const ADD = inFile(
  "migration/adapters/lua/add.lua",
  ["test/integration/bundles.test.ts"],
  [
    {
      name: "add-absent",
      removed: "a copy that is made without a look is made only where there is no key",
      find: "'NX', 'PXAT', expiry)",
      replace: "'PXAT', expiry)",
    },
    {
      name: "add-expired",
      removed: "nothing is added whose time has passed",
      find: "if expiry >= 0 and expiry <= now then",
      replace: "if false then",
    },
  ],
);

const DIGESTS = inFile(
  "migration/adapters/lua/digests.lua",
  ["test/integration/bundles.test.ts"],
  [
    {
      name: "digests-expiry",
      removed: "a group of keys counts as equal only with equal expiries",
      find: "return value, expiry, #value",
      replace: "return value, 0, #value",
    },
  ],
);

const REMOVE = inFile(
  "migration/adapters/lua/remove.lua",
  ["test/integration/drain.test.ts"],
  [
    {
      name: "remove-compares",
      removed: "the drain deletes only what the shard still holds as it was read",
      find: "elseif is_seen then",
      replace: "elseif true then",
    },
  ],
);

const COMPARISON = inFile(
  "migration/adapters/lua/still.lua",
  ["test/integration/fencing.test.ts"],
  [
    {
      name: "compares-expiry",
      removed: "an equal value with another expiry is another claim's: writes and deletes compare both",
      find: "return found == seen and redis.call('PEXPIRETIME', key) == tonumber(expiry), found, size",
      replace: "return found == seen, found, size",
    },
  ],
);

const LOCK = inFile(
  "migration/adapters/lua/lock.lua",
  ["test/integration/lock.test.ts"],
  [
    {
      name: "lock",
      removed: "a second run is kept out by the lock",
      find: "if value and string.sub(value, 1, #ARGV[1]) ~= ARGV[1] then",
      replace: "if false then",
    },
    {
      name: "lock-had-back",
      removed: "a lock that another run had meanwhile is not had back",
      find: "if not value and ARGV[4] == 'renew' and redis.call('GET', KEYS[2]) ~= ARGV[1] then",
      replace: "if false then",
    },
  ],
);

const RENEWAL = inFile(
  "migration/engines/lock.ts",
  ["test/integration/lock.test.ts"],
  [
    {
      name: "lock-lost",
      removed: "a run that learns that its lock is lost stops",
      find: "if (this.lost) throw this.lost;",
      replace: "",
    },
  ],
);

export const WRITES = [FENCED, WRITE, ADD, DIGESTS, REMOVE, COMPARISON, LOCK, RENEWAL].flat();
