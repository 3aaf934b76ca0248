import { METRIC_GATES_OFF } from "../config/metric-gates-off";
import {
  configIn,
  hasWork,
  isOpen,
  isWayBack,
  moveOf,
  openState,
  sameMigration,
  stepsBetween,
  type Check,
  type PodConfig,
  type RingState,
} from "../phases";
import { notReviewed } from "../plan/digest";
import { roleProblem } from "../plan/server-problems";
import { describe, epochsOf, isUnknown, podsThatAnswer, type BackendPod, type BackendView } from "./barrier";
import { GateClosedError } from "./errors";
import { isEvidence, NoPodsError } from "./gate/no-pods";
import { assertUnneeded } from "./gate/retiring-shards";
import { assertRingsOfEpochs, type RingChecksums } from "./gate/pod-rings";
import { suspectsOfMove } from "./gate/suspects";
import { describeRings, holds, withoutUntrue, writeMigrationRecord, type MigrationRecord } from "./migration-record";
import { sourcesNotCopied } from "./pre-copy";
import { NoRecordError } from "./run/lost-record";
import type { ServiceMetrics } from "./metric-gate";
import type { Run } from "./runtime";
import { assertHealthy, assertStable } from "./service-gates";
import type { ShardStore } from "./shard-store";
import type { VerifyReport } from "./verify";

/** A move between two phases, and what stands ready for its checks. */
export interface GateJob {
  readonly from: RingState;
  readonly to: RingState;
  /** The ring epochs of `from` and `to`: the same when the ring does not change. */
  readonly epochs: { readonly from: number; readonly to: number };
  /** The checksums of the rings of `from` and `to`; absent where the state is of before. */
  readonly checksums?: { readonly from?: string | undefined; readonly to?: string | undefined };
  readonly backend: BackendView;
  /** An older ring that was put back, far behind that of the state. */
  readonly olderRing?: {
    /** What pods run that have started from it. */
    readonly config: PodConfig;
    /** What an operator can do, as a sentence. */
    readonly wayOn: string;
  };
  /** What pods that read this ring ConfigMap run; undefined when it is none of this migration. */
  readonly configOf: (ring: Readonly<Record<string, string>>) => PodConfig | undefined;
  /** No command of a pod that is gone takes effect later than this. */
  readonly commandTimeoutMs: number;
  /** Whether the operator says that no pod serves. @default false */
  readonly servesNothing?: boolean;
  /** All shards of both rings. */
  readonly shards: readonly ShardStore[];
  /** Shards out of reach that are given up, or that a move which is taken back may have removed. */
  readonly outOfReach: readonly string[];
  /** Those of them at which nobody can look, and which forceRemoveShards does not name. */
  readonly unnamed: readonly string[];
  readonly record: MigrationRecord | undefined;
  /** Of the plan that was reviewed; empty: none is asked for. */
  readonly planDigest: string;
  readonly ttlWindowMs: number;
  /** The service's metrics; undefined: the gates on them are off. */
  readonly service?: ServiceMetrics | undefined;
  /** Why the shards cannot take what the copy brings; empty when they can. */
  readonly misfits: () => Promise<readonly string[]>;
  /** A fresh verify with the primary of `from` deciding. */
  readonly verify: (record: MigrationRecord) => Promise<VerifyReport>;
}

/**
 * Runs the checks of a move, from evidence on the shards and in the cluster, then notes on the shards what pods of the
 * new ring epoch will run.
 *
 * @returns the report of the verify, if the move asked for one.
 * @throws GateClosedError when a check does not hold: the ring stays as it is.
 */
