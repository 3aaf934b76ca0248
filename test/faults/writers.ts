/** The clients of a round: what they send, and in what order; what they are told goes into the book. */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim } from "../lab/load/client";
import { Mix } from "../lab/load/mix";
import type { PaperBackend } from "./backend";
import type { Book } from "./book";
import { between, pick } from "./scene";

const STORED_AT_ONCE = 50;
const SUCCEEDED_TTL_MS = { from: 1_000, to: 6_000 } as const;
/** Of the claims that are there before anything moves: each expires at another moment of the round. */
const SUCCEEDED_LATER_TTL_MS = { from: 5_000, to: 30_000 } as const;
const STORED_PER_S = 500;
/** Ids below this are half of all. */
const HALF = "8";
/** How long after an expiry it is succeeded: at once, or when nobody may answer for what has expired any more. */
const EXPIRED_MS = { soonest: 3, later: 100 } as const;
/** Of 256. */
const SHORT_LIVED = 25;

type Lifetimes = Readonly<Record<"from" | "to", number>>;

/** How much clients do. */
export interface Load {
  /** Claims that are there before anything moves. */
  readonly stored: number;
  /** Claims beside these that expire on the way, and are succeeded by others. */
  readonly succeeded: number;
  /** Claims that are succeeded by others, begun in a second: one number for a round. */
  readonly succeededPerS: readonly number[];
  readonly clients: number;
  readonly betweenClaimsMs: number;
}

/** Claims that others follow. */
interface Successions {
  readonly perSecond: number;
  readonly most?: number;
  /** Of the claims that are followed, in ms. */
  readonly lifetimes: Lifetimes;
}

export class Writers {
  private readonly stopping = new AbortController();
  private atWork: readonly Promise<void>[] = [];
  private bursts = 0;

  constructor(
    private readonly seed: string,
    private readonly random: () => number,
    private readonly backend: PaperBackend,
    private readonly book: Book,
    private readonly load: Load,
  ) {}

  /** Claims that are there before anything moves; some expire in whatever phase. */
  async store(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += STORED_AT_ONCE) {
      await Promise.all(
        ids
          .slice(at, at + STORED_AT_ONCE)
          .map((pcsId) => this.submit({ pcsId, claimId: `before ${pcsId}`, body: "{}", ...ttl(pcsId) })),
      );
    }
  }

  /** @param known - ids that are submitted again. */
  start(known: readonly string[]): void {
    const { clients, succeeded, succeededPerS } = this.load;
    const mix = new Mix(this.seed, known);
    setMaxListeners(0, this.stopping.signal);
    this.atWork = [
      ...Array.from({ length: clients }, () => this.write(mix)),
      this.writeSuccessors("later", { perSecond: STORED_PER_S, most: succeeded, lifetimes: SUCCEEDED_LATER_TTL_MS }),
      this.writeSuccessors("soon", { perSecond: pick(this.random, succeededPerS), lifetimes: SUCCEEDED_TTL_MS }),
    ];
  }

  /** Submits new ids at once. */
  async burst(ids: number): Promise<void> {
    const at = this.bursts++;
    const claims = Array.from({ length: ids }, (_, i) => hashed(`${this.seed} burst ${at} ${i}`));
    await Promise.all(claims.map((pcsId) => this.submit({ pcsId, claimId: `burst ${pcsId}`, body: "{}" })));
  }

  /** Resolves when all claims are answered. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.atWork);
  }

  private async write(mix: Mix): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await Promise.all(mix.next().map((claim) => this.submit(claim)));
      await sleep(this.load.betweenClaimsMs);
    }
  }

  private async writeSuccessors(name: string, { perSecond, most = Infinity, lifetimes }: Successions): Promise<void> {
    const begun: Promise<void>[] = [];
    while (!this.stopping.signal.aborted && begun.length < most) {
      const succession = this.succeed(`${name} ${begun.length}`, lifetimes);
      succession.catch(() => undefined); // is thrown below
      begun.push(succession);
      await sleep(1_000 / perSecond);
    }
    await Promise.all(begun);
  }

  /** A claim, and when that has just expired one that stays, and that nobody sends again: what was before must not come back over it. */
  private async succeed(name: string, { from, to }: Lifetimes): Promise<void> {
    const pcsId = hashed(`${this.seed} succeeded ${name}`);
    const ttlMs = between(this.random, from, to);
    await this.submit({ pcsId, claimId: `succeeded ${pcsId}`, body: "{}", ttlMs });
    const expiredMs = pcsId < HALF ? EXPIRED_MS.soonest : EXPIRED_MS.later;
    await sleep(ttlMs + expiredMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    if (this.stopping.signal.aborted) return;
    await this.submit({ pcsId, claimId: `successor ${pcsId}`, body: "{}" });
  }

  private async submit(claim: Claim): Promise<void> {
    const sentMs = Date.now();
    const outcome = await this.backend.submit(claim);
    this.book.enter(claim, outcome, { sentMs, answeredMs: Date.now() });
  }
}

/** @returns an id as the backend's are: 64 hexadecimal digits. */
export const hashed = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Some claims live for about as long as the round. */
function ttl(pcsId: string): Pick<Claim, "ttlMs"> {
  const byte = parseInt(pcsId.slice(0, 2), 16);
  return byte < SHORT_LIVED ? { ttlMs: 5_000 + byte * 2_000 } : {};
}
