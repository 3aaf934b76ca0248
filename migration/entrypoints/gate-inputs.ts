import type { PodMetrics } from "../adapters/backend-view";
import type { RingData } from "../contract/ring-config-map";
import { podConfigOf, ringsInForce, type Phase, type PodConfig, type RingState } from "../phases";
import type { ConnectionInputs, RingInputs, SettingsInputs } from "./inputs";

/** Inputs of the gate as the program gives them. */
export interface GateInputs {
  readonly phase: Phase;
  readonly ring: RingInputs;
  readonly connection: ConnectionInputs;
  readonly settings: SettingsInputs;
  /** Where pods say which epoch they run. */
  readonly metrics?: PodMetrics;
  /** The stack's name; `check` keeps that of the first `up`. Not in states of before. */
  readonly stack?: string;
}

/** What `check` adds: the ring that the move leads to, so that the preview prints it. */
export interface CheckedGateInputs extends GateInputs {
  readonly data: RingData;
  readonly epoch: number;
  /** After a refresh that found an older ring in force: the epoch that the state had before. */
  readonly highestEpoch?: number;
  /** The ring ConfigMap's version before this epoch's ring is written; empty where nobody could say; not in states of before. */
  readonly ringVersion?: string;
  /** The version in which somebody else had put some of the ring's keys back, for which the ring is written once more; empty: none. */
  readonly putBack?: string;
  /** How many migrations this stack has opened. */
  readonly migration: number;
  /** The state before the last change of the phase; its `up` may not have got to its end. */
  readonly cameFrom?: RingState;
}

/** What the inputs say about the ring. */
export const stateOf = ({ phase, ring }: Pick<GateInputs, "phase" | "ring">): RingState => ({ phase, ...ring });

type RingOfGate = Pick<GateInputs, "phase" | "ring" | "connection">;

/** The ring part of the ConfigMap, in the phase's config or another one; neither the epoch nor the checksum is in it. */
export function ringData(inputs: RingOfGate, config: PodConfig = podConfigOf(inputs.phase)): RingData {
  const { primary, secondary } = ringsInForce(stateOf(inputs), config);
  return {
    DEDUP_SHARDS: primary.map((name) => inputs.connection.shards[name] ?? "").join(","),
    DEDUP_DUAL_WRITE: String(secondary !== undefined),
    DEDUP_NEW_RING: (secondary ?? []).join(","),
  };
}

/** Whether two ConfigMaps have the same ring, whatever their epochs. */
export const sameRing = (a: RingData, b: RingData): boolean =>
  ["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING"].every((key) => a[key] === b[key]);
