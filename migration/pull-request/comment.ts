/** A preview as the Markdown of a comment on a pull request. */
import { hasWork, isOpen, moveOf, rollbackOf, type Check, type Phase } from "../phases";
import { formatDuration } from "../plan/duration";
import { edgeName } from "../plan/census";
import { estimateEdges } from "../plan/edges";
import { formatBytes, formatCount, formatPercent } from "../plan/format";
import { HashRing } from "../ring/ring";
import { checklist } from "./checklist";
import type { PreviewFacts } from "./preview-facts";
import { CHECK_WORDS, isOfService, PHASE_WORDS } from "./words";

/** GitHub takes no longer comment: https://github.com/orgs/community/discussions/27190 */
const MAX_LENGTH = 65_536;

/** What the comment is about. */
export interface CommentInput {
  readonly stack: string;
  readonly facts: PreviewFacts;
  /** What `pulumi preview --diff` printed. */
  readonly diff: string;
  readonly now: Date;
}

interface Row {
  readonly from: string;
  readonly to: string;
  readonly share: number;
  readonly keys?: number;
  readonly bytes?: number;
  readonly duration?: string;
}

/** By this line the comment of a stack is found again, to be updated. */
export const markerOf = (stack: string): string => `<!-- dedup-shards preview of ${stack} -->`;

/** @returns Markdown that fits into one comment: what does not is cut off from the preview at its end. */
export function previewComment({ stack, facts, diff, now }: CommentInput): string {
  const sections = facts.asked
    ? [...moves(facts), ...cost(facts), ...gates(facts), ...wayBack(facts), ...ticks(facts, now)]
    : [];
  const head = [markerOf(stack), `## \`${stack}\`: ${title(facts)}`, "", ...refusals(facts), ...sections].join("\n");
  return `${head}\n${folded(diff, MAX_LENGTH - head.length - 1)}`;
}

/** @returns the comment where there is no preview to show: why. */
export const failedComment = (stack: string, reason: string): string =>
  [markerOf(stack), `## \`${stack}\`: could not be previewed`, "", "> [!CAUTION]", ...quoted(reason), ""].join("\n");

function title({ from, asked, errors }: PreviewFacts): string {
  if (!asked) return errors.length > 0 ? "refused" : "nothing is asked of the ring";
  const phases = from === undefined || from === asked.phase ? asked.phase : `${from} → ${asked.phase}`;
  return `${phases}${errors.length > 0 ? ", refused" : ""}`;
}

function refusals({ errors, asked }: PreviewFacts): string[] {
  if (errors.length > 0) return ["> [!CAUTION]", ...errors.flatMap((error) => quoted(error)), ""];
  return asked ? [PHASE_WORDS[asked.phase], ""] : [];
}

const quoted = (text: string): string[] => text.split("\n").map((line) => `> ${line}`);

function moves(facts: PreviewFacts): string[] {
  const { asked, summary } = facts;
  if (!asked || !isOpen(asked.phase)) return [];
  const rows = rowsOf(facts);
  if (rows.length === 0) return ["### What moves", "", "Nothing: every key has the same owner in both rings.", ""];
  return [
    ...["### What moves", "", `${summary ?? ""}`, ""],
    ...["| from | to | keyspace | keys | size | estimated |", "| --- | --- | ---: | ---: | ---: | ---: |"],
    ...rows.map(rowText),
    ...["", "```mermaid", "sankey-beta", ""],
    ...rows.map(({ from, to, share }) => `${from} now,${to} then,${(share * 100).toFixed(2)}`),
    ...["```", ""],
  ];
}

function rowsOf({ asked, keysByEdge, outputs: { migrationPlan } }: PreviewFacts): readonly Row[] {
  if (!asked) return [];
  const { shards, targetShards, vnodes } = asked.ring;
  const edges = estimateEdges(new HashRing(shards, vnodes), new HashRing(targetShards, vnodes));
  // The outputs may still hold another migration's plan.
  const planned = hasWork(asked.phase, "plan") ? undefined : migrationPlan?.migrations;
  return edges.map(({ from, to, fraction }) => {
    const known = planned?.find((edge) => edge.from === from && edge.to === to);
    if (known) {
      return {
        from,
        to,
        share: fraction,
        keys: known.keys_to_move,
        bytes: known.bytes,
        duration: known.estimated_duration,
      };
    }
    const about = keysByEdge.get(edgeName({ from, to }));
    return { from, to, share: fraction, ...(about === undefined ? {} : { keys: about }) };
  });
}

const rowText = ({ from, to, share, keys, bytes, duration }: Row): string =>
  `| ${from} | ${to} | ${formatPercent(share)} | ${keys === undefined ? "" : formatCount(keys)} | ` +
  `${bytes === undefined ? "" : formatBytes(bytes)} | ${duration ?? ""} |`;

