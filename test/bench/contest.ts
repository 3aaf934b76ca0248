/** Runs several ways to do the same side by side: in each round each once, so that a drift of the machine hits all. */
import type { Probe, Waits } from "./probe";

/** One way to do it. */
export interface Contender {
  readonly name: string;
  /** Whether it works on servers of its own, whose time nobody knows. */
  readonly hasOwnServers?: boolean;
  /** Brings about what each run begins with. Not timed. */
  readonly prepare?: () => Promise<unknown>;
  /** @returns how many keys it went over. */
  readonly run: () => Promise<number>;
}

/** Several ways to do the same. The first one is this product's. */
export interface Contest {
  readonly title: string;
  /** What all of them do, for the reader of the table. */
  readonly task: string;
  readonly contenders: readonly Contender[];
  readonly stop?: () => Promise<void>;
}

/** How one contender came out. */
export interface Standing {
  readonly name: string;
  readonly keys: number;
  readonly keysPerSecond: Spread;
  /** CPU time of the servers' main threads, all servers together; NaN for somebody else's servers. */
  readonly serverMicrosecondsPerKey: number;
  /** What the probe waited meanwhile: the medians of all rounds. */
  readonly probe: Waits;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ContestOptions {
  readonly rounds: number;
  /** Microseconds that the servers have worked so far. */
  readonly serverTime: () => Promise<number>;
  readonly probe: Probe;
  readonly say: (line: string) => void;
}

interface Sample {
  readonly keys: number;
  readonly seconds: number;
  readonly serverMicroseconds: number;
  readonly waits: Waits;
}

/** @returns the standings in the order of the contenders. */
export async function hold({ title, contenders }: Contest, options: ContestOptions): Promise<readonly Standing[]> {
  const samples = contenders.map((): Sample[] => []);
  for (let round = 1; round <= options.rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      await contender.prepare?.();
      const sample = await take(contender, options);
      samples[i]?.push(sample);
      const rate = Math.round(sample.keys / sample.seconds).toLocaleString("en");
      options.say(`${title}, round ${round} of ${options.rounds}, ${contender.name}: ${rate} keys/s`);
    }
  }
  return contenders.map(({ name }, i) => standing(name, samples[i] ?? []));
}

async function take({ run, hasOwnServers = false }: Contender, { serverTime, probe }: ContestOptions): Promise<Sample> {
  const before = await serverTime();
  probe.begin();
  const start = performance.now();
  const keys = await run();
  const seconds = (performance.now() - start) / 1_000;
  const waits = await probe.end();
  const serverMicroseconds = hasOwnServers ? NaN : (await serverTime()) - before;
  return { keys, seconds, serverMicroseconds, waits };
}

function standing(name: string, samples: readonly Sample[]): Standing {
  const waits = (of: keyof Waits) => median(samples.map((sample) => sample.waits[of]));
  return {
    name,
    keys: samples[0]?.keys ?? 0,
    keysPerSecond: spread(samples.map(({ keys, seconds }) => keys / seconds)),
    serverMicrosecondsPerKey: median(samples.map(({ keys, serverMicroseconds }) => serverMicroseconds / keys)),
    probe: { p50: waits("p50"), p99: waits("p99"), max: waits("max") },
  };
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** @returns the middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}
