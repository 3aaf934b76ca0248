import type { PodMetrics } from "../adapters/backend-view";
import { passGate } from "../engines/gate";
import { serverOf } from "../config/server";
import { preFlight } from "../engines/pre-flight";
import type { ShardStore } from "../engines/shard-store";
import { readAbandonedRecord, readMigrationRecord } from "../engines/migration-record";
import {
  isOpen,
  moveOf,
  nearestPhase,
  POD_CONFIGS,
  podConfigOf,
  refuseMove,
  ringsInForce,
  type Phase,
  type PodConfig,
  type RingState,
} from "../phases";
import {
  containerLimits,
  log,
  resultsOf,
  STATE_VERSION,
  type ConnectionInputs,
  type RingInputs,
  type Secrets,
  type SettingsInputs,
} from "./inputs";
import { openBackend, openRun } from "./open-run";
import { verifyPhase } from "./verify";

/** Inputs of the gate as the program gives them. */
export interface GateInputs {
  readonly phase: Phase;
  readonly ring: RingInputs;
  readonly connection: ConnectionInputs;
  readonly settings: SettingsInputs;
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
}

/** What `check` adds: the ring that the move leads to, so that the preview prints it. */
interface CheckedGateInputs extends GateInputs {
  /** Data of the ring ConfigMap. */
  readonly data: Readonly<Record<string, string>>;
  readonly epoch: number;
  /** How many migrations this stack has opened. */
  readonly migration: number;
  /** The state before the last change of the phase; its `up` may not have got to its end. */
  readonly cameFrom?: RingState;
}

interface Outputs extends CheckedGateInputs {
  readonly verification?: unknown;
}

type Failure = { readonly property: string; readonly reason: string };
type Checked = { readonly inputs: object; readonly failures?: readonly Failure[] };

const stateOf = ({ phase, ring }: GateInputs): RingState => ({ phase, ...ring });

/** Refuses illegal moves, and computes the ring that a legal one leads to. */
export async function check(olds: Partial<CheckedGateInputs>, news: GateInputs): Promise<Checked> {
  const known = olds.phase !== undefined && olds.data !== undefined;
  const from = known ? stateOf(olds as CheckedGateInputs) : undefined;
  const refusal = refuseMove(from, stateOf(news), olds.cameFrom);
  if (refusal !== undefined) return { inputs: news, failures: [{ property: "migrationPhase", reason: refusal }] };
  const moved = known ? refuseOtherServer(olds as CheckedGateInputs, news) : undefined;
  if (moved !== undefined) return { inputs: news, failures: [{ property: "shardUrls", reason: moved }] };
  const before = known ? olds.data : await liveRing(news.connection);
  const data = ringData(news);
  if (!known && before?.["DEDUP_SHARDS"] && before["DEDUP_SHARDS"] !== data["DEDUP_SHARDS"]) {
    return { inputs: news, failures: [{ property: "shards", reason: foreignRing(news, before, data) }] };
  }
  const epoch = epochAfter(before, data);
  const cameFrom = from && from.phase !== news.phase ? from : olds.cameFrom;
  const opens = isOpen(news.phase) && !(from && isOpen(from.phase));
  const migration = (olds.migration ?? 0) + (opens ? 1 : 0);
  const noted = { migration, ...(cameFrom ? { cameFrom } : {}) };
  return { inputs: { ...news, data: { ...data, DEDUP_RING_EPOCH: String(epoch) }, epoch, ...noted } };
}

/** Why a shard of the ring in force may not be another server from now on: its keys would be where nobody looks. */
function refuseOtherServer(olds: CheckedGateInputs, news: GateInputs): string | undefined {
  for (const [name, known] of serversInForce(olds)) {
    const now = news.connection.shards[name];
    if (now === undefined || known.some((url) => serverOf(url) === serverOf(now))) continue;
    return (
      `shardUrls: ${name} is at ${known.join(" or ")} and its keys are there, but it would be at ${now} from now on, ` +
      `where they would not be found. Take the change of shardUrls (or namespace) back. To move the shard to another ` +
      `server, name that one in targetShards under a name of its own, leave ${name} out there, and migrate.`
    );
  }
  return undefined;
}

/**
 * The servers of the shards that a state relies on: both rings in force, and the current ring, to which a migration may
 * go back. A ConfigMap that was changed by hand, and then refreshed, may say that one of them is elsewhere: whether that
 * is taken over or taken back is for the operator to say.
 */
