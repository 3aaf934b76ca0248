/** What clients are told, and whether answers contradict each other. */
import type { PodConfig } from "../../migration/phases";
import { isSuspect } from "./losses";
import { laterClock, primaryOf, writesBoth } from "./world";
import type { Answers, Attempt, Client, Copy, Shards, World } from "./world";

/** The invariants that an answer can break. */
export const AT_MOST_ONE_FIRST = "at most one first";
export const NOT_ALL_DUPLICATES = "never every client a duplicate";
export const DUPLICATES_AGREE = "duplicates agree";

/** An answer that a pod of some config gives to a client; `stored` is what it promises. */
export interface Answer {
  readonly client: number;
  readonly config: PodConfig;
  readonly answer: "first" | "duplicate";
  readonly stored: Copy;
  /** What the pod does afterwards. */
  readonly next?: Attempt;
}

/** Notes an answer, and whether it contradicts an earlier one. */
export function noteAnswer(world: World, { client, config, answer, stored, next: attempt }: Answer): World {
  const isHalfLost = world.clients[client]?.attempt?.halfLost;
  const clients = world.clients.map((one, i): Client => (i === client ? { asked: one.asked, answer, attempt } : one));
  // What a shard answers that has lost writes may give way to what the other owner has.
  const isDoubtful = answer === "duplicate" && isSuspect(world, primaryOf(config));
  if (isHalfLost || isDoubtful) return { ...world, clients };
  const expiry = earliestExpiry(world.shards, config, stored);
  const promised = world.answers.promised.map((known, i) => {
    if (i + 1 !== stored.claim) return known;
    return answer === "first" || known === 0 ? expiry : known;
  });
  const isAlone = !writesBoth(config);
  const alone = world.answers.alone.map((known, i) => (i + 1 === stored.claim ? known || isAlone : known));
  const broken = world.answers.broken ?? contradiction({ ...world, clients }, { ...stored, expiry });
  return { ...world, clients, answers: { promised, alone, ...(broken === undefined ? {} : { broken }) } };
}

/** Tries at different times may have left copies of different expiry: the claim lives as long as the first to go. */
function earliestExpiry({ held }: Shards, config: PodConfig, { claim, expiry }: Copy): number {
  const owners = writesBoth(config) ? (["current", "target"] as const) : [primaryOf(config)];
  const copies = owners.flatMap((owner) => (held[owner]?.claim === claim ? [held[owner].expiry] : []));
  return Math.min(expiry, ...copies);
}

/** Which invariant an answer breaks: another claim has been promised, and the time of neither is over on any shard. */
function contradiction({ clients, answers, shards }: World, { claim, expiry }: Copy): string | undefined {
  const now = laterClock(shards);
  if (expiry <= now) return undefined;
  const others = answers.promised.flatMap((expiry, i) => (i + 1 !== claim && expiry > now ? [i] : []));
  if (others.length === 0) return undefined;
  if (clients.every(({ answer }) => answer === "duplicate")) return NOT_ALL_DUPLICATES;
  const firsts = [claim - 1, ...others].filter((i) => clients[i]?.answer === "first");
  return firsts.length > 1 ? AT_MOST_ONE_FIRST : DUPLICATES_AGREE;
}

/** Forgets promises whose time is over on both shards. */
export function expirePromises(answers: Answers, { clock }: Shards): Answers {
  const earlier = Math.min(clock.current, clock.target);
  if (!answers.promised.some((expiry) => expiry > 0 && expiry <= earlier)) return answers;
  return { ...answers, promised: answers.promised.map((expiry) => (expiry <= earlier ? 0 : expiry)) };
}
