/** Who was told what: every submission of every id, and what must be stored in the end. */
import type { RingKeys } from "../ring-keys";
import type { Claim, Outcome } from "./client";
import { describe, judge, type Finding, type Submission } from "./judge";
import { isGivenUp, judgeAcrossLoss, type LostShard } from "./lost-shard";

/** The life that the backend gives a claim that asks for none. */
const DEFAULT_TTL_MS = 14 * 24 * 3_600_000;

/** A claim whose client has to try again. */
export interface HeldUp {
  readonly claim: Claim;
  /** When its first try was sent, in ms since 1970. */
  readonly sentMs: number;
}

export class Ledger {
  private readonly ids = new Map<string, Submission[]>();
  /** By claim id, what was answered RETRY to the end. */
  private readonly retried = new Map<string, Claim>();
  private lost: LostShard | undefined;

  /** @param keys the truth about what was stored beforehand; what is answered `first` is added to it */
  constructor(private readonly keys: RingKeys) {}

  /** @param when it was sent first, and answered for good */
  enter(claim: Claim, { answer, failedTries }: Outcome, when: Pick<Submission, "sentMs" | "answeredMs">): void {
    const { pcsId, claimId, body, ttlMs = DEFAULT_TTL_MS } = claim;
    const submissions = this.ids.get(pcsId) ?? this.open(pcsId);
    const times = { claimId, ...when, ttlMs };
    const isRetry = answer === undefined && failedTries.at(-1)?.startsWith("503 ");
    if (isRetry) this.retried.set(claimId, claim);
    submissions.push(
      answer === undefined
        ? { ...times, outcome: isRetry ? "retry" : "error" }
        : { ...times, outcome: answer.answer, stored: String(answer.stored["claim_id"] ?? answer.stored["claim"]) },
    );
    if (answer?.answer !== "first" || ttlMs !== DEFAULT_TTL_MS) return;
    const value = JSON.stringify({ ...(JSON.parse(body) as object), claim_id: claimId });
    const [expiresAtMs, expiresUntilMs] = [when.sentMs + ttlMs, when.answeredMs + ttlMs];
    this.keys.stored.set(pcsId, { value, expiresAtMs, expiresUntilMs });
  }

  /**
   * Gives up what a shard held. What it was given since stays.
   * @returns how many of the ids that must be stored are given up.
   */
  giveUp(lost: LostShard): number {
    this.lost = lost;
    let count = 0;
    for (const pcsId of [...this.keys.stored.keys()].filter(lost.owns)) {
      const since = this.ids.get(pcsId)?.filter((submission) => !isGivenUp(submission, lost)) ?? [];
      if (since.some(({ outcome, ttlMs }) => outcome === "first" && ttlMs === DEFAULT_TTL_MS)) continue;
      this.keys.stored.delete(pcsId);
      count++;
    }
    return count;
  }

  /** Everything that cannot be true of a set-once store, the earliest first. */
  findings(): Finding[] {
    const { lost } = this;
    const found = [...this.ids].flatMap(([pcsId, submissions]) =>
      lost?.owns(pcsId) ? judgeAcrossLoss(pcsId, submissions, lost) : judge(pcsId, submissions),
    );
    return found.sort((a, b) => a.atMs - b.atMs);
  }

  /**
   * Takes the claims out again that a shard without its data answered RETRY to the end. Their clients try again when it
   * goes on: then they are to be entered once more.
   */
  takeHeldUp({ owns, emptiedMs, acceptedMs }: LostShard): readonly HeldUp[] {
    const isHeldUp = ({ outcome, answeredMs }: Submission) =>
      outcome === "retry" && emptiedMs <= answeredMs && answeredMs < acceptedMs;
    const taken: HeldUp[] = [];
    for (const [pcsId, submissions] of this.ids) {
      if (!owns(pcsId)) continue;
      for (const { claimId, sentMs } of submissions.filter(isHeldUp)) {
        const claim = this.retried.get(claimId);
        if (claim) taken.push({ claim, sentMs });
      }
      this.ids.set(
        pcsId,
        submissions.filter((submission) => !isHeldUp(submission)),
      );
    }
    return taken;
  }

  /** The submissions without a final answer after the second try, for people. */
  errors(): string[] {
    return [...this.ids].flatMap(([pcsId, submissions]) =>
      submissions
        .filter(({ outcome }) => outcome === "error" || outcome === "retry")
        .map((error) => `${pcsId}: ${describe(error)}`),
    );
  }

  /** An id that was stored beforehand has a first that was answered long ago. */
  private open(pcsId: string): Submission[] {
    const stored = this.keys.stored.get(pcsId);
    const submissions: Submission[] = [];
    if (stored !== undefined) {
      const claimId = String((JSON.parse(stored.value) as { claim?: string }).claim);
      const life = { sentMs: 0, answeredMs: 0, ttlMs: stored.expiresAtMs };
      submissions.push({ claimId, ...life, outcome: "first", stored: claimId });
    }
    this.ids.set(pcsId, submissions);
    return submissions;
  }
}
