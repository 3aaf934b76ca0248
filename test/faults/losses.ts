/** Servers that lose writes, addresses that lead elsewhere, and a backend that sleeps: each happens to one shard, once. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../migration/ring/ring";
import type { Phase } from "../../migration/phases";
import type { RedisServer } from "../integration/redis-servers";
import type { Fault } from "./faults";
import type { Loss } from "./given-up";
import type { RingData } from "./pod";
import { cutOff, replicaOf, takeOver, until } from "./replica";
import { between, inTurn, note, pick, type FaultyShard, type Scene } from "./scene";
import type { Side } from "./shard-doors";

const BURST = 60;
/** What a replica lacks that is promoted, ms. */
const LACKS_MS = { least: 700, most: 1_300 } as const;
/** A backup is put back behind the next phases, or after this. */
const BACKUP_WITHIN_MS = 15_000;
const LATER_MS = 2_000;
const SWAPPED_MS = { least: 200, most: 2_500 } as const;
/** Longer than the claim window. */
const PAUSED_MS = { least: 350, most: 3_000 } as const;
/** How far claims of a burst have come when their process is stopped. */
const AMID_BURST_MS = 8;

type Kept = Pick<Loss, "keptUntilMs" | "keptInStepMs">;

/** Cuts a replica off. @returns what is still there when it takes over. */
async function keep(replica: RedisServer, shard: FaultyShard, { inStepSinceMs }: Scene): Promise<Kept> {
  return { keptUntilMs: await cutOff(replica, shard), keptInStepMs: inStepSinceMs };
}

/** Notes what a shard loses now: what an `up` at work has looked at already it need not notice. */
function lose(scene: Scene, shard: FaultyShard, kept: Kept): void {
  const loss = {
    ...{ shard: shard.name, ...kept, atMs: Date.now(), untilMs: Infinity, inStepSinceMs: scene.inStepSinceMs },
  };
  scene.losses.push(loss);
  note(scene, `${shard.name} loses what was written after ${kept.keptUntilMs}`);
  if (scene.hasDrained) scene.untidy.add(shard.name);
  const settled = scene.up?.ended.then(() => scene.backend.settled()) ?? scene.backend.settled();
  void settled.then(() => (loss.untilMs = Date.now()));
}

/** A replica that lacks the last second takes over. */
const lossyFailover =
  (ring: "current" | "target"): Fault =>
  (scene) => {
    const shard = pick(scene.random, ownersThatChange(scene, ring));
    return inTurn([shard], async () => {
      const replica = await replicaOf(shard, scene);
      const kept = await keep(replica, shard, scene);
      const { least, most } = LACKS_MS;
      await Promise.all([scene.burst(BURST), sleep(between(scene.random, least, most))]);
      lose(scene, shard, kept);
      takeOver(shard, replica, scene);
      return true;
    });
  };

/** Shards of a ring that own keys which another shard owns in the other ring. */
function ownersThatChange({ shards, current, target, quietKeys }: Scene, ring: "current" | "target") {
  const [before, after] = [new HashRing(current), new HashRing(target)];
  const movers = quietKeys.filter((id) => before.ownerOf(id) !== after.ownerOf(id));
  const owners = new Set(movers.map((id) => (ring === "current" ? before : after).ownerOf(id)));
  return shards.filter(({ name }) => owners.has(name));
}

/** A backup is made now and put back some phases later, as a process of its own that has never had a replica. */
const olderBackup: Fault = (scene) => {
  const shard = pick(scene.random, scene.shards);
  const stops = scene.stops + between(scene.random, 0, 1);
  return inTurn([shard], async () => {
    const backup = await replicaOf(shard, scene);
    const kept = await keep(backup, shard, scene);
    await scene.burst(BURST);
    const endMs = Date.now() + BACKUP_WITHIN_MS;
    await until(() => scene.stops > stops || Date.now() > endMs || scene.isOver);
    await sleep(between(scene.random, 0, LATER_MS));
    if (scene.isOver) return false;
    await backup.restart();
    lose(scene, shard, kept);
    takeOver(shard, backup, scene);
    return true;
  });
};

/** Whether both rings are in step and the target ring decides. */
const isBehindCutover = ({ phase, inStepSinceMs }: Scene): boolean =>
  inStepSinceMs !== undefined && BEHIND_CUTOVER.includes(phase);
