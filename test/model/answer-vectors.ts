/**
 * What the model answers to one claim, for everything that the owners may hold, and for what may be wrong with them: as
 * vectors for a real backend.
 */
import path from "node:path";
import type { PodConfig } from "../../migration/phases";
import { NAME_ORDERS } from "./check";
import { beginAttempt, isAnswered } from "./claims";
import { stepOf } from "./clients";
import { ALL_SAFEGUARDS } from "./safeguards";
import { ONE_CLIENT } from "./sizes";
import { initialWorld } from "./system";
import { other, primaryOf, writesBoth } from "./world";
import type { Attempt, Copy, Model, Owner, Shards, World } from "./world";

export const VECTORS_FILE = path.join(__dirname, "../vectors/model-vectors.json");

type Name = "a" | "b";
/** A value, and how many ms after the claim began it expires; `null` for never. */
type Holding = readonly [value: string, ms: number | null] | null;
type Holdings = Readonly<Record<Name, Holding>>;

/** What is wrong. `late`: every write of the claim but its first arrives after its deadline. */
export type VectorFault = "none" | "swapped" | "emptied" | "late";

/** In the form of the contract's claim vectors. */
export interface AnswerVector {
  readonly fault: VectorFault;
  /** Whose address leads to the other shard, or who lost its data, card included. */
  readonly shard: Name | null;
  readonly primary: Name;
  readonly secondary: Name | null;
  readonly before: Holdings;
  readonly answer: "first" | "duplicate" | "retry";
  readonly stored?: string;
  readonly after: Holdings;
}

const OWN = 1;
const CLAIMS = [OWN, 2, 3];
const VALUES = ["own", "theirs", "another's"];
/** What is there expires a tick after the claim began, the claim itself after two. */
const MS = [0, 60_000, 100_000];
const COPIES: readonly (Copy | undefined)[] = [undefined, ...CLAIMS.map((claim) => ({ claim, expiry: 1 }))];

/** One claim that is to be answered. */
interface Scene {
  readonly fault: VectorFault;
  readonly owner: Owner | undefined;
  readonly config: PodConfig;
  readonly firstByName: Owner;
  readonly held: Shards["held"];
}

/** @returns the vectors of pods of some configs, with both orders of the owners' names. */
export function answerVectors(configs: readonly PodConfig[] = ["A", "DA"]): AnswerVector[] {
  return NAME_ORDERS.flatMap((firstByName) => configs.flatMap((config) => scenesOf(config, firstByName).map(answer)));
}

/** @returns vectors as JSON, one a line. */
export const formatVectors = (vectors: readonly AnswerVector[]): string =>
  `[\n${vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(",\n")}\n]\n`;

function scenesOf(config: PodConfig, firstByName: Owner): Scene[] {
  const primary = primaryOf(config);
  const owners = writesBoth(config) ? [primary, other(primary)] : [primary];
  const others = owners.length === 2 ? COPIES : [undefined];
  const holdings = COPIES.flatMap((mine) => others.map((its) => ({ [primary]: mine, [other(primary)]: its })));
  const faults: readonly Pick<Scene, "fault" | "owner">[] = [
    { fault: "none", owner: undefined },
    { fault: "late", owner: undefined },
    ...owners.flatMap((owner) => (["swapped", "emptied"] as const).map((fault) => ({ fault, owner }))),
  ];
  const scenes = faults.flatMap((fault) =>
    holdings.map((held) => ({ ...fault, config, firstByName, held: held as Shards["held"] })),
  );
  return scenes.filter(({ fault, owner, held }) => fault !== "emptied" || held[owner as Owner] === undefined);
}

function answer({ fault, owner, config, firstByName, held }: Scene): AnswerVector {
  const model: Model = { size: { ...ONE_CLIENT, ticks: 2, ttl: 2 }, safeguards: ALL_SAFEGUARDS, firstByName };
  const initial = initialWorld(model);
  const loss: World["loss"] = fault === "emptied" && owner ? { owner, stage: "empty" } : undefined;
  const world: World = { ...initial, shards: { ...initial.shards, held }, loss };
  const attempt: Attempt = {
    ...beginAttempt(config, world.shards, model),
    ...(fault === "late" ? { late: true } : {}),
    ...(fault === "swapped" && owner ? { astray: owner } : {}),
  };
  const nameOf = (one: Owner): Name => (one === firstByName ? "a" : "b");
  const primary = primaryOf(config);
  return {
    fault,
    shard: owner === undefined ? null : nameOf(owner),
    primary: nameOf(primary),
    secondary: writesBoth(config) ? nameOf(other(primary)) : null,
    before: holdingsOf(held, firstByName),
    ...play(world, attempt, model),
  };
}

/** Takes a request to its end, what follows its answer included: nobody else does anything meanwhile. */
function play(begun: World, first: Attempt, model: Model): Pick<AnswerVector, "answer" | "stored" | "after"> {
  let told: Pick<AnswerVector, "answer" | "stored"> = { answer: "retry" };
  let world = begun;
  for (let attempt: Attempt | undefined = first; attempt !== undefined;) {
    const step = stepOf(world, attempt, OWN, model);
    if (isAnswered(step)) told = { answer: step.answer, stored: VALUES[step.stored.claim - 1]! };
    world = { ...world, shards: step.shards };
    attempt = step.next;
  }
  return { ...told, after: holdingsOf(world.shards.held, model.firstByName) };
}

function holdingsOf(held: Shards["held"], firstByName: Owner): Holdings {
  const holdingOf = (copy: Copy | undefined): Holding => (copy ? [VALUES[copy.claim - 1]!, MS[copy.expiry]!] : null);
  return { a: holdingOf(held[firstByName]), b: holdingOf(held[other(firstByName)]) };
}
