import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { clocksThatDiffer } from "../engines/clocks";
import { RunLock } from "../engines/lock";
import type { Clock, Log, MigrationRings, Run, Shards } from "../engines/runtime";
import type { ShardStore } from "../engines/shard-store";
import { openShards, type ShardAccess, type ShardAddress } from "./open-shards";
import { refuseSharedServers } from "./shared-servers";

/** The clock of this machine as it was when this process began: set back under way it would have work wait for an hour. */
export const systemClock: Clock = {
  now: () => Math.trunc(performance.timeOrigin + performance.now()),
  sleep: (ms) => sleep(ms),
};

/** An open, locked run over some shards. */
export interface Session {
  readonly run: Run;
  readonly stores: readonly ShardStore[];
  /** Shards that were allowed to be out of reach, and are; or whose clock is not that of the others. */
  readonly outOfReach: readonly string[];
}

/** What a session is opened with. */
export interface SessionPlan {
  readonly addresses: readonly ShardAddress[];
  readonly access: ShardAccess;
  readonly rings: MigrationRings;
  /** What the run is for: shown to whoever is kept out by its lock. */
  readonly purpose: string;
  readonly log: Log;
  /** Shards that the work can do without. */
  readonly dispensable?: readonly string[];
}

/**
 * Opens the shards, takes their lock, runs the work and gives everything back, whatever happens.
 * @throws LockedError when another run is at work; SharedServerError when two shards are one; GateClosedError when their
 *   clocks do not agree; ShardUnreachableError when a shard that is needed does not answer.
 */
export async function withSession<T>(plan: SessionPlan, work: (session: Session) => Promise<T>): Promise<T> {
  const { addresses, access, rings, log } = plan;
  const open = await openShards(addresses, access);
  try {
    const silent = await findOutOfReach(plan);
    const answering = open.shards.filter(({ name }) => !silent.includes(name));
    await refuseSharedServers(answering);
    const untimely = await clocksThatDiffer(answering, plan.dispensable);
    for (const name of untimely) log(`${name} is left out: its clock is not that of the other shards`);
    const outOfReach = [...silent, ...untimely];
    const stores = answering.filter(({ name }) => !outOfReach.includes(name));
    const holder = { token: randomUUID(), description: describeHolder(plan.purpose) };
    const lock = await RunLock.acquire(stores, holder, systemClock, log);
    try {
      const run: Run = { rings, shards: lookup(stores), token: () => lock.token(), clock: systemClock, log };
      return await work({ run, stores, outOfReach });
    } finally {
      await lock.release();
    }
  } finally {
    open.close();
  }
}

async function findOutOfReach({ addresses, access, dispensable = [] }: SessionPlan): Promise<readonly string[]> {
  const asked = addresses.filter(({ name }) => dispensable.includes(name));
  if (asked.length === 0) return [];
  const open = await openShards(asked, { ...access, patient: false });
  try {
    const answers = await Promise.all(
      open.shards.map((shard) =>
        shard.info().then(
          () => undefined,
          () => shard.name,
        ),
      ),
    );
    return answers.filter((name) => name !== undefined);
  } finally {
    open.close();
  }
}

function lookup(stores: readonly ShardStore[]): Shards {
  const byName = new Map(stores.map((store) => [store.name, store]));
  return (name) => {
    const store = byName.get(name);
    if (!store) throw new Error(`shard ${name} has not been opened for this run`);
    return store;
  };
}

const describeHolder = (purpose: string): string =>
  `${purpose} on ${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
