import type { RingData } from "../contract/ring-config-map";
import type { ClusterBackend, PodMetrics } from "../adapters/backend-view";
import { withSession, type Session } from "../adapters/session";
import { claimShards } from "../engines/run/claim-shards";
import { NoRecordError } from "../engines/run/lost-record";
import type { Owner } from "../engines/run/owner";
import { ProcessNotes, type ShardFacts } from "../engines/run/process-notes";
import { ownerOf } from "./backend-identity";
import type { BackendView } from "../engines/barrier";
import { GateClosedError } from "../engines/errors";
import { readMigrationRecord, type MigrationRecord } from "../engines/migration-record";
import { accessOf, addressesOf, log, ringsOf, type ConnectionInputs, type Secrets, type StepInputs } from "./inputs";
import type { Run } from "../engines/runtime";
import { podConfigOf, type Phase, type PodConfig } from "../phases";
import { delegating } from "./delegate";
import { pushingProgress, type ShownInputs } from "./push-progress";
import { assertSameRing } from "../engines/gate/ring-put-back-error";
import { openRing, ringOfStep } from "./ring-in-force";
import { watchEngine } from "./watch-engine";
import { withWay } from "./way-without";

/** What narrows a run down. */
export interface RunOptions {
  readonly purpose: string;
  /** Only these shards are opened; all of the connection by default. */
  readonly only?: readonly string[];
  /** Shards that the work can do without. */
  readonly dispensable?: readonly string[];
  /** Shards that get a new card where they have lost theirs. */
  readonly joining?: readonly string[];
  /** Whether the work writes the cards, once it knows that it goes on. */
  readonly claimsLater?: boolean;
}

/** Shards that a run has locked and may work on. */
export interface OwnedSession extends Session {
  readonly owner: Owner;
  /** Shards that had a card and have none: they lost their data. */
  readonly lostCards: readonly string[];
  /** Notes which server processes the shards are. */
  readonly processes: ProcessNotes;
  /**
   * Writes the cards of the shards, where the run was opened to do that later.
   * @returns what the record says, or is to say, of the shards' processes.
   */
  readonly writeCards: () => Promise<ShardFacts>;
}

/** What a resource says of the run that it needs. */
type RunInputs = Pick<StepInputs, "connection" | "ring"> &
  ShownInputs &
  Partial<Pick<StepInputs, "epoch" | "stack" | "work">> & { readonly phase?: Phase };

/**
 * Opens and locks the shards of a resource for some work, and makes sure that they belong to its backend.
 * @throws as `withSession` and `claimShards` do
 */
export async function openRun<T>(
  inputs: RunInputs,
  secrets: Secrets,
  options: RunOptions,
  work: (session: OwnedSession) => Promise<T>,
): Promise<T> {
  try {
    return await open(inputs, secrets, options, work);
  } catch (error) {
    throw withWay(error, inputs.phase ?? inputs.work ?? "", inputs.ring);
  }
}

function open<T>(
  inputs: RunInputs,
  secrets: Secrets,
  options: RunOptions,
  work: (session: OwnedSession) => Promise<T>,
): Promise<T> {
  watchEngine();
  const { purpose, only, dispensable = [] } = options;
  const addresses = addressesOf(inputs.connection).filter(({ name }) => only === undefined || only.includes(name));
  return withSession(
    { addresses, access: accessOf(inputs, secrets), rings: ringsOf(inputs.ring), purpose, log, dispensable },
    async (session) => {
      const owned = await own(session, inputs, options);
      if (!options.claimsLater) await owned.writeCards();
      const job = inputs.settings?.job;
      const connection = withoutShards(inputs.connection, owned.outOfReach);
      const whereAsked = (run: Run) =>
        job === undefined ? run : delegating(run, job, { connection, owner: owned.owner }, secrets);
      return pushingProgress(inputs, session.run, (run) => work({ ...owned, run: whereAsked(run) }));
    },
  );
}

/** Pods of a Job look at every shard that they are told of. */
const withoutShards = (connection: ConnectionInputs, names: readonly string[]): ConnectionInputs => ({
  ...connection,
  shards: Object.fromEntries(Object.entries(connection.shards).filter(([name]) => !names.includes(name))),
});

async function own(session: Session, inputs: RunInputs, options: RunOptions): Promise<OwnedSession> {
  const { connection, epoch = 0 } = inputs;
  const { dispensable = [], joining = [] } = options;
  const owner = await ownerOf(inputs);
  const ring = Object.keys(connection.shards);
  const claim = { stores: session.stores, owner, ring, epoch, dispensable, joining };
  const { stores, leftOut, lostCards, behind, write } = await claimShards(claim, log);
  const outOfReach = [...session.outOfReach, ...leftOut];
  const processes = new ProcessNotes(stores, connection.managed ?? []);
  const writeCards = async () => {
    // The cards are what shows that writes were lost, and they get a higher number now.
    const facts = await processes.noteLosses(session.run.token(), behind, log);
    await write(session.run.token());
    return facts;
  };
  return { ...session, stores, outOfReach, owner, lostCards, processes, writeCards };
}

