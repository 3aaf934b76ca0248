import { messageOf } from "../engines/errors";
import { LostCardError } from "../engines/run/ownership-errors";
import { hadCard, readOwnCard, type CardedShard } from "../engines/run/shard-cards";
import type { ShardStore } from "../engines/shard-store";
import { ownerOf } from "../entrypoints/backend-identity";
import type { DeployedStack } from "./stack";

/** @returns what is wrong with the cards of shards, by name; shards that do not answer are not in it. Reads only. */
export async function cardProblems(
  stores: readonly ShardStore[],
  gate: DeployedStack["gate"],
): Promise<ReadonlyMap<string, string>> {
  const owner = await ownerOf(gate);
  const found = await Promise.allSettled(
    stores.map(async (store): Promise<CardedShard> => ({ store, card: await readOwnCard(store, owner) })),
  );
  const carded = found.flatMap((look) => (look.status === "fulfilled" ? [look.value] : []));
  const problems = new Map<string, string>();
  found.forEach((look, i) => {
    const { name } = stores[i] as ShardStore;
    if (look.status === "rejected") problems.set(name, messageOf(look.reason));
    else if (look.value.card === undefined && hadCard(name, carded)) {
      problems.set(name, new LostCardError([name], gate.stack).message);
    }
  });
  return problems;
}
