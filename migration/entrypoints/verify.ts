import type { MigrationRecord } from "../engines/migration-record";
import { verifyAndRepair, type VerifyReport } from "../engines/verify";
import { rolesOf, type Phase } from "../phases";
import { repairPace, resultsOf, STATE_VERSION, type Secrets, type SettingsInputs, type StepInputs } from "./inputs";
import { openMigration, openRun, workEpoch, type OwnedSession } from "./open-run";

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

/**
 * Verifies in the phase of a step, and notes that. Behind the cutover the record says from then on in which epoch it was:
 * what retires is not needed any more.
 */
export async function verifyAndNote(
  session: OwnedSession,
  record: MigrationRecord,
  { work, epoch, settings }: Pick<StepInputs, "work" | "epoch" | "settings">,
): Promise<VerifyReport> {
  const phase = work as Phase;
  const { report, note } = await verifyPhase(session, record, phase, settings);
  await note(rolesOf(phase).primary === "target" ? { verifiedInEpoch: epoch } : {});
  return report;
}

/** What a verify found. */
export interface Verified {
  readonly report: VerifyReport;
  /** Notes on the shards that both rings held the same while the processes ran which the clean pass began with. */
  readonly note: (more?: Pick<MigrationRecord, "verifiedInEpoch">) => Promise<void>;
}

/** Verifies with the primary ring of a phase deciding; the other ring follows. */
export async function verifyPhase(
  { run, processes }: OwnedSession,
  record: MigrationRecord,
  phase: Phase,
  settings: SettingsInputs,
): Promise<Verified> {
  const { current, target } = run.rings;
  const direction =
    rolesOf(phase).primary === "current"
      ? { primary: current, secondary: target }
      : { primary: target, secondary: current };
  const { verifyMode: mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs } = settings;
  const pace = repairPace(settings);
  let running: Awaited<ReturnType<typeof processes.running>> = {};
  const report = await verifyAndRepair(run, {
    record,
    direction,
    settings: { mode, sampleSize, expiryToleranceMs, claimWindowMs, commandTimeoutMs, pace },
    beforePass: async () => void (running = await processes.running()),
  });
  return { report, note: (more) => processes.noteInStep(run.token(), running, more) };
}
