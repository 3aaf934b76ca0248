/** The engines as `pulumi up` runs them, on all sources: what each makes of 3 → 4. */
import { catchUp } from "../../../migration/engines/catch-up";
import { drain } from "../../../migration/engines/drain";
import { preCopy } from "../../../migration/engines/pre-copy";
import { preFlight } from "../../../migration/engines/pre-flight";
import type { Run } from "../../../migration/engines/runtime";
import { TOLERANCE_MS, UNTHROTTLED, verifyPass, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";

/** Of the copies: one in so many is taken away before a catch-up that has something to do. */
const ONE_IN = 100;

export function engines(ring: BenchRing): Contest {
  const movers = ring.migration.movers;
  const work = (name: string, prepare: () => Promise<unknown>, run: (run: Run) => Promise<unknown>, keys = movers) => ({
    name,
    prepare,
    run: async () => {
      await ring.withRun(run);
      return keys;
    },
  });
  let epoch = 0;
  const caughtUp = (run: Run) => catchUp(run, ring.migration, ring.forward, ++epoch, UNTHROTTLED, TOLERANCE_MS);
  const nothing = () => Promise.resolve();
  return {
    title: "The engines, 3 → 4",
    task: "all sources at once; keys are movers, those of the plan are all keys",
    contenders: [
      work("plan: count every key and its bytes", nothing, (run) => countAll(ring, run), ring.keys),
      work(
        "pre-copy: scan, route and copy",
        () => ring.empty(),
        (run) => preCopied(ring, run),
      ),
      work("catch-up, nothing to do, both directions", nothing, caughtUp),
      work("catch-up, 1 % to do, both directions", () => ring.takeAway(ONE_IN), caughtUp),
      work("verify: one full pass, both directions", nothing, (run) => verifyPass(run, ring.migration, ring.forward)),
      work("cleanup: take the copies off again", nothing, (run) =>
        drain(run, {
          ...{ record: ring.migration, direction: ring.forward, sources: [ring.joining] },
          ...{ pace: UNTHROTTLED, epoch: ++epoch },
        }),
      ),
    ],
  };
}

const preCopied = (ring: BenchRing, run: Run) => preCopy(run, ring.migration, UNTHROTTLED, TOLERANCE_MS);

function countAll(ring: BenchRing, run: Run): Promise<unknown> {
  const { current, target, keyPrefix } = ring.rings;
  return preFlight(run, {
    ring: { shards: current.shards, targetShards: target.shards, vnodes: current.vnodes, keyPrefix },
    stores: target.shards.map(run.shards),
    containerLimits: {},
  });
}
