/** The campaign's own look at what is on the shards: it shares the ring with the product, and nothing else. */
import type { Redis } from "ioredis";
import type { HashRing } from "../../migration/ring/ring";
import type { Book, HeldClaim } from "./book";
import type { Scene } from "./scene";
import { TypedShard } from "./typed-shard";

const ANSWER_WITHIN_MS = 10_000;

/** What must not be, by id. */
export interface Found {
  readonly lost: string[];
  readonly resurrected: string[];
  /** Keys whose value is not whole, or that expire at another time. */
  readonly different: string[];
  /** Copies on shards that do not own them. */
  readonly leftOver: string[];
}
export const NOTHING: Found = { lost: [], resurrected: [], different: [], leftOver: [] };

/** What is looked at. */
export interface Looked {
  readonly shards: Scene["shards"];
  /** The one that decides. */
  readonly ring: HashRing;
  /** Shards of it that lost their data: only what the others own can be looked for, and left-overs are no matter. */
  readonly lostShards: readonly string[];
  /** Shards whose left-overs are no matter: they have lost that they were deleted. */
  readonly untidy: readonly string[];
  /** Whether what was acknowledged of an id may be gone. */
  readonly isGivenUp: (id: string) => boolean;
}

/** Holds every key of every shard against what clients were told. */
export async function check(looking: Looked, book: Book, keyPrefix: string): Promise<Found> {
  const { shards, ring, lostShards, untidy, isGivenUp } = looking;
  const found: Found = { lost: [], resurrected: [], different: [], leftOver: [] };
  const fromMs = Date.now();
  const held = new Map<string, HeldClaim>();
  for (const { name, server } of shards) {
    const shard = new TypedShard(`redis://127.0.0.1:${server.port}`, ANSWER_WITHIN_MS, true);
    for (const key of await keysOf(server.client, keyPrefix)) {
      const id = key.slice(keyPrefix.length);
      const owner = ring.ownerOf(id);
      if (owner !== name && (lostShards.length > 0 || untidy.includes(name))) continue;
      const claim = await shard
        .look(key)
        .catch((error: unknown) => ({ value: String(error), expiresAtMs: undefined, isWhole: false }));
      if (claim === undefined) continue;
      if (owner !== name) found.leftOver.push(`${name} ${key}`);
      else held.set(id, { ...claim, claimId: claimIn(claim.value) });
    }
    shard.close();
  }
  const looked = { fromMs, toMs: Date.now() };
  for (const id of new Set([...book.names, ...held.keys()])) {
    if (lostShards.includes(ring.ownerOf(id))) continue;
    const verdict = book.verdict(id, held.get(id), looked);
    if (verdict !== "as it must be" && !isGivenUp(id)) found[verdict].push(id);
  }
  return found;
}

/** @returns the claim that a value is of; nonsense for what is no claim. */
function claimIn(value: string): string {
  try {
    return String((JSON.parse(value) as { claim_id?: string }).claim_id);
  } catch {
    return `no claim: ${value}`;
  }
}

async function keysOf(client: Redis, keyPrefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let cursor: string | undefined; cursor !== "0";) {
    const [next, found]: [string, string[]] = await client.scan(cursor ?? "0", "COUNT", 1_000);
    keys.push(...found.filter((key) => key.startsWith(keyPrefix)));
    cursor = next;
  }
  return [...new Set(keys)];
}
