/**
 * The phase table and the legal moves: the one place that knows what a phase means. Pure.
 *
 * A backend pod runs one of four configs, and a move changes the config by one step at most (A ↔ DA ↔ DB ↔ B):
 * jumping over one loses acknowledged claims, because pods side by side in the rollout would share no owner.
 */

export const PHASES = ["stable", "plan", "copy", "dualWrite", "cutover", "cleanup"] as const;
export type Phase = (typeof PHASES)[number];

/** A: current only. DA: current primary, target secondary. DB: target primary, current secondary. B: target only. */
export type PodConfig = "A" | "DA" | "DB" | "B";

/** Which of the two rings of a migration. */
export type RingRole = "current" | "target";

/** The steps behind the barrier, in the order in which they run. */
export type Step = "plan" | "preCopy" | "catchUp" | "verify" | "drain";

interface PhaseRow {
  readonly primary: RingRole;
  /** The ring that is written as well. */
  readonly secondary?: RingRole;
  /** Whose shards exist. */
  readonly shards: "current" | "both";
  /** The phases that may follow, besides staying. */
  readonly next: readonly Phase[];
  /** The steps that have work to do once the ring of this phase is in force. */
  readonly work: readonly Step[];
  /** The way back, for the operator. */
  readonly rollback: string;
}

const TABLE: Readonly<Record<Phase, PhaseRow>> = {
  stable: {
    primary: "current",
    shards: "current",
    next: ["plan"],
    work: ["drain"],
    rollback: "nothing to roll back: no migration is open",
  },
  plan: {
    primary: "current",
    shards: "both",
    next: ["copy", "stable"],
    work: ["plan"],
    rollback: "possible: set migrationPhase to stable",
  },
  copy: {
    primary: "current",
    shards: "both",
    next: ["dualWrite", "plan", "stable"],
    work: ["preCopy"],
    rollback: "possible: set migrationPhase to plan or stable",
  },
  dualWrite: {
    primary: "current",
    secondary: "target",
    shards: "both",
    next: ["cutover", "copy", "plan", "stable"],
    work: ["catchUp", "verify"],
    rollback: "possible: set migrationPhase to copy, plan or stable",
  },
  cutover: {
    primary: "target",
    secondary: "current",
    shards: "both",
    next: ["cleanup", "dualWrite"],
    work: ["catchUp", "verify"],
    rollback: "possible: set migrationPhase to dualWrite",
  },
  cleanup: {
    primary: "target",
    shards: "both",
    next: ["stable", "cutover"],
    work: ["drain"],
    rollback: "possible until retired shards are removed: set migrationPhase to cutover, which copies the movers back",
  },
};

/** What must hold before the ring may advance. */
export type Check =
  /** The live ConfigMap and every pod are where the last `up` left them. */
  | "settled"
  /** The plan of this migration is recorded on every shard. */
  | "planned"
  /** Every shard answers, as a primary. */
  | "healthy"
  | "preCopied"
  /** The catch-up brought both rings into step, and dual-write has not been off since. */
  | "inStep"
  /** A fresh verify comes out clean. */
  | "verified"
  /** The same, unless a shard that only the abandoned ring has is out of reach: the ring that stays has every claim. */
  | "verifiedIfReachable"
  /** The TTL window after the cutover is over. */
  | "windowOpen"
  | "drained";

/** A fact of the migration record that a move makes untrue. */
export type Forgotten = "inStepSinceEpoch" | "cutoverAtMs" | "drained";

interface Move {
  readonly checks: readonly Check[];
  readonly forgets?: readonly Forgotten[];
}

const ABANDON: Move = { checks: ["verifiedIfReachable"], forgets: ["inStepSinceEpoch"] };

/** What each legal move asks for and undoes; a move that is not named asks for nothing. */
const MOVES: Readonly<Partial<Record<`${Phase} → ${Phase}`, Move>>> = {
  "plan → copy": { checks: ["planned", "healthy"] },
  "copy → dualWrite": { checks: ["settled", "planned", "healthy", "preCopied"], forgets: ["inStepSinceEpoch"] },
  "dualWrite → cutover": { checks: ["settled", "planned", "healthy", "inStep", "verified"] },
  "cutover → cleanup": {
    checks: ["settled", "planned", "healthy", "inStep", "windowOpen", "verified"],
    forgets: ["inStepSinceEpoch"],
  },
  "cleanup → stable": { checks: ["settled", "planned", "drained"] },
  "cleanup → cutover": { checks: ["planned", "healthy"], forgets: ["inStepSinceEpoch", "drained"] },
  "cutover → dualWrite": { checks: ["planned", "healthy", "inStep", "verified"], forgets: ["cutoverAtMs"] },
  "dualWrite → copy": ABANDON,
  "dualWrite → plan": ABANDON,
  "dualWrite → stable": ABANDON,
};

/** @returns what a legal move asks for and undoes. */
export const moveOf = (from: Phase, to: Phase): Move => MOVES[`${from} → ${to}`] ?? { checks: [] };

/** What the stack config says about the ring: the desired state that a move starts from or goes to. */
export interface RingState {
  readonly phase: Phase;
  /** Names of the current ring's shards, in ring order. */
  readonly shards: readonly string[];
  /** Names of the target ring's shards, in ring order. */
  readonly targetShards: readonly string[];
  readonly vnodes: number;
  readonly keyPrefix: string;
}

