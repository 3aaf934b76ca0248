/** One message per phase: what its end means, with the figures, short enough for a chat. */
import { isOpen, rollbackOf, type Phase } from "../phases";
import { formatDuration } from "../plan/duration";
import { formatCount as count } from "../plan/format";
import { secondsSincePlan, type ReportFacts, type Verification } from "./facts";

const MESSAGES: Readonly<Record<Phase, (facts: ReportFacts) => readonly string[]>> = {
  plan: (facts) => [`${migration(facts)} ${begins(facts)}: ${rings(facts)}.`, ...toMove(facts), wayBack(facts)],
  copy: (facts) => [`${migration(facts)}: the movers are copied.`, ...copied(facts), wayBack(facts)],
  dualWrite: (facts) => [`${migration(facts)}: the backend writes both rings.`, verified(facts), wayBack(facts)],
  cutover: (facts) => [
    `${migration(facts)}: reads are on the target ring.`,
    verified(facts),
    ...(facts.cleanupOpensAt === null ? [] : [`The cleanup opens at ${facts.cleanupOpensAt}.`]),
    wayBack(facts),
  ],
  cleanup: (facts) => [`${migration(facts)} is complete: ${rings(facts)}.`, ...moved(facts), wayBack(facts)],
  stable: (facts) => [
    `${migration(facts)} is ${facts.onTarget ? "finished" : "abandoned"}: its records are removed.`,
    `The ring has ${facts.onTarget ? facts.targetShards.length : facts.shards.length} shards.`,
  ],
};

/** @returns the message for the end of a phase. */
export const messageOf = (facts: ReportFacts): string => `${facts.stack}: ${MESSAGES[facts.phase](facts).join(" ")}`;

const migration = ({ plan }: ReportFacts): string => (plan ? `migration ${plan.migration_id}` : "the migration");

/** Who is back from a later phase has planned the same migration again. */
const begins = ({ from }: ReportFacts): string => (from && isOpen(from) ? "is planned again" : "begins");

const rings = ({ shards, targetShards }: ReportFacts): string =>
  `${shards.length} → ${targetShards.length} shards (${shards.join(", ")} → ${targetShards.join(", ")})`;

function toMove({ plan }: ReportFacts): string[] {
  if (!plan) return [];
  const { total_keys_to_move: moving, old_topology: before, percentage_to_move: percent, estimated_duration } = plan;
  return [
    `${count(moving)} of ${count(before.total_keys)} keys (${percent} %) are to move, ` +
      `about ${estimated_duration} at the throttle.`,
  ];
}

const copied = ({ preCopy }: ReportFacts): string[] =>
  preCopy ? [`${count(preCopy["checked"] ?? 0)} keys compared, ${count(preCopy["repaired"] ?? 0)} written.`] : [];

function moved(facts: ReportFacts): string[] {
  const took = secondsSincePlan(facts);
  return [
    `${count(facts.cleanup?.["deleted"] ?? 0)} keys moved, and taken off their old owners.`,
    verified(facts),
    ...(took === undefined ? [] : [`It took ${formatDuration(took)} from its plan.`]),
  ];
}

const verified = ({ verification }: ReportFacts): string =>
  verification ? `Verified: ${describeVerification(verification)}.` : "Not verified.";

/** @returns the figures of a verify on one line. */
export const describeVerification = ({ mode, checked, missing, different, extra, repaired }: Verification): string =>
  `${count(checked)} keys (${mode}), ${count(missing)} missing, ${count(different)} different, ` +
  `${count(extra)} extra, ${count(repaired)} repaired`;

const wayBack = ({ phase }: ReportFacts): string => `Rollback: ${rollbackOf(phase)}.`;
