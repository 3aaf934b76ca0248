/** What clients submit, drawn from a seed: new ids, repeats, several at once, and ids that do not live long. */
import { createHash } from "node:crypto";
import seedrandom from "seedrandom";
import type { Claim } from "./client";

/** Shares of the arrivals; the rest are repeats of ids known before. */
const NEW = 0.4;
const AT_ONCE = 0.08;
const SHORT_LIVED = 0.12;
/** Submissions of one id at the same moment. */
const COPIES = 3;
/** Ids that are submitted again; older ones make room. */
const REMEMBERED = 20_000;
/** Ids that do not live long, each submitted again and again until others have come. */
const SHORT_IDS = 40;
const SHORT_TTL_MS = { from: 1_000, to: 4_000 } as const;

/** The longest life of those. */
export const LONGEST_SHORT_TTL_MS = SHORT_TTL_MS.to;

export class Mix {
  private readonly random: () => number;
  private readonly known: string[];
  private readonly short: { pcsId: string; ttlMs: number }[] = [];
  private ids = 0;
  private claims = 0;

  /** @param known ids that are stored already */
  constructor(
    private readonly seed: string,
    known: readonly string[],
  ) {
    this.random = seedrandom(seed);
    this.known = known.slice(0, REMEMBERED);
  }

  /** The claims of the next arrival, to be submitted at the same moment. */
  next(): readonly Claim[] {
    const draw = this.random();
    if (draw < NEW) return [this.claim(this.newId())];
    if (draw < NEW + AT_ONCE) {
      const pcsId = this.newId();
      return Array.from({ length: COPIES }, () => ({ ...this.claim(pcsId), alone: true }));
    }
    if (draw < NEW + AT_ONCE + SHORT_LIVED) return [this.shortLived()];
    return [this.claim(this.pick(this.known) ?? this.newId())];
  }

  private shortLived(): Claim {
    const { from, to } = SHORT_TTL_MS;
    if (this.short.length < SHORT_IDS || this.random() < 0.02) {
      const ttlMs = Math.round(from + this.random() * (to - from));
      this.short.push({ pcsId: this.hashed(), ttlMs });
      if (this.short.length > SHORT_IDS) this.short.shift();
    }
    const { pcsId, ttlMs } = this.pick(this.short)!;
    return { ...this.claim(pcsId), ttlMs };
  }

  private newId(): string {
    const pcsId = this.hashed();
    if (this.known.length < REMEMBERED) this.known.push(pcsId);
    else this.known[Math.floor(this.random() * REMEMBERED)] = pcsId;
    return pcsId;
  }

  private claim(pcsId: string): Claim {
    const claimId = `${this.seed}-${this.claims++}`;
    return { pcsId, claimId, body: JSON.stringify({ verified: this.claims % 7 !== 0 }) };
  }

  private hashed(): string {
    return createHash("sha256").update(`${this.seed} ${this.ids++}`).digest("hex");
  }

  private pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }
}
