import type { StackValidationPolicy } from "@pulumi/policy";
import { shardsOf, type Shard } from "./shards";

export const noEviction: StackValidationPolicy = {
  name: "no-eviction",
  description: "Every shard refuses a write when it is full: it never evicts a key.",
  // Shards of shardUrls are not declared here: the plan asks those themselves.
  validateStack: ({ resources }, reportViolation) => {
    for (const shard of shardsOf(resources)) {
      const found = evictionPolicyOf(shard);
      if (found === "noeviction") continue;
      reportViolation(
        `${shard.name} would run with maxmemory-policy ${found ?? "unset"}; allowed: noeviction, written down.`,
        shard.urn,
      );
    }
  },
};

/** The last line of a file decides, and an argument decides over the file. */
function evictionPolicyOf({ command, conf }: Shard): string | undefined {
  const flag = command.indexOf("--maxmemory-policy");
  if (flag >= 0) return command[flag + 1];
  return [...conf.matchAll(/^\s*maxmemory-policy\s+(\S+)/gim)].pop()?.[1];
}