export async function passGate(run: Run, job: GateJob): Promise<VerifyReport | undefined> {
  const { checks: asked } = moveOf(job.from.phase, job.to.phase, job.epochs.from !== job.epochs.to);
  // Pods may still run the ring of the state.
  const checks = job.olderRing && !asked.includes("oneStep") ? (["oneStep", ...asked] as const) : asked;
  let report: VerifyReport | undefined;
  for (const check of checks) {
    run.log(`gate: ${check}?`);
    report = (await CHECKS[check](run, job)) ?? report;
  }
  const { record, epochs, shards } = job;
  if (record && epochs.from !== epochs.to) {
    await writeMigrationRecord(shards, run.token(), {
      ...withoutUntrue(record, job.olderRing?.config ?? configIn(openState(job.from, job.to), job.from)),
      configs: { ...configsOf(job), [epochs.to]: configAfter(job) },
      checksums: { ...checksumsBefore(job), ...(job.checksums?.to ? { [epochs.to]: job.checksums.to } : {}) },
    });
  }
  return report;
}

type CheckRun = (run: Run, job: GateJob) => Promise<VerifyReport | undefined | void>;

const CHECKS: Readonly<Record<Check, CheckRun>> = {
  oneStep: async (run, job) => {
    await assertAllWithin(1, run, job);
    // A pod that has just gone may have a command under way, and would be further off than those that are there.
    await run.clock.sleep(job.commandTimeoutMs);
  },
  settled: (run, job) => assertAllWithin(0, run, job),
  planned: (_run, job) => Promise.resolve(void plannedRecord(job)),
  healthy: async (_run, { from, to, shards, outOfReach }) => {
    if (outOfReach.length > 0 && moveOf(from.phase, to.phase).givesUp === undefined) {
      throw new GateClosedError(
        `${outOfReach.join(", ")} cannot be reached or has lost its data. ` +
          `Look at its pod, then run \`pulumi up\` again.`,
      );
    }
    for (const shard of shards) {
      const problem = roleProblem({ shard: shard.name, ...(await shard.info()) });
      if (problem !== undefined) throw new GateClosedError(problem);
    }
  },
  unneeded: async (_run, job) => {
    const { from, epochs, outOfReach: missing, unnamed } = job;
    const facts = { from: from.phase, epoch: epochs.from, record: plannedRecord(job), missing, unnamed };
    assertUnneeded({ ...facts, suspects: missing.length === 0 ? [] : await suspectsOfMove(job) });
  },
  fits: async (_run, job) => {
    const misfits = await job.misfits();
    if (misfits.length > 0) throw new GateClosedError(`the shards have changed since the plan:\n${misfits.join("\n")}`);
  },
  preCopied: async (run, job) => {
    const missing = await sourcesNotCopied(run, plannedRecord(job));
    if (missing.length === 0) return;
    throw new GateClosedError(
      `the pre-copy of ${missing.join(", ")} has not been completed. ` +
        `Set migrationPhase to "${job.from.phase}" and run \`pulumi up\`: it goes on where it stopped.`,
    );
  },
  inStep: (_run, job) => {
    if (holds(plannedRecord(job), "inStep", job.epochs.from)) return Promise.resolve();
    throw new GateClosedError(
      `the rings have not been brought into step since dual-write was switched on. ` +
        `Set migrationPhase to "${job.from.phase}" and run \`pulumi up\`: its catch-up goes on where it stopped. If that ` +
        `finds nothing to do, run \`npm run repair\`.`,
    );
  },
  verified: (_run, job) => job.verify(plannedRecord(job)),
  verifiedIfInStep: async (run, job) => {
    if (await isMade(job)) return run.log("gate: not verified again: the ring was moved by a gate that did");
    const excuse = excuseFromVerify(job);
    const suspects = await suspectsOfMove(job);
    // Not in step, one ring has decided alone all the time: that is worth nothing where its shards may have lost writes.
    if (excuse === undefined || (suspects.length > 0 && job.outOfReach.length === 0))
      return job.verify(plannedRecord(job));
    if (suspects.length > 0) run.log(`warning: ${suspects.join(", ")} may have lost writes, and cannot be verified`);
    run.log(`gate: not verified, because ${excuse}. Every acknowledged claim is on the ring that stays.`);
  },
  serviceHealthy: async (run, job) => {
    if (!job.service) return run.log(`gate: serviceHealthy is ${METRIC_GATES_OFF}`);
    await assertHealthy(job.service, plannedRecord(job).baseline ?? {});
  },
  serviceStable: async (run, job) => {
    if (!job.service) return run.log(`gate: serviceStable is ${METRIC_GATES_OFF}`);
    await assertStable(job.service, plannedRecord(job).baseline ?? {}, cutoverAtMs(job));
  },
  windowOpen: (run, job) => {
    const opensMs = cutoverAtMs(job) + job.ttlWindowMs;
    if (run.clock.now() >= opensMs) return Promise.resolve();
    throw new GateClosedError(
      `cleanup opens at ${new Date(opensMs).toISOString()}: until then the old copies are the way back. ` +
        `Wait, or shorten cleanup.ttlWindow.`,
    );
  },
  drained: (_run, job) => {
    if (holds(plannedRecord(job), "drained", job.epochs.from)) return Promise.resolve();
    throw new GateClosedError(
      `the cleanup has not been completed: old owners may still hold movers. ` +
        `Set migrationPhase to "${job.from.phase}" with the old shards and run \`pulumi up\`. If that finds nothing to do, ` +
        `run \`npm run repair\`.`,
    );
  },
};

