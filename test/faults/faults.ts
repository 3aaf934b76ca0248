/** What may go wrong, on several shards at once: each returns when it is over, and whether it has happened at all. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { HashRing } from "../../migration/ring/ring";
import type { Phase } from "../../migration/phases";
import { replicaOf, until } from "./replica";
import { between, inTurn, KEY_PREFIX, pick, type FaultyShard, type Scene } from "./scene";

const MOST_MS = 2_000;
const LONG = 0.15;
const AT_STAKE = 0.4;
const AT_WORK_WITHIN_MS = 10_000;
/** About what a run sends of it. */
const COMMANDS: Readonly<Record<Phase, number>> = {
  stable: 60,
  plan: 60,
  copy: 250,
  dualWrite: 350,
  cutover: 60,
  cleanup: 90,
};
/** Of the runs that are killed: those that have not come further. */
const IN_GATE = 0.25;
/** Phases with work that has checkpoints. */
const WITH_WORK: readonly Phase[] = ["copy", "dualWrite", "cleanup"];
/** Phases behind which an empty shard is refused. */
const BEFORE_CUTOVER: readonly Phase[] = ["copy", "dualWrite"];
/** Keys that go with an eviction. */
const EVICTED = 20;
const BOOKKEEPING = "dedup-shards:";

/** @returns whether it came to pass. */
export type Fault = (scene: Scene) => Promise<boolean>;

const aWhile = ({ random }: Scene, most = MOST_MS) => sleep(between(random, 100, most));
/** Mostly a moment; sometimes longer than commands, connections and locks are waited for. */
const aLongWhile = (scene: Scene) => {
  const { random } = scene;
  return random() < LONG ? sleep(between(random, 16_000, 24_000)) : aWhile(scene);
};

/** Something that concerns a run of `up`: one must be there, in the beginning or in the end. */
async function underWay(scene: Scene, shards: readonly FaultyShard[], fault: () => Promise<void>): Promise<boolean> {
  return inTurn(shards, async () => {
    const before = scene.up;
    await fault();
    return (before ?? scene.up) !== undefined;
  });
}

/** Whether a shard joins or leaves: all that moves comes to it or from it. */
const isChanging = ({ name }: FaultyShard, { current, target }: Scene) =>
  current.includes(name) !== target.includes(name);

/** Something that goes wrong with one shard of a run. */
const withOne =
  (fault: (shard: FaultyShard, scene: Scene) => Promise<void> | void): Fault =>
  (scene) => {
    const { random, shards } = scene;
    const shard = (random() < AT_STAKE && shards.find((each) => isChanging(each, scene))) || pick(random, shards);
    return underWay(scene, [shard], async () => fault(shard, scene));
  };

/** Takes everything from a shard, unless the phase has gone on meanwhile. */
const emptied = (shard: FaultyShard, scene: Scene): Promise<boolean> =>
  inTurn([shard], async () => {
    if (!BEFORE_CUTOVER.includes(scene.phase)) return false;
    scene.emptied.add(shard.name);
    await shard.server.restart({ empty: true, signal: "SIGKILL" });
    return true;
  });

/** A run is killed between two commands: of its gate, or of its work behind that. */
async function kill(scene: Scene): Promise<boolean> {
  const { random } = scene;
  const isInGate = random() < IN_GATE;
  await isThere(scene, isInGate);
  return (await scene.up?.killAfter(someCommands(scene))) ?? false;
}

/** Waits for a run that is at work, or in its gate. */
async function isThere(scene: Scene, isInGate: boolean): Promise<void> {
  const is = () => (isInGate ? scene.up !== undefined : scene.isWorking);
  for (let waitedMs = 0; !is() && waitedMs < AT_WORK_WITHIN_MS; waitedMs += 20) await sleep(20);
}

const someCommands = ({ random, phase }: Scene): number => between(random, 1, COMMANDS[phase]);

/** Resolves when a run has sent some commands of its work: something that happens then meets it in the middle of that. */
export async function untilAmidWork(scene: Scene): Promise<void> {
  await isThere(scene, false);
  await scene.up?.sends(someCommands(scene));
}

