/** Who was told what, and what must be on the shards for that. */
import type { Claim, Outcome } from "../lab/load/client";
import { judge, type Finding, type Submission } from "../lab/load/judge";
import type { Acknowledged } from "./given-up";

const DEFAULT_TTL_MS = 14 * 24 * 3_600_000;
/** Clocks of one machine, and the time that Redis takes to act on an expiry. */
const TOLERANCE_MS = 100;

/** What a key may hold. */
export type Verdict = "as it must be" | "lost" | "resurrected" | "different";

/** What a shard holds of an id. */
export interface HeldClaim {
  readonly claimId: string;
  readonly expiresAtMs: number | undefined;
  readonly isWhole: boolean;
}

export class Book {
  private readonly ids = new Map<string, Submission[]>();

  enter(
    { pcsId, claimId, ttlMs = DEFAULT_TTL_MS }: Claim,
    { answer }: Outcome,
    when: Pick<Submission, "sentMs" | "answeredMs">,
  ): void {
    const submissions = this.ids.get(pcsId) ?? [];
    this.ids.set(pcsId, submissions);
    const stored = answer && String(answer.stored["claim_id"]);
    const told = answer === undefined ? { outcome: "error" as const } : { outcome: answer.answer, stored };
    submissions.push({ claimId, ttlMs, ...when, ...told } as Submission);
  }

  get size(): number {
    return this.ids.size;
  }

  get names(): readonly string[] {
    return [...this.ids.keys()];
  }

  /** The claims for an id that somebody was told of. */
  acknowledged(pcsId: string): readonly Acknowledged[] {
    const submissions = this.ids.get(pcsId) ?? [];
    return submissions.flatMap(({ claimId, sentMs, outcome }) => {
      const told = submissions.filter(({ stored }) => stored === claimId).map(({ answeredMs }) => answeredMs);
      return told.length === 0 ? [] : [{ sentMs, toldMs: Math.min(...told), isFirst: outcome === "first" }];
    });
  }

  /** Everything that cannot be true of a set-once store. */
  findings(): readonly Finding[] {
    return [...this.ids].flatMap(([pcsId, submissions]) => judge(pcsId, submissions));
  }

  /**
   * Holds what its owner has of an id against what its clients were told.
   * @param looked - when: somewhere between these.
   */
  verdict(pcsId: string, held: HeldClaim | undefined, looked: { fromMs: number; toMs: number }): Verdict {
    const submissions = this.ids.get(pcsId) ?? [];
    // Whom others were told of is acknowledged as well, whether it had an answer or not.
    const told = new Set(submissions.flatMap(({ stored }) => stored ?? []));
    const lives = submissions.find(
      ({ claimId, sentMs, ttlMs }) => told.has(claimId) && sentMs + ttlMs - TOLERANCE_MS > looked.toMs,
    );
    if (lives && held?.claimId !== lives.claimId) return held === undefined ? "lost" : "resurrected";
    if (held === undefined) return "as it must be";
    const claim = submissions.find(({ claimId }) => claimId === held.claimId);
    const mayLive = claim && claim.answeredMs + claim.ttlMs + TOLERANCE_MS > looked.fromMs;
    // Who had no answer may have been the first; who was told that it is not must not be found.
    if (!mayLive || claim.outcome === "duplicate") return "resurrected";
    const { expiresAtMs = Infinity } = held;
    const isInTime =
      expiresAtMs >= claim.sentMs + claim.ttlMs - TOLERANCE_MS &&
      expiresAtMs <= claim.answeredMs + claim.ttlMs + TOLERANCE_MS;
    return held.isWhole && isInTime ? "as it must be" : "different";
  }
}
