/** Starts what a round is played on: servers, their addresses, the cluster and the backend. */
import { setTimeout as sleep } from "node:timers/promises";
import seedrandom from "seedrandom";
import type { SettingsInputs } from "../../migration/entrypoints/inputs";
import { PaperCluster } from "../integration/paper-cluster";
import { RedisServer } from "../integration/redis-servers";
import { PaperBackend } from "./backend";
import { LOSSES } from "./losses";
import type { Pair } from "./pairs";
import { PodHost } from "./pod-host";
import { KEY_PREFIX, pick, type FaultyShard, type Scene } from "./scene";
import { ShardDoors } from "./shard-doors";
import { hashed } from "./writers";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
/** Of the claims that are there in the beginning, those that nobody sends again. */
export const QUIET = 500;
const TIMES = { claimWindowMs: 250, commandTimeoutMs: 250 };
/** Slow enough for something to happen meanwhile. */
const SETTINGS = { ...TIMES, keysPerSecond: 600, catchUpKeysPerSecond: 2_000, rolloutTimeoutMs: 20_000 };
/** Many moments between two of them, and much that is under way when something happens. */
const BATCH_SIZES = [10, 100];
/** The default, and so little that some values travel alone. */
const BIG_VALUE_BYTES = [262_144, 262_144, 262_144, 90];
/** The share of rounds in which pods ask for cards, where it does not matter. */
const ASKING = 0.5;

/** @param pair - what goes wrong: it may need a shard that retires, pods that ask for cards, or a process of pods. */
export async function setUp(seed: string, pair: Pair | undefined): Promise<Scene> {
  const random = seedrandom(seed);
  const kind = pair && LOSSES[pair.loss];
  const grows = random() < 0.5 && !kind?.retires;
  const [current, target] = grows ? [THREE, FOUR] : [FOUR, THREE];
  const shards = await Promise.all(FOUR.map(startShard));
  const urls = urlsOf(shards, "engines");
  const cluster = await PaperCluster.start();
  const asksCards = kind?.cards ?? (pair !== undefined && random() < ASKING);
  const options = { urls, reachedAt: urlsOf(shards, "backend"), keyPrefix: KEY_PREFIX, ...TIMES, asksCards };
  const backend = new PaperBackend({ ...options, cluster });
  if (kind?.stops) backend.host = PodHost.launch();
  const settings: Partial<SettingsInputs> = {
    ...SETTINGS,
    batchSize: pick(random, BATCH_SIZES),
    bigValueBytes: pick(random, BIG_VALUE_BYTES),
  };
  await backend.start(
    {
      DEDUP_SHARDS: current.map((name) => urls[name]).join(","),
      ...{ DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "", DEDUP_RING_EPOCH: "0" },
    },
    0,
  );
  await sleep(100);
  return {
    ...{ random, cluster, backend, shards, current, target, urls, phase: "stable", up: undefined, rival: undefined },
    ...{
      sharedConfig: { urls, current, target, keyPrefix: KEY_PREFIX, settings },
      engine: { turn: Promise.resolve() },
    },
    ...{ isWorking: false, hasDrained: false, isOver: false, ups: 0, stops: 0, refusals: 0, clockOffsetMs: 0 },
    ...{ written: [], timeline: [], losses: [], violations: [], others: [], inStepSinceMs: undefined },
    ...{ emptied: new Set<string>(), dead: new Set<string>(), untidy: new Set<string>() },
    quietKeys: Array.from({ length: QUIET }, (_, i) => hashed(`${seed} quiet ${i}`)),
    burst: () => Promise.resolve(),
  };
}

export async function tearDown({ shards, others, cluster, rival, backend }: Scene): Promise<void> {
  rival?.stop();
  backend.host?.stop();
  cluster.stop();
  await Promise.all(shards.map(({ proxy }) => proxy.stop()));
  await Promise.all([...new Set([...shards.map(({ server }) => server), ...others])].map((server) => server.stop()));
}

async function startShard(name: string): Promise<FaultyShard> {
  const server = await RedisServer.start({ persistent: true });
  return { name, server, proxy: await ShardDoors.start(server.port), turn: Promise.resolve() };
}

const urlsOf = (shards: readonly FaultyShard[], side: "engines" | "backend"): Readonly<Record<string, string>> =>
  Object.fromEntries(shards.map(({ name, proxy }) => [name, proxy[side].url]));
