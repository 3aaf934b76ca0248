/**
 * How long another client waits while large values are copied, compared and drained, and how long DUMP and RESTORE of one
 * take: `npx ts-node -T test/bench/large-values.ts [members of the hash] [of the sorted set]`.
 */
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { preCopy } from "../../migration/engines/pre-copy";
import { verifyAndRepair } from "../../migration/engines/verify";
import type { RedisServer } from "../integration/redis-servers";
import { FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "../integration/ring-lab";

const [hashFields = 1_000_000, zsetMembers = 1_270_000] = process.argv.slice(2).map(Number);
const PROBE_EVERY_MS = 1;
const VALUES: readonly (readonly [name: string, members: number, script: string])[] = [
  [
    "hash",
    hashFields,
    "for i=ARGV[1],ARGV[2] do redis.call('HSET',KEYS[1],'field of user '..i,'value number '..i) end",
  ],
  ["zset", zsetMembers, "for i=ARGV[1],ARGV[2] do redis.call('ZADD',KEYS[1],i/7,'member number '..i) end"],
];

/** @returns what the work gave, and the longest and the 99th percentile of the waiting times meanwhile, ms. */
async function withProbe<T>(servers: readonly RedisServer[], work: () => Promise<T>) {
  const waits: number[] = [];
  let running = true;
  const probes = servers.map(async ({ client }) => {
    const own = client.duplicate();
    while (running) {
      const before = performance.now();
      await own.ping();
      waits.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
    own.disconnect();
  });
  const startedMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - startedMs;
  running = false;
  await Promise.all(probes);
  waits.sort((a, b) => a - b);
  return { result, tookMs, longestMs: waits.at(-1) ?? 0, p99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0 };
}

async function measure(lab: RingLab, name: string): Promise<void> {
  const settings = {
    mode: "full",
    sampleSize: 1,
    expiryToleranceMs: TOLERANCE_MS,
    claimWindowMs: 0,
    commandTimeoutMs: 0,
  } as const;
  const steps: readonly (readonly [string, () => Promise<object>])[] = [
    ["pre-copy", () => lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS))],
    ["catch-up", () => lab.run((run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS))],
    [
      "verify",
      () =>
        lab.run((run) =>
          verifyAndRepair(run, { record: lab.record, direction: lab.forward, settings: { ...settings, pace: PACE } }),
        ),
    ],
    [
      "cleanup",
      () =>
        lab.run((run) =>
          drain(run, { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 3 }),
        ),
    ],
  ];
  for (const [step, work] of steps) {
    const servers = [...lab.servers.values()];
    for (const { client } of servers) {
      await client.config("SET", "slowlog-log-slower-than", "1000");
      await client.config("SET", "slowlog-max-len", "10000");
      await client.call("SLOWLOG", "RESET");
    }
    const { result, tookMs, longestMs, p99Ms } = await withProbe(servers, work);
    const logs = await Promise.all(servers.map(({ client }) => client.call("SLOWLOG", "GET", "10000")));
    const heldMs = (logs.flat() as [number, number, number][]).map(([, , microseconds]) => microseconds / 1_000);
    heldMs.sort((a, b) => b - a);
    console.log(
      `${name}, ${step}: ${tookMs.toFixed(0)} ms; longest commands ${heldMs
        .slice(0, 3)
        .map((ms) => ms.toFixed(1))
        .join(", ")} ms; others wait ${longestMs.toFixed(1)} ms at most, p99 ${p99Ms.toFixed(1)} ms; ` +
        JSON.stringify(result),
    );
  }
}

async function main(): Promise<void> {
  for (const [name, members, script] of VALUES) {
    const lab = await RingLab.start(THREE, FOUR);
    await lab.begin();
    let key: Buffer;
    let i = 0;
    do key = Buffer.from(`pcs:${name} ${i++}`);
    while (lab.ownerOf(key, lab.rings.current) === lab.ownerOf(key, lab.rings.target));
    const { client } = lab.server(lab.ownerOf(key, lab.rings.current));
    for (let from = 1; from <= members; from += 20_000) {
      await client.eval(script, 1, key, from, Math.min(members, from + 19_999));
    }
    const [dumpStart, dump] = [performance.now(), await client.dumpBuffer(key)];
    const dumpMs = performance.now() - dumpStart;
    const restoreStart = performance.now();
    await client.restore("pcs:elsewhere", 0, dump ?? "");
    console.log(
      `${name} of ${members}: DUMP ${dumpMs.toFixed(0)} ms, RESTORE ${(performance.now() - restoreStart).toFixed(0)} ms`,
    );
    await client.unlink("pcs:elsewhere");
    await measure(lab, name);
    await lab.stop();
  }
}

void main();
