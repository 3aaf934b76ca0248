/** What a plan says of commands that a shard's server refuses. Pure. */
import { formatBytes } from "./format";

/** Which part of a migration needs a command; those that are not named here are needed from the plan on. */
const NEEDED_FOR: Readonly<Record<string, string>> = {
  DUMP: "the copy",
  RESTORE: "the copy",
  PEXPIRETIME: "the copy",
  UNLINK: "the cleanup",
  DEL: "the end of the migration",
  "MEMORY USAGE": "the plan",
};
const NEEDED_BY_DEFAULT = "every phase";

/** @returns why a shard cannot go through a migration with this command refused, with the next step. */
export function commandProblem(shard: string, command: string, reply: string): string {
  const what = `${shard}: ${command}, which ${NEEDED_FOR[command] ?? NEEDED_BY_DEFAULT} needs, is refused: ${withStop(reply)}`;
  return `${what} Next: ${remedy(command, reply)}, and plan again.`;
}

/** @returns why a value of this size cannot be copied to a shard, with the next step. */
export const requestProblem = (shard: string, bytes: number, reason: string): string =>
  `${shard}: a request of ${formatBytes(bytes)}, as large as the biggest value that was counted, fails: ` +
  `${withStop(reason)} Next: raise its client-query-buffer-limit (and proto-max-bulk-len) above that, and plan again.`;

function remedy(command: string, reply: string): string {
  const right = command.toLowerCase().replace(" ", "|");
  // "No permissions to access a key" since 7.2, "this user has no permissions to access one of the keys …" before.
  if (/can't access|no permissions to access/i.test(reply))
    return "grant its ACL user the keys that docs/guides/security.md lists";
  if (/NOPERM|can't run this command|has no permissions to run/.test(reply)) return `grant its ACL user +${right}`;
  if (/unknown (redis )?command/i.test(reply)) return `take ${command.split(" ")[0] ?? ""} out of its rename-command`;
  if (/^(ERR )?NOREPLICAS/.test(reply)) return "bring its replicas back, or lower min-replicas-to-write";
  return "look at the server's log";
}

const withStop = (text: string): string => (text.endsWith(".") ? text : `${text}.`);
