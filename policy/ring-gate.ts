/**
 * What policies read of the ring gate. The types are written down here, as far as policies need them: those of the
 * program would bring its clients along, which the CLI type-checks at every preview with the pack.
 */
import type { PolicyResource } from "@pulumi/policy";
import type { RingState } from "../migration/phases";

/** The type of this program's resources, but for their names. */
const DYNAMIC = "pulumi-nodejs:dynamic/dedup:";
export const RING_GATE = `${DYNAMIC}RingGate`;
export const PRE_COPY = `${DYNAMIC}PreCopy`;
export const CATCH_UP = `${DYNAMIC}CatchUp`;
export const VERIFY = `${DYNAMIC}Verify`;

/** How fast and how carefully the engines go. */
export interface Settings {
  readonly keysPerSecond: number;
  readonly catchUpKeysPerSecond: number;
  readonly verifyMode: string;
  readonly ttlWindowMs: number;
}

/** The gate's inputs, as its check left them, and what is known of its outputs. */
export interface Gate {
  readonly phase: RingState["phase"];
  readonly ring: Omit<RingState, "phase">;
  /** The state before the last change of the phase: that of this preview, if it makes one. */
  readonly cameFrom?: RingState;
  readonly connection: {
    /** Addresses of the shards that exist, by name. */
    readonly shards: Readonly<Record<string, string>>;
    /** Names of those of them that the program runs. */
    readonly managed?: readonly string[];
  };
  readonly settings: Settings;
  /** Report of the last verify that the gate asked for; absent in a preview that changes the gate. */
  readonly verification?: unknown;
}

/** @returns the gate of a stack; undefined for other stacks, which the organisation's packs are run on as well. */
export const gateOf = (resources: readonly PolicyResource[]): Gate | undefined =>
  resources.find(({ type }) => type === RING_GATE)?.props as Gate | undefined;
