import type { Session } from "../adapters/session";
import type { MigrationRecord } from "../engines/migration-record";
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
    return verifyPhase(session, record, news.work as Phase, news.settings);
  });
  return { ...kept, report };
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