function cost(facts: PreviewFacts): string[] {
  const {
    asked,
    operations,
    outputs: { migrationPlan },
  } = facts;
  const changes = [...operations].filter(([op]) => op !== "same").map(([op, count]) => `${count} ${op}`);
  const resources = `- Resources: ${changes.length > 0 ? changes.join(", ") : "no change"}.`;
  const copied = migrationPlan && asked && hasWork(asked.phase, "preCopy") ? [copyCost(migrationPlan)] : [];
  return ["### What it takes", "", ...copied, ...passesCost(facts), ...bakeCost(facts), resources, ""];
}

/** Of what goes over all movers, from both sides: the gate's verify, the catch-up, the verify; and of the cleanup. */
function passesCost({ from, asked, outputs: { migrationPlan } }: PreviewFacts): string[] {
  if (!asked || !migrationPlan || from === undefined || from === asked.phase) return [];
  const { catchUpKeysPerSecond, cleanupKeysPerSecond, verifyMode } = asked.settings;
  const keys = migrationPlan.total_keys_to_move;
  const isVerified = moveOf(from, asked.phase).checks.some(
    (check) => check === "verified" || check === "verifiedIfInStep",
  );
  const verifies = verifyMode === "full" ? [isVerified, hasWork(asked.phase, "verify")].filter(Boolean).length : 0;
  const passes = 2 * (verifies + (hasWork(asked.phase, "catchUp") ? 1 : 0));
  const lasts = (count: number, rate: number) => `about ${formatDuration(count / rate)} at the throttle`;
  return [
    ...(passes > 0
      ? [
          `- Catch-up and verify, the gate's included, go over ${formatCount(keys)} movers ${passes} times: ${lasts(passes * keys, catchUpKeysPerSecond)}.`,
        ]
      : []),
    ...(hasWork(asked.phase, "drain") && isOpen(asked.phase)
      ? [`- The cleanup takes ${formatCount(keys)} old copies away: ${lasts(keys, cleanupKeysPerSecond)}.`]
      : []),
  ];
}

/** Of a move of the reads: how long the service is watched after it, and what happens if it is not well. */
function bakeCost({ from, asked }: PreviewFacts): string[] {
  if (!asked || from === undefined || from === asked.phase) return [];
  if (!moveOf(from, asked.phase).checks.includes("serviceHealthy")) return [];
  const { service } = asked.settings;
  if (!service) return ["- After the move nobody watches the service: metrics.url is not set."];
  const ifNot = service.autoRollback
    ? "the same `pulumi up` moves the ring back, and then fails (metrics.autoRollback)"
    : "`pulumi up` fails and says how to take it back; traffic stays on the target ring until then";
  return [
    `- After the move the service is watched for ${formatDuration(service.bakeMs / 1_000)}. Over its limits, ${ifNot}.`,
  ];
}

const copyCost = (plan: NonNullable<PreviewFacts["outputs"]["migrationPlan"]>): string =>
  `- About ${plan.estimated_duration} at the throttle, for ${formatCount(plan.total_keys_to_move)} keys ` +
  `(${formatBytes(plan.total_bytes_to_move)}).`;

function gates({ from, asked }: PreviewFacts): string[] {
  if (!asked || from === undefined || from === asked.phase) return [];
  const { checks } = moveOf(from, asked.phase);
  const lines =
    checks.length > 0 ? checks.map((check) => checkLine(check, asked)) : ["- nothing: the ring stays as it is"];
  return ["### What the gate asks before anything changes", "", ...lines, ""];
}

function checkLine(check: Check, { settings }: NonNullable<PreviewFacts["asked"]>): string {
  const isOff = isOfService(check) && settings.service === undefined;
  return `- ${CHECK_WORDS[check]}${isOff ? ": not asked, metrics.url is not set" : ""}`;
}

const wayBack = ({ asked }: PreviewFacts): string[] =>
  asked ? ["### Afterwards", "", `Rollback: ${rollbackOf(asked.phase satisfies Phase)}.`, ""] : [];

function ticks(facts: PreviewFacts, now: Date): string[] {
  const items = checklist(facts, now).map(({ text, done }) => `- [${done ? "x" : " "}] ${text}`);
  return items.length > 0 ? ["### Checklist", "", ...items, ""] : [];
}

function folded(diff: string, room: number): string {
  const fence = "`".repeat(Math.max(3, ...[...diff.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const [before, after] = [
    `<details><summary>pulumi preview --diff</summary>\n\n${fence}diff\n`,
    `\n${fence}\n\n</details>\n`,
  ];
  const left = room - before.length - after.length;
  const cut = "\n… cut off here: run pulumi preview --diff to see it all";
  return before + (diff.length <= left ? diff : diff.slice(0, left - cut.length) + cut) + after;
}