/** The backend, as the cluster knows it and (where metrics are given) as its pods say. */
export async function openBackend(connection: ConnectionInputs, metrics?: PodMetrics): Promise<ClusterBackend> {
  // Loaded only where it is needed: the client is slow to start.
  const { Cluster } = await import("../adapters/cluster");
  const { ClusterBackend: Backend } = await import("../adapters/backend-view");
  const cluster = new Cluster(connection.kubeContext || undefined);
  return new Backend(cluster, { ...connection, ...(metrics ? { metrics } : {}) });
}

/** Writes the ring ConfigMap where it has the ring that is replaced, then restarts the backend's pods as a rollout of this program does. */
export async function writeRing(connection: ConnectionInputs, replaced: RingData, data: RingData) {
  const { Cluster } = await import("../adapters/cluster");
  const { writeRing: write } = await import("../adapters/ring-writer");
  await write(new Cluster(connection.kubeContext || undefined), connection, replaced, data);
}

/**
 * @returns the record of the open migration, as this run's own: one that an older version wrote does not say whose it is.
 * @throws NoRecordError when no migration is recorded on the shards; LostRecordError, UnreadableRecordError.
 */
export async function openMigration({ stores, owner }: Session & Partial<OwnedSession>): Promise<MigrationRecord> {
  const record = await readMigrationRecord(stores);
  if (record) return { ...record, ...owner };
  throw new NoRecordError(false);
}

/** The epoch of the live ring ConfigMap. */
export const liveEpoch = async (backend: BackendView): Promise<number> => epochIn(await backend.ring());

function epochIn(ring: RingData | undefined): number {
  const epoch = Number(ring?.["DEDUP_RING_EPOCH"]);
  if (Number.isInteger(epoch)) return epoch;
  throw new GateClosedError(`the live ring ConfigMap has no DEDUP_RING_EPOCH. Run \`pulumi up\` to write it.`);
}

/**
 * The epoch of a step, as in {@link ringEpoch}, which must be one that the phase's own gate has let come: a run with
 * `--target` or `--exclude` may have left that gate out, and the step has its phase from the config.
 *
 * @throws GateClosedError when pods of that epoch run another config than that of the phase, or the ring has been moved.
 */
export async function workEpoch(inputs: StepInputs, { configs }: MigrationRecord): Promise<number> {
  const { epoch } = inputs;
  const { source, now } = await ringAtEpoch(inputs);
  if (configAt(epoch, configs) === podConfigOf(inputs.work as Phase)) {
    assertSameRing(source.name, now, ringOfStep(inputs));
    return epoch;
  }
  throw new GateClosedError(
    `ring epoch ${epoch} is not that of migrationPhase "${inputs.work}": its gate has not let the phase through, and the ring ` +
      "has not been moved. Nothing has been done: run `pulumi up` for the whole stack, without --target and --exclude.",
  );
}

/** What pods of an epoch run: every gate that changes it notes that. Before the first one they know the current ring only. */
function configAt(epoch: number, configs: MigrationRecord["configs"] = {}): PodConfig {
  const noted = Object.keys(configs).map(Number);
  return configs[Math.max(...noted.filter((each) => each <= epoch))] ?? "A";
}

/**
 * The epoch of a step, whose ring must still be the live one, in all of its keys: work that goes by a ring which is no longer
 * in force would let the wrong side decide.
 *
 * @throws GateClosedError when the ring has been moved since the gate let the phase through; RingPutBackError when it has
 *   the number of the epoch, but not its ring.
 */
export async function ringEpoch(inputs: StepInputs): Promise<number> {
  const { source, now } = await ringAtEpoch(inputs);
  assertSameRing(source.name, now, ringOfStep(inputs));
  return inputs.epoch;
}

/** @throws GateClosedError when the live ring has another epoch than that of the step. */
async function ringAtEpoch({ connection, epoch }: StepInputs) {
  const source = await openRing(connection);
  const now = await source.now();
  const live = epochIn(now.data);
  if (live === epoch) return { source, now };
  throw new GateClosedError(
    `the work of this phase is for ring epoch ${epoch}, but the live ring ConfigMap is at ${live}: the ring has been moved ` +
      `since. If metrics.autoRollback did that, set migrationPhase to "dualWrite" and run \`pulumi up\`. Otherwise run ` +
      `\`pulumi refresh\`, then look at the preview.`,
  );
}
