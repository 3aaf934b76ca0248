import { inTime } from "../adapters/in-time";
import { CHECKSUM_KEY, isTornRing, numbered, type RingData } from "../contract/ring-config-map";
import { GateClosedError } from "../engines/errors";
import { passGate, type GateJob } from "../engines/gate";
import { readAbandonedRecord, readMigrationRecord } from "../engines/migration-record";
import { preFlight } from "../engines/pre-flight";
import type { ShardStore } from "../engines/shard-store";
import { isOpen, moveOf, POD_CONFIGS } from "../phases";
import { ringData, sameRing, stateOf, type CheckedGateInputs, type GateInputs } from "./gate-inputs";
import { otherWriters, warningOf } from "./gate/other-writers";
import { dispensableShards, notForced, shardsThatForgot } from "./gate/dispensable-shards";
import { assertMayRewrite } from "./gate/rewrite";
import { ringNotes } from "./gate/ring-notes";
import { refuseChange, refuseStart, type Failure } from "./gate-refusals";
import { refuseOtherAddresses } from "./gate/joining-shards";
import { peekEpochs } from "./gate/known-epochs";
import { lookAtLiveRing } from "./gate/live-look";
import {
  asFound,
  configFound,
  describeBehind,
  describeFarBehind,
  epochIn,
  highestOf,
  isBehind,
  isFarBehind,
  wayOnFrom,
} from "./gate/live-ring";
import { changesRing, nextEpoch } from "./gate/next-epoch";
import { lookAtClients } from "./gate/shard-clients";
import { refuseForeignShards, refuseUsedEpoch, usedEpoch, useEpoch } from "./gate/use-epoch";
import { containerLimits, log, resultsOf, STATE_VERSION, type ConnectionInputs, type Secrets } from "./inputs";
import { openBackend, openRun } from "./open-run";
import { openService } from "./open-service";
import { ringNow } from "./ring-in-force";
import { verifyPhase, type Verified } from "./verify";

/** A preview waits no longer than this for the API server. */
const LOOK_WITHIN_MS = 10_000;

interface Outputs extends CheckedGateInputs {
  readonly verification?: unknown;
}

type Checked = { readonly inputs: object; readonly failures?: readonly Failure[] };

/**
 * Refuses illegal moves, and computes the ring that a legal one leads to. Where the live ring is behind the state, the move
 * starts from the live one, and is asked for once more: `diff` sees another epoch.
 */
export async function check(
  olds: Partial<CheckedGateInputs>,
  news: GateInputs,
  secrets: Secrets = {},
): Promise<Checked> {
  const known = olds.phase !== undefined && olds.data !== undefined ? (olds as CheckedGateInputs) : undefined;
  const live = await liveRing((known ?? news).connection);
  const data = ringData(news);
  const from = known && stateInForce(known, live, news);
  const failure = from ? refuseFrom(known, from, news) : refuseStart(news, live, data);
  if (failure) return { inputs: news, failures: [failure] };
  if (from && from !== known) log(describeStart(known, live ?? {}));
  const isKept = known !== undefined && from === known && !changesRing(data, known);
  const epoch = isKept ? known.epoch : nextEpoch(data, { state: known, live, known: await peek(olds, news, secrets) });
  const cameFrom = from && from.phase !== news.phase ? stateOf(from) : olds.cameFrom;
  const opens = isOpen(news.phase) && !(from && isOpen(from.phase));
  const migration = (olds.migration ?? 0) + (opens ? 1 : 0);
  const stack = olds.stack ?? news.stack;
  const wanted = numbered(data, epoch);
  const now = await ringNow(news.connection);
  const refusal = known && from === known && now && (await lookAtLiveRing({ state: known, news, now, epoch }));
  if (refusal) return { inputs: news, failures: [refusal] };
  for (const remark of await otherWriters(news.connection, now)) log(warningOf(remark));
  const named = stack === undefined ? {} : { stack };
  const noted = { migration, ...(cameFrom ? { cameFrom } : {}), ...named, ...ringNotes(olds, wanted, now) };
  return { inputs: { ...news, data: wanted, epoch, ...noted } };
}

/**
 * What a move starts from: the state as the live ring has it, where that is behind. Where it is far behind and the config
 * asks for the state's own phase, the state: its ring is written again.
 */
function stateInForce<T extends CheckedGateInputs>(state: T, live: RingData | undefined, news: GateInputs): T {
  if (live === undefined || !isBehind(state, live)) return state;
  const found = asFound(state, live);
  return isFarBehind(state, found) && news.phase === state.phase ? { ...state } : found;
}

const describeStart = (state: CheckedGateInputs, live: RingData): string =>
  describeBehindOf(state, asFound(state, live));

