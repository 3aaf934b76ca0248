/** A shard that loses its data for good, under load: it answers RETRY until an operator goes on without the data. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../../migration/ring/ring";
import { runProgram } from "../../e2e/operator-program";
import type { World } from "../../e2e/world";
import { Client } from "../load/client";
import type { Ledger } from "../load/ledger";
import type { Load } from "../load/load";
import type { LostShard } from "../load/lost-shard";
import type { ChaosEvent } from "./chaos-events";
import { WrongShards } from "./wrong-shards";

const SHARD = "shard-1";
/** Of load before, in between and after. */
const STRETCH_MS = 3_000;

export interface GivenUp {
  readonly shard: string;
  /** Ids that had been acknowledged, were to live on, and have been given up. */
  readonly keys: number;
  /** For how long nobody had decided. */
  readonly seconds: number;
  /** What the command told the operator. */
  readonly told: string;
}

/**
 * Ends with the load paused, and with the ledger's truth without what was given up.
 *
 * @param ring - the ring in force, in ring order; no migration is open.
 * @throws Error when the service does not go on, or the command does not tell what is given up.
 */
export async function loseForGood(
  world: World,
  load: Load,
  ring: readonly string[],
  onEvent: (event: ChaosEvent) => void,
): Promise<GivenUp> {
  const wrong = new WrongShards(world.backend);
  load.start();
  await sleep(STRETCH_MS);
  onEvent({ kind: "shard emptied for good", what: SHARD, atMs: Date.now() });
  const emptiedMs = await wrong.empty(SHARD);
  await sleep(STRETCH_MS);
  const decidedMs = Date.now();
  const told = await adopt(world);
  await wrong.untilShown(SHARD);
  const acceptedMs = Date.now();
  await sleep(STRETCH_MS);
  await load.pause();
  await world.stack.mustUp({ skipPreview: true });
  const hashRing = new HashRing(ring);
  const owns = (pcsId: string) => hashRing.ownerOf(pcsId) === SHARD;
  const lost = { owns, emptiedMs, decidedMs, acceptedMs };
  await tryAgain(new Client(await world.backend.serviceUrl()), load.ledger, lost);
  const keys = load.ledger.giveUp(lost);
  return { shard: SHARD, keys, seconds: (decidedMs - emptiedMs) / 1_000, told };
}

/** Clients that were told RETRY all the while come once more, with the same claims. */
async function tryAgain(client: Client, ledger: Ledger, lost: LostShard): Promise<void> {
  for (const { claim, sentMs } of ledger.takeHeldUp(lost)) {
    const outcome = await client.submit(claim);
    ledger.enter(claim, outcome, { sentMs, answeredMs: Date.now() });
  }
}

async function adopt({ stack }: World): Promise<string> {
  const { output, code } = await runProgram(stack, "migration/operations/adopt.ts", "--shard", SHARD);
  const told = output.split("\n").find((line) => line.includes(`${SHARD} goes on with what it has now`));
  if (code !== 0 || told === undefined) throw new Error(`adopt did not hand ${SHARD} over (exit ${code}):\n${output}`);
  return told;
}
