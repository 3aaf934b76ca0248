/** Which two things go wrong in a round of a campaign with other writers and lost writes: all kinds in turn. */
import { createHash } from "node:crypto";
import { FORTH, JOURNEYS, type Journey, type PlannedFault } from "./journey";
import { LOSSES, type LossKind } from "./losses";
import { OTHER_WRITERS } from "./other-writers";
import { between, pick } from "./scene";
import type { Phase } from "../../migration/phases";

const AMID_WORK = 0.6;
const BEFORE = 0.5;
const AFTER_MOST_MS = 2_000;
const WRITERS = Object.keys(OTHER_WRITERS);
const LOSSES_BY_NAME = Object.keys(LOSSES);
/** Six and eight kinds: their least common multiple. */
const TURN = 24;

/** One kind of each. */
export interface Pair {
  readonly writer: string;
  readonly loss: string;
}

/** The kinds of a family that are to be drawn from: all of them where none is named. */
const chosen = (kinds: readonly string[], only: readonly string[]): readonly string[] => {
  const named = kinds.filter((kind) => only.includes(kind));
  return named.length > 0 ? named : kinds;
};

/**
 * @param seed - one that ends with a number goes by it: as many rounds in a row as there are pairs have each pair once.
 * @param only - kinds to draw from.
 */
export function pairOf(seed: string, only: readonly string[] = []): Pair {
  const [, number] = /-(\d+)$/.exec(seed) ?? [];
  const at = number === undefined ? createHash("sha256").update(seed).digest().readUInt32BE() : Number(number);
  const [writers, losses] = [chosen(WRITERS, only), chosen(LOSSES_BY_NAME, only)];
  return {
    writer: writers[at % writers.length] as string,
    // Each kind in turn, and when all have been there so often that a pair would come again, with the other neighbours.
    loss: losses[(at + (Math.floor(at / TURN) % 2)) % losses.length] as string,
  };
}

/**
 * @param straight - whether no step goes back.
 * @returns a way on which both can happen, and when they do.
 */
export function planPair(random: () => number, { writer, loss }: Pair, straight = false): PlannedWay {
  const { on = [] } = OTHER_WRITERS[writer] ?? {};
  const kind = LOSSES[loss] as LossKind;
  const journey = straight ? FORTH : pick(random, kind.straight ? WITHOUT_WAY_BACK : JOURNEYS);
  const at = pick(random, stops(journey, kind.on));
  const isBefore = kind.before === "always" || (kind.before === "often" && random() < BEFORE);
  return {
    journey,
    faults: [
      { kind: loss, at, isBefore, ...(isBefore ? { amidWork: false, afterMs: 0 } : moment(random)) },
      { kind: writer, at: pick(random, stops(journey, on)), isBefore: false, ...moment(random) },
    ],
  };
}

interface PlannedWay {
  readonly journey: Journey;
  readonly faults: readonly PlannedFault[];
}

/** Behind a cutover these only go on. */
const WITHOUT_WAY_BACK = JOURNEYS.filter((journey) => journey.filter((stop) => stop === "cutover").length === 1);

const stops = (journey: Journey, on: readonly Phase[]): readonly number[] =>
  [...journey.keys()].filter((i) => on.includes(journey[i] as Phase));

function moment(random: () => number): Pick<PlannedFault, "amidWork" | "afterMs"> {
  const amidWork = random() < AMID_WORK;
  return { amidWork, afterMs: amidWork ? 0 : between(random, 0, AFTER_MOST_MS) };
}
