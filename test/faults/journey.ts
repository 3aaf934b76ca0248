/** The way of a round from phase to phase, and what goes wrong on it. */
import type { Phase } from "../../migration/phases";
import { ONLY_ON_THE_WAY_TO } from "./faults";
import { between, pick, type Scene } from "./scene";

const MOST_FAULTS = 6;
/** How often one comes on top of the one before. */
const TOGETHER = 0.4;
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
  readonly afterMs: number;
}

/** @param only - kinds of faults to draw from. */
export function planFaults(
  { random, current, target }: Scene,
  journey: Journey,
  only: readonly string[],
): readonly PlannedFault[] {
  const kinds = only.filter((kind) => kind !== JOINING_EMPTY || target.length > current.length);
  const faults: PlannedFault[] = [];
  for (let left = between(random, 1, MOST_FAULTS); left > 0; left--) {
    const kind = pick(random, kinds);
    // Mostly where something is at stake.
    const possible = ONLY_ON_THE_WAY_TO[kind] ?? (random() < AT_STAKE ? MOVES : journey);
    const stops = [...journey.keys()].filter((i) => possible.includes(journey[i] as Phase));
    const before = faults.at(-1);
    if (before && random() < TOGETHER && stops.includes(before.at))
      faults.push({ kind, at: before.at, afterMs: before.afterMs + between(random, 0, AFTER_MS.mostTogether) });
    else faults.push({ kind, at: pick(random, stops), afterMs: between(random, 0, AFTER_MS.most) });
  }
  return faults;
}
