import type { StackValidationPolicy } from "@pulumi/policy";
import { shardsOf, type Shard } from "./shards";

const DEFAULT_STACKS: readonly string[] = ["prod"];

export const prodPassword: StackValidationPolicy = {
  name: "prod-password",
  description: "Every shard in production asks for a password.",
  configSchema: {
    properties: { stacks: { type: "array", items: { type: "string" }, default: [...DEFAULT_STACKS] } },
  },
  // Of shards of shardUrls nothing is declared here: whether those ask for one only they can tell.
  validateStack: ({ resources, ...policy }, reportViolation) => {
    const { stacks = DEFAULT_STACKS } = policy.getConfig<{ stacks?: readonly string[] }>();
    for (const shard of shardsOf(resources)) {
      if (!stacks.includes(stackOf(shard.urn)) || asksForPassword(shard)) continue;
      reportViolation(
        `${shard.name} would answer without a password in stack "${stackOf(shard.urn)}". Set one: ` +
          "pulumi config set --secret redisPassword",
        shard.urn,
      );
    }
  },
};

/** The file of the Secret is mounted, is included by `redis.conf`, and has a password in it. */
function asksForPassword({ conf, auth }: Shard): boolean {
  return /^\s*include\s+\S+\/auth\.conf\s*$/m.test(conf) && /^\s*requirepass\s+(?!"")\S/m.test(auth);
}

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME`. */
const stackOf = (urn: string): string => (urn.split("::")[0] ?? "").replace("urn:pulumi:", "");