/** The rings that the backend runs in a state: shard names in ring order; no secondary means no dual-write. */
export interface RingsInForce {
  readonly primary: readonly string[];
  readonly secondary: readonly string[] | undefined;
}

/** @returns the config that backend pods run in a phase. */
export function podConfigOf(phase: Phase): PodConfig {
  const { primary, secondary } = TABLE[phase];
  if (primary === "current") return secondary === undefined ? "A" : "DA";
  return secondary === undefined ? "B" : "DB";
}

/** @returns how an operator goes back from a phase. */
export const rollbackOf = (phase: Phase): string => TABLE[phase].rollback;

/**
 * The phase that fits what was found in the cluster.
 *
 * @returns `expected` if it fits or none does, else the fitting phase that is closest to it.
 */
export function nearestPhase(expected: Phase, fits: (phase: Phase) => boolean): Phase {
  const distance = (phase: Phase) => Math.abs(PHASES.indexOf(phase) - PHASES.indexOf(expected));
  return PHASES.filter(fits).sort((a, b) => distance(a) - distance(b))[0] ?? expected;
}

/** @returns whether a step has work to do in a phase. */
export const hasWork = (phase: Phase, step: Step): boolean => TABLE[phase].work.includes(step);

/** @returns whether the current shards have been backed up in a phase: from the first one that copies. */
export const takesBackup = (phase: Phase): boolean => PHASES.indexOf(phase) >= PHASES.indexOf("copy");

/** @returns whether a migration is open in a phase. */
export const isOpen = (phase: Phase): boolean => TABLE[phase].shards === "both";

/** @returns which ring is read and written in a phase, and which one is only written (if any). */
export function rolesOf(phase: Phase): { primary: RingRole; secondary?: RingRole } {
  const { primary, secondary } = TABLE[phase];
  return secondary === undefined ? { primary } : { primary, secondary };
}

/** @returns the primary and the secondary ring of a state. */
export function ringsInForce(state: RingState): RingsInForce {
  const rings = { current: state.shards, target: state.targetShards };
  const { primary, secondary } = TABLE[state.phase];
  return { primary: rings[primary], secondary: secondary && rings[secondary] };
}

/** @returns the names of all shards that exist in a state, each once: current ones first, in ring order. */
export function shardsThatExist(state: RingState): readonly string[] {
  if (TABLE[state.phase].shards === "current") return state.shards;
  return [...new Set([...state.shards, ...state.targetShards])];
}

/**
 * Why a move may not be made.
 *
 * @param from - the state of the last successful gate, undefined when there has been none.
 * @returns a message for the operator, or undefined when the move is legal.
 */
export function refuseMove(from: RingState | undefined, to: RingState): string | undefined {
  if (from === undefined) return refuseStart(to);
  return refusePhase(from, to) ?? refuseRingChange(from, to);
}

function refuseStart(to: RingState): string | undefined {
  if (to.phase === "stable" || to.phase === "plan") return undefined;
  return (
    `migrationPhase: this stack has no ring yet, so it cannot start in "${to.phase}". ` +
    `Start with "stable" (or "plan") and advance one phase at a time.`
  );
}

function refusePhase(from: RingState, to: RingState): string | undefined {
  const legal = TABLE[from.phase].next;
  if (to.phase === from.phase || legal.includes(to.phase)) return undefined;
  return (
    `migrationPhase: "${from.phase}" → "${to.phase}" is not a legal move. ` +
    `From "${from.phase}" the legal next phases are: ${legal.map((phase) => `"${phase}"`).join(", ")}.`
  );
}

function refuseRingChange(from: RingState, to: RingState): string | undefined {
  const finishes = from.phase === "cleanup" && to.phase === "stable";
  const kept = finishes ? from.targetShards : from.shards;
  if (!sameList(to.shards, kept)) return finishes ? refuseFinish(from, to) : refuseShardChange(from, to);
  if (from.phase === "stable" || to.phase === "stable") return undefined;
  return refuseEditDuringMigration(from, to);
}

const refuseFinish = (from: RingState, to: RingState): string =>
  `shards: the backend runs the target ring [${from.targetShards.join(", ")}] since the cleanup, but shards is ` +
  `[${to.shards.join(", ")}]. To finish the migration set shards to the value of targetShards together with ` +
  `migrationPhase "stable"; to go back set migrationPhase to "cutover".`;

const refuseShardChange = (from: RingState, to: RingState): string =>
  `shards: changing the ring in force from [${from.shards.join(", ")}] to [${to.shards.join(", ")}] without a migration ` +
  `would lose every key that changes its owner. Put the new list into targetShards, leave shards as it was, ` +
  `and set migrationPhase to "plan".`;

function refuseEditDuringMigration(from: RingState, to: RingState): string | undefined {
  const edits = [
    ["targetShards", from.targetShards.join(", "), to.targetShards.join(", ")],
    ["vnodes", String(from.vnodes), String(to.vnodes)],
    ["keyPrefix", from.keyPrefix, to.keyPrefix],
  ] as const;
  const edit = edits.find(([, before, after]) => before !== after);
  return (
    edit &&
    `${edit[0]}: changed from "${edit[1]}" to "${edit[2]}" in the middle of a migration (phase "${from.phase}"). ` +
      `Take it back, or go back to migrationPhase "stable" first and plan anew.`
  );
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
