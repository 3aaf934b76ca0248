import type { Inspection, KeyState } from "./shard-store";

/** How two shards that should hold the same key differ. */
export type Difference = "missing" | "different";

/** A key whose time is up within this time may vanish from one shard before the other: no difference. */
export const EXPIRING_WITHIN_MS = 1_000;

/**
 * Compares one key on the ring that decides with the same key on the ring that is to hold the same.
 *
 * @param expiryToleranceMs - how far two expiries may lie apart.
 * @param nowMs - the later of the two servers' clocks.
 * @returns undefined when nothing is to be done: equal, gone from the primary, or about to expire.
 */
export function compare(
  primary: KeyState,
  secondary: KeyState,
  nowMs: number,
  expiryToleranceMs: number,
): Difference | undefined {
  if (primary.fingerprint === "" || isExpiring(primary, nowMs)) return undefined;
  if (secondary.fingerprint === "") return "missing";
  const sameValue = primary.fingerprint === secondary.fingerprint;
  return sameValue && sameExpiry(primary, secondary, expiryToleranceMs) ? undefined : "different";
}

/** @returns the positions of keys that the holder has and the other shard has not, expiring ones left out. */
export function extras(holder: Inspection, other: Inspection): readonly number[] {
  const nowMs = laterClock(holder, other);
  return holder.states.flatMap((state, i) => {
    const absent = other.states[i]?.fingerprint === "";
    return state.fingerprint !== "" && absent && !isExpiring(state, nowMs) ? [i] : [];
  });
}

/** @returns the later of two servers' clocks, Unix ms. */
export const laterClock = (a: Inspection, b: Inspection): number => Math.max(a.nowMs, b.nowMs);

/** Whether a key may vanish from one shard before it does from another. */
export const isExpiring = (state: KeyState, nowMs: number): boolean =>
  state.expiresAtMs >= 0 && state.expiresAtMs <= nowMs + EXPIRING_WITHIN_MS;

function sameExpiry(a: KeyState, b: KeyState, toleranceMs: number): boolean {
  if (a.expiresAtMs < 0 || b.expiresAtMs < 0) return a.expiresAtMs === b.expiresAtMs;
  return Math.abs(a.expiresAtMs - b.expiresAtMs) <= toleranceMs;
}
