import type { StackValidationPolicy } from "@pulumi/policy";
import { shardIdentity } from "../components/shard-identity";
import { gateOf, type Gate } from "./ring-gate";
import { STATEFUL_SET } from "./shards";

export const ringShardsStay: StackValidationPolicy = {
  name: "ring-shards-stay",
  description: "No shard's StatefulSet is deleted while the shard is in a ring.",
  // A policy is not shown what is deleted, only what is there afterwards: so what must be there is looked for.
  validateStack: ({ resources }, reportViolation) => {
    const gate = gateOf(resources);
    if (gate === undefined) return;
    const declared = resources.filter(({ type }) => type === STATEFUL_SET).map(({ props }) => nameOf(props));
    for (const shard of shardsInRings(gate)) {
      const { statefulSet } = shardIdentity(shard, "");
      if (isElsewhere(gate, shard) || declared.includes(statefulSet)) continue;
      reportViolation(
        `${shard} is in a ring in phase "${gate.phase}", but this stack would have neither StatefulSet ${statefulSet} nor ` +
          `an address for it in shardUrls. Leave the shard where it is until no ring names it.`,
      );
    }
  },
};

/** A target ring that is only listed is not one yet. */
function shardsInRings({ phase, ring }: Gate): readonly string[] {
  return [...new Set([...ring.shards, ...(phase === "stable" ? [] : ring.targetShards)])];
}

const isElsewhere = ({ connection: { shards, managed = [] } }: Gate, shard: string): boolean =>
  shard in shards && !managed.includes(shard);

const nameOf = (props: Record<string, unknown>): string => (props["metadata"] as { name: string }).name;
