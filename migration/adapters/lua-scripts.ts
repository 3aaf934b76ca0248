import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A script and the hash that EVALSHA knows it by. */
export interface LuaScript {
  readonly source: string;
  readonly sha1: string;
  /** Sent as one that only reads, it needs no right to write its keys, and could not. */
  readonly readOnly: boolean;
  /** The commands that it calls, in capitals: an error of Redis 7.0 does not say which of them was refused. */
  readonly commands: readonly string[];
}

const reading = (...parts: readonly string[]): LuaScript => ({ ...load(...parts), readOnly: true });

function load(...parts: readonly string[]): LuaScript {
  const source = parts.map((name) => readFileSync(join(__dirname, "lua", `${name}.lua`), "utf8")).join("\n");
  const calls = [...source.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, command = ""]) => command);
  const sha1 = createHash("sha1").update(source).digest("hex");
  return { source, sha1, readOnly: false, commands: [...new Set(calls)].sort() };
}

/** Work is batched on the server: the client's cost per command, not Redis, limits plain pipelining. */
export const LUA = {
  inspect: reading("members", "fingerprint", "clock", "inspect"),
  digests: reading("members", "fingerprint", "digests"),
  part: reading("members", "part"),
  read: reading("read"),
  bundle: reading("bundle"),
  memory: reading("memory"),
  add: load("fenced", "clock", "add"),
  write: load("fenced", "members", "fingerprint", "still", "clock", "write"),
  writeWatched: load("fenced", "watched", "clock", "write"),
  remove: load("fenced", "members", "fingerprint", "still", "remove"),
  removeWatched: load("fenced", "watched", "remove"),
  put: load("fenced", "put"),
  probeDump: load("fenced", "probe-dump"),
  probeRestore: load("fenced", "probe-restore"),
  lock: load("lock"),
  unlock: load("unlock"),
  tryCommands: load("fenced", "clock", "try_commands"),
} as const;
