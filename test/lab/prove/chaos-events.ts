/** What chaos does to a ring that is migrated. */

export const CHAOS_KINDS = [
  "backend pod deleted",
  "shard pod killed",
  "kubelet killed",
  "kubelet killed, and a shard pod as it comes back",
  "pulumi up killed",
] as const;

/** Where the backend asks shards for their cards. */
export const CARD_KINDS = [
  "shard without its data for a while",
  "address of a shard leads to another one",
  "shard emptied for good",
] as const;

export type ChaosKind = (typeof CHAOS_KINDS | typeof CARD_KINDS)[number];

/** Kubelets can be killed in the local cluster only. */
export const needsKubelet = (kind: ChaosKind): boolean => kind.startsWith("kubelet");

export interface ChaosEvent {
  readonly kind: ChaosKind;
  readonly what: string;
  readonly atMs: number;
}
