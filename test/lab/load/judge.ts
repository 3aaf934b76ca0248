/**
 * The truth about one id: whether what its clients were told can be true of a set-once store. Pure, and knows nothing of
 * rings, shards or phases: only who was told what, and when.
 */

/** One submission of an id, as its client saw it. */
export interface Submission {
  readonly claimId: string;
  /** When its first try was sent, and when its final answer came, in ms. */
  readonly sentMs: number;
  readonly answeredMs: number;
  /** The life that it asked for, in ms. */
  readonly ttlMs: number;
  /** `retry`: its last try was answered RETRY, which says nothing about the claim. `error`: it had no answer at all. */
  readonly outcome: "first" | "duplicate" | "retry" | "error";
  /** Whose value came back, with `first` and `duplicate`. */
  readonly stored?: string;
}

/** What must never happen. */
export type Verdict =
  /** Answered `first`, though the id had a first that cannot have expired: a dedup miss. */
  | "miss"
  /** Answered with another value than that of a first which was acknowledged before, and cannot have expired. */
  | "divergent"
  /** Answered with a value whose own client was told that it is a duplicate: nobody was first. */
  | "nobody first"
  /** Answered with a value that nobody submitted for this id, or that must have expired. */
  | "unknown value"
  /** Answered `first` or `duplicate` while its only owner had lost its data, and nobody had decided to go on. */
  | "answered without data";

export interface Finding {
  readonly verdict: Verdict;
  readonly atMs: number;
  readonly text: string;
}

/** Clocks of one machine, and the time that Redis takes to act on an expiry. */
const TOLERANCE_MS = 50;

/** @returns every submission of an id whose answer cannot be true, given the others. */
export function judge(pcsId: string, submissions: readonly Submission[]): Finding[] {
  const firsts = submissions.filter(({ outcome }) => outcome === "first");
  const findings = submissions.flatMap((submission) => {
    const verdict = submission.outcome === "first" ? ofFirst(submission, firsts) : ofDuplicate(submission, submissions);
    return verdict === undefined ? [] : [{ submission, verdict }];
  });
  return findings.map(({ submission, verdict }) => ({
    verdict,
    atMs: submission.answeredMs,
    text: `${pcsId}: ${verdict}: ${describe(submission)}; all: ${submissions.map(describe).join(", ")}`,
  }));
}

/** @returns a submission for people: who was told what, and when. */
export const describe = ({ claimId, sentMs, answeredMs, ttlMs, outcome, stored = "" }: Submission): string =>
  `${claimId} ${outcome} ${stored === claimId ? "" : `${stored} `}(${sentMs} to ${answeredMs}, for ${ttlMs} ms)`;

/** Of two firsts the later one is a miss, unless one may have expired before the other was stored. */
function ofFirst(submission: Submission, firsts: readonly Submission[]): Verdict | undefined {
  const rival = firsts.find((other) => isBefore(other, submission, firsts) && bothLived(other, submission));
  return rival && "miss";
}

/** Of two that were answered in one millisecond the one that was entered first. */
function isBefore(a: Submission, b: Submission, all: readonly Submission[]): boolean {
  return a.answeredMs === b.answeredMs ? all.indexOf(a) < all.indexOf(b) : a.answeredMs < b.answeredMs;
}

const bothLived = (a: Submission, b: Submission): boolean =>
  a.answeredMs < earliestEnd(b) && b.answeredMs < earliestEnd(a);

function ofDuplicate(submission: Submission, all: readonly Submission[]): Verdict | undefined {
  const { outcome, stored, sentMs, answeredMs } = submission;
  if (outcome !== "duplicate") return undefined;
  const owner = all.find(({ claimId }) => claimId === stored);
  if (owner === undefined || sentMs > latestEnd(owner)) return "unknown value";
  // An answer after its life: its first try may have been first, and lived and died before its second one came.
  if (owner.outcome === "duplicate" && owner.answeredMs < earliestEnd(owner)) return "nobody first";
  const acknowledged = all.find(
    (first) => first.outcome === "first" && first.answeredMs < sentMs && answeredMs < earliestEnd(first),
  );
  return acknowledged !== undefined && acknowledged !== owner ? "divergent" : undefined;
}

/** The backend sets the expiry when a try arrives: after the first was sent and before the last was answered. */
const earliestEnd = ({ sentMs, ttlMs }: Submission): number => sentMs + ttlMs - TOLERANCE_MS;
const latestEnd = ({ answeredMs, ttlMs }: Submission): number => answeredMs + ttlMs + TOLERANCE_MS;
