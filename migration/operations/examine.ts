import { openShards } from "../adapters/open-shards";
import type { RedisShard } from "../adapters/redis-shard";
import { describe, podsBehind } from "../engines/barrier";
import { JOBS, readAnyCheckpoint } from "../engines/checkpoint";
import { messageOf } from "../engines/errors";
import { unknownClients } from "../engines/gate/unknown-clients";
import { readAbandonedRecord, type MigrationRecord } from "../engines/migration-record";
import { measure } from "../engines/service-metrics";
import { cardProblems } from "./card-problems";
import { lostWrites } from "./lost-writes";
import { accessOf, addressesOf, type Secrets } from "../entrypoints/inputs";
import { liveEpoch, openBackend } from "../entrypoints/open-run";
import { openService } from "../entrypoints/open-service";
import { otherWriters } from "../entrypoints/gate/other-writers";
import { ringNow } from "../entrypoints/ring-in-force";
import { isOpen } from "../phases";
import { HashRing } from "../ring/ring";
import type { Baseline } from "../engines/service-metrics";
import type { AnsweringShard, BackendFacts, Facts, ServiceFacts, ShardFacts } from "./facts";
import type { DeployedStack } from "./stack";

const PINGS = 10;
/** Keys that are looked at on each shard, and pages until then: others may have keys there as well. */
const SAMPLE = 1_000;
const PAGES = 100;
const LOCK = "lock";

/** Looks at everything that a stack's ring consists of, and changes nothing. What does not answer is a fact as well. */
export async function examine({ gate, secrets }: DeployedStack): Promise<Facts> {
  const { connection, ring, phase } = gate;
  const open = await openShards(addressesOf(connection), accessOf({ connection, ring }, secrets, false));
  try {
    const problems = await cardProblems(open.shards, gate);
    const pods = await openBackend(connection)
      .then((backend) => backend.podAddresses())
      .catch(() => undefined);
    const shards = await Promise.all(
      open.shards.map((shard): Promise<ShardFacts> =>
        lookAt(shard, gate, problems.get(shard.name), pods).catch((error: unknown) => ({
          name: shard.name,
          silent: messageOf(error),
        })),
      ),
    );
    const answering = open.shards.filter(({ name }) => shards.some((it) => it.name === name && !("silent" in it)));
    // A shard that has gone since is a fact that the next look finds.
    const record = await readAbandonedRecord(answering).catch(() => undefined);
    const losses = await lostWrites(answering, record).catch(() => new Map<string, string>());
    const service = await serviceOf(gate, secrets, record?.baseline);
    return {
      ring: { phase, ...ring },
      nowMs: Date.now(),
      shards: shards.map((shard) => withLoss(shard, losses.get(shard.name))),
      backend: await backendOf(gate).catch((error: unknown) => ({ unknown: messageOf(error) })),
      ...(service ? { service } : {}),
    };
  } finally {
    open.close();
  }
}

const withLoss = (shard: ShardFacts, lossProblem: string | undefined): ShardFacts =>
  lossProblem === undefined || "silent" in shard ? shard : { ...shard, lossProblem };

async function lookAt(
  shard: RedisShard,
  gate: DeployedStack["gate"],
  cardProblem: string | undefined,
  pods: readonly string[] | undefined,
): Promise<{ name: string } & AnsweringShard> {
  const { role, usedBytes, maxMemoryBytes, maxMemoryPolicy, keys } = await shard.info();
  const waits: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const before = performance.now();
    await shard.readRecord(LOCK);
    waits.push(performance.now() - before);
  }
  const sorted = waits.sort((a, b) => a - b);
  const clients = await shard.clients().catch(() => undefined);
  const checkpoints = await Promise.all(JOBS.map(async (job) => ({ job, found: await readAnyCheckpoint(shard, job) })));
  return {
    name: shard.name,
    waitMs: { median: sorted[PINGS / 2] ?? 0, max: sorted.at(-1) ?? 0 },
    replicas: await shard.replicas(),
    ...{ role, usedBytes, maxMemoryBytes, maxMemoryPolicy, keys },
    sample: await sample(shard, gate),
    ...(cardProblem === undefined ? {} : { cardProblem }),
    ...(clients && pods ? { unknownClients: unknownClients(clients, pods) } : {}),
    migrationId: (await recordOf(shard))?.id,
    isLocked: (await shard.readRecord(LOCK)) !== undefined,
    checkpoints: checkpoints.flatMap(({ job, found }) =>
      found ? [{ job, work: found.work, done: found.done, atMs: found.atMs }] : [],
    ),
  };
}

const recordOf = (shard: RedisShard): Promise<MigrationRecord | undefined> => readAbandonedRecord([shard]);

/** Some keys, as SCAN comes by them: in the order of their hashes, which has nothing to do with their names. */
async function sample(shard: RedisShard, { ring, phase }: DeployedStack["gate"]): Promise<AnsweringShard["sample"]> {
  const names = isOpen(phase) ? [ring.shards, ring.targetShards] : [ring.shards];
  const rings = names.map((shards) => new HashRing(shards, ring.vnodes));
  const prefixBytes = Buffer.byteLength(ring.keyPrefix);
  const found = { keys: 0, strays: 0 };
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES && found.keys < SAMPLE && cursor !== "0"; pages++) {
    const page = await shard.scan(cursor ?? "0");
    ({ cursor } = page);
    found.keys += page.keys.length;
    const isStray = (key: Buffer) => !rings.some((it) => it.ownerOf(key.subarray(prefixBytes)) === shard.name);
    found.strays += page.keys.filter(isStray).length;
  }
  return found;
}

async function backendOf({ connection, metrics, epoch: stackEpoch }: DeployedStack["gate"]): Promise<BackendFacts> {
  const backend = await openBackend(connection, metrics);
  const epoch = await liveEpoch(backend);
  const { length: pods } = await backend.pods();
  const behind = (await podsBehind(backend, epoch)).map(describe);
  return { epoch, stackEpoch, pods, behind, otherWriters: await otherWriters(connection, await ringNow(connection)) };
}

async function serviceOf(
  { settings, connection }: DeployedStack["gate"],
  secrets: Secrets,
  baseline: Baseline | undefined,
): Promise<ServiceFacts | undefined> {
  const service = await openService(settings, secrets);
  if (service === undefined) return undefined;
  const { source, settings: asked } = service;
  const scope = `namespace=${JSON.stringify(connection.namespace)}`;
  return {
    measurement: await measure(source, asked.queries),
    limits: asked.limits,
    ...(baseline ? { baseline } : {}),
    dualWriteErrors: await source.ask(`sum(increase(flk_dedup_dual_write_errors{${scope}}[5m]))`),
  };
}
