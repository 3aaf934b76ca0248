/**
 * `npm run demo`: a live ring of three shards is taken to four by `pulumi up`, one phase at a time; then a migration
 * back to three is begun and rolled back from its cutover. Exits 0 only when a checker that shares nothing with the
 * product's own verify finds every key at its owner, with its value and expiry, and nowhere else.
 */
import { World } from "../../e2e/world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 200_000;
const NAMESPACE = "dedup-demo";

/** What an operator would look at in the output of an `up`. */
const TELLING = /^\s*(plan|plan \S+|gate|barrier|pre-copy|catch-up|verify|cleanup|migration)[ ,:].*$/;

interface Row {
  readonly phase: string;
  readonly seconds: string;
  readonly keys: string;
  readonly result: string;
}

async function main(): Promise<boolean> {
  say(`deploying the backend and ${THREE.length} shards, and storing ${KEYS.toLocaleString("en-US")} keys`);
  const world = await World.create({
    namespace: NAMESPACE,
    shards: THREE,
    keys: KEYS,
    config: { copy: { keysPerSecond: 20_000, catchUpKeysPerSecond: 50_000 } },
  });
  const rows: Row[] = [];
  const step = async (phase: string, config: Record<string, unknown> = {}) => {
    say(`migrationPhase: ${phase} → pulumi up`);
    const started = Date.now();
    await world.stack.setConfig({ migrationPhase: phase, ...config });
    await world.stack.mustUp({ skipPreview: true, onLine: (line) => TELLING.test(line) && console.log(line) });
    rows.push({ phase, seconds: ((Date.now() - started) / 1_000).toFixed(1), ...(await outcome(world, phase)) });
  };
  try {
    for (const phase of ["plan", "copy", "dualWrite", "cutover", "cleanup"]) await step(phase, { targetShards: FOUR });
    await step("stable", { shards: FOUR });
    const grown = await check(world, FOUR, "3 → 4");
    for (const phase of ["plan", "copy", "dualWrite", "cutover"]) await step(phase, { targetShards: THREE });
    say("the operator thinks better of it, and reverts the config step by step");
    for (const phase of ["dualWrite", "copy", "stable"]) await step(phase);
    const back = await check(world, FOUR, "4 → 3, rolled back from cutover");
    console.table(rows);
    return grown && back;
  } finally {
    await world.destroy();
  }
}

/** The figures of a phase, from the stack's outputs. */
async function outcome(world: World, phase: string): Promise<Pick<Row, "keys" | "result">> {
  const outputs = await world.stack.outputs();
  const counters = outputs["copyCounters"] as Record<string, Record<string, number> | null>;
  const plan = outputs["migrationPlan"] as { total_keys_to_move: number; percentage_to_move: number } | null;
  const report = outputs["verification"] as Record<string, number> | null;
  const verified = `verified ${report?.["checked"]}: ${report?.["missing"]} missing, ${report?.["different"]} different`;
  switch (phase) {
    case "plan":
      return { keys: String(plan?.total_keys_to_move), result: `${plan?.percentage_to_move} % will move` };
    case "copy":
      return { keys: String(counters["preCopy"]?.["repaired"]), result: "copied" };
    case "dualWrite":
    case "cutover":
      return { keys: String(report?.["checked"]), result: verified };
    case "cleanup":
      return { keys: String(counters["cleanup"]?.["deleted"]), result: "deleted from their old owners" };
    default:
      return { keys: "", result: `ring epoch ${String(outputs["epoch"])}` };
  }
}

async function check(world: World, ring: readonly string[], what: string): Promise<boolean> {
  world.keys.close();
  const { right, missing, different, elsewhere } = await world.keys.placement(ring);
  const good = right === world.keys.stored.size && missing.length + different.length + elsewhere.length === 0;
  say(
    `${good ? "GOOD" : "BAD"}, ${what}: ${right} of ${world.keys.stored.size} keys at their owner, ` +
      `${missing.length} missing, ${different.length} different, ${elsewhere.length} elsewhere`,
  );
  return good;
}

const say = (line: string): void => console.log(`\ndemo: ${line}`);

main().then(
  (good) => process.exit(good ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
