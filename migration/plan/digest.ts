/** The name of a plan: what later phases are pinned to. */
import { createHash } from "node:crypto";
import { type Rings, servedKeys, type ShardCensus } from "./census";

/** Rises when the meaning of the digest's parts changes: an old digest must not match by accident. */
const DIGEST_VERSION = "2";

/** Hex digits for each part that is hashed: 32 bits, plenty to tell the plans of one stack apart. */
const HASH_LENGTH = 8;

const HASH = `[0-9a-f]{${HASH_LENGTH}}`;
const COUNTED = String.raw`(?:e\d+|none)`;

/** A digest of a plan whose shards were counted; or nothing. */
export const PLAN_DIGEST_OR_NONE = new RegExp(
  String.raw`^(?:${DIGEST_VERSION}\.${HASH}\.${HASH}\.\d+\.${HASH}\.${COUNTED})?$`,
);

/** What stands for a number of keys that nobody counted. */
const UNCOUNTED = "uncounted";

export interface DigestInput extends Rings {
  readonly keyPrefix: string;
  /** Left out when the shards could not be counted; a plan without a census has another digest than one with it. */
  readonly census?: readonly ShardCensus[];
}

/**
 * A short, stable name for a plan: `VERSION.CURRENT.TARGET.VNODES.PREFIX.KEYS`, such as
 * `2.9d1f0a3c.51c2be77.150.0be1f2a9.e5`. Rings and prefix are the first eight hex digits of the SHA-256 of their JSON.
 *
 * The rings enter in ring order, since the order decides collisions. Of the census only the magnitude enters (see
 * {@link keyMagnitude}), so that neither the order of the shards nor some more writes make another plan. What lies near a
 * limit (316,228 keys, say) can still cross it: what compares digests keeps the one that it was given.
 */
export function planDigest({ current, target, vnodes, keyPrefix, census }: DigestInput): string {
  const magnitude = census === undefined ? UNCOUNTED : magnitudeName(keyMagnitude(servedKeys(current, census)));
  return [DIGEST_VERSION, hash(current), hash(target), vnodes, hash(keyPrefix), magnitude].join(".");
}

/**
 * What two digests differ in, in words; empty when they are of one plan. How many keys there are is no difference while
 * one of them does not say.
 */
export function digestDifferences(expected: string, found: string): readonly string[] {
  const [before, after] = [expected, found].map((digest) => digest.split("."));
  const part = (i: number) => [before?.[i] ?? "", after?.[i] ?? ""] as const;
  const [was, is] = part(5);
  return [
    ...differs("the digest's version", part(0)),
    ...differs("the current ring", part(1)),
    ...differs("the target ring", part(2)),
    ...differs(`vnodes (${part(3)[1]}, not ${part(3)[0]})`, part(3)),
    ...differs("keyPrefix", part(4)),
    ...(was === UNCOUNTED || is === UNCOUNTED
      ? []
      : differs(`how many keys there are (${about(is)}, not ${about(was)})`, part(5))),
  ];
}

/** @returns why a plan that stands is not the one that was reviewed; undefined when it is. */
export function notReviewed(expected: string, found: string): string | undefined {
  const differences = digestDifferences(expected, found);
  if (differences.length === 0) return undefined;
  return (
    `the plan that is recorded on the shards is ${found}, and not ${expected} (planDigest), which was reviewed: ` +
    `${differences.join(", ")} ${differences.length === 1 ? "differs" : "differ"}. Review the plan ` +
    '(`pulumi stack output migrationPlan`) and set planDigest to its digest, or set migrationPhase to "plan" and run ' +
    "`pulumi up`."
  );
}

const differs = (what: string, [before, after]: readonly [string, string]): string[] =>
  before === after ? [] : [what];

const about = (magnitude: string): string => (magnitude === "none" ? "none" : `about 10^${magnitude.slice(1)}`);

/** The power of ten nearest (as a ratio) to a number of keys: 200,000 gives 5; none gives null. */
export function keyMagnitude(keys: number): number | null {
  return keys > 0 ? Math.round(Math.log10(keys)) : null;
}

const magnitudeName = (magnitude: number | null): string => (magnitude === null ? "none" : `e${magnitude}`);

const hash = (part: unknown): string =>
  createHash("sha256").update(JSON.stringify(part)).digest("hex").slice(0, HASH_LENGTH);
