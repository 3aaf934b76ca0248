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

/** What a pod does with the two rings. */
export interface Roles {
  readonly primary: RingRole;
  /** The ring that is written as well. */
  readonly secondary?: RingRole;
}

/** The configs in the order in which pods may change from one to the next. */
const CONFIGS: Readonly<Record<PodConfig, Roles>> = {
  A: { primary: "current" },
  DA: { primary: "current", secondary: "target" },
  DB: { primary: "target", secondary: "current" },
  B: { primary: "target" },
};
export const POD_CONFIGS = Object.keys(CONFIGS) as readonly PodConfig[];

/** The steps behind the barrier, in the order in which they run. */
export type Step = "plan" | "preCopy" | "catchUp" | "bake" | "verify" | "drain";

interface PhaseRow {
  /** The config of every pod. */
  readonly pods: PodConfig;
  /** Whose shards exist. */
  readonly shards: "current" | "both";
  /** The phases that may follow, besides staying. */
  readonly next: readonly Phase[];
  /** Phases that lead here at one go but not back: only a move that did not get to its end may be taken back. */
  readonly takesBack?: readonly Phase[];
  /** The steps that have work to do once the ring of this phase is in force. */
  readonly work: readonly Step[];
  /** The way back, for the operator. */
  readonly rollback: string;
}

const TABLE: Readonly<Record<Phase, PhaseRow>> = {
  stable: {
    pods: "A",
    shards: "current",
    next: ["plan"],
    takesBack: ["copy", "dualWrite", "cleanup"],
    work: ["drain"],
    rollback: "nothing to roll back: no migration is open",
  },
  plan: {
    pods: "A",
    shards: "both",
    next: ["copy", "stable"],
    takesBack: ["dualWrite"],
    work: ["plan"],
    rollback: "possible: set migrationPhase to stable",
  },
  copy: {
    pods: "A",
    shards: "both",
    next: ["dualWrite", "plan", "stable"],
    work: ["preCopy"],
    rollback: "possible: set migrationPhase to plan or stable",
  },
  dualWrite: {
    pods: "DA",
    shards: "both",
    next: ["cutover", "copy", "plan", "stable"],
    work: ["catchUp", "verify"],
    rollback: "possible: set migrationPhase to copy, plan or stable",
  },
  cutover: {
    pods: "DB",
    shards: "both",
    next: ["cleanup", "dualWrite"],
    work: ["catchUp", "bake", "verify"],
    rollback: "possible: set migrationPhase to dualWrite",
  },
  cleanup: {
    pods: "B",
    shards: "both",
    next: ["stable", "cutover"],
    work: ["drain"],
    rollback: "possible until retired shards are removed: set migrationPhase to cutover, which copies the movers back",
  },
};

/** What must hold before the ring may change. */
export type Check =
  /** No pod is further than one step of config from where the move leads. */
  | "oneStep"
  /** Every pod is where the move leads: nothing changes for them. */
  | "settled"
  /** This migration is recorded on every shard, as it was planned. */
  | "planned"
  /** Every shard answers, as a primary; one that is given up need not. */
  | "healthy"
  /** Shards that retire, and are dead or empty, are not needed: the target ring was verified behind the cutover. */
  | "unneeded"
  /** What the plan asked of the shards still holds. */
  | "fits"
  | "preCopied"
  /** The catch-up brought both rings into step, and dual-write has not been off since. */
  | "inStep"
  /** A fresh verify comes out clean. */
  | "verified"
  /**
   * The same, unless the ring that stays has every claim anyhow: the rings have not been in step since dual-write went
   * on, so that one of them has decided alone all the time, and none of its shards may have lost writes; or the shards
   * that are given up cannot be verified.
   */
  | "verifiedIfInStep"
  /** The service keeps what it promises, by its metrics. */
  | "serviceHealthy"
  /** It has done so for some time since the cutover. */
  | "serviceStable"
  /** The TTL window after the cutover is over. */
  | "windowOpen"
  | "drained";

interface Move {
  readonly checks: readonly Check[];
  /** The ring that is given up: shards that only it has may be out of reach. */
  readonly givesUp?: RingRole;
}

