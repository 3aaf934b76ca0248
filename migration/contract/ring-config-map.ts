/** The ring as it stands in the backend's ConfigMap, and what else this program writes there. Pure. */
import { createHash } from "node:crypto";

/** Data of the ring ConfigMap. */
export type RingData = Readonly<Record<string, string>>;

/** The keys that are the ring, in the order in which the checksum takes them (docs/reference/backend-contract.md). */
export const RING_KEYS = ["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING", "DEDUP_RING_EPOCH"] as const;

/** The key that holds the checksum of the others: an epoch is a number only, and somebody may put other keys back. */
export const CHECKSUM_KEY = "DEDUP_RING_CHECKSUM";

/** Every key of the ConfigMap that belongs to this program. */
export const OWNED_KEYS: readonly string[] = [...RING_KEYS, CHECKSUM_KEY];

/** The annotation of the pod template that has the ring epoch which pods were started for. */
export const EPOCH_ANNOTATION = "dedup-shards/ring-epoch";

/** The annotation of the pod template that restarts the pods within one epoch. Its value is new with each restart. */
export const RESTART_ANNOTATION = "dedup-shards/ring-restart";

/** The API server records under this name which fields this program wrote. */
export const FIELD_MANAGER = "dedup-shards";

const CHECKSUM_LENGTH = 16;

/** @returns the checksum of a ring: SHA-256 over its keys, one `KEY=value` a line, as 16 hexadecimal digits. */
export function ringChecksum(ring: RingData): string {
  const lines = RING_KEYS.map((key) => `${key}=${ring[key] ?? ""}\n`).join("");
  return createHash("sha256").update(lines, "utf8").digest("hex").slice(0, CHECKSUM_LENGTH);
}

/** @returns the ring with an epoch and the checksum over both: all keys of the ConfigMap. */
export function numbered(ring: RingData, epoch: number): RingData {
  const data = { ...ring, DEDUP_RING_EPOCH: String(epoch) };
  return { ...data, [CHECKSUM_KEY]: ringChecksum(data) };
}

/**
 * Which keys of a live ring differ from those of the ring that is wanted. A ring without a checksum (written by an earlier
 * version of this program) is judged by its other keys.
 */
export function differingKeys(live: RingData | undefined, wanted: RingData): readonly string[] {
  if (live === undefined) return RING_KEYS;
  const compared = live[CHECKSUM_KEY] === undefined || wanted[CHECKSUM_KEY] === undefined ? RING_KEYS : OWNED_KEYS;
  return compared.filter((key) => live[key] !== wanted[key]);
}

/** @returns whether a backend that checks the checksum refuses to start from this ring. */
export const isTornRing = (live: RingData): boolean =>
  live[CHECKSUM_KEY] !== undefined && live[CHECKSUM_KEY] !== ringChecksum(live);