const killed: Fault = (scene) => inTurn([scene.engine], () => kill(scene));

/** A run is killed, and before the next one something else happens to the shards. */
const killedThen =
  (next: Fault): Fault =>
  (scene) =>
    inTurn([scene.engine], async () => (await kill(scene)) && inTurn(scene.shards, () => next(scene)));

/** Sets something on a shard for a while. */
const setting = (name: string, value: string, usually: string): Fault =>
  withOne(async ({ server: { client } }, scene) => {
    await client.config("SET", name, value);
    await aWhile(scene);
    await client.config("SET", name, usually);
  });

/** Changes every checkpoint that a killed run has left. */
const checkpoint = (change: (client: Redis, key: string, text: string) => Promise<unknown>): Fault =>
  killedThen(async ({ shards }) => {
    let done = false;
    for (const { client } of shards.map(({ server }) => server)) {
      for (const key of await client.keys(`${BOOKKEEPING}checkpoint:*`)) {
        const text = await client.get(key);
        if (text !== null) await change(client, key, text);
        done ||= text !== null;
      }
    }
    return done;
  });

const restarted = (signal: NodeJS.Signals): Fault =>
  withOne(({ server }, scene) => server.restart({ signal, meanwhile: () => aLongWhile(scene) }));

export const FAULTS: Readonly<Record<string, Fault>> = {
  "engine killed": killed,
  "engine killed and shards restarted": killedThen(async ({ shards }) => {
    await Promise.all(shards.map(({ server }) => server.restart({ signal: "SIGKILL" })));
    return true;
  }),
  "shard stopped and continued": withOne(async ({ server }, scene) => {
    server.pause();
    await aLongWhile(scene);
    server.resume();
  }),
  "shard killed and back with its data": restarted("SIGKILL"),
  "shard restarted": restarted("SIGTERM"),
  "joining shard back empty": async (scene) => {
    // Once the target ring decides there is nothing that it could be refused for: it would be lost.
    const joining = scene.shards.find(({ name }) => !scene.current.includes(name));
    return joining !== undefined && emptied(joining, scene);
  },
  // Until the cutover that is where the only whole set of claims is.
  "source back empty": (scene) => {
    const { shards, current, random } = scene;
    const sources = shards.filter(({ name }) => current.includes(name));
    return emptied(pick(random, sources), scene);
  },
  "keys gone from their new owners": (scene) =>
    inTurn(scene.shards, async () => {
      const { phase, hasDrained, quietKeys, shards, current, target } = scene;
      // Where the old owners still have them they can be had back.
      if (phase !== "cutover" || hasDrained) return false;
      const [before, after] = [new HashRing(current), new HashRing(target)];
      const movers = quietKeys.filter((id) => before.ownerOf(id) !== after.ownerOf(id)).slice(0, EVICTED);
      for (const id of movers)
        await shards.find(({ name }) => name === after.ownerOf(id))?.server.client.del(KEY_PREFIX + id);
      return movers.length > 0;
    }),
  "failover to a replica": withOne(failover),
  "connections reset": withOne(({ proxy }) => proxy.reset()),
  "connections half-open": withOne(async ({ proxy }, scene) => {
    proxy.block();
    await aLongWhile(scene);
    proxy.open();
  }),
  "slow network": withOne(async ({ proxy }, scene) => {
    proxy.slowDown(between(scene.random, 1, 15), between(scene.random, 50, 500));
    await aWhile(scene);
    proxy.open();
  }),
  "answer cut short": withOne(({ proxy }) => proxy.cutNextAnswer()),
  "shard at maxmemory (OOM)": setting("maxmemory", "1mb", "0"),
  "no more clients": withOne(async ({ server, proxy }, scene) => {
    await server.client.config("SET", "maxclients", "1");
    proxy.reset();
    await aWhile(scene);
    await server.client.config("SET", "maxclients", "10000");
  }),
  "out of file descriptors": withOne(async ({ server, proxy }, scene) => {
    execFileSync("prlimit", ["--pid", String(server.pid), "--nofile=4:"]);
    proxy.reset();
    await aWhile(scene);
    execFileSync("prlimit", ["--pid", String(server.pid), "--nofile=4096:"]);
  }),
  "loading (LOADING)": withOne(async ({ server }) => {
    await server.client.config("SET", "aof-use-rdb-preamble", "yes");
    await server.client.bgrewriteaof();
    await until(async () => /aof_rewrite_in_progress:0/.test(await server.client.info("persistence")));
    // Answers LOADING for as long as that takes, instead of being merely silent.
    await server.restart({
      signal: "SIGKILL",
      settings: ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"],
    });
  }),
  "busy with a script (BUSY)": withOne(async ({ server }) => {
    await server.client.config("SET", "busy-reply-threshold", "10");
    const other = server.client.duplicate();
    const script = "local at = redis.call('TIME')[1] while redis.call('TIME')[1] - at < 2 do end";
    await other.eval(script, 0).catch(() => undefined);
    other.disconnect();
    await server.client.config("SET", "busy-reply-threshold", "5000");
  }),
  "cannot save (MISCONF)": withOne(async ({ server: { client } }, scene) => {
    const [, dir = ""] = await client.config("GET", "dir");
    const inTheWay = path.join(dir, "dump.rdb");
    rmSync(inTheWay, { recursive: true, force: true });
    mkdirSync(path.join(inTheWay, "not empty"), { recursive: true });
    await client.config("SET", "save", "3600 1000000");
    await client.bgsave();
    await until(async () => /rdb_last_bgsave_status:err/.test(await client.info("persistence")));
    await aWhile(scene);
    await client.config("SET", "save", "");
  }),
  "scripts flushed (NOSCRIPT)": (scene) =>
    underWay(scene, scene.shards, async () => {
      for (const { server } of scene.shards) await server.client.script("FLUSH");
    }),
  "clock of the engine's machine jumps": async (scene) => {
    const { random, ups } = scene;
    scene.clockOffsetMs += pick(random, [-1, 1]) * between(random, 1_000, 3_600_000);
    for (let waitedMs = 0; scene.ups === ups && waitedMs < AT_WORK_WITHIN_MS; waitedMs += 20) await sleep(20);
    return scene.ups > ups;
  },
  "checkpoint deleted": checkpoint((client, key) => client.del(key)),
  "checkpoint truncated": checkpoint((client, key, text) => client.set(key, text.slice(0, text.length / 2))),
  "checkpoint of another migration": checkpoint((client, key, text) =>
    client.set(key, text.replace(/"work":"[^"]*"/, '"work":"another"').replace('"done":false', '"done":true')),
  ),
  "lock stolen": withOne(async ({ server }) => {
    await server.client.set(`${BOOKKEEPING}lock`, "a thief", "PX", MOST_MS);
  }),
};

/** Where a fault can only happen on the way to some phases. */
export const ONLY_ON_THE_WAY_TO: Readonly<Record<string, readonly Phase[]>> = {
  ...{ "source back empty": BEFORE_CUTOVER, "joining shard back empty": BEFORE_CUTOVER },
  "keys gone from their new owners": ["cutover"],
  "engine killed and shards restarted": WITH_WORK,
  // One that goes back behind a cutover keeps the TTL window shut for as long, and rightly.
  "clock of the engine's machine jumps": ["plan", "copy"],
  ...{ "checkpoint deleted": WITH_WORK, "checkpoint truncated": WITH_WORK },
  "checkpoint of another migration": WITH_WORK,
};

/** A replica takes over, without losing what was acknowledged; for a moment before clients meet it as it is: read only. */
async function failover(shard: FaultyShard, scene: Scene): Promise<void> {
  const before = shard.server;
  const replica = await replicaOf(shard, scene);
  shard.proxy.leadTo(replica.port);
  await aWhile(scene, 500);
  await before.client.call("FAILOVER", "TO", "127.0.0.1", replica.port);
  await until(async () => /^role:master/m.test(await replica.client.info("replication")));
  shard.server = replica;
  scene.others.push(before);
}