const SWITCH_ON: Move = { checks: ["oneStep", "planned", "healthy", "preCopied"] };
// Until the rings were in step there have been pods of A and DA only. Afterwards there may be pods of DB, which have
// taken claims that only an A pod would miss: `oneStep` sees them.
const ABANDON: Move = { checks: ["oneStep", "verifiedIfInStep"], givesUp: "target" };

/**
 * What each legal move asks for; a move that is not named changes nothing for the backend, and asks for nothing.
 *
 * After an `up` that failed or was killed the pods lag behind the phase, and forward and backward are both open: each
 * move asks where the pods are (`oneStep`), never whether the last `up` got to its end.
 */
const MOVES: Readonly<Partial<Record<`${Phase} → ${Phase}`, Move>>> = {
  "plan → copy": { checks: ["planned", "healthy", "fits"] },
  "stable → copy": { checks: ["planned", "healthy", "fits"] },
  // A → DA. What was in step before is caught up anew.
  "copy → dualWrite": SWITCH_ON,
  "plan → dualWrite": SWITCH_ON,
  "stable → dualWrite": SWITCH_ON,
  // DA → A.
  "dualWrite → copy": ABANDON,
  "dualWrite → plan": ABANDON,
  "dualWrite → stable": ABANDON,
  // DA ↔ DB. Pods of both side by side write both rings: either way both must hold every claim before.
  "dualWrite → cutover": { checks: ["oneStep", "planned", "healthy", "inStep", "verified", "serviceHealthy"] },
  // Back, a shard that only the target ring has may be what is wrong: the current ring has every acknowledged claim. Or
  // it is the service that is not well, so nobody asks how it is.
  "cutover → dualWrite": {
    checks: ["oneStep", "planned", "healthy", "inStep", "verifiedIfInStep"],
    givesUp: "target",
  },
  // DB → B. Not in step only where `cleanup → cutover` did not get to its end: the pods are DB and B, all of which ask
  // the target ring, so it has every claim.
  "cutover → cleanup": {
    checks: ["oneStep", "planned", "unneeded", "healthy", "windowOpen", "serviceStable", "verifiedIfInStep"],
    givesUp: "current",
  },
  // B → DB.
  "cleanup → cutover": { checks: ["oneStep", "planned", "healthy"] },
  // Nothing changes for the pods, but retiring shards go: nobody may write to them any more.
  "cleanup → stable": { checks: ["settled", "planned", "unneeded", "drained"], givesUp: "current" },
  "stable → cleanup": { checks: ["planned", "healthy", "settled"] },
};

/** What is asked where the phase stays and its ring is written once more: pods may run another ring by now. */
const REWRITE: Move = { checks: ["oneStep"] };

/**
 * @param rewrites - whether the ring gets another epoch.
 * @returns what a legal move asks for.
 */
export function moveOf(from: Phase, to: Phase, rewrites = false): Move {
  const again = from === to && rewrites && isOpen(to) ? REWRITE : { checks: [] };
  return MOVES[`${from} → ${to}`] ?? again;
}

/** @returns whether a legal move looks at the live ring and at the pods before it is made. */
export const asksPods = (from: Phase, to: Phase): boolean =>
  moveOf(from, to).checks.some((check) => check === "oneStep" || check === "settled");

/** What the migration record notes with the ring epoch in which it was found. */
export type Fact = "inStep" | "verified" | "cutover" | "drained";

/** A fact holds for as long as no pod was told to run any other config than these. */
export const HOLDS_IN: Readonly<Record<Fact, readonly PodConfig[]>> = {
  inStep: ["DA", "DB"],
  verified: ["DB", "B"],
  cutover: ["DB", "B"],
  drained: ["B"],
};

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
export const podConfigOf = (phase: Phase): PodConfig => TABLE[phase].pods;

/** @returns whichever of two states, of which one may be stable, knows both rings of the migration between them. */
export const openState = (from: RingState, to: RingState): RingState => (isOpen(from.phase) ? from : to);

/** @returns the config that pods run in a state, as seen from a migration that ends or begins there. */
export function configIn(migration: RingState, state: RingState): PodConfig {
  if (isOpen(state.phase)) return podConfigOf(state.phase);
  return sameList(state.shards, migration.targetShards) ? "B" : "A";
}

/** @returns how many steps lie between two configs. */
export const stepsBetween = (a: PodConfig, b: PodConfig): number =>
  Math.abs(POD_CONFIGS.indexOf(a) - POD_CONFIGS.indexOf(b));

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

