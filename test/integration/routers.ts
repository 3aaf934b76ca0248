/** What the contract is tested through: a router, whatever it is made of, over two shards named "a" and "b". */

export const KEY_PREFIX = "pcs:";

export type Name = "a" | "b";

/** `host:port` or `host:port/database` of each shard. */
export type Addresses = Readonly<Record<Name, string>>;

/** What a pod was configured with: rings of one shard each, so that every id has the owners that are named here. */
export interface Config {
  readonly primary: Name;
  readonly secondary: Name | null;
}

export interface Claim {
  readonly pcsId: string;
  readonly own: string;
  readonly expiresAtMs: number;
  /** @default 5,000 */
  readonly claimWindowMs?: number;
}

export interface Answer {
  readonly answer: "first" | "duplicate" | "retry";
  readonly stored?: string;
  /** Of a retry, for people. */
  readonly reason?: string;
}

export interface Router {
  /** The owner of an id in a ring. */
  pick(vnodes: number, shards: readonly string[], pcsId: string): Promise<string>;
  claim(shards: Addresses, config: Config, claim: Claim): Promise<Answer>;
  stop(): Promise<void>;
}
