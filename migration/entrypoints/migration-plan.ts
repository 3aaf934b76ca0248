import type { PodMetrics } from "../adapters/backend-view";
import { METRIC_GATES_OFF } from "../config/metric-gates-off";
import { GateClosedError } from "../engines/errors";
import {
  describeRings,
  readAbandonedRecord,
  readMigrationRecord,
  writeMigrationRecord,
  type MigrationRecord,
} from "../engines/migration-record";
import { commandProblems, requestProblems } from "../engines/gate/later-phases";
import { LostCardError } from "../engines/run/ownership-errors";
import { preFlight } from "../engines/pre-flight";
import { tryCopies } from "../engines/try-copies";
import { describe, known as knownFigures, measure, type Measurement } from "../engines/service-metrics";
import type { Run } from "../engines/runtime";
import { countStrays, joiningOf } from "../engines/steps/joining-shards";
import type { ShardStore } from "../engines/shard-store";
import { sameMigration } from "../phases";
import { capacityWarnings } from "../plan/capacity";
import { stallProblems } from "../plan/copy-problems";
import { describeEdges, describeMovement, estimateEdges } from "../plan/edges";
import { formatCount } from "../plan/format";
import { notReviewed } from "../plan/digest";
import { migrationPlan, type MigrationPlan } from "../plan/migration-plan";
import { countKeys } from "./count-keys";
import { remarkOnBackend } from "./gate/checksum-remark";
import { lookAtClients } from "./gate/shard-clients";
import { containerLimits, log, ringsOf, STATE_VERSION, type RingInputs, type Secrets, type StepInputs } from "./inputs";
import { openBackend, openRun, type OwnedSession } from "./open-run";
import { openService } from "./open-service";

/** Of states of before, which do not have the setting. */
const DEFAULT_MAX_KEY_STALL_MS = 250;

/** Inputs of the plan as the program gives them. */
export interface PlanInputs extends StepInputs {
  /** Whether a migration is open; when not there is nothing to plan. */
  readonly open: boolean;
  /** Where pods say which ring they run. */
  readonly metrics?: PodMetrics;
}

/** What `check` adds, so that the preview prints what will move. */
interface CheckedPlanInputs extends PlanInputs {
  readonly summary: string;
  readonly edges: Readonly<Record<string, string>>;
}

interface Outputs extends CheckedPlanInputs {
  readonly plan?: unknown;
}

/** Says what will move: shares always, key counts when the shards can be reached. Keeps what was said before. */
export async function check(olds: Partial<CheckedPlanInputs>, news: PlanInputs, secrets: Secrets) {
  if (!news.open) return { inputs: { ...news, summary: "no migration is open", edges: {} } };
  const sameRing = JSON.stringify(olds.ring) === JSON.stringify(news.ring);
  if (olds.open && sameRing && olds.edges) {
    return { inputs: { ...news, summary: olds.summary, edges: olds.edges } };
  }
  const { current, target } = ringsOf(news.ring);
  const edges = estimateEdges(current, target, await keysPerShard(news, secrets));
  return { inputs: { ...news, summary: describeMovement(edges), edges: describeEdges(edges) } };
}

/**
 * A plan that stands is not touched by another epoch or setting: as an update, nobody could know in a preview that its id
 * stays, and every backup would seem to be taken anew. But it may be another one than was reviewed, by the number of its
 * keys, which only the plan that was made knows: a preview says so. The gate refuses it, but not the way back.
 */
export function diff({ plan }: Partial<Outputs>, { work, open, settings }: PlanInputs): { changes?: false } {
  if (work !== "none") return {};
  const { digest } = Object(plan) as Partial<MigrationPlan>;
  const problem = open && digest && settings.planDigest ? notReviewed(settings.planDigest, digest) : undefined;
  if (problem !== undefined) log(`the gate will let no phase through but the way back: ${problem}`);
  return { changes: false };
}

/**
 * Counts the keys, refuses what will not fit, and records the plan on every shard. The plan is kept when its migration is
 * left: that may be taken back.
 */
export async function update(olds: Partial<Outputs>, news: CheckedPlanInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  if (news.work === "none") return { ...kept, plan: olds.plan ?? null };
  const joining = joiningOf(news.ring);
  const plan = await openRun(news, secrets, { purpose: "plan", joining, claimsLater: true }, (session) =>
    makePlan(session, news, secrets),
  );
  return { ...kept, plan };
}

/** The plan, with what was found before: for figures of the service that nobody could tell, why. */
type PlanWithBaseline = MigrationPlan & {
  readonly baseline: Readonly<Record<string, number | string>> | string;
  /** Of the current ring's shards: all of their keys, with the prefix and without. */
  readonly keys_per_shard: Readonly<Record<string, number>>;
};

