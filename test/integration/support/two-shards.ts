/** Two real servers, the shards "a" and "b" of the contract's vectors, and what they hold of an id. */
import { KEY_PREFIX, type Addresses, type Name } from "../routers";
import { RedisServer } from "../redis-servers";

/** A value and how long after the claim began it expires, in ms; `null` for never. No holding at all is `null`. */
export type Holding = readonly [value: string, ms: number | null] | null;

export type Holdings = Readonly<Record<Name, Holding>>;

export const CARD_KEY = "dedup-shards:card";
const NAMES = ["a", "b"] as const;

export class TwoShards {
  private constructor(readonly servers: Readonly<Record<Name, RedisServer>>) {}

  static async start(): Promise<TwoShards> {
    const [a, b] = await Promise.all([RedisServer.start(), RedisServer.start()]);
    return new TwoShards({ a, b });
  }

  get addresses(): Addresses {
    return { a: `127.0.0.1:${this.servers.a.port}`, b: `127.0.0.1:${this.servers.b.port}` };
  }

  /** Stores what the shards hold of an id before a claim that begins at `begunMs`. */
  async hold(pcsId: string, holdings: Partial<Holdings>, begunMs: number): Promise<void> {
    for (const name of NAMES) {
      const [value, ms] = holdings[name] ?? [];
      if (value === undefined) continue;
      const expiry = typeof ms === "number" ? ["PXAT", begunMs + ms] : [];
      await this.servers[name].client.call("SET", KEY_PREFIX + pcsId, value, ...expiry);
    }
  }

  /** What a shard holds of an id. */
  async held(name: Name, pcsId: string, begunMs: number): Promise<Holding> {
    const { client } = this.servers[name];
    const [value, expiresAtMs] = [await client.get(KEY_PREFIX + pcsId), await client.pexpiretime(KEY_PREFIX + pcsId)];
    return value === null ? null : [value, expiresAtMs === -1 ? null : expiresAtMs - begunMs];
  }

  async heldByBoth(pcsId: string, begunMs: number): Promise<Holdings> {
    return { a: await this.held("a", pcsId, begunMs), b: await this.held("b", pcsId, begunMs) };
  }

  /** Gives each shard a card, or takes it away. */
  async show(cards: Readonly<Record<Name, string | null>>): Promise<void> {
    for (const name of NAMES) {
      const { client } = this.servers[name];
      const card = cards[name];
      await (card === null ? client.del(CARD_KEY) : client.set(CARD_KEY, card));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(NAMES.map((name) => this.servers[name].stop()));
  }
}

/** The card that a shard is given. */
export const cardOf = (shard: string): string => JSON.stringify({ version: 1, shard });