const describeBehindOf = (state: CheckedGateInputs, found: CheckedGateInputs): string =>
  isFarBehind(state, found) ? describeFarBehind(state, found) : describeBehind(state, found);

function refuseFrom(known: CheckedGateInputs | undefined, from: CheckedGateInputs, news: GateInputs) {
  const failure = refuseChange(from, news);
  if (failure === undefined || known === undefined || from === known) return failure;
  return { ...failure, reason: `${describeBehindOf(known, from)} ${failure.reason}` };
}

function peek({ connection }: Partial<CheckedGateInputs>, news: GateInputs, secrets: Secrets) {
  const shards = { ...connection?.shards, ...news.connection.shards };
  return peekEpochs({ ...news, connection: { ...news.connection, shards } }, secrets);
}

/**
 * The first ring: nothing moves. What there is must be known now: `check` makes do without an answer, for a preview.
 * @throws GateClosedError when the backend has another ring, or one that `check` did not know of; or when a shard belongs to
 *   another backend.
 */
export async function create(inputs: CheckedGateInputs, secrets: Secrets = {}) {
  const { connection, epoch } = inputs;
  const live = await (await openBackend(connection)).ring();
  const data = ringData(inputs);
  const refusal = refuseStart(inputs, live, data)?.reason;
  if (refusal !== undefined) throw new GateClosedError(refusal);
  await refuseForeignShards(inputs, secrets);
  if (nextEpoch(data, { state: undefined, live, known: [] }) > epoch) {
    throw new GateClosedError(
      `ConfigMap ${connection.namespace}/${connection.configMap} is not what it was when this run began, or could not be ` +
        `read then. Run \`pulumi up\` again.`,
    );
  }
  const known = await peekEpochs(inputs, secrets);
  if (nextEpoch(data, { state: undefined, live, known }) > epoch) throw usedEpoch(epoch, Math.max(...known));
  return { ...inputs, verification: null, stateVersion: STATE_VERSION };
}

/** Runs the checks of a move. When it throws, the ring and everything behind the gate stay as they are. */
export async function update(olds: Outputs, news: CheckedGateInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const live = await liveRing(olds.connection);
  const from = stateInForce(olds, live, news);
  if (from !== olds) refuseLate(olds, { from, live: live ?? {} }, news);
  await assertMayRewrite(olds, news);
  const rewrites = news.epoch !== from.epoch;
  const { checks } = moveOf(from.phase, news.phase, rewrites);
  const before = resultsOf(olds, news).verification ?? null;
  if (checks.length === 0 && olderRing(olds, live).olderRing === undefined) {
    if (rewrites) await noteUnasked(news, epochIn(live), secrets);
    return { ...kept, verification: before };
  }
  const report = await askGate(from, news, secrets, olds);
  log(`gate: "${from.phase}" → "${news.phase}" is open`);
  return { ...kept, verification: report ?? before };
}

/** The live ring may have been put back since `check`, or `check` could not read it. */
function refuseLate(
  olds: Outputs,
  { from, live }: { readonly from: Outputs; readonly live: RingData },
  news: CheckedGateInputs,
): void {
  const refusal = refuseFrom(olds, from, news)?.reason;
  if (refusal !== undefined) throw new GateClosedError(refusal);
  if (news.epoch > highestOf(olds)) return;
  throw new GateClosedError(`${describeStart(olds, live)} The preview did not know that. Run \`pulumi up\` again.`);
}

/** Where nothing is asked, shards need not answer; those that do are told of the epoch before it is used. */
function noteUnasked(news: CheckedGateInputs, live: number | undefined, secrets: Secrets): Promise<void> {
  const dispensable = Object.keys(news.connection.shards);
  const run = { ...news, epoch: 0 };
  return openRun(run, secrets, { purpose: `ring epoch ${news.epoch}`, dispensable }, async (session) => {
    await refuseUsedEpoch(session.stores, { from: 0, to: news.epoch, live });
    await useEpoch(session, news);
  });
}

/** The ring in force, as the cluster has it: a refresh must not let anybody bypass the gate. An epoch of before is kept. */
export async function read(olds: Outputs): Promise<{ readonly props: object; readonly inputs?: object }> {
  const live = await liveRing(olds.connection);
  if (live === undefined || Object.keys(olds.data).every((key) => live[key] === olds.data[key])) return { props: olds };
  const found = asFound(olds, live);
  // Which phase the pods are in would be forgotten, and with it the ring that is to be written again.
  if (isBehind(olds, live) && isFarBehind(olds, found)) return { props: olds };
  const { phase, ring, connection, settings, data, metrics, migration, cameFrom, stack } = found;
  const { epoch, ringVersion = "", putBack = "" } = found;
  const higher = highestOf(olds) > epoch ? { highestEpoch: highestOf(olds) } : {};
  const named = stack === undefined ? {} : { stack };
  const noted = { ...(cameFrom ? { cameFrom } : {}), ...named, ...higher, ringVersion, putBack };
  const optional = { ...(metrics ? { metrics } : {}), ...noted };
  const inputs = { phase, ring, connection, settings, data, epoch, migration, ...optional };
  return { props: { ...olds, ...inputs }, inputs };
}

