/** Whether the throttle keeps its rate, on real shards, at work that they do not slow down. */
import { systemClock } from "../../../migration/adapters/session";
import { syncKeys } from "../../../migration/engines/sync";
import { Throttle } from "../../../migration/engines/throttle";
import { SOURCE, syncJob, UNTHROTTLED, type BenchRing } from "../bench-ring";

const RATES = [100, 1_000, 5_000, 20_000, 50_000];
const SECONDS = 10;
const FLIGHT = 2;

/** How a rate was kept. */
export interface Pacing {
  readonly keysPerSecond: number;
  /** Keys that went, as a share of those that should have, less 1. */
  readonly error: number;
  /** The most that was ever ahead of the rate, in batches. */
  readonly burst: number;
}

export async function pacing(ring: BenchRing, say: (line: string) => void): Promise<readonly Pacing[]> {
  const keys = await ring.moversOf(SOURCE);
  const all: Pacing[] = [];
  for (const rate of RATES) {
    const found = await ring.withRun(async (run) => {
      const throttle = new Throttle({ ...UNTHROTTLED, keysPerSecond: rate }, systemClock);
      const edge = { primary: run.shards(SOURCE), secondary: run.shards(ring.joining) };
      return keepRate(rate, throttle, keys, (batch) =>
        syncKeys(edge, batch, { ...syncJob(run, ring.migration), throttle }),
      );
    });
    say(
      `pacing at ${rate} keys/s: ${(100 * found.error).toFixed(2)} % off, at most ${found.burst.toFixed(2)} batches ahead`,
    );
    all.push(found);
  }
  return all;
}

async function keepRate(
  rate: number,
  throttle: Throttle,
  keys: readonly Buffer[],
  work: (batch: readonly Buffer[]) => Promise<unknown>,
): Promise<Pacing> {
  const { batchSize } = throttle;
  const start = performance.now();
  let [begun, burst] = [0, 0];
  const elapsed = () => (performance.now() - start) / 1_000;
  // A batch that has been let go is the next thing that happens to its shards.
  const take = throttle.take.bind(throttle);
  throttle.take = async (count) => {
    await take(count);
    begun += count;
    burst = Math.max(burst, (begun - rate * elapsed()) / batchSize);
  };
  const worker = async () => {
    for (let at = 0; elapsed() < SECONDS; at = (at + batchSize) % (keys.length - batchSize)) {
      await work(keys.slice(at, at + batchSize));
    }
  };
  await Promise.all(Array.from({ length: FLIGHT }, worker));
  return { keysPerSecond: rate, error: begun / (rate * elapsed()) - 1, burst };
}
