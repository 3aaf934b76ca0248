import { randomUUID } from "node:crypto";
import { openShards, type ShardAddress } from "../adapters/open-shards";
import type { ShardLogin } from "../adapters/shard-login";
import { systemClock } from "../adapters/session";
import { RunLock } from "../engines/lock";
import type { Owner } from "../engines/run/owner";
import { readOwnCard } from "../engines/run/shard-cards";
import { PassedBrake } from "../engines/passed-brake";
import type { CheckpointedWork, Log, Run } from "../engines/runtime";
import type { ShardStore } from "../engines/shard-store";
import { workOnSources } from "../engines/source-work";
import { HashRing } from "../ring/ring";

/** What somebody must be told to do a source's part of a run's work, but for who it is to them. Plain data. */
export interface ToldWork {
  readonly addresses: readonly ShardAddress[];
  readonly namespace: string;
  readonly keyPrefix: string;
  readonly vnodes: number;
  readonly rings: { readonly current: readonly string[]; readonly target: readonly string[] };
  readonly direction: { readonly primary: readonly string[]; readonly secondary: readonly string[] };
  readonly work: Omit<CheckpointedWork, "direction">;
  /** Of the run that holds the lock of all shards. */
  readonly token: string;
  /** Whose the shards must be. Not said by older versions of the program. */
  readonly owner?: Owner;
}

/** Where the work is done, whose the shards are, and how much of it is done at once. */
interface ToldPlace extends Pick<ToldWork, "addresses" | "namespace" | "owner"> {
  readonly atOnce: number;
}

/** @param atOnce - how many parts are done at once: they share the ceiling of the rate. */
export function tellWork(
  run: Run,
  { direction, ...work }: CheckpointedWork,
  { addresses, namespace, atOnce, owner }: ToldPlace,
): ToldWork {
  const { current, target, keyPrefix } = run.rings;
  const keysPerSecond = Math.max(1, Math.floor(work.pace.keysPerSecond / atOnce));
  return {
    ...{ addresses, namespace, keyPrefix, vnodes: current.vnodes, token: run.token(), ...(owner ? { owner } : {}) },
    rings: { current: current.shards, target: target.shards },
    direction: { primary: direction.primary.shards, secondary: direction.secondary.shards },
    work: { ...work, pace: { ...work.pace, keysPerSecond } },
  };
}

/** Who does a part. */
export interface Worker {
  /** For people. */
  readonly name: string;
  readonly login: ShardLogin;
  readonly log: Log;
  /** Ends the work at its next batch. */
  readonly signal: AbortSignal;
}

/**
 * Does one source's part of a run's work. Ends when it has, or when the run that asked for it, or this worker's hold on
 * the source, is no more.
 */
export async function doPart(told: ToldWork, source: string, { name, login, log, signal }: Worker): Promise<void> {
  const { addresses, namespace, keyPrefix, vnodes } = told;
  const access = { access: "direct", namespace, keyPrefix, patient: true, login } as const;
  const open = await openShards(addresses, access);
  const shards = (wanted: string): ShardStore => {
    const shard = open.shards.find((it) => it.name === wanted);
    if (!shard) throw new Error(`${wanted} has no address`);
    return shard;
  };
  const { owner } = told;
  try {
    if (owner !== undefined) await Promise.all(open.shards.map((shard) => readOwnCard(shard, owner)));
    // Whoever took its place, because its node was lost, must not work beside it.
    const lock = await RunLock.acquire(
      [shards(source)],
      // A name is not enough: pods of one index have the same, also when one takes the place of another.
      { token: randomUUID(), description: name },
      systemClock,
      log,
      "source",
    );
    const token = () => {
      signal.throwIfAborted();
      lock.token();
      return told.token;
    };
    const ringOf = (names: readonly string[]) => new HashRing(names, vnodes);
    const rings = { current: ringOf(told.rings.current), target: ringOf(told.rings.target), keyPrefix };
    const direction = { primary: ringOf(told.direction.primary), secondary: ringOf(told.direction.secondary) };
    try {
      const brake = new PassedBrake(shards(source), token, systemClock);
      const run = { rings, shards, token, clock: systemClock, log, brake };
      await workOnSources(run, { ...told.work, direction, sources: [source] });
    } finally {
      await lock.release();
    }
  } finally {
    open.close();
  }
}
