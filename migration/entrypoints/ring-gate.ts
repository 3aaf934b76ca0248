import { CHECKSUM_KEY, numbered, type RingData } from "../contract/ring-config-map";
import { GateClosedError, OtherShardError } from "../engines/errors";
import { passGate } from "../engines/gate";
import { readAbandonedRecord, readMigrationRecord } from "../engines/migration-record";
import { preFlight } from "../engines/pre-flight";
import type { ShardStore } from "../engines/shard-store";
import { isOpen, moveOf, nearestPhase, POD_CONFIGS, podConfigOf } from "../phases";
import { ringData, sameRing, stateOf, type CheckedGateInputs, type GateInputs } from "./gate-inputs";
import { otherWriters, warningOf } from "./gate/other-writers";
import { assertMayRewrite } from "./gate/rewrite";
import { ringNotes } from "./gate/ring-notes";
import { refuseChange, refuseStart, type Failure } from "./gate-refusals";
import { containerLimits, log, resultsOf, STATE_VERSION, type ConnectionInputs, type Secrets } from "./inputs";
import { openBackend, openRun } from "./open-run";
import { openService } from "./open-service";
import { ringNow } from "./ring-in-force";
import { verifyPhase } from "./verify";

interface Outputs extends CheckedGateInputs {
  readonly verification?: unknown;
}

type Checked = { readonly inputs: object; readonly failures?: readonly Failure[] };

/** Refuses illegal moves, and computes the ring that a legal one leads to. */
export async function check(olds: Partial<CheckedGateInputs>, news: GateInputs): Promise<Checked> {
  const known = olds.phase !== undefined && olds.data !== undefined ? (olds as CheckedGateInputs) : undefined;
  const before = known ? known.data : await liveRing(news.connection);
  const data = ringData(news);
  const failure = known ? refuseChange(known, news) : refuseStart(news, before, data);
  if (failure) return { inputs: news, failures: [failure] };
  const from = known && stateOf(known);
  const epoch = epochAfter(before, data);
  const cameFrom = from && from.phase !== news.phase ? from : olds.cameFrom;
  const opens = isOpen(news.phase) && !(from && isOpen(from.phase));
  const migration = (olds.migration ?? 0) + (opens ? 1 : 0);
  const wanted = numbered(data, epoch);
  const now = await ringNow(news.connection);
  const notes = ringNotes(olds, wanted, now);
  for (const remark of await otherWriters(news.connection, now)) log(warningOf(remark));
  const noted = { migration, ...(cameFrom ? { cameFrom } : {}), ...notes };
  return { inputs: { ...news, data: wanted, epoch, ...noted } };
}

/**
 * The first ring: nothing moves. What there is must be known now: `check` makes do without an answer, for a preview.
 * @throws GateClosedError when the backend has another ring, or one that `check` did not know of.
 */
export async function create(inputs: CheckedGateInputs) {
  const { connection, epoch } = inputs;
  const live = await (await openBackend(connection)).ring();
  const data = ringData(inputs);
  const refusal = refuseStart(inputs, live, data)?.reason;
  if (refusal !== undefined) throw new GateClosedError(refusal);
  if (epochAfter(live, data) !== epoch) {
    throw new GateClosedError(
      `ConfigMap ${connection.namespace}/${connection.configMap} is not what it was when this run began, or could not be ` +
        `read then. Run \`pulumi up\` again.`,
    );
  }
  return { ...inputs, verification: null, stateVersion: STATE_VERSION };
}

/** Runs the checks of a move. When it throws, the ring and everything behind the gate stay as they are. */
export async function update(olds: Outputs, news: CheckedGateInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const { checks } = moveOf(olds.phase, news.phase);
  await assertMayRewrite(olds, news);
  const before = resultsOf(olds, news).verification ?? null;
  if (checks.length === 0) return { ...kept, verification: before };
  const report = await askGate(olds, news, secrets);
  log(`gate: "${olds.phase}" → "${news.phase}" is open`);
  return { ...kept, verification: report ?? before };
}

/** The ring in force, as the cluster has it: a refresh must not let anybody bypass the gate. */
export async function read(olds: Outputs): Promise<{ readonly props: object; readonly inputs?: object }> {
  const live = await liveRing(olds.connection);
  if (live === undefined || Object.keys(olds.data).every((key) => live[key] === olds.data[key])) return { props: olds };
  const data = Object.fromEntries(Object.keys(olds.data).map((key) => [key, live[key] ?? ""]));
  const phase = nearestPhase(olds.phase, (candidate) => sameRing(ringData(olds, podConfigOf(candidate)), data));
  const epoch = Number(data["DEDUP_RING_EPOCH"]) || olds.epoch;
  const { ring, connection, settings, metrics, migration, cameFrom, ringVersion = "", putBack = "" } = olds;
  const optional = { ...(metrics ? { metrics } : {}), ...(cameFrom ? { cameFrom } : {}), ringVersion, putBack };
  const inputs = { phase, ring, connection, settings, data, epoch, migration, ...optional };
  return { props: { ...olds, ...inputs }, inputs };
}

