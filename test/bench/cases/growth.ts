/** How time and memory of a pre-copy with a full verify grow with the ring. */
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { BenchRing } from "../bench-ring";
import { compiled } from "../compiled";

/** What a process of its own took. */
export interface Growth {
  readonly shards: number;
  readonly keys: number;
  readonly movers: number;
  /** Of the source that has the most. */
  readonly busiestMovers: number;
  readonly seconds: number;
  /** Of memory: before the work, which is Node and what it loads; and at most. */
  readonly startBytes: number;
  readonly peakBytes: number;
}

const RINGS = [
  { shards: 3, keys: 1_500_000 },
  { shards: 3, keys: 6_000_000 },
  { shards: 16, keys: 1_500_000 },
] as const;

export async function growth(say: (line: string) => void): Promise<readonly Growth[]> {
  const all: Growth[] = [];
  const engine = compiled(path.join(__dirname, "..", "engine-process.ts"));
  for (const { shards, keys } of RINGS) {
    const ring = await BenchRing.start(shards, keys);
    try {
      const found = { shards, keys, movers: ring.migration.movers, ...(await inProcess(engine, ring)) };
      let busiestMovers = 0;
      for (const name of ring.rings.current.shards) {
        busiestMovers = Math.max(busiestMovers, (await ring.moversOf(name)).length);
      }
      all.push({ ...found, busiestMovers });
    } finally {
      await ring.stop();
    }
    say(`growth, ${shards} → ${shards + 1}, ${keys} keys: ${JSON.stringify(all.at(-1))}`);
  }
  return all;
}

async function inProcess(
  engine: string,
  ring: BenchRing,
): Promise<Pick<Growth, "seconds" | "startBytes" | "peakBytes">> {
  const child = fork(engine, { execArgv: [] });
  child.send(ring.description);
  const ended = once(child, "exit").then(([code]) =>
    Promise.reject(new Error(`the engine ended with ${String(code)}`)),
  );
  ended.catch(() => undefined);
  const [found] = (await Promise.race([once(child, "message"), ended])) as [
    Pick<Growth, "seconds" | "startBytes" | "peakBytes">,
  ];
  return found;
}
