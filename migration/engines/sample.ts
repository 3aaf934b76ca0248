import type { MigrationRecord } from "./migration-record";
import type { Route } from "./route";
import type { Run } from "./runtime";
import { runOnSources } from "./sources";
import type { ShardStore } from "./shard-store";

/** A key that was drawn, and the two shards it concerns. */
export interface Drawn {
  readonly source: ShardStore;
  readonly other: ShardStore;
  readonly key: Buffer;
}

/** Where keys are drawn from. */
export interface SampleJob {
  readonly name: string;
  readonly record: MigrationRecord;
  readonly sources: readonly string[];
  readonly route: Route;
  readonly size: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Draws keys that concern another shard, each with the same probability: a reservoir over a scan (Vitter's algorithm
 * R). A scan of all names is cheap beside comparing values, and RANDOMKEY is not uniform.
 *
 * @returns at most `size` keys; fewer when there are fewer.
 */
export async function drawSample(run: Run, job: SampleJob): Promise<readonly Drawn[]> {
  const drawn: Drawn[] = [];
  let seen = 0;
  const offer = (candidate: Drawn) => {
    const place = seen++ < job.size ? drawn.length : Math.floor(job.random() * seen);
    if (place < job.size) drawn[place] = candidate;
  };
  await runOnSources(run, {
    name: job.name,
    record: job.record,
    sources: job.sources,
    route: job.route,
    pacing: { batchSize: 1_000, flight: 1 },
    onBatch: (source, other, keys) => {
      for (const key of keys) offer({ source, other, key });
      return Promise.resolve({});
    },
  });
  return drawn;
}

/** @returns the drawn keys by the pair of shards that they concern. */
export function byEdge(drawn: readonly Drawn[]): readonly { source: ShardStore; other: ShardStore; keys: Buffer[] }[] {
  const edges = new Map<string, { source: ShardStore; other: ShardStore; keys: Buffer[] }>();
  for (const { source, other, key } of drawn) {
    const name = `${source.name}\n${other.name}`;
    const edge = edges.get(name) ?? { source, other, keys: [] };
    edge.keys.push(key);
    edges.set(name, edge);
  }
  return [...edges.values()];
}
