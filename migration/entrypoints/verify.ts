import type { Session } from "../adapters/session";
import { writeMigrationRecord, type MigrationRecord } from "../engines/migration-record";
import { verifyAndRepair, type VerifyReport } from "../engines/verify";
import { rolesOf, type Phase } from "../phases";
import { repairPace, resultsOf, STATE_VERSION, type Secrets, type SettingsInputs, type StepInputs } from "./inputs";
import { openMigration, openRun, workEpoch } from "./open-run";

interface Outputs extends StepInputs {
  readonly report?: unknown;
}

/** Verifies and repairs until a pass is clean. */
export async function update(olds: Partial<Outputs>, news: StepInputs, secrets: Secrets) {
  const kept = { ...news, stateVersion: STATE_VERSION };
  if (news.work === "none") return { ...kept, report: resultsOf(olds, news).report ?? null };
  const report = await openRun(news, secrets, { purpose: "verify" }, async (session) => {
    const record = await openMigration(session);
    await workEpoch(news, record);
    return verifyAndNote(session, record, news);
  });
  return { ...kept, report };
}

/** Verifies in the phase of a step. Behind the cutover the record notes that it came out clean: what retires is needed no more. */
export async function verifyAndNote(
  session: Session,
  record: MigrationRecord,
  { work, epoch, settings }: Pick<StepInputs, "work" | "epoch" | "settings">,
): Promise<VerifyReport> {
  const phase = work as Phase;
  const report = await verifyPhase(session, record, phase, settings);
  if (rolesOf(phase).primary === "target") {
    await writeMigrationRecord(session.stores, session.run.token(), { ...record, verifiedInEpoch: epoch });
  }
  return report;
}

/** Verifies with the primary ring of a phase deciding; the other ring follows. */
export function verifyPhase(
  { run }: Session,
  record: MigrationRecord,
  phase: Phase,
  settings: SettingsInputs,
): Promise<VerifyReport> {
  const { current, target } = run.rings;
  const direction =
    rolesOf(phase).primary === "current"
      ? { primary: current, secondary: target }
      : { primary: target, secondary: current };
  const { verifyMode: mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs } = settings;
  const pace = repairPace(settings);
  return verifyAndRepair(run, {
    record,
    direction,
    settings: { mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs, pace },
  });
}