async function makePlan(session: OwnedSession, inputs: PlanInputs, secrets: Secrets): Promise<PlanWithBaseline> {
  const { run, stores, owner, lostCards } = session;
  const { ring, settings } = inputs;
  const { shards: current, targetShards: target } = ring;
  await assertNoOther(stores, ring);
  refusePlan(await commandProblems(stores, run.token()));
  await lookAtClients(stores, await openBackend(inputs.connection), settings.servesNothing);
  const { census, memory, problems } = await preFlight(run, { ring, stores, containerLimits: containerLimits(inputs) });
  const stalls = stallProblems(census, settings.maxKeyStallMs ?? DEFAULT_MAX_KEY_STALL_MS);
  refusePlan([...problems, ...stalls, ...(await requestProblems(stores, census))]);
  const copies = await tryCopies(run, stores, census);
  refusePlan(copies.problems);
  const plan = migrationPlan({
    ...{ ...ring, current, target, census },
    keysPerSecond: settings.keysPerSecond,
    now: new Date(run.clock.now()),
  });
  const warnings = [...plan.warnings, ...copies.warnings];
  [...warnings, ...capacityWarnings(census, memory, target)].forEach((warning) => log(`plan: ${warning}`));
  const remark = await remarkOnBackend(inputs.connection, inputs.metrics);
  if (remark !== undefined) log(`plan: ${remark}`);
  const figures = await measureService(inputs, secrets);
  const known = await recordBefore(stores, current);
  if (lostCards.length > 0) throw new LostCardError(lostCards, owner.stack);
  const record: MigrationRecord = {
    ...{ sequence: 0, id: plan.migration_id, digest: plan.digest, ...known, ...owner },
    strays: known.strays ?? (await straysOn(run, stores, ring)),
    // A gate that later starts from another epoch (somebody counted it up) must know what pods of this one run.
    configs: { [inputs.epoch]: "A", ...known.configs },
    ...ring,
    movers: plan.total_keys_to_move,
    ...(figures ? { baseline: { ...known.baseline, ...knownFigures(figures) } } : {}),
  };
  const facts = await session.writeCards();
  await writeMigrationRecord(stores, run.token(), { ...record, ...facts });
  log(
    `plan ${record.id}: ${formatCount(plan.total_keys_to_move)} keys to move, about ${plan.estimated_duration} at the throttle`,
  );
  const counted = Object.fromEntries(census.map(({ shard, keys, otherKeys }) => [shard, keys + otherKeys]));
  const found = { baseline: baselineOutput(figures), keys_per_shard: counted };
  return { ...plan, warnings, migration_id: record.id, digest: record.digest, ...found };
}

/** @throws GateClosedError where anything stands against the plan. */
function refusePlan(problems: readonly string[]): void {
  if (problems.length > 0) throw new GateClosedError(`the plan is refused, nothing has moved:\n${problems.join("\n")}`);
}

/**
 * A plan that is made again for the same rings is the same migration, however many keys there are by now. One that some
 * shards do not know was killed, and is made anew; or a shard has lost its data: where copies may be all that is left of
 * that, it must not seem to know the migration.
 */
async function recordBefore(
  stores: readonly ShardStore[],
  current: readonly string[],
): Promise<Partial<MigrationRecord>> {
  const deciding = stores.filter(({ name }) => current.includes(name));
  const hasCopies = (await readAbandonedRecord(deciding))?.hasCopies ?? false;
  if (hasCopies) await readMigrationRecord(deciding);
  const known = await readMigrationRecord(stores).catch(ignoreClosed);
  return known ?? (hasCopies ? { hasCopies } : {});
}

function ignoreClosed(error: unknown): undefined {
  if (error instanceof GateClosedError) return undefined;
  throw error;
}

async function straysOn(run: Run, stores: readonly ShardStore[], ring: RingInputs): Promise<Record<string, number>> {
  const joining = stores.filter(({ name }) => joiningOf(ring).includes(name));
  return Object.fromEntries(await Promise.all(joining.map(async (s) => [s.name, await countStrays(run, s)] as const)));
}

/** The service's figures before anything moves; nothing is held by those that nobody can tell: the gates will be. */
async function measureService({ settings }: PlanInputs, secrets: Secrets): Promise<Measurement | undefined> {
  const service = await openService(settings, secrets);
  const figures = service && (await measure(service.source, service.settings.queries));
  log(`plan: baseline of the service: ${figures ? describe(figures) : METRIC_GATES_OFF}`);
  return figures;
}

function baselineOutput(figures: Measurement | undefined): PlanWithBaseline["baseline"] {
  if (figures === undefined) return METRIC_GATES_OFF;
  return Object.fromEntries(
    Object.entries(figures).map(([name, it]) => [name, "value" in it ? it.value : it.inconclusive]),
  );
}

/** A migration that was not cleared away would leave its copies behind for good: only its record says where they are. */
async function assertNoOther(stores: readonly ShardStore[], ring: RingInputs): Promise<void> {
  const other = await readAbandonedRecord(stores.filter(({ name }) => ring.shards.includes(name)));
  if (other === undefined || sameMigration(other, ring)) return;
  throw new GateClosedError(
    `the plan is refused, nothing has moved: the shards are still in migration ${other.id} (${describeRings(other)}). ` +
      `Set migrationPhase to "stable" and run \`pulumi up\`, which clears it away, then plan again.`,
  );
}

/** Keys per shard of the current ring, those of shards that answer in time. */
async function keysPerShard(inputs: PlanInputs, secrets: Secrets): Promise<Record<string, number>> {
  const counts = Object.entries(await countKeys(inputs, secrets, inputs.ring.shards));
  for (const [name, keys] of counts) {
    if (typeof keys === "string") log(`plan: how many keys ${name} has is not known: ${keys}`);
  }
  return Object.fromEntries(counts.filter((count): count is [string, number] => typeof count[1] === "number"));
}
