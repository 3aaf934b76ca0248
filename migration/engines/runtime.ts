import type { HashRing } from "../ring/ring";
import type { FencingToken, ShardStore } from "./shard-store";
import type { MigrationRecord } from "./migration-record";
import type { FoundDifference } from "./steps/difference-examples";

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
  /** What the share was last; 0 while no work is allowed at all. */
  readonly level: number;
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
/** The same, of a job that is known anyhow. */
export type JobEvent = OmitOfEach<ProgressEvent, "job">;
type OmitOfEach<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

export type VerifyFigure = "checked" | "missing" | "different" | "extra" | "repaired";

/** What to do with a key that only the secondary holds: a left-over is deleted, somebody's half-done claim completed. */
export type ExtraAction = "delete" | "complete";

/**
 * What becomes of keys that the ring which decides does not have. `rescue`: they may be claims, so they are copied to
 * it. `delete`: they are left-overs, unless the shard that should have them has lost its data.
 */
export type OrphanAction = "rescue" | "delete";

/** What becomes of the keys that concern another shard. */
export type Task =
  /** Movers where the deciding ring has them: copied unseen. */
  | { readonly kind: "add" }
  /** The same: compared, and copied where they differ. */
  | { readonly kind: "sync"; readonly settle: boolean }
  /** Movers where the other ring has them, and the deciding ring has not. */
  | { readonly kind: "extras"; readonly settle: boolean; readonly action: ExtraAction }
  /** Taken off owners that no longer decide. */
  | { readonly kind: "drain"; readonly orphans: OrphanAction; readonly forgetful: boolean };

/** Work on all keys of some sources, said in full: so that whoever has this and the shards can do a source's part. */
export interface SourceWork {
  /** What the operator reads in progress lines; names the checkpoint too. */
  readonly name: string;
  readonly task: Task;
  readonly record: MigrationRecord;
  readonly direction: Direction;
  readonly sources: readonly string[];
  readonly pace: Pace;
  readonly expiryToleranceMs: number;
  /** No claim is under way for longer than this, ms. Not said by older versions of the program. */
  readonly claimMs?: number;
  /** The work that checkpoints belong to; without it there are none and a killed run starts over. */
  readonly checkpointFor?: string;
}

/** Work that leaves checkpoints. */
export interface CheckpointedWork extends SourceWork {
  readonly checkpointFor: string;
  /**
   * Whether a part that breaks off must not be gone on with, as nobody would know what it has changed: a pass of a verify
   * is clean only if nothing was.
   */
  readonly inOneGo: boolean;
}

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
  /** Throws when the live ring is not the one that the work is for. Absent: work that deletes nothing needs no look. */
  readonly assertInForce?: () => Promise<void>;
  /**
   * Has the parts of all sources done elsewhere, and returns when they are: their checkpoints say what came of it. Absent:
   * all is done here.
   */
  readonly delegate?: (work: CheckpointedWork) => Promise<void>;
  /** Told how far work is. It must neither throw nor take its time. */
  readonly onProgress?: (event: ProgressEvent) => void;
  /** Told of a few of the keys of each batch that differed between two shards. */
  readonly onDifference?: (difference: FoundDifference) => void;
}
