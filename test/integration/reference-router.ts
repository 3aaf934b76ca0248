/** The ring and the claim rule of the reference backend, in this process. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../migration/ring/ring";
import type { ExpectedCard } from "../lab/backend/card";
import { Claims } from "../lab/backend/claims";
import { RetryableError } from "../lab/backend/retryable";
import { checkedRing } from "../lab/backend/ring-checksum";
import { RedisShard } from "../lab/backend/shards";
import {
  KEY_PREFIX,
  type Addresses,
  type Answer,
  type Claim,
  type Config,
  type Name,
  type Read,
  type Router,
} from "./routers";

const COMMAND_TIMEOUT_MS = 1_000;

export class ReferenceRouter implements Router {
  private readonly shards = new Map<string, Promise<RedisShard>>();

  pick(vnodes: number, shards: readonly string[], pcsId: string): Promise<string> {
    return Promise.resolve(new HashRing(shards, vnodes).ownerOf(pcsId));
  }

  async checksum(ring: Readonly<Record<string, string>>): Promise<string> {
    return Promise.resolve(ring).then(checkedRing);
  }

  async claim(addresses: Addresses, config: Config, claim: Claim): Promise<Answer> {
    const { pcsId, own, expiresAtMs, claimWindowMs = 5_000 } = claim;
    const claims = await this.claims(addresses, config, claimWindowMs);
    return orRetry(() => claims.claim(pcsId, { value: own, expiresAtMs }));
  }

  async read(addresses: Addresses, config: Config, pcsId: string): Promise<Read> {
    const claims = await this.claims(addresses, config);
    return orRetry(async () => {
      const stored = await claims.read(pcsId);
      return { answer: "stored", ...(stored === undefined ? {} : { stored }) };
    });
  }

  async stop(): Promise<void> {
    for (const shard of await Promise.all(this.shards.values())) shard.close();
  }

  private async claims(addresses: Addresses, config: Config, claimWindowMs = 5_000): Promise<Claims> {
    const { primary, secondary } = config;
    const shards = { a: await this.shard("a", addresses.a, config), b: await this.shard("b", addresses.b, config) };
    return new Claims({
      primary: new HashRing([primary]),
      secondary: secondary === null ? undefined : new HashRing([secondary]),
      shard: (name) => shards[name as Name],
      keyPrefix: KEY_PREFIX,
      claimWindowMs,
      now: Date.now,
    });
  }

  private shard(name: Name, address: string, { asksCard = false, namespace }: Config): Promise<RedisShard> {
    const card = asksCard ? { shard: name, namespace } : undefined;
    const key = JSON.stringify([address, card]);
    const known = this.shards.get(key) ?? connect(address, card);
    this.shards.set(key, known);
    return known;
  }
}

/** Connected, as in a pod that is ready; unless nobody is there, or it is not that shard. */
async function connect(address: string, card: ExpectedCard | undefined): Promise<RedisShard> {
  const shard = new RedisShard(`redis://${address}`, COMMAND_TIMEOUT_MS, undefined, undefined, card);
  for (let i = 0; i < 50 && !shard.connected && shard.refusal === undefined; i++) await sleep(10);
  return shard;
}

async function orRetry<T>(
  answer: () => Promise<T>,
): Promise<T | { readonly answer: "retry"; readonly reason: string }> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    return { answer: "retry", reason: error.message };
  }
}
