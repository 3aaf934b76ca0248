/**
 * The card of a shard: the one record that stays on it between migrations (key `dedup-shards:card`, JSON). Backends may
 * read its field `shard` to find out that an address leads to another shard. Pure.
 */

/** The name of the record; its key has the prefix of all records of this product. */
export const CARD = "card";
const VERSION = 1;

/** The backend that shards belong to. */
export interface BackendIdentity {
  readonly namespace: string;
  /** Absent where the namespace may not be read; then its name alone counts. */
  readonly namespaceUid?: string;
  /** The ConfigMap with the ring. */
  readonly configMap: string;
}

/** What a card says. Fields that a later version adds survive a rewrite. */
export interface ShardCard {
  readonly version: typeof VERSION;
  /** The shard's name in the ring. */
  readonly shard: string;
  readonly backend: BackendIdentity;
  /** The highest ring epoch that has ever been used on this ring. */
  readonly highestEpoch: number;
  /** Rises with every run that works on the shard. */
  readonly sequence: number;
  /**
   * The other shards of the ring that are known to have a card, each with the sequence number that was last written there.
   * A card with a lower number comes from an older backup, or from a replica that lagged behind.
   */
  readonly others?: Readonly<Record<string, number>>;
}

/** @returns a card that says nothing of epochs and of other shards yet. */
export const newCard = (shard: string, backend: BackendIdentity): ShardCard => ({
  version: VERSION,
  ...{ shard, backend, highestEpoch: 0, sequence: 0 },
});

/** @returns the card that a text is; undefined when it is none, or one of a version that is not known here. */
export function parseCard(text: string): ShardCard | undefined {
  const card = fieldsOf(jsonOf(text));
  const { version, shard, highestEpoch, sequence, others = {} } = card;
  const isCard =
    version === VERSION &&
    typeof shard === "string" &&
    isBackendIdentity(card["backend"]) &&
    [highestEpoch, sequence, ...Object.values(fieldsOf(others))].every(isWhole);
  return isCard ? (card as unknown as ShardCard) : undefined;
}

/** @returns whether a value says which backend something belongs to. */
export function isBackendIdentity(value: unknown): value is BackendIdentity {
  const { namespace, namespaceUid, configMap } = fieldsOf(value);
  return [namespace, configMap, namespaceUid ?? ""].every((text) => typeof text === "string");
}

/** @returns whether two identities are one backend. A uid that only one of them has decides nothing. */
export const sameBackend = (a: BackendIdentity, b: BackendIdentity): boolean =>
  a.namespace === b.namespace &&
  a.configMap === b.configMap &&
  (a.namespaceUid === undefined || b.namespaceUid === undefined || a.namespaceUid === b.namespaceUid);

/** @returns a backend for a message. */
export const describeBackend = ({ namespace, namespaceUid, configMap }: BackendIdentity): string =>
  `ConfigMap ${namespace}/${configMap}${namespaceUid === undefined ? "" : ` (namespace uid ${namespaceUid})`}`;

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
