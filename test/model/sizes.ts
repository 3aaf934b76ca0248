/** How much is explored where. */
import type { Size } from "./world";

export const ONE_CLIENT: Size = { clients: 1, ticks: 0, ttl: 1, orphans: false };
export const ONE_CLIENT_EXPIRING: Size = { ...ONE_CLIENT, ticks: 1 };
export const ONE_CLIENT_ORPHANS: Size = { ...ONE_CLIENT, orphans: true };
export const TWO_CLIENTS: Size = { ...ONE_CLIENT, clients: 2 };
export const TWO_CLIENTS_ORPHANS: Size = { ...TWO_CLIENTS, orphans: true };
export const TWO_CLIENTS_EXPIRING: Size = { ...TWO_CLIENTS, ticks: 1 };
export const THREE_CLIENTS: Size = { ...ONE_CLIENT, clients: 3 };

/** The complete model in CI. */
export const SMALL: readonly Size[] = [ONE_CLIENT_EXPIRING, TWO_CLIENTS];

/** The complete model in `npm run model`. */
export const FULL: readonly Size[] = [
  { ...ONE_CLIENT_EXPIRING, orphans: true },
  TWO_CLIENTS_ORPHANS,
  TWO_CLIENTS_EXPIRING,
  THREE_CLIENTS,
];

/** @returns a size in words. */
export function describeSize({ clients, ticks, orphans }: Size): string {
  const parts = [`${clients} client${clients > 1 ? "s" : ""}`];
  if (ticks > 0) parts.push(`${ticks} tick${ticks > 1 ? "s" : ""} of time`);
  if (orphans) parts.push("requests without clients, commands without pods");
  return parts.join(", ");
}