/**
 * Passes the gate between two phases, on the shards of before the move: the config may have forgotten a retired shard by now.
 * @throws GateClosedError when a check does not hold
 */
export function askGate(olds: Outputs, news: CheckedGateInputs, secrets: Secrets) {
  const purpose = `the gate from "${olds.phase}" to "${news.phase}"`;
  const open = withAllShards(isOpen(olds.phase) ? olds : news, olds, news);
  const stay = olds.ring.shards;
  const others = Object.keys(open.connection.shards).filter((name) => !stay.includes(name));
  // What a move is taken back from may have closed the migration, and removed them.
  const dispensable = moveOf(olds.phase, news.phase).givesUp === "target" || !isOpen(olds.phase) ? others : [];
  return openRun(open, secrets, { purpose, dispensable }, async (session) => {
    const strangers = await shardsThatForgot(session.stores.filter(({ name }) => dispensable.includes(name)));
    const known = session.stores.filter((store) => !strangers.includes(store));
    return passGate(session.run, {
      from: stateOf(olds),
      to: stateOf(news),
      epochs: { from: olds.epoch, to: news.epoch },
      checksums: { from: olds.data[CHECKSUM_KEY], to: news.data[CHECKSUM_KEY] },
      backend: await openBackend(olds.connection, news.metrics),
      configOf: (ring) => POD_CONFIGS.find((config) => sameRing(ringData(open, config), ring)),
      commandTimeoutMs: news.settings.commandTimeoutMs,
      shards: known,
      outOfReach: [...session.outOfReach, ...nowhere(open), ...strangers.map(({ name }) => name)],
      record: await readMigrationRecord(known),
      planDigest: news.settings.planDigest ?? "",
      ttlWindowMs: news.settings.ttlWindowMs,
      service: await openService(news.settings, secrets),
      misfits: async () => {
        const job = { ring: open.ring, stores: session.stores, containerLimits: containerLimits(news) };
        return (await preFlight(session.run, job)).problems;
      },
      verify: (record) => verifyPhase(session, record, olds.phase, news.settings),
    });
  });
}

/**
 * With the addresses of every shard of both rings that either side knows: the run before may have died when its inputs,
 * which had forgotten a shard, were in the state already.
 */
function withAllShards(open: CheckedGateInputs, ...sides: readonly CheckedGateInputs[]): CheckedGateInputs {
  const names = [...open.ring.shards, ...open.ring.targetShards];
  const known = [...sides, open].flatMap(({ connection }) => Object.entries(connection.shards));
  const shards = Object.fromEntries(known.filter(([name]) => names.includes(name)));
  const managed = [...new Set(sides.flatMap(({ connection }) => connection.managed ?? []))];
  return { ...open, connection: { ...open.connection, shards, managed } };
}

/** Shards of the migration whose address nobody knows any more. */
const nowhere = ({ ring, connection }: CheckedGateInputs): readonly string[] =>
  [...new Set([...ring.shards, ...ring.targetShards])].filter((name) => !Object.hasOwn(connection.shards, name));

/** Shards that hold no record of the migration, or are others than their names say: they are as good as out of reach. */
async function shardsThatForgot(stores: readonly ShardStore[]): Promise<readonly ShardStore[]> {
  const records = await Promise.all(stores.map((store) => readAbandonedRecord([store]).catch(noneOfAnother)));
  return stores.filter((_, i) => records[i] === undefined);
}

function noneOfAnother(error: unknown): undefined {
  if (error instanceof OtherShardError) return undefined;
  throw error;
}

function epochAfter(before: RingData | undefined, data: RingData): number {
  const epoch = Number(before?.["DEDUP_RING_EPOCH"]) || 0;
  return before !== undefined && epoch > 0 && sameRing(before, data) ? epoch : epoch + 1;
}

/** The live ring ConfigMap; undefined where there is none or nobody can say. */
async function liveRing(connection: ConnectionInputs): Promise<RingData | undefined> {
  try {
    return await (await openBackend(connection)).ring();
  } catch (error) {
    log(`the live ring is not known: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
