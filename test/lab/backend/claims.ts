/**
 * The claim rule of the backend contract: who was first.
 *
 * Guarantees: of all claims for an id, through pods whose configs differ by one step of a migration, at most one is
 * answered `first`; every `duplicate` carries the value of that claim. A claim that cannot be decided ends in a
 * RetryableError and may have left one half of itself, which the next claim for the id completes.
 */
import type { HashRing } from "../../../migration/ring/ring";
import { ClaimWindow } from "./claim-window";
import { retryable, RetryableError } from "./retryable";
import type { Held, Shard } from "./shards";

export interface Answer {
  readonly answer: "first" | "duplicate";
  readonly stored: string;
}

export interface ClaimOptions {
  readonly primary: HashRing;
  readonly secondary: HashRing | undefined;
  readonly shard: (name: string) => Shard;
  readonly keyPrefix: string;
  readonly claimWindowMs: number;
  /** Wall clock, in ms since 1970: expiries are absolute. */
  readonly now: () => number;
}

export class Claims {
  constructor(private readonly options: ClaimOptions) {}

  /** Reads ask the primary only. */
  read(pcsId: string): Promise<string | undefined> {
    const { shard, primary, keyPrefix } = this.options;
    return retryable(shard(primary.ownerOf(pcsId)).get(keyPrefix + pcsId));
  }

  /**
   * @param own the value, unique to the request, and its expiry
   * @throws RetryableError
   */
  async claim(pcsId: string, own: Held): Promise<Answer> {
    const { shard, keyPrefix, claimWindowMs } = this.options;
    const key = keyPrefix + pcsId;
    let { expiresAtMs } = own;
    this.refuseAboutToExpire(expiresAtMs);
    const primary = this.options.primary.ownerOf(pcsId);
    const owners = this.owners(pcsId);
    const window = await ClaimWindow.open(owners, shard, claimWindowMs);
    let half: string | undefined;
    for (const owner of owners) {
      const deadlineMs = half === undefined ? undefined : window.deadlineOf(owner);
      const found = await retryable(shard(owner).setIfAbsent(key, { value: own.value, expiresAtMs }, deadlineMs));
      if (found !== undefined && found !== own.value) {
        const answer = await this.lost(key, owner, primary, own, window);
        if (half !== undefined) await this.giveWay(key, half, primary, own);
        return answer;
      }
      half = owner;
      if (found === undefined) continue;
      // One's own value: a migration has carried it here. What it found there is the expiry that counts.
      expiresAtMs = await this.adoptExpiry(shard(owner), key, own);
    }
    return { answer: "first", stored: own.value };
  }

  /** The owners in both rings, each once, in ascending order of name: the same order in every pod. */
  private owners(pcsId: string): string[] {
    const { primary, secondary } = this.options;
    const owners = new Set([primary.ownerOf(pcsId)]);
    if (secondary !== undefined) owners.add(secondary.ownerOf(pcsId));
    return [...owners].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  private async adoptExpiry(shard: Shard, key: string, own: Held): Promise<number | undefined> {
    const held = await retryable(shard.getHeld(key));
    if (held?.value !== own.value) throw new RetryableError("the claim was there and is gone");
    this.refuseAboutToExpire(held.expiresAtMs);
    return held.expiresAtMs;
  }

  /** Redis stores nothing, and says so nowhere, when the expiry has passed. */
  private refuseAboutToExpire(expiresAtMs: number | undefined): void {
    if (expiresAtMs !== undefined && expiresAtMs - this.options.now() < this.options.claimWindowMs) {
      throw new RetryableError("the claim is about to expire");
    }
  }

  /** `owner` holds another claim. The primary decides, after it was given a claim that is only half done. */
  private async lost(
    key: string,
    owner: string,
    primaryOwner: string,
    own: Held,
    window: ClaimWindow,
  ): Promise<Answer> {
    const primary = this.options.shard(primaryOwner);
    let stored = await retryable(primary.get(key));
    if (stored === undefined && owner !== primaryOwner) {
      const half = await retryable(this.options.shard(owner).getHeld(key));
      if (half !== undefined) {
        const deadlineMs = window.deadlineOf(primaryOwner);
        stored = (await retryable(primary.setIfAbsent(key, half, deadlineMs))) ?? half.value;
      }
    }
    if (stored === undefined) throw new RetryableError("the other claim has expired meanwhile");
    if (stored === own.value) throw new RetryableError("the two owners hold different claims");
    return { answer: "duplicate", stored };
  }

  /**
   * One's own half gives way to the claim that won, as a repair would have it. Left alone it would outlive that claim,
   * and then be found by everybody, though nobody was told that it is first. The answer stands whether this works or not.
   */
  private async giveWay(key: string, half: string, primaryOwner: string, own: Held): Promise<void> {
    try {
      const winner = await this.options.shard(primaryOwner).getHeld(key);
      if (winner !== undefined) await this.options.shard(half).replace(key, own.value, winner);
    } catch {
      // The next verify does it.
    }
  }
}