/**
 * Passes the gate between two phases, on the shards of before the move: the config may have forgotten a retired shard by now.
 *
 * @param state - the stack's state, where the move starts from the live ring, which is behind it: a migration that is over
 *   by now asks for nothing.
 * @throws GateClosedError when a check does not hold
 */
export function askGate(olds: Outputs, news: CheckedGateInputs, secrets: Secrets, state = olds) {
  const again = state !== olds;
  const purpose = `the gate from "${olds.phase}" to "${news.phase}"`;
  const open = withAllShards(isOpen(olds.phase) ? olds : news, olds, news);
  const dispensable = dispensableShards(olds, news, open);
  const run = { ...open, epoch: olds.epoch };
  return openRun(run, secrets, { purpose, dispensable }, async (session) => {
    const strangers = await shardsThatForgot(session.stores.filter(({ name }) => dispensable.includes(name)));
    const known = session.stores.filter((store) => !strangers.includes(store));
    const away = [...session.outOfReach, ...nowhere(open)];
    if (again && (await isOver(known, news))) return useEpoch({ ...session, stores: known }, news);
    const found = await readMigrationRecord(known);
    const record = found && { ...found, ...session.owner };
    const backend = await openBackend(olds.connection, news.metrics);
    const live = await backend.ring();
    await refuseUsedEpoch(known, { from: olds.epoch, to: news.epoch, live: epochIn(live) });
    let verified: Verified | undefined;
    await lookAtClients(session.stores, backend, news.settings.servesNothing);
    const job: GateJob = {
      from: stateOf(olds),
      to: stateOf(news),
      epochs: { from: olds.epoch, to: news.epoch },
      checksums: { from: checksumIn(olds.data), to: news.data[CHECKSUM_KEY] },
      backend,
      ...olderRing(state, live),
      configOf: (ring) => POD_CONFIGS.find((config) => sameRing(ringData(open, config), ring)),
      commandTimeoutMs: news.settings.commandTimeoutMs,
      servesNothing: news.settings.servesNothing ?? false,
      shards: known,
      outOfReach: [...away, ...strangers.map(({ name }) => name)],
      unnamed: notForced(away, secrets),
      record,
      planDigest: news.settings.planDigest ?? "",
      ttlWindowMs: news.settings.ttlWindowMs,
      service: await openService(news.settings, secrets),
      misfits: async () => {
        const job = { ring: open.ring, stores: session.stores, containerLimits: containerLimits(news) };
        return (await preFlight(session.run, job)).problems;
      },
      verify: async (planned) => {
        await refuseOtherAddresses(session, planned, olds, news);
        verified = await verifyPhase(session, planned, olds.phase, news.settings);
        return verified.report;
      },
    };
    const report = await passGate(session.run, job);
    await verified?.note();
    await useEpoch({ ...session, stores: known }, news);
    return report;
  });
}

/** A refresh may have found the checksum of another ring, and pods report that of the one which they read. */
const checksumIn = (data: RingData): string | undefined => (isTornRing(data) ? undefined : data[CHECKSUM_KEY]);

/** An older ring that was put back, far behind that of the state; nothing where there is none. */
function olderRing(state: Outputs, live: RingData | undefined): Pick<GateJob, "olderRing"> {
  if (live === undefined || !isBehind(state, live)) return {};
  const found = asFound(state, live);
  if (!isFarBehind(state, found)) return {};
  return { olderRing: { config: configFound(found), wayOn: wayOnFrom(state, found) } };
}

/** Whether no shard of a ring without a migration knows one: it has been closed, and an older ring was put back since. */
async function isOver(stores: readonly ShardStore[], { phase, ring }: CheckedGateInputs): Promise<boolean> {
  const staying = stores.filter(({ name }) => ring.shards.includes(name));
  return !isOpen(phase) && (await readAbandonedRecord(staying)) === undefined;
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

/** The live ring ConfigMap; undefined where there is none or nobody can say. */
async function liveRing(connection: ConnectionInputs): Promise<RingData | undefined> {
  try {
    const backend = await openBackend(connection);
    return await inTime(backend.ring(), LOOK_WITHIN_MS);
  } catch (error) {
    log(`the live ring is not known: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
