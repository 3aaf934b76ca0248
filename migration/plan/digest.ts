/** The name of a plan: what later phases are pinned to. */
import { createHash } from "node:crypto";
import { type Rings, servedKeys, type ShardCensus } from "./census";

/** Rises when the meaning of the digest's parts changes: an old digest must not match by accident. */
const DIGEST_VERSION = 1;

/** Hex digits of a digest: 64 bits, plenty to tell the plans of one stack apart. */
const DIGEST_LENGTH = 16;

export interface DigestInput extends Rings {
  readonly keyPrefix: string;
  /** Left out when the shards could not be counted; a plan without a census has another digest than one with it. */
  readonly census?: readonly ShardCensus[];
}

/**
 * A short, stable name for a plan: 16 hex digits of the SHA-256 of the canonical JSON array
 * `[version, current, target, vnodes, keyPrefix, magnitude]`.
 *
 * The rings enter in ring order, since the order decides collisions. Of the census only the magnitude enters (see
 * {@link keyMagnitude}; `"uncounted"` without a census), so that neither the order of the shards nor some more writes
 * make another plan. What lies near a limit (316,228 keys, say) can still cross it: a phase that compares digests
 * should keep the one it was given.
 */
export function planDigest({ current, target, vnodes, keyPrefix, census }: DigestInput): string {
  const magnitude = census === undefined ? "uncounted" : keyMagnitude(servedKeys(current, census));
  const canonical = JSON.stringify([DIGEST_VERSION, current, target, vnodes, keyPrefix, magnitude]);
  return createHash("sha256").update(canonical).digest("hex").slice(0, DIGEST_LENGTH);
}

/** The power of ten nearest (as a ratio) to a number of keys: 200,000 gives 5; none gives null. */
export function keyMagnitude(keys: number): number | null {
  return keys > 0 ? Math.round(Math.log10(keys)) : null;
}