function serversInForce(olds: CheckedGateInputs): readonly (readonly [shard: string, urls: readonly string[]])[] {
  const { primary, secondary = [] } = ringsInForce(stateOf(olds));
  const live = (olds.data["DEDUP_SHARDS"] ?? "").split(",");
  const isRing = live.length === primary.length && live.every((url) => URL.canParse(url));
  return [...new Set([...olds.ring.shards, ...primary, ...secondary])].map((name) => {
    const declared = olds.connection.shards[name];
    const found = isRing ? live[primary.indexOf(name)] : undefined;
    return [name, [...new Set([declared, found])].filter((url) => url !== undefined)];
  });
}

/** The first ring: nothing moves. */
export const create = (inputs: CheckedGateInputs) => ({ ...inputs, verification: null, stateVersion: STATE_VERSION });

/** Runs the checks of a move. When it throws, the ring and everything behind the gate stay as they are. */
export async function update(olds: Outputs, news: CheckedGateInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  const { checks } = moveOf(olds.phase, news.phase);
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
  const { ring, connection, settings, metrics, migration, cameFrom } = olds;
  const optional = { ...(metrics ? { metrics } : {}), ...(cameFrom ? { cameFrom } : {}) };
  const inputs = { phase, ring, connection, settings, data, epoch, migration, ...optional };
  return { props: { ...olds, ...inputs }, inputs };
}

/** Works on the shards of before the move: the config may have forgotten a retired shard by now. */
function askGate(olds: Outputs, news: CheckedGateInputs, secrets: Secrets) {
  const purpose = `the gate from "${olds.phase}" to "${news.phase}"`;
  const open = isOpen(olds.phase) ? olds : news;
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
      backend: await openBackend(olds.connection, news.metrics),
      configOf: (ring) => POD_CONFIGS.find((config) => sameRing(ringData(open, config), ring)),
      commandTimeoutMs: news.settings.commandTimeoutMs,
      shards: known,
      outOfReach: [...session.outOfReach, ...strangers.map(({ name }) => name)],
      record: await readMigrationRecord(known),
      ttlWindowMs: news.settings.ttlWindowMs,
      misfits: async () => {
        const job = { ring: open.ring, stores: session.stores, containerLimits: containerLimits(news) };
        return (await preFlight(session.run, job)).problems;
      },
      verify: (record) => verifyPhase(session, record, olds.phase, news.settings),
    });
  });
}

/** Shards that hold no record of the migration: emptied, so they are as good as out of reach. */
async function shardsThatForgot(stores: readonly ShardStore[]): Promise<readonly ShardStore[]> {
  const records = await Promise.all(stores.map((store) => readAbandonedRecord([store])));
  return stores.filter((_, i) => records[i] === undefined);
}

/** The ring part of the ConfigMap; the epoch is not in it. */
function ringData(inputs: GateInputs, config: PodConfig = podConfigOf(inputs.phase)): Record<string, string> {
  const { primary, secondary } = ringsInForce(stateOf(inputs), config);
  return {
    DEDUP_SHARDS: primary.map((name) => inputs.connection.shards[name] ?? "").join(","),
    DEDUP_DUAL_WRITE: String(secondary !== undefined),
    DEDUP_NEW_RING: (secondary ?? []).join(","),
  };
}

type Ring = Readonly<Record<string, string>>;

const sameRing = (a: Ring, b: Ring): boolean =>
  ["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING"].every((key) => a[key] === b[key]);

function epochAfter(before: Ring | undefined, data: Ring): number {
  const epoch = Number(before?.["DEDUP_RING_EPOCH"]) || 0;
  return before !== undefined && epoch > 0 && sameRing(before, data) ? epoch : epoch + 1;
}

const foreignRing = ({ connection }: GateInputs, before: Ring, data: Ring): string =>
  `ConfigMap ${connection.namespace}/${connection.configMap} already has the ring ${before["DEDUP_SHARDS"]}, but shards ` +
  `would make it ${data["DEDUP_SHARDS"]}. Changing it without a migration would lose keys: set shards (and shardUrls) ` +
  `to the ring in force.`;

/** The live ring ConfigMap; undefined where there is none or nobody can say. */
async function liveRing(connection: ConnectionInputs): Promise<Ring | undefined> {
  try {
    return await (await openBackend(connection)).ring();
  } catch (error) {
    log(`the live ring is not known: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
