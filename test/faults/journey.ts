/** The way of a round from phase to phase, and what goes wrong on it. */
import type { Phase } from "../../migration/phases";
import { FAULTS, ONLY_ON_THE_WAY_TO } from "./faults";
import { between, pick, type Scene } from "./scene";

const MOST_FAULTS = 6;
/** How often one comes on top of the one before. */
const TOGETHER = 0.4;
const AMID_WORK = 0.6;
const AFTER_MS = { most: 2_500, mostTogether: 300 } as const;
const JOINING_EMPTY = "joining shard back empty";
/** Where keys and reads move. */
const MOVES: readonly Phase[] = ["copy", "dualWrite", "cutover", "cleanup"];
const AT_STAKE = 0.8;

/** Phases in their order; "back" is stable on the ring of before. */
export type Journey = readonly (Phase | "back")[];

export const FORTH: readonly Phase[] = ["plan", "copy", "dualWrite", "cutover", "cleanup", "stable"];
/** Ways to the end, some with a step back on them. */
export const JOURNEYS: readonly Journey[] = [
  FORTH,
  FORTH,
  ["plan", "copy", "back", ...FORTH],
  ["plan", "copy", "dualWrite", "back", ...FORTH],
  ["plan", "copy", "dualWrite", "cutover", "dualWrite", "cutover", "cleanup", "stable"],
  ["plan", "copy", "dualWrite", "cutover", "cleanup", "cutover", "cleanup", "stable"],
];

export interface PlannedFault {
  readonly kind: string;
  /** The stop of the journey on whose way it happens. */
  readonly at: number;
  /** From the beginning of that way, or from when a run there is in the middle of its work. */
  readonly afterMs: number;
  readonly amidWork: boolean;
  /** Whether it is over before the way begins. */
  readonly isBefore: boolean;
}

/** What to draw from; everything by default. */
export interface Choice {
  /** Kinds of faults. */
  readonly only?: readonly string[];
  /** Phases on whose way they may happen. */
  readonly on?: readonly Phase[];
  /** Whether no step goes back. */
  readonly straight?: boolean;
  /** Whether somebody else writes and a shard loses writes, one kind of each, instead of all this. */
  readonly pairs?: boolean;
}

/** @returns what goes wrong on a way, and when. */
export function planFaults(
  { random, current, target }: Scene,
  journey: Journey,
  { only = Object.keys(FAULTS), on }: Choice,
): readonly PlannedFault[] {
  const kinds = only.filter((kind) => kind !== JOINING_EMPTY || target.length > current.length);
  const faults: PlannedFault[] = [];
  for (let left = between(random, 1, MOST_FAULTS); left > 0; left--) {
    const kind = pick(random, kinds);
    // Mostly where something is at stake.
    const possible = on ?? ONLY_ON_THE_WAY_TO[kind] ?? (random() < AT_STAKE ? MOVES : journey);
    const stops = [...journey.keys()].filter((i) => possible.includes(journey[i] as Phase));
    const before = faults.at(-1);
    if (before && random() < TOGETHER && stops.includes(before.at))
      faults.push({ ...before, kind, afterMs: before.afterMs + between(random, 0, AFTER_MS.mostTogether) });
    else {
      const amidWork = random() < AMID_WORK;
      const afterMs = amidWork ? 0 : between(random, 0, AFTER_MS.most);
      faults.push({ kind, at: pick(random, stops), afterMs, amidWork, isBefore: false });
    }
  }
  return faults;
}
