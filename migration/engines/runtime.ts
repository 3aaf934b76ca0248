import type { HashRing } from "../ring/ring";
import type { FencingToken, ShardStore } from "./shard-store";

/** Time as the engines see it. */
export interface Clock {
  /** Unix ms. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** One line for the operator, shown live under the stack. */
export type Log = (line: string) => void;

/** How fast and how carefully an engine goes. */
export interface Pace {
  /** Ceiling of keys per second that are compared, copied or deleted, all sources together; compared and copied is one. */
  readonly keysPerSecond: number;
  /** Keys per batch at most. */
  readonly batchSize: number;
  /** A value larger than this travels alone. */
  readonly bigValueBytes: number;
  /** What other clients of a shard may wait for the sake of the work, ms. */
  readonly maxSourceLatencyMs: number;
}

/** Holds work back for the sake of the service. */
export interface Brake {
  /**
   * Waits while the service cannot bear any work at all.
   * @returns the share of its ceiling that work may go at: above 0, at most 1.
   */
  share(): Promise<number>;
}

/** The two rings of a migration and the shards of both. */
export interface MigrationRings {
  readonly current: HashRing;
  readonly target: HashRing;
  readonly keyPrefix: string;
}

/** Which ring decides (`primary`) and which one is to hold the same (`secondary`). */
export interface Direction {
  readonly primary: HashRing;
  readonly secondary: HashRing;
}

/** Looks up an open shard by name. */
export type Shards = (name: string) => ShardStore;

/** What becomes of a job, for whoever draws it. The job is named as in progress lines. */
export type ProgressEvent = { readonly job: string } & (
  | {
      readonly kind: "begun";
      readonly sources: readonly string[];
      /** How many edges lead from a source; none where it is not named. */
      readonly edges: Readonly<Record<string, number>>;
      /** Movers that the plan counted. */
      readonly movers: number;
      /** Whether its sources leave checkpoints. */
      readonly checkpoints: boolean;
    }
  /** Keys that an earlier run did; a negative number takes back keys that must be done once more. */
  | { readonly kind: "skipped"; readonly source: string; readonly keys: number }
  /** A batch is done. `allowed`: keys per second that the throttle allows at present. */
  | { readonly kind: "keys"; readonly source: string; readonly keys: number; readonly allowed?: number }
  | { readonly kind: "checkpoint" | "done" | "failed"; readonly source: string }
  /** A pass of a verify: what it found, and what all passes repaired. */
  | { readonly kind: "verified"; readonly counts: Readonly<Record<VerifyFigure, number>> }
);
export type VerifyFigure = "checked" | "missing" | "different" | "extra" | "repaired";

/** What every engine that writes is handed: an open, locked run. */
export interface Run {
  readonly rings: MigrationRings;
  readonly shards: Shards;
  /** Throws as soon as the lock is lost, so that nothing goes on without it. */
  readonly token: () => FencingToken;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: work goes as fast as the shards take it. */
  readonly brake?: Brake;
  /** Told how far work is. It must neither throw nor take its time. */
  readonly onProgress?: (event: ProgressEvent) => void;
}
