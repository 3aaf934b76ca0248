import { BOOKKEEPING_PREFIX, literally } from "./key-names";

/** Every command that the engines send to a Redis 7.0, alone or in a script. What for: docs/guides/security.md. */
export const ENGINE_COMMANDS: readonly string[] = [
  ...[
    "auth",
    "info",
    "select",
    "client|info",
    "client|setname",
    "client|list",
    "dbsize",
    "scan",
    "exists",
    "get",
    "eval",
    "evalsha",
    "eval_ro",
    "evalsha_ro",
    "time",
    "type",
  ],
  ...["pexpiretime", "pttl", "dump", "restore", "set", "del", "unlink", "memory|usage"],
  ...[
    "lrange",
    "smembers",
    "hgetall",
    "zrange",
    "xrange",
    "xinfo|groups",
    "xinfo|stream",
    "xinfo|consumers",
    "xpending",
  ],
  ...["hscan", "sscan", "getrange", "llen", "hlen", "scard", "zcard", "xlen", "watch", "multi", "exec"],
];

/**
 * @returns the rules of an ACL user who can do an engine's work and nothing else: reads any key (whether a shard may go
 *   depends on all of them), writes those of the backend and of this product.
 */
export const engineAcl = (keyPrefix: string): readonly string[] => [
  "resetkeys",
  ...["%R~*", `~${literally(keyPrefix)}*`, `~${BOOKKEEPING_PREFIX}*`],
  // What reads values of newer servers (lives of hash fields, vector sets) has no name that an older one would take.
  ...["resetchannels", "-@all", "+@read", "-@dangerous", ...ENGINE_COMMANDS.map((command) => `+${command}`)],
];