const BEHIND_CUTOVER: readonly Phase[] = ["cleanup", "stable"];

const isDual = (ring: RingData): boolean => ring["DEDUP_DUAL_WRITE"] === "true";

const emptied: Fault = (scene) => {
  const shard = pick(scene.random, scene.shards);
  return inTurn([shard], async () => {
    if (!isBehindCutover(scene) || !scene.backend.serving.every(isDual)) return false;
    lose(scene, shard, { keptUntilMs: 0, keptInStepMs: undefined });
    await shard.server.restart({ empty: true, signal: "SIGKILL" });
    return true;
  });
};

const dies: Fault = (scene) => {
  const retiring = scene.shards.filter(({ name }) => !scene.target.includes(name));
  return inTurn(retiring, async () => {
    const [shard] = retiring;
    if (!shard || !isBehindCutover(scene)) return false;
    scene.dead.add(shard.name);
    note(scene, `${shard.name} dies`);
    await shard.server.stop();
    shard.proxy.reset();
    return true;
  });
};

/** A shard's address leads to another shard for a while, and mostly that one's to the first. */
const swapped =
  (side: Side): Fault =>
  (scene) => {
    const { random, shards } = scene;
    const one = pick(random, shards);
    const other = pick(
      random,
      shards.filter((shard) => shard !== one),
    );
    const pair = random() < 0.6 ? [one, other] : [one];
    return inTurn([one, other], async () => {
      for (const shard of pair) shard.proxy[side].leadTo((shard === one ? other : one).server.port);
      const { least, most } = SWAPPED_MS;
      await Promise.all([side === "backend" ? scene.burst(BURST) : undefined, sleep(between(random, least, most))]);
      for (const shard of pair) shard.proxy[side].leadTo(shard.server.port);
      return true;
    });
  };

/** The process of a pod is stopped amid its claims, for longer than the claim window. */
const paused: Fault = async ({ random, backend, burst }) => {
  const { host } = backend;
  if (host === undefined) return false;
  await until(() => backend.servesElsewhere);
  const submitted = burst(BURST);
  await sleep(between(random, 0, AMID_BURST_MS));
  host.pause();
  await sleep(between(random, PAUSED_MS.least, PAUSED_MS.most));
  host.resume();
  await submitted;
  return true;
};

/** A fault of this kind, and where and how it can be met. */
export interface LossKind {
  readonly fault: Fault;
  /** Phases on whose way it happens. */
  readonly on: readonly Phase[];
  /** Whether it happens before the run of that phase, and not amid its work. */
  readonly before?: "always" | "often";
  /** Whether a shard has to retire. */
  readonly retires?: boolean;
  /** Whether no step may go back behind it: the shard would be needed. */
  readonly straight?: boolean;
  /** Whether pods have to ask shards for their cards. */
  readonly cards?: boolean;
  /** Whether pods run in a process that can be stopped. */
  readonly stops?: boolean;
}

const MOVES: readonly Phase[] = ["copy", "dualWrite", "cutover", "cleanup"];
/** Where a backup is made that a later phase meets. */
const BACKED_UP: readonly Phase[] = ["copy", "dualWrite", "cutover"];
/** Where the backend writes both rings. */
const DUAL: readonly Phase[] = ["dualWrite", "cutover", "cleanup"];

export const LOSSES: Readonly<Record<string, LossKind>> = {
  "lossy failover of a current owner": { fault: lossyFailover("current"), on: MOVES, before: "often" },
  "lossy failover of a target owner": { fault: lossyFailover("target"), on: DUAL, before: "often" },
  "shard restored from an older backup": { fault: olderBackup, on: BACKED_UP },
  "shard emptied behind the cutover": { fault: emptied, on: ["cleanup"], before: "always", cards: true },
  "retiring shard dies": { fault: dies, on: BEHIND_CUTOVER, before: "often", retires: true, straight: true },
  "address of the backend leads to another shard": { fault: swapped("backend"), on: MOVES, cards: true },
  "address of the engines leads to another shard": { fault: swapped("engines"), on: MOVES },
  "backend stopped and continued": { fault: paused, on: DUAL, stops: true },
};
