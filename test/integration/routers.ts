/** What the contract is tested through: a router, whatever it is made of, over two shards named "a" and "b". */

export const KEY_PREFIX = "pcs:";

export type Name = "a" | "b";

/** `host:port` or `host:port/database` of each shard. */
export type Addresses = Readonly<Record<Name, string>>;

/** What a pod was configured with: rings of one shard each, so that every id has the owners that are named here. */
export interface Config {
  readonly primary: Name;
  readonly secondary: Name | null;
  /** As DEDUP_ASK_CARD. @default false */
  readonly asksCard?: boolean;
  /** Of the pod, where it knows. */
  readonly namespace?: string;
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

/** What a read answers; `stored` is left out where the shard has nothing. */
export interface Read {
  readonly answer: "stored" | "retry";
  readonly stored?: string;
  /** Of a retry, for people. */
  readonly reason?: string;
}

export interface Router {
  /** The owner of an id in a ring. */
  pick(vnodes: number, shards: readonly string[], pcsId: string): Promise<string>;
  /** The checksum of a ring ConfigMap. @throws Error when the ConfigMap has another one */
  checksum(ring: Readonly<Record<string, string>>): Promise<string>;
  claim(shards: Addresses, config: Config, claim: Claim): Promise<Answer>;
  read(shards: Addresses, config: Config, pcsId: string): Promise<Read>;
  stop(): Promise<void>;
}
