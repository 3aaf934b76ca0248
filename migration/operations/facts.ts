import type { Baseline, Measurement, Reading, ServiceLimits } from "../engines/service-metrics";
import type { WriterRemark } from "../contract/other-writers-text";
import type { RingState } from "../phases";

/** What can be found out about a ring by looking at it. */
export interface Facts {
  readonly ring: RingState;
  readonly nowMs: number;
  readonly shards: readonly ShardFacts[];
  readonly backend: BackendFacts | { readonly unknown: string };
  /** Absent: nobody knows the service's metrics. */
  readonly service?: ServiceFacts;
}

/** A shard that answers, or why it does not. */
export type ShardFacts = { readonly name: string } & (AnsweringShard | { readonly silent: string });

export interface AnsweringShard {
  /** What a small request took, there and back, ms. */
  readonly waitMs: { readonly median: number; readonly max: number };
  readonly role: string;
  /** Of a primary. */
  readonly replicas: readonly Replica[];
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly maxMemoryBytes: number;
  readonly maxMemoryPolicy: string;
  /** Of this ring, and others. */
  readonly keys: number;
  /** Keys that were looked at, and those of them that this shard should not have. */
  readonly sample: { readonly keys: number; readonly strays: number };
  /** What is wrong with its card; absent: nothing. */
  readonly cardProblem?: string;
  /** What shows that it lost writes, or may have; absent: nothing. */
  readonly lossProblem?: string;
  /** Connections of unknown clients, in words; absent where nobody knows who is connected. */
  readonly unknownClients?: readonly string[];
  /** The migration that it knows; undefined: none. */
  readonly migrationId: string | undefined;
  /** Whether a run is at work on it. */
  readonly isLocked: boolean;
  readonly checkpoints: readonly CheckpointFacts[];
}

/** A replica as its primary sees it. */
export interface Replica {
  /** `online`, or what it does instead. */
  readonly state: string;
  /** Seconds since it last said how far it is. */
  readonly lagSeconds: number;
}

export interface CheckpointFacts {
  readonly job: string;
  readonly done: boolean;
  /** The migration that it belongs to, and for some jobs its ring epoch: `ID` or `ID/EPOCH`. */
  readonly work: string;
  /** When it was written, Unix ms; undefined in checkpoints of before. */
  readonly atMs: number | undefined;
}

export interface BackendFacts {
  /** Of the live ring ConfigMap, and of the stack's last `up`. */
  readonly epoch: number;
  readonly stackEpoch: number;
  /** How many pods there are, and those that run another epoch, or of which nobody knows. */
  readonly pods: number;
  readonly behind: readonly string[];
  /** Who else owns fields of the ring. */
  readonly otherWriters: readonly WriterRemark[];
}

export interface ServiceFacts {
  readonly measurement: Measurement;
  readonly limits: ServiceLimits;
  readonly baseline?: Baseline;
  /** In the last minutes. */
  readonly dualWriteErrors: Reading;
}
