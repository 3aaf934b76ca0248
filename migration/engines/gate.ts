import { moveOf, type Check, type RingState } from "../phases";
import { describe, podsBehind, type BackendView } from "./barrier";
import { GateClosedError } from "./errors";
import { writeMigrationRecord, type MigrationRecord } from "./migration-record";
import { sourcesNotCopied } from "./pre-copy";
import type { Run } from "./runtime";
import type { ShardStore } from "./shard-store";
import type { VerifyReport } from "./verify";

/** A move between two phases, and what stands ready for its checks. */
export interface GateJob {
  readonly from: RingState;
  readonly to: RingState;
  /** The ring epoch and ConfigMap data of `from`. */
  readonly epoch: number;
  readonly data: Readonly<Record<string, string>>;
  readonly backend: BackendView;
  /** All shards of both rings. */
  readonly shards: readonly ShardStore[];
  /** Shards out of reach that the ring which stays does not have. */
  readonly outOfReach: readonly string[];
  readonly record: MigrationRecord | undefined;
  readonly ttlWindowMs: number;
  /** A fresh verify with the primary of `from` deciding. */
  readonly verify: (record: MigrationRecord) => Promise<VerifyReport>;
}

/**
 * Runs the checks of a move, from evidence on the shards and in the cluster, then forgets what the move makes untrue.
 *
 * @returns the report of the verify, if the move asked for one.
 * @throws GateClosedError when a check does not hold: the ring stays as it is.
 */
export async function passGate(run: Run, job: GateJob): Promise<VerifyReport | undefined> {
  const { checks, forgets = [] } = moveOf(job.from.phase, job.to.phase);
  let report: VerifyReport | undefined;
  for (const check of checks) {
    run.log(`gate: ${check}?`);
    report = (await CHECKS[check](run, job)) ?? report;
  }
  if (job.record && forgets.length > 0) {
    const left = { ...job.record };
    for (const fact of forgets) delete left[fact];
    await writeMigrationRecord(job.shards, run.token(), left);
  }
  return report;
}

type CheckRun = (run: Run, job: GateJob) => Promise<VerifyReport | undefined | void>;

const CHECKS: Readonly<Record<Check, CheckRun>> = {
  settled: async (_run, job) => {
    const problem = await unsettled(job);
    if (problem) {
      throw new GateClosedError(`${problem} Set migrationPhase to "${job.from.phase}" and run \`pulumi up\` first.`);
    }
  },
  planned: (_run, job) => Promise.resolve(void plannedRecord(job)),
  healthy: async (_run, { shards }) => {
    for (const shard of shards) {
      const { role } = await shard.info();
      if (role !== "master") {
        throw new GateClosedError(`${shard.name} is a ${role}, not a primary. Point its URL at its primary.`);
      }
    }
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
    if (plannedRecord(job).inStepSinceEpoch !== undefined) return Promise.resolve();
    throw new GateClosedError(
      `the rings have not been brought into step since dual-write was switched on. ` +
        `Set migrationPhase to "${job.from.phase}" and run \`pulumi up\`: its catch-up goes on where it stopped.`,
    );
  },
  verified: (_run, job) => job.verify(plannedRecord(job)),
  verifiedIfReachable: async (run, job) => {
    const excuse = await excuseFromVerify(job);
    if (excuse === undefined) return job.verify(plannedRecord(job));
    run.log(`gate: not verified, because ${excuse}. Every acknowledged claim is on the current ring, which stays.`);
  },
  windowOpen: (run, job) => {
    const { cutoverAtMs } = plannedRecord(job);
    if (cutoverAtMs === undefined) {
      throw new GateClosedError(
        `no cutover is recorded. Run \`pulumi up\` with migrationPhase "${job.from.phase}" first.`,
      );
    }
    const opensMs = cutoverAtMs + job.ttlWindowMs;
    if (run.clock.now() >= opensMs) return Promise.resolve();
    throw new GateClosedError(
      `cleanup opens at ${new Date(opensMs).toISOString()}: until then the old copies are the way back. ` +
        `Wait, or shorten cleanup.ttlWindow.`,
    );
  },
  drained: (_run, job) => {
    if (plannedRecord(job).drained === true) return Promise.resolve();
    throw new GateClosedError(
      `the cleanup has not been completed: old owners may still hold movers. ` +
        `Set migrationPhase to "${job.from.phase}" with the old shards and run \`pulumi up\`.`,
    );
  },
};

function plannedRecord({ record, from }: GateJob): MigrationRecord {
  const same = (a: readonly string[], b: readonly string[]) => a.join(",") === b.join(",");
  if (record && same(record.shards, from.shards) && same(record.targetShards, from.targetShards)) return record;
  throw new GateClosedError(
    record
      ? `the shards are in another migration (${record.id}: ${record.shards.join(", ")} → ${record.targetShards.join(", ")}). ` +
          `Set shards and targetShards to that, or go back to migrationPhase "stable" and plan anew.`
      : `no plan is recorded on the shards. Set migrationPhase to "plan" and run \`pulumi up\` first.`,
  );
}

/** Why the live ConfigMap or the pods are not where the last gate wanted them; undefined when they are. */
async function unsettled({ backend, data, epoch }: GateJob): Promise<string | undefined> {
  const live = await backend.ring();
  const off = Object.keys(data).find((key) => live?.[key] !== data[key]);
  if (off !== undefined) {
    return `the live ring ConfigMap has ${off}="${live?.[off] ?? ""}" instead of "${data[off]}".`;
  }
  const behind = await podsBehind(backend, epoch);
  return behind.length > 0
    ? `backend pods run another ring epoch than ${epoch}: ${behind.map(describe).join(", ")}.`
    : undefined;
}

async function excuseFromVerify(job: GateJob): Promise<string | undefined> {
  if (job.outOfReach.length > 0) return `${job.outOfReach.join(", ")} cannot be reached or has lost its data`;
  if (job.record === undefined) return "no migration is recorded on the shards";
  return unsettled(job);
}
