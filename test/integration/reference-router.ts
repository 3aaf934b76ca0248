/** The ring and the claim rule of the reference backend, in this process. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../migration/ring/ring";
import { Claims, RetryableError } from "../lab/backend/claims";
import { checkedRing } from "../lab/backend/ring-checksum";
import { RedisShard } from "../lab/backend/shards";
import { KEY_PREFIX, type Addresses, type Answer, type Claim, type Config, type Name, type Router } from "./routers";

const COMMAND_TIMEOUT_MS = 1_000;

export class ReferenceRouter implements Router {
  private readonly shards = new Map<string, RedisShard>();

  pick(vnodes: number, shards: readonly string[], pcsId: string): Promise<string> {
    return Promise.resolve(new HashRing(shards, vnodes).ownerOf(pcsId));
  }

  async checksum(ring: Readonly<Record<string, string>>): Promise<string> {
    return Promise.resolve(ring).then(checkedRing);
  }

  async claim(addresses: Addresses, { primary, secondary }: Config, claim: Claim): Promise<Answer> {
    const { pcsId, own, expiresAtMs, claimWindowMs = 5_000 } = claim;
    const shards = { a: await this.shard(addresses.a), b: await this.shard(addresses.b) };
    const claims = new Claims({
      primary: new HashRing([primary]),
      secondary: secondary === null ? undefined : new HashRing([secondary]),
      shard: (name) => shards[name as Name],
      keyPrefix: KEY_PREFIX,
      claimWindowMs,
      now: Date.now,
    });
    try {
      return await claims.claim(pcsId, { value: own, expiresAtMs });
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      return { answer: "retry", reason: error.message };
    }
  }

  stop(): Promise<void> {
    for (const shard of this.shards.values()) shard.close();
    return Promise.resolve();
  }

  /** Connected, as in a pod that is ready; unless nobody is there. */
  private async shard(address: string): Promise<RedisShard> {
    const known = this.shards.get(address);
    if (known !== undefined) return known;
    const shard = new RedisShard(`redis://${address}`, COMMAND_TIMEOUT_MS);
    this.shards.set(address, shard);
    for (let i = 0; i < 50 && !shard.connected; i++) await sleep(10);
    return shard;
  }
}
