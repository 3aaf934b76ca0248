/**
 * The truth about ids whose shard lost its data, and went on without it because an operator decided so: what clients were
 * told before is given up, and nothing is answered in between. Pure.
 */
import { describe, judge, type Finding, type Submission } from "./judge";

/** A shard that was emptied, and handed over again. Times in ms since 1970. */
export interface LostShard {
  /** Whether an id has no owner but this shard. */
  readonly owns: (pcsId: string) => boolean;
  /** From here on it holds nothing of what it held. */
  readonly emptiedMs: number;
  /** Before this nobody had decided to go on without its data. */
  readonly decidedMs: number;
  /** From here on every pod takes it for what it is. */
  readonly acceptedMs: number;
}

/** @returns whether a submission belongs to what is given up. One that was under way as the shard was emptied may. */
export const isGivenUp = ({ sentMs, answeredMs }: Submission, { emptiedMs, decidedMs }: LostShard): boolean =>
  sentMs <= emptiedMs && answeredMs < decidedMs;

/** @returns every submission of an id of that shard whose answer cannot be true, given the others. */
export function judgeAcrossLoss(pcsId: string, submissions: readonly Submission[], lost: LostShard): Finding[] {
  const before = submissions.filter((submission) => isGivenUp(submission, lost));
  const after = submissions.filter((submission) => !isGivenUp(submission, lost));
  return [...judge(pcsId, before), ...judge(pcsId, after), ...answeredWithoutData(pcsId, after, lost)];
}

function answeredWithoutData(pcsId: string, after: readonly Submission[], { decidedMs }: LostShard): Finding[] {
  const answered = after.filter(({ outcome, answeredMs }) => isFinal(outcome) && answeredMs < decidedMs);
  return answered.map((submission) => ({
    verdict: "answered without data",
    atMs: submission.answeredMs,
    text: `${pcsId}: answered without data: ${describe(submission)}`,
  }));
}

const isFinal = (outcome: Submission["outcome"]): boolean => outcome === "first" || outcome === "duplicate";
