/**
 * The proof: a live ring is taken 3 → 4 and back to 3 by real `pulumi up`s, given up once in dualWrite and rolled back
 * once from cutover, under open-loop load, while pods, shards, kubelets and the runs themselves die. Every answer is
 * held against the others, and in the end every key against the shards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { World } from "../../e2e/world";
import { LONGEST_SHORT_TTL_MS } from "../load/mix";
import type { Finding } from "../load/judge";
import { Load } from "../load/load";
import type { Timeline } from "../load/timeline";
import type { Config } from "../pulumi-stack";
import type { Placement } from "../ring-keys";
import { Chaos } from "./chaos";
import type { ChaosEvent } from "./chaos-events";
import { JOURNEYS, THREE, type Journey } from "./journeys";
import { loseForGood, type GivenUp } from "./lost-for-good";
import { Migrator, type PhaseRun } from "./migrator";
import { WrongShards } from "./wrong-shards";

export interface ProofOptions {
  /** Ends the run early; what it has set up is taken away. */
  readonly signal?: AbortSignal;
  readonly namespace: string;
  /** Submissions a second. */
  readonly rate: number;
  /** Stored beforehand. */
  readonly keys: number;
  readonly seed: string;
  /** Whether anything dies. */
  readonly chaos: boolean;
  /** Whether the backend asks shards for their cards. Then chaos swaps and empties shards, one of them for good. @default false */
  readonly asksCard?: boolean;
  /** Of load before anything happens, to compare with. */
  readonly idleMs: number;
  readonly config?: Config;
  readonly say: (line: string) => void;
}

export interface ProofResult {
  readonly options: ProofOptions;
  readonly timeline: Timeline;
  /** From the first arrival to the first `pulumi up`. */
  readonly idle: { readonly fromMs: number; readonly toMs: number };
  readonly phases: readonly PhaseRun[];
  readonly events: readonly ChaosEvent[];
  readonly findings: readonly Finding[];
  /** The submissions without an answer after the second try. */
  readonly errors: readonly string[];
  /** Why tries had to be repeated, and how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** What an operator gave up, and was told of it. */
  readonly givenUp?: GivenUp;
  /** At the end of each journey. */
  readonly placements: readonly { readonly journey: string; readonly keys: number; readonly found: Placement }[];
  /** Why it ended early: a phase could not be brought about, or something that was killed did not come back. */
  readonly stuck?: string;
}

/** @throws Error when there is nothing to report of: nothing could be set up, or somebody stopped it */
export async function prove(options: ProofOptions): Promise<ProofResult> {
  const { namespace, keys, config = {}, say, asksCard = false } = options;
  say(`deploying the backend and 3 shards in namespace ${namespace}, and storing ${keys} keys`);
  const world = await World.create({ namespace, shards: THREE, keys, replicas: 3, config, background: true });
  try {
    if (asksCard) await world.backend.askCards();
    return await Promise.race([run(world, options), endOf(options.signal)]);
  } finally {
    say("cleaning up");
    await world.destroy({ wait: true });
  }
}

/** Rejects when somebody stops the run; what is under way is left to end with what it works on. */
function endOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("stopped"))));
}

async function run(world: World, options: ProofOptions): Promise<ProofResult> {
  const { rate, seed, say } = options;
  const url = await world.backend.serviceUrl();
  const load = new Load({ url, rate, seed, keys: world.keys });
  const placements: ProofResult["placements"][number][] = [];
  const events: ChaosEvent[] = [];
  const phases: PhaseRun[] = [];
  const onEvent = (event: ChaosEvent) => {
    events.push(event);
    say(`chaos: ${event.kind}: ${event.what}`);
  };
  let givenUp: GivenUp | undefined;
  load.start();
  try {
    say(`${rate} submissions/s, seed ${seed}`);
    await sleep(options.idleMs);
    const idle = { fromMs: load.timeline.startedMs, toMs: Date.now() };
    const journeys = async () => {
      for (const [i, journey] of JOURNEYS.entries()) {
        if (i > 0) load.start();
        await travel(world, journey, options, { phases, onEvent });
        await load.pause();
        placements.push({ journey: journey.name, ...(await check(world, journey.ring)) });
      }
      if (!options.chaos || !options.asksCard) return;
      givenUp = await loseForGood(world, load, THREE, onEvent);
      placements.push({ journey: "a shard emptied for good", ...(await check(world, THREE)) });
    };
    const stuck = await journeys().then(
      () => ({}),
      (error: Error) => ({ stuck: error.message }),
    );
    await load.stop();
    const { timeline, ledger, failures } = load;
    const [findings, errors] = [ledger.findings(), ledger.errors()];
    const told = { findings, errors, failures, placements, ...(givenUp && { givenUp }) };
    return { options, timeline, idle, phases, events, ...told, ...stuck };
  } finally {
    await load.stop();
  }
}

/** The chaos rests between two journeys: what is checked there must hold still. */
async function travel(
  world: World,
  journey: Journey,
  { seed, say, ...options }: ProofOptions,
  { phases, onEvent }: { readonly phases: PhaseRun[]; readonly onEvent: (event: ChaosEvent) => void },
): Promise<void> {
  const wrong = options.asksCard ? new WrongShards(world.backend) : undefined;
  const chaos = options.chaos ? new Chaos(`${seed} ${journey.name}`, world.kube, onEvent, wrong) : undefined;
  const migrator = new Migrator(world.stack, chaos, say);
  chaos?.start();
  try {
    for (const [phase, config] of journey.steps) await migrator.to(journey.name, phase, config);
  } finally {
    phases.push(...migrator.phases);
    await chaos?.stop();
  }
}

async function check(world: World, ring: readonly string[]) {
  // Ids that do not live long are in nobody's list of what must be stored.
  await sleep(LONGEST_SHORT_TTL_MS);
  world.keys.close(); // shards that were restarted have other addresses
  return { keys: world.keys.stored.size, found: await world.keys.placement(ring) };
}
