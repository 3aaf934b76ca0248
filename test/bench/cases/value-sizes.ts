/** How long the servers are held up by one script, whatever the size of the values. */
import type { Redis } from "ioredis";
import { copyKeys } from "../../../migration/engines/sync";
import { inFlight } from "../in-flight";
import { SOURCE, syncJob, UNTHROTTLED, type BenchRing } from "../bench-ring";

const SIZES = [200, 2_000, 20_000, 200_000, 2_000_000];
const BYTES_OF_EACH_SIZE = 64_000_000;
const MOST_KEYS = 20_000;
const FLIGHT = 2;

/** What values of one size come to. */
export interface ScriptTimes {
  readonly valueBytes: number;
  readonly keysPerScript: number;
  readonly source: ServerTimes;
  readonly target: ServerTimes;
}

/** Server time of one script, milliseconds. */
interface ServerTimes {
  readonly p50: number;
  readonly p99: number;
}

export async function valueSizes(ring: BenchRing, say: (line: string) => void): Promise<readonly ScriptTimes[]> {
  const all: ScriptTimes[] = [];
  for (const valueBytes of SIZES) {
    const found = await timesOf(ring, valueBytes);
    say(`values of ${valueBytes} bytes: ${JSON.stringify(found)}`);
    all.push(found);
  }
  return all;
}

async function timesOf(ring: BenchRing, valueBytes: number): Promise<ScriptTimes> {
  const [source, target] = [ring.server(SOURCE).client, ring.server(ring.joining).client];
  await ring.empty();
  const count = Math.min(MOST_KEYS, BYTES_OF_EACH_SIZE / valueBytes);
  const keys = Array.from({ length: count }, (_, i) => Buffer.from(`value of ${valueBytes} bytes: ${i}`));
  for (const key of keys) await source.set(key, Buffer.alloc(valueBytes, key));
  await Promise.all([source, target].map((client) => client.config("RESETSTAT")));
  await ring.withRun((run) => {
    const edge = { primary: run.shards(SOURCE), secondary: run.shards(ring.joining) };
    return inFlight(keys, UNTHROTTLED.batchSize, FLIGHT, (batch) =>
      copyKeys(edge, batch, syncJob(run, ring.migration)),
    );
  });
  const keysPerScript = count / (await calls(source));
  const times = { source: await serverTimes(source), target: await serverTimes(target) };
  await source.unlink(...keys);
  return { valueBytes, keysPerScript, ...times };
}

async function calls(client: Redis): Promise<number> {
  const found = /cmdstat_evalsha:calls=(\d+)/.exec(await client.info("commandstats"));
  return Number(found?.[1] ?? NaN);
}

async function serverTimes(client: Redis): Promise<ServerTimes> {
  const found = /latency_percentiles_usec_evalsha:p50=([\d.]+),p99=([\d.]+)/.exec(await client.info("latencystats"));
  return { p50: Number(found?.[1] ?? NaN) / 1_000, p99: Number(found?.[2] ?? NaN) / 1_000 };
}