/** @returns whether a move leads from a phase to one before it. */
export const isWayBack = (from: Phase, to: Phase): boolean =>
  isOpen(from) && !isFinish(from, to) && PHASES.indexOf(to) < PHASES.indexOf(from);

/** @returns whether a move ends a migration on its target ring. */
export const isFinish = (from: Phase, to: Phase): boolean => from === "cleanup" && to === "stable";

/** @returns whether a step has work to do in a phase. */
export const hasWork = (phase: Phase, step: Step): boolean => TABLE[phase].work.includes(step);

/** @returns whether the current shards have been backed up in a phase: from the first one that copies. */
export const takesBackup = (phase: Phase): boolean => PHASES.indexOf(phase) >= PHASES.indexOf("copy");

/** @returns whether a migration is open in a phase. */
export const isOpen = (phase: Phase): boolean => TABLE[phase].shards === "both";

/** @returns which ring is read and written in a phase, and which one is only written (if any). */
export const rolesOf = (phase: Phase): Roles => rolesIn(podConfigOf(phase));

/** @returns which ring pods of a config read and write, and which one they only write (if any). */
export const rolesIn = (config: PodConfig): Roles => CONFIGS[config];

/** @returns the primary and the secondary ring of a state; those of another config if one is given. */
export function ringsInForce(state: RingState, config: PodConfig = podConfigOf(state.phase)): RingsInForce {
  const rings = { current: state.shards, target: state.targetShards };
  const { primary, secondary } = CONFIGS[config];
  return { primary: rings[primary], secondary: secondary && rings[secondary] };
}

/** @returns the names of all shards that exist in a state, each once: current ones first, in ring order. */
export function shardsThatExist(state: Pick<RingState, "phase" | "shards" | "targetShards">): readonly string[] {
  if (TABLE[state.phase].shards === "current") return state.shards;
  return [...new Set([...state.shards, ...state.targetShards])];
}

/** @returns the names of the shards that only the current ring has: they go when the migration ends on its target ring. */
export const retiringShards = ({
  shards,
  targetShards,
}: Pick<RingState, "shards" | "targetShards">): readonly string[] =>
  shards.filter((name) => !targetShards.includes(name));

/**
 * @returns the names of the shards that a state cannot do without: all that exist, until the target ring alone is used.
 */
export function neededShards(state: Pick<RingState, "phase" | "shards" | "targetShards">): readonly string[] {
  return isOpen(state.phase) && podConfigOf(state.phase) === "B" ? state.targetShards : shardsThatExist(state);
}

/**
 * Why a move may not be made.
 *
 * @param from - the state of the last successful gate, undefined when there has been none.
 * @param cameFrom - the state that the last move led away from: that `up` may not have got to its end.
 * @returns a message for the operator, or undefined when the move is legal.
 */
export function refuseMove(from: RingState | undefined, to: RingState, cameFrom?: RingState): string | undefined {
  if (from === undefined) return refuseStart(to);
  if (TABLE[from.phase].takesBack?.includes(to.phase) && cameFrom && sameState(cameFrom, to)) return undefined;
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
  const finishes = isFinish(from.phase, to.phase);
  const kept = finishes ? from.targetShards : from.shards;
  if (!sameList(to.shards, kept)) return finishes ? refuseFinish(from, to) : refuseShardChange(from, to);
  return isOpen(from.phase) ? refuseEditDuringMigration(from, to) : undefined;
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
  // Who leaves may forget the other ring, but must still find its keys.
  const before = isOpen(to.phase) ? from.targetShards : to.targetShards;
  const edits = [
    ["targetShards", before.join(", "), to.targetShards.join(", ")],
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

/** @returns whether two states speak of the same migration: the same rings, made in the same way. */
export const sameMigration = (a: Omit<RingState, "phase">, b: Omit<RingState, "phase">): boolean =>
  sameList(a.shards, b.shards) &&
  sameList(a.targetShards, b.targetShards) &&
  a.vnodes === b.vnodes &&
  a.keyPrefix === b.keyPrefix;

const sameState = (a: RingState, b: RingState): boolean => a.phase === b.phase && sameMigration(a, b);

/** @returns whether two rings have the same shards in the same order. */
export const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