function plannedRecord(job: GateJob): MigrationRecord {
  const { record, from, to } = job;
  const rings = openState(from, to);
  if (record && sameMigration(record, rings)) return reviewed(record, job);
  if (record) {
    throw new GateClosedError(
      `the shards are in another migration (${record.id}: ${describeRings(record)}), and not in ${describeRings(rings)}. ` +
        `Set the config to that, or go back to migrationPhase "stable" and plan anew.`,
    );
  }
  if (isOpen(from.phase)) throw new NoRecordError(hasWork(from.phase, "plan"));
  throw new GateClosedError(
    `the migration has been closed: its records are gone from the shards. ` +
      `Set migrationPhase back to "${from.phase}", with the shards of that; for another migration go on to "plan".`,
  );
}

/** Whoever goes back need not have had the plan reviewed: it is the way out of what was not. */
function reviewed(record: MigrationRecord, { planDigest, from, to }: GateJob): MigrationRecord {
  if (planDigest === "" || isWayBack(from.phase, to.phase)) return record;
  const problem = notReviewed(planDigest, record.digest);
  if (problem === undefined) return record;
  throw new GateClosedError(problem);
}

function cutoverAtMs(job: GateJob): number {
  const record = plannedRecord(job);
  if (record.cutover && holds(record, "cutover", job.epochs.from)) return record.cutover.atMs;
  throw new GateClosedError(`no cutover is recorded. Run \`pulumi up\` with migrationPhase "${job.from.phase}" first.`);
}

/** What pods of each epoch run. Of `from` the state knows best: a refresh holds it against the cluster. */
function configsOf({ record, from, to, epochs }: GateJob): Readonly<Record<number, PodConfig>> {
  return { ...record?.configs, [epochs.from]: configIn(openState(from, to), from) };
}

/** Of `from` the state knows best here, too. */
const checksumsBefore = ({ record, epochs, checksums }: GateJob): RingChecksums => ({
  ...record?.checksums,
  ...(checksums?.from ? { [epochs.from]: checksums.from } : {}),
});

const configAfter = ({ from, to }: GateJob): PodConfig => configIn(openState(from, to), to);

/** Whether the ring has been moved already, through a gate that noted it on the shards: a bake that failed does that. */
async function isMade(job: GateJob): Promise<boolean> {
  const { backend, configOf, record, epochs } = job;
  const live = (await backend.ring()) ?? {};
  const wanted = configAfter(job);
  const moved = Number(live["DEDUP_RING_EPOCH"]) === epochs.to && epochs.to > epochs.from;
  return moved && configOf(live) === wanted && record?.configs?.[epochs.to] === wanted;
}

/**
 * Looks at every pod, terminating ones included, and at the live ConfigMap, which is what the next pod to start will
 * run. Pods side by side may differ by one step of config: they share an owner, and a claim needs both.
 */
