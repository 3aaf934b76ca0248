/** What a round is played on, as far as faults need to know it. */
import type { RedisServer } from "../integration/redis-servers";
import type { Phase } from "../../migration/phases";
import type { UpRun } from "./run-up";
import type { TcpProxy } from "./tcp-proxy";

export const KEY_PREFIX = "pcs:";

/** A shard: its server, which may be replaced by another one, and the way that everybody takes to it. */
export interface FaultyShard {
  readonly name: string;
  server: RedisServer;
  readonly proxy: TcpProxy;
}

export interface Scene {
  readonly random: () => number;
  readonly shards: readonly FaultyShard[];
  /** Of the ring that decides until the cutover. */
  readonly current: readonly string[];
  readonly target: readonly string[];
  /** The phase that is being brought about. */
  phase: Phase;
  /** The `up` at work, if any. */
  up: UpRun | undefined;
  /** Whether it is behind the gate. */
  isWorking: boolean;
  /** How many there have been. */
  ups: number;
  /** Of the engines' machine, from that of the shards. */
  clockOffsetMs: number;
  /** Whether movers have begun to go from where they were. */
  hasDrained: boolean;
  /** Shards whose data was taken away. */
  readonly emptied: Set<string>;
  /** Keys of claims that nobody sends again. */
  readonly quietKeys: readonly string[];
  /** Servers that were started on the way. */
  readonly others: RedisServer[];
}

/** @returns one of some items. */
export const pick = <T>(random: () => number, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;

/** @returns a whole number in a range. */
export const between = (random: () => number, from: number, to: number): number =>
  Math.round(from + random() * (to - from));
