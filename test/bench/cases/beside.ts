/**
 * What comparing values costs here and in another checkout of this program, such as one of an earlier commit: the same keys
 * on the same servers, one checkout after the other in each round.
 */
import path from "node:path";
import type { Redis } from "ioredis";
import * as ownSync from "../../../migration/engines/sync";
import * as ownRing from "../bench-ring";
import { SOURCE, UNTHROTTLED, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";
import { inFlight } from "../in-flight";
import { ownCopier } from "./copying";

/** Over and over again: opening a run costs something too, in either checkout, and strings take hardly more than that. */
const STRING_PASSES = 5;
const STRINGS = 30_000;
const EACH = 6_000;
const MEMBERS = Array.from({ length: 20 }, (_, i) => `member ${i} of a value that is no string`);
const FLIGHT = 2;

/** How a value of each type is made. */
const MAKE: Readonly<Record<string, (client: Redis, key: string) => Promise<unknown>>> = {
  hashes: (client, key) => client.hset(key, ...MEMBERS.flatMap((member) => [member, member])),
  lists: (client, key) => client.rpush(key, ...MEMBERS),
  sets: (client, key) => client.sadd(key, ...MEMBERS),
  "sorted sets": (client, key) => client.zadd(key, ...MEMBERS.flatMap((member, score) => [score, member])),
  streams: async (client, key) => {
    for (const member of MEMBERS) void client.xadd(key, "*", "field", member);
    await client.xgroup("CREATE", key, "readers", "0");
  },
};

/** What is called of a checkout. It has to be so in every commit that is to be measured beside this one. */
interface Checkout {
  readonly name: string;
  readonly ring: Pick<typeof ownRing, "connect" | "syncJob">;
  readonly sync: Pick<typeof ownSync, "syncKeys">;
}

/** @param folder - of the other checkout, with its packages in it. */
export async function beside(ring: BenchRing, folder: string): Promise<Contest> {
  const client = ring.server(SOURCE).client;
  const some = (await ring.moversOf(SOURCE)).slice(0, STRINGS);
  const others = await makeValues(client);
  const all = ownCopier(ring, [...some, ...Object.values(others).flat()]);
  await all.prepare?.();
  await all.run();
  const here: Checkout = { name: "", ring: ownRing, sync: ownSync };
  const checkouts = [here, { name: ", the other checkout", ...load(folder) }];
  const strings = Array.from({ length: STRING_PASSES }, () => some).flat();
  return {
    title: "Beside another checkout",
    task:
      `compare keys that two shards have, by this checkout and by ${path.basename(path.resolve(folder))}; ` +
      `values that are no strings have ${MEMBERS.length} members`,
    contenders: Object.entries({ strings, ...others }).flatMap(([type, keys]) =>
      checkouts.map((checkout) => ({
        name: `${type}${checkout.name}`,
        // Whoever is first would find the servers' caches cold.
        prepare: () => compared(ring, keys, here),
        run: () => compared(ring, keys, checkout),
      })),
    ),
    stop: async () => {
      for (const key of Object.values(others).flat()) void client.unlink(key);
      await ring.empty();
    },
  };
}

/** @returns the keys of each type. */
async function makeValues(client: Redis): Promise<Readonly<Record<string, readonly Buffer[]>>> {
  const keys: Record<string, readonly Buffer[]> = {};
  for (const [type, make] of Object.entries(MAKE)) {
    const names = Array.from({ length: EACH }, (_, i) => `${type}:${i}`);
    await inFlight(names, 100, 1, (some) => Promise.all(some.map((name) => make(client, name))));
    keys[type] = names.map((name) => Buffer.from(name));
  }
  return keys;
}

function load(folder: string): Pick<Checkout, "ring" | "sync"> {
  /* eslint-disable @typescript-eslint/no-require-imports -- which files these are is known at run time only */
  return {
    ring: require(path.resolve(folder, "test/bench/bench-ring")) as Checkout["ring"],
    sync: require(path.resolve(folder, "migration/engines/sync")) as Checkout["sync"],
  };
  /* eslint-enable @typescript-eslint/no-require-imports */
}

/** @returns how many keys. @throws Error where they are not all equal: then it is not comparing alone that was timed. */
async function compared(ring: BenchRing, keys: readonly Buffer[], { ring: own, sync }: Checkout): Promise<number> {
  let repaired = 0;
  await own.connect(ring.description).withRun(async (run) => {
    const edge = { primary: run.shards(SOURCE), secondary: run.shards(ring.joining) };
    const job = own.syncJob(run, ring.migration);
    await inFlight(keys, UNTHROTTLED.batchSize, FLIGHT, async (batch) => {
      repaired += (await sync.syncKeys(edge, batch, job)).repaired;
    });
  });
  if (repaired > 0) throw new Error(`${repaired} keys had to be copied again`);
  return keys.length;
}
