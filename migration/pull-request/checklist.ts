/** The runbook's checklist for one change, ticked from what the stack and the preview say. */
import { isFinish, PHASES, type Phase } from "../phases";
import { formatCount } from "../plan/format";
import type { PreviewFacts } from "./preview-facts";

/** One line of the list. */
export interface ChecklistItem {
  readonly text: string;
  /** Known to hold now. What the `up` itself checks before anything moves is not ticked. */
  readonly done: boolean;
}

type Item = (facts: PreviewFacts, now: Date) => ChecklistItem;

const planned: Item = ({ outputs: { migrationPlan } }) => ({
  text: migrationPlan
    ? `Plan ${migrationPlan.migration_id} is recorded; it found that the movers fit, with more than half of each new shard free`
    : "A plan is recorded, and the movers fit",
  done: Boolean(migrationPlan),
});

const backedUp: Item = ({ outputs: { backup }, backupsToTake, asked }) => {
  if (backup.startsWith("off")) return { text: `Backup of every current shard: ${backup}`, done: false };
  const shards = asked?.ring.shards.length ?? 0;
  if (backupsToTake === 0) return { text: `Backups of the current shards are in ${backup}`, done: true };
  return {
    text: `Backup of every current shard: this \`up\` takes ${backupsToTake} of ${shards}, before the first key is copied`,
    done: false,
  };
};

const counted: Item = ({ summary }) => ({
  text: "Every shard that keys move from was reached from here, and its keys counted",
  done: /about [\d,]+ keys/.test(summary ?? ""),
});

const preCopied: Item = ({ outputs: { copyCounters } }) => ({
  text: "The movers have been copied",
  done: Boolean(copyCounters.preCopy),
});

const verified: Item = ({ outputs: { verification: report } }) => {
  if (!report) return { text: "The last verify came out clean", done: false };
  const { mode, checked, missing, different, extra, at } = report;
  const found = `${missing} missing, ${different} different, ${extra} extra of ${formatCount(checked)} (${mode}, ${at})`;
  return { text: `The last verify came out clean: ${found}`, done: missing + different + extra === 0 };
};

const windowOver: Item = ({ outputs: { cleanupOpensAt } }, now) => ({
  text: `The TTL window after the cutover is over${cleanupOpensAt ? ` (it ends ${cleanupOpensAt})` : ""}`,
  done: Boolean(cleanupOpensAt) && Date.parse(cleanupOpensAt ?? "") <= now.getTime(),
});

const drained: Item = ({ outputs: { copyCounters } }) => ({
  text: "The old copies have been deleted",
  done: Boolean(copyCounters.cleanup),
});

const FORWARD: Readonly<Record<Phase, readonly Item[]>> = {
  plan: [counted],
  copy: [planned, backedUp],
  dualWrite: [planned, preCopied],
  cutover: [planned, verified],
  cleanup: [verified, windowOver],
  stable: [drained],
};

/** @returns the lines for a move; none where nothing changes, or on the way back, of which the gate knows all there is. */
export function checklist(facts: PreviewFacts, now: Date): readonly ChecklistItem[] {
  const { from, asked } = facts;
  if (!asked || from === asked.phase) return [];
  const finishes = from !== undefined && isFinish(from, asked.phase);
  const isBack = from !== undefined && PHASES.indexOf(asked.phase) < PHASES.indexOf(from);
  if (isBack && !finishes) return [];
  return FORWARD[asked.phase].map((item) => item(facts, now));
}
