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
  /** A batch that takes longer than this lowers the pace. */
  readonly maxLatencyMs: number;
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
  /** Told of each batch of keys that is done. */
  readonly onKeys?: (keys: number) => void;
}
