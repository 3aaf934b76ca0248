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

/** The complete model in CI. */
export const SMALL: readonly Size[] = [ONE_CLIENT_TWO_LIVES, TWO_CLIENTS, THREE_CLIENTS_STRAIGHT];

/** The complete model in `npm run model`. */
export const FULL: readonly Size[] = [
  ...SMALL,
  TWO_CLIENTS_ORPHANS_STRAIGHT,
  TWO_CLIENTS_EXPIRING_STRAIGHT,
  { ...ONE_CLIENT_EXPIRING, orphans: true },
  { ...TWO_CLIENTS_STRAIGHT, ticks: 2 },
];

/** @returns a size in words. */
export function describeSize({ clients, ticks, orphans, straight }: Size): string {
  const parts = [`${clients} client${clients > 1 ? "s" : ""}`];
  if (ticks > 0) parts.push(`${ticks} tick${ticks > 1 ? "s" : ""} of time`);
  if (orphans) parts.push("requests without clients, commands without pods");
  if (straight) parts.push("straight to the end");
  return parts.join(", ");
}
