import { describe, podsBehind } from "../engines/barrier";
import { GateClosedError } from "../engines/errors";
import { holds } from "../engines/migration-record";
import * as barrier from "../entrypoints/barrier";
import * as catchUp from "../entrypoints/catch-up";
import * as drain from "../entrypoints/drain";
import type { StepInputs } from "../entrypoints/inputs";
import { openBackend, openMigration, openRun, workEpoch, type OwnedSession } from "../entrypoints/open-run";
import { verifyAndNote } from "../entrypoints/verify";
import { hasWork, isOpen, rolesOf } from "../phases";
import type { DeployedStack } from "./stack";

/**
 * Does the work of a phase again behind its rollout, where `pulumi up` sees no difference and does nothing: verify and repair
 * while both rings are written, after a catch-up where they are not in step; the cleanup where the target ring is left.
 *
 * @throws Error in a phase that has no such work; GateClosedError while pods run another epoch.
 */
export async function repairRings({ gate, secrets }: DeployedStack): Promise<void> {
  const { phase, migration, epoch, ring, connection, settings, stack } = gate;
  const named = stack === undefined ? {} : { stack };
  const inputs: StepInputs = { migration, epoch, work: phase, ...named, ring, connection, settings };
  if (isOpen(phase) && hasWork(phase, "drain")) {
    await everyPodRuns(gate);
    await drain.update({}, inputs, secrets);
    return;
  }
  if (rolesOf(phase).secondary === undefined) {
    throw new Error(
      `there is nothing to repair in migrationPhase "${phase}": backends write one ring only, so the other is not to ` +
        'hold the same. Verify and repair work in "dualWrite" and "cutover", and the cleanup in "cleanup".',
    );
  }
  const open = <T>(work: (session: OwnedSession) => Promise<T>) =>
    openRun(inputs, secrets, { purpose: "repair" }, work);
  const inStep = await open(async (session) => holds(await openMigration(session), "inStep", epoch));
  // What only the other ring holds may be a left-over before that: the catch-up deletes it, a repair would complete it.
  if (!inStep) {
    await everyPodRuns(gate);
    await catchUp.update({}, inputs, secrets);
  }
  await open(async (session) => {
    const record = await openMigration(session);
    await workEpoch(inputs, record);
    const behind = await podsBehind(await openBackend(connection, gate.metrics), epoch);
    if (behind.length === 0) return verifyAndNote(session, record, inputs);
    throw new GateClosedError(
      `not all pods run ring epoch ${epoch}: ${behind.map(describe).join(", ")}. Run \`pulumi up\` first, which waits for them.`,
    );
  });
}

/** Waits for pods, and for commands of pods that have just gone, as the barrier of the rollout did; nothing is restarted. */
async function everyPodRuns({ epoch, connection, metrics, settings }: DeployedStack["gate"]): Promise<void> {
  const { commandTimeoutMs, rolloutTimeoutMs, servesNothing = false } = settings;
  const asked = metrics ? { metrics } : {};
  await barrier.update({}, { epoch, connection, ...asked, commandTimeoutMs, rolloutTimeoutMs, servesNothing });
}
