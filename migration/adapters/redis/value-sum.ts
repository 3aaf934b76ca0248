/** The sum of a value's members, as `lua/members.lua` adds it up on a shard: parts in any order come to the same. Pure. */

/** 2^48: sums of two lanes stay exact. */
const LANE = 2 ** 48;

/** A part of a value, as `lua/part.lua` returns it. */
export interface ValuePart {
  /** As TYPE answers. */
  readonly type: string;
  readonly members: number;
  readonly lanes: readonly [number, number];
}

/** A value of which no part has been read. */
export const NO_PARTS: ValuePart = { type: "none", members: 0, lanes: [0, 0] };

/** @returns the sum of two parts of one value. */
export function addParts(a: ValuePart, b: ValuePart): ValuePart {
  const lane = (i: 0 | 1) => (a.lanes[i] + b.lanes[i]) % LANE;
  return { type: b.type, members: a.members + b.members, lanes: [lane(0), lane(1)] };
}

/**
 * @param fieldsAfterMs - Unix ms; fields of a hash that expire before it were left out.
 * @returns the text by which `lua/fingerprint.lua` knows the whole value; empty when there is none.
 */
export function fingerprintOf({ type, members, lanes }: ValuePart, fieldsAfterMs: number): string {
  if (type === "none" || (type === "hash" && members === 0)) return "";
  const kind = type === "hash" ? `hash@${fieldsAfterMs}` : type;
  return [kind, members, ...lanes].join(":");
}

/** @returns the `fieldsAfterMs` that a fingerprint was taken with; 0 for what is no hash. */
export const fieldsAfterOf = (fingerprint: string): number => Number(/^hash@(\d+):/.exec(fingerprint)?.[1] ?? 0);
