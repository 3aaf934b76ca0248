/** What a round is played on, as far as faults need to know it. */
import type { PaperCluster } from "../integration/paper-cluster";
import type { RedisServer } from "../integration/redis-servers";
import type { Phase } from "../../migration/phases";
import type { PaperBackend } from "./backend";
import type { Loss } from "./given-up";
import type { RingData } from "./pod";
import type { RivalStack, SharedConfig } from "./rival-stack";
import type { UpRun } from "./run-up";
import type { ShardDoors } from "./shard-doors";

export const KEY_PREFIX = "pcs:";

/** What can go wrong in one way at a time. */
export interface Breakable {
  /** Resolves when nothing that was begun before is wrong with it any more. */
  turn: Promise<void>;
}

/** A shard: its server, which may be replaced by another one, and the way that everybody takes to it. */
export interface FaultyShard extends Breakable {
  readonly name: string;
  server: RedisServer;
  readonly proxy: ShardDoors;
}

export interface Scene {
  readonly random: () => number;
  readonly cluster: PaperCluster;
  readonly backend: PaperBackend;
  /** A stack of somebody else, once there is one. */
  rival: RivalStack | undefined;
  /** Submits new ids at once, and resolves when all are answered. */
  burst: (ids: number) => Promise<void>;
  readonly shards: readonly FaultyShard[];
  /** Of the ring that decides until the cutover. */
  readonly current: readonly string[];
  readonly target: readonly string[];
  /** The phase that is being brought about. */
  phase: Phase;
  /** Whatever `up` is at work. */
  readonly engine: Breakable;
  /** The `up` at work, if any. */
  up: UpRun | undefined;
  /** Whether it is behind the gate. */
  isWorking: boolean;
  /** How many there have been. */
  ups: number;
  /** Rings that were written by the stack so far. */
  readonly written: RingData[];
  /** URLs of the shards as the stack has them, by name. */
  readonly urls: Readonly<Record<string, string>>;
  /** What another stack has in its config as well. */
  readonly sharedConfig: SharedConfig;
  /** Whether nothing goes on any more. */
  isOver: boolean;
  /** Stops on the way so far. */
  stops: number;
  /** Runs that were refused so far. */
  refusals: number;
  /** When the last run began that left both rings in step. */
  inStepSinceMs: number | undefined;
  /** Shards that have lost writes. */
  readonly losses: Loss[];
  /** Shards on which old copies may lie: the loss took their deletion back. */
  readonly untidy: Set<string>;
  /** Shards that do not come back. */
  readonly dead: Set<string>;
  /** What somebody was let do who should not have been. */
  readonly violations: string[];
  /** What happened, and when: for whoever looks at a bad round. */
  readonly timeline: string[];
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

/** Notes what happens, with the time of day. */
export const note = ({ timeline }: Pick<Scene, "timeline">, what: string): void =>
  void timeline.push(`${Date.now()} ${what}`);

/** Breaks things when all that was begun before with any of them is over: two faults in one server would undo each other. */
export function inTurn<T>(things: readonly Breakable[], fault: () => Promise<T>): Promise<T> {
  const result = Promise.all(things.map(({ turn }) => turn)).then(fault);
  const over = result.then(
    () => undefined,
    () => undefined,
  );
  for (const thing of things) thing.turn = over;
  return result;
}

/** @returns one of some items. */
export const pick = <T>(random: () => number, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;

/** @returns a whole number in a range. */
export const between = (random: () => number, from: number, to: number): number =>
  Math.round(from + random() * (to - from));
