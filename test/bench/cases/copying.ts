/** What all who copy some keys of one source to an empty shard have in common. */
import { copyKeys } from "../../../migration/engines/sync";
import { SOURCE, syncJob, UNTHROTTLED, type BenchRing } from "../bench-ring";
import type { Contender } from "../contest";
import { inFlight } from "../in-flight";

const FLIGHT = 2;

/** Somebody who copies so many keys, to a shard that is emptied before. */
export const copier = (ring: BenchRing, keys: number, name: string, run: () => Promise<unknown>): Contender => ({
  name,
  prepare: () => ring.empty(),
  run: async () => {
    await run();
    return keys;
  },
});

/** This product, without a scan. */
export const ownCopier = (ring: BenchRing, keys: readonly Buffer[]): Contender =>
  copier(ring, keys.length, "dedup-shards", () =>
    ring.withRun(async (run) => {
      const edge = { primary: run.shards(SOURCE), secondary: run.shards(ring.joining) };
      const job = syncJob(run, ring.migration);
      await inFlight(keys, UNTHROTTLED.batchSize, FLIGHT, (batch) => copyKeys(edge, batch, job));
    }),
  );