async function assertAllWithin(steps: 0 | 1, { clock }: Run, job: GateJob): Promise<void> {
  const { backend, from, to, epochs } = job;
  const stays = from.phase === to.phase;
  const again =
    job.olderRing?.wayOn ??
    (stays
      ? "Restart the backend's pods (`kubectl rollout restart`), then run `pulumi up` again."
      : `Set migrationPhase to "${from.phase}" and run \`pulumi up --refresh\` first.`);
  const live = await backend.ring();
  if (live === undefined) {
    throw new GateClosedError(
      `the backend's ring ConfigMap does not exist any more: somebody has deleted it. ${again}`,
    );
  }
  if (Number(live["DEDUP_RING_EPOCH"]) > epochs.from && !(await isMade(job))) {
    throw new GateClosedError(
      `the live ring ConfigMap is at epoch ${live["DEDUP_RING_EPOCH"]}, but the stack's state knows only of ` +
        `${epochs.from}: somebody else has changed the ring. Run \`pulumi refresh\`, then look at the preview again.`,
    );
  }
  const next = job.configOf(live);
  // Where the phase stays, the ring is written once more in the place of whatever is there.
  if (next === undefined && !stays) {
    throw new GateClosedError(
      `the live ring ConfigMap has a ring that this migration does not know (DEDUP_SHARDS="${live["DEDUP_SHARDS"] ?? ""}"). ` +
        again,
    );
  }
  const configs = configsOf(job);
  const pods = await podsThatAnswer(backend, clock);
  if (!isEvidence(pods, job.servesNothing)) throw new NoPodsError(`the gate to "${to.phase}" stays shut`);
  assertKnown(pods);
  assertRingsOfEpochs(pods, checksumsBefore(job));
  const found = pods.map((pod) => ({ pod, runs: epochsOf(pod).map((epoch) => configs[epoch]) }));
  const strangers = found.filter(({ runs }) => runs.length === 0 || runs.includes(undefined));
  if (strangers.length > 0) {
    const names = strangers.map(({ pod }) => describe(pod)).join(", ");
    throw new GateClosedError(`backend pods run a ring epoch that this migration does not know: ${names}. ${again}`);
  }
  const wanted = configAfter(job);
  const everybody = [
    ...found.flatMap(({ pod, runs }) => runs.map((config = wanted) => ({ who: describe(pod), config }))),
    ...(next === undefined || (stays && job.olderRing) ? [] : [{ who: "the live ring ConfigMap", config: next }]),
  ];
  // Where no pod has started from the ring of the state, the move to it has not been made: it is asked for in full.
  const isMadeOnce = !(stays && job.olderRing) || everybody.some(({ config }) => config === wanted);
  const off = everybody.filter(({ config }) => !isMadeOnce || stepsBetween(config, wanted) > steps);
  if (off.length === 0) return;
  const reasons = off.map(({ who, config }) => `${who} ${SAYS[config]}`).join(", ");
  throw new GateClosedError(
    `"${to.phase}" ${SAYS[wanted]}, and that is too far from what there is: ${reasons}. ${again}`,
  );
}

function assertKnown(pods: readonly BackendPod[]): void {
  const unknown = pods.filter(isUnknown);
  if (unknown.length === 0) return;
  throw new GateClosedError(
    `backend pods do not say which ring epoch they run: ${unknown.map(describe).join(", ")}. Find out what holds them, ` +
      `or take backend.metricsPort out of the config to go by their annotations; then run \`pulumi up\` again.`,
  );
}

const SAYS: Readonly<Record<PodConfig, string>> = {
  A: "uses the current ring only",
  DA: "reads the current ring and writes both",
  DB: "reads the target ring and writes both",
  B: "uses the target ring only",
};

function excuseFromVerify(job: GateJob): string | undefined {
  if (job.outOfReach.length > 0) return `${job.outOfReach.join(", ")} cannot be reached or has lost its data`;
  if (job.record === undefined) return "no migration is recorded on the shards";
  if (holds(job.record, "inStep", job.epochs.from)) return undefined;
  return "the rings have not been in step since dual-write was switched on";
}
