/**
 * `npm run demo [-- --comments DIR]`: a live ring of three shards is taken to four by `pulumi up`, one phase at a time, while clients use
 * it; then a migration back to three is begun and rolled back from its cutover.
 *
 * Exits 0 only when a checker that shares nothing with the product's own verify finds every key at its owner, with its
 * value and expiry, and nowhere else, and when no client was told anything untrue. Cleans up after itself, always.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { World } from "../../e2e/world";
import { Kube } from "../kube";
import { Load } from "../load/load";
import { LONGEST_SHORT_TTL_MS } from "../load/mix";
import type { Config } from "../pulumi-stack";
import { Operator } from "./operator";
import { table } from "./table";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 200_000;
/** Submissions a second: beside them the migration is to be quick. `npm run prove` is the one that loads. */
const RATE = 40;
/** Faster than anybody would want it beside traffic; the latency limit allows for a laptop that runs all of this. */
const PACE: Config = {
  copy: { keysPerSecond: 100_000, catchUpKeysPerSecond: 100_000, batchSize: 1_000, maxSourceLatencyMs: 200 },
  cleanup: { ttlWindow: "0s", keysPerSecond: 100_000, batchSize: 1_000 },
};
/** A backend that answers at once: every phase waits out its command timeout and claim window, some of them twice. */
const TIMES = { claimWindowMs: 500, commandTimeoutMs: 500, shutdownDelayMs: 1_000 };

async function main(): Promise<boolean> {
  const startedMs = Date.now();
  // A name of its own: whatever else is in the cluster is not touched.
  const namespace = `dedup-demo-${randomBytes(3).toString("hex")}`;
  say(`deploying the backend and 3 shards in namespace ${namespace}, and storing ${count(KEYS)} keys`);
  let world: World | undefined;
  try {
    const config = { ...PACE, monitoring: { enabled: true } };
    world = await World.create({ namespace, shards: THREE, keys: KEYS, config, times: TIMES, program: "sources" });
    say(`ready after ${seconds(startedMs)}`);
    return await migrate(world);
  } finally {
    say("cleaning up");
    await (world ? world.destroy({ wait: true }) : new Kube(namespace).deleteNamespace());
    say(`done in ${seconds(startedMs)}`);
  }
}

async function migrate(world: World): Promise<boolean> {
  const backup = { directory: path.join(world.stack.dir, "backups") };
  const seed = randomBytes(4).toString("hex");
  const load = new Load({ url: await world.backend.serviceUrl(), rate: RATE, seed, keys: world.keys });
  const { comments } = parseArgs({ options: { comments: { type: "string" } } }).values;
  const operator = new Operator(world.stack, comments);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void operator.stop());
  load.start();
  try {
    say("3 → 4 shards");
    await operator.go("plan", { targetShards: FOUR, backup }, true);
    await operator.go("copy");
    await operator.go("dualWrite");
    await operator.go("cutover", {}, true);
    await operator.go("cleanup");
    await operator.go("stable", { shards: FOUR });
    const grown = await check(world, load, FOUR, "3 → 4");

    load.start();
    say("4 → 3 shards, up to the cutover; then the operator thinks better of it and reverts the config, step by step");
    await operator.go("plan", { targetShards: THREE });
    for (const phase of ["copy", "dualWrite", "cutover", "dualWrite", "stable"] as const) await operator.go(phase);
    const kept = await check(world, load, FOUR, "4 → 3, rolled back from cutover");
    console.log(`\n${table(operator.rows)}`);
    return grown && kept;
  } finally {
    await load.stop();
  }
}

/** Nothing may be on its way, and what does not live long must be gone. */
async function check(world: World, load: Load, ring: readonly string[], what: string): Promise<boolean> {
  await load.pause();
  await sleep(LONGEST_SHORT_TTL_MS);
  const { right, missing, different, elsewhere } = await world.keys.placement(ring);
  const { requests, errors, retried } = load.timeline.stretch(0, Infinity);
  const wrong = load.ledger.findings().map(({ text }) => text);
  const total = world.keys.stored.size;
  const good =
    right === total && errors === 0 && [missing, different, elsewhere, wrong].every(({ length }) => length === 0);
  say(
    `${good ? "GOOD" : "BAD"}, ${what}: ${count(right)} of ${count(total)} keys at their owner with value and expiry, ` +
      `${missing.length} missing, ${different.length} different, ${elsewhere.length} elsewhere; ` +
      `clients so far: ${count(requests)} submissions, ${retried} tries repeated, ${errors} errors, ` +
      `${wrong.length} wrong answers`,
  );
  for (const example of [missing, different, elsewhere, wrong].flatMap((found) => found.slice(0, 3))) {
    console.log(`  ${example}`);
  }
  return good;
}

const say = (line: string): void => console.log(`\ndemo: ${line}`);
const count = (value: number): string => value.toLocaleString("en-US");
const seconds = (sinceMs: number): string => `${((Date.now() - sinceMs) / 1000).toFixed(0)} s`;

main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
