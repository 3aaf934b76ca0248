/** What is known at the end of a phase: the report says this and nothing else. */
import type { Sample } from "../engines/samples";
import type { Phase } from "../phases";

/** What was counted, by name: what that is depends on the step. */
export type StepCounts = Readonly<Record<string, number>>;

/** Of the plan, what the report needs. */
export interface PlannedMigration {
  readonly migration_id: string;
  readonly old_topology: { readonly total_keys: number };
  readonly total_keys_to_move: number;
  readonly percentage_to_move: number;
  readonly estimated_duration: string;
  /** Absent in plans of earlier versions. */
  readonly keys_per_shard?: Readonly<Record<string, number>>;
}

/** How a verify came out. */
export interface Verification {
  readonly mode: string;
  readonly checked: number;
  readonly missing: number;
  readonly different: number;
  readonly extra: number;
  readonly repaired: number;
  readonly bound: number;
  readonly at: string;
}

/** What the steps of the migration have found so far; null: not yet. */
export interface MigrationFigures {
  readonly plan: PlannedMigration | null;
  readonly preCopy: StepCounts | null;
  readonly catchUp: StepCounts | null;
  readonly cleanup: StepCounts | null;
  readonly preCopySamples: readonly Sample[] | null;
  readonly catchUpSamples: readonly Sample[] | null;
  readonly verification: Verification | null;
  /** ISO 8601. */
  readonly cleanupOpensAt: string | null;
}

export interface ReportFacts extends MigrationFigures {
  readonly stack: string;
  /** Undefined where nobody knows. */
  readonly from: Phase | undefined;
  readonly phase: Phase;
  readonly epoch: number;
  /** Names of the current ring's shards, in ring order. */
  readonly shards: readonly string[];
  /** Names of the target ring's shards, in ring order. */
  readonly targetShards: readonly string[];
  /** Whether the ring that is in force is the target ring. */
  readonly onTarget: boolean;
  /** Unix ms. */
  readonly atMs: number;
  /** Keys of each shard at the end of the phase; why that is not known where a shard does not answer. */
  readonly keysNow: Readonly<Record<string, number | string>>;
}

/** @returns seconds from a plan to the report; its id is the time of the plan, in UTC. */
export function secondsSincePlan({ plan, atMs }: Pick<ReportFacts, "plan" | "atMs">): number | undefined {
  const iso = plan?.migration_id.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z");
  const plannedMs = Date.parse(iso ?? "");
  return Number.isNaN(plannedMs) ? undefined : (atMs - plannedMs) / 1_000;
}
