/** How much is explored where. */
import type { Size } from "./world";

export const ONE_CLIENT: Size = { clients: 1, ticks: 0, ttl: 1, orphans: false, straight: false };
export const ONE_CLIENT_STRAIGHT: Size = { ...ONE_CLIENT, straight: true };
export const ONE_CLIENT_EXPIRING: Size = { ...ONE_CLIENT, ticks: 1 };
/** So long that a claim can be made again, and expire again. */
export const ONE_CLIENT_TWO_LIVES: Size = { ...ONE_CLIENT, ticks: 2 };
export const ONE_CLIENT_ORPHANS: Size = { ...ONE_CLIENT, orphans: true };
export const TWO_CLIENTS: Size = { ...ONE_CLIENT, clients: 2 };
export const TWO_CLIENTS_STRAIGHT: Size = { ...TWO_CLIENTS, straight: true };
export const TWO_CLIENTS_ORPHANS_STRAIGHT: Size = { ...TWO_CLIENTS_STRAIGHT, orphans: true };
export const TWO_CLIENTS_EXPIRING_STRAIGHT: Size = { ...TWO_CLIENTS_STRAIGHT, ticks: 1 };
export const THREE_CLIENTS_STRAIGHT: Size = { ...ONE_CLIENT_STRAIGHT, clients: 3 };

export const SECOND_STACK: Size = { ...ONE_CLIENT, secondStack: true };
export const PAUSED_PODS: Size = { ...ONE_CLIENT, pauses: true };
export const SWAPPED_ADDRESSES_ONE: Size = { ...ONE_CLIENT, swaps: true };
export const SWAPPED_ADDRESSES: Size = { ...TWO_CLIENTS_STRAIGHT, swaps: true };
export const OLD_RING_STRAIGHT: Size = { ...ONE_CLIENT_STRAIGHT, foreignWrites: 1 };
export const OLD_RING: Size = { ...ONE_CLIENT, foreignWrites: 1 };
export const OLD_RING_TWO_CLIENTS: Size = { ...TWO_CLIENTS_STRAIGHT, foreignWrites: 1 };
export const FAILOVER_STRAIGHT: Size = { ...ONE_CLIENT_STRAIGHT, losses: "failover" };
export const FAILOVER: Size = { ...ONE_CLIENT, losses: "failover" };
export const FAILOVER_TWO_CLIENTS: Size = { ...TWO_CLIENTS_STRAIGHT, losses: "failover" };
export const EMPTIED: Size = { ...ONE_CLIENT, losses: "emptied" };
export const EMPTIED_TWO_CLIENTS: Size = { ...TWO_CLIENTS_STRAIGHT, losses: "emptied" };

/** The complete model in CI. */
export const SMALL: readonly Size[] = [
  ONE_CLIENT_TWO_LIVES,
  TWO_CLIENTS,
  THREE_CLIENTS_STRAIGHT,
  SECOND_STACK,
  PAUSED_PODS,
  SWAPPED_ADDRESSES_ONE,
  SWAPPED_ADDRESSES,
  OLD_RING,
  FAILOVER,
  FAILOVER_TWO_CLIENTS,
  EMPTIED_TWO_CLIENTS,
];

/** The complete model in `npm run model`. */
export const FULL: readonly Size[] = [
  ...SMALL,
  TWO_CLIENTS_ORPHANS_STRAIGHT,
  TWO_CLIENTS_EXPIRING_STRAIGHT,
  { ...ONE_CLIENT_EXPIRING, orphans: true },
  { ...TWO_CLIENTS_STRAIGHT, ticks: 2 },
  { ...TWO_CLIENTS_STRAIGHT, pauses: true },
  OLD_RING_TWO_CLIENTS,
  EMPTIED,
];

const LOSSES = { failover: "a failover that loses writes", emptied: "an emptied shard" } as const;

/** @returns a size in words. */
export function describeSize(size: Size): string {
  const { clients, ticks, foreignWrites = 0, losses } = size;
  const parts = [`${clients} client${clients > 1 ? "s" : ""}`];
  if (ticks > 0) parts.push(`${ticks} tick${ticks > 1 ? "s" : ""} of time`);
  if (size.orphans) parts.push("requests without clients, commands without pods");
  if (size.secondStack) parts.push("a second stack");
  if (size.pauses) parts.push("pods that are stopped");
  if (size.swaps) parts.push("swapped addresses");
  if (foreignWrites > 0) parts.push(`an old ring put back ${foreignWrites > 1 ? `${foreignWrites} times` : "once"}`);
  if (losses) parts.push(LOSSES[losses]);
  if (size.straight) parts.push("straight to the end");
  return parts.join(", ");
}
