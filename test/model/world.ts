/**
 * The state of the model: one key, its two owners, the pods, the clients and the operator. All parts are immutable.
 */
import type { Phase, PodConfig } from "../../migration/phases";
import type { Safeguards } from "./safeguards";

/** The owner of the key in the current ring and its owner in the target ring. */
export type Owner = "current" | "target";

export type Both<T> = Readonly<Record<Owner, T>>;

/** What a shard may hold: the value of a client's claim (clients count from 1) and its expiry. */
export interface Copy {
  readonly claim: number;
  readonly expiry: number;
}

/** The two shards. Each has a clock; they are never more than a tick apart. What has expired is not held. */
export interface Shards {
  readonly clock: Both<number>;
  readonly held: Both<Copy | undefined>;
}

/** The next command of a claim (see test/lab/backend/claims.ts). */
export type ClaimCommand =
  /** SET NX GET on the first or second owner. */
  | "set"
  /** GET and PEXPIRETIME there, because it holds one's own value. */
  | "adopt"
  /** GET on the primary, because an owner holds another value. */
  | "askPrimary"
  /** GET and PEXPIRETIME on the owner that holds another value, because the primary has none. */
  | "readHalf"
  /** SET NX GET of that other claim on the primary. */
  | "complete"
  /** GET and PEXPIRETIME on the primary, because one's own half is to give way to the claim that won. */
  | "readWinner"
  /** Puts the winner in the place of one's own half, if that is still there. */
  | "giveWay";

/** A request in a pod. */
export interface Attempt {
  readonly config: PodConfig;
  readonly command: ClaimCommand;
  /** Which of the owners the claim has come to: 0 or 1. */
  readonly position: number;
  readonly expiry: number;
  /** The other claim: a half to be completed, or the winner. */
  readonly found?: Copy | undefined;
  /** Whether it made its first write before the verify under way began to wait for the claim window. */
  readonly awaited?: boolean;
  /** Its pod was stopped after it looked at the claim window, which has passed since. */
  readonly late?: boolean;
  /** Its first write was gone when a shard lost writes. */
  readonly halfLost?: boolean;
  /** The owner whose address reaches the other owner's shard. */
  readonly astray?: Owner;
}

export interface Client {
  /** The latest expiry that it has asked for; 0 before its first request. */
  readonly asked: number;
  /** Its request; after a duplicate what the pod still does about its own half. */
  readonly attempt?: Attempt | undefined;
  readonly answer?: "first" | "duplicate";
}

/** A request that its client no longer waits for. */
export interface Orphan {
  readonly client: number;
  readonly attempt: Attempt;
  /** The pod is gone, and only the command that it sent last is still on its way; else the pod goes on. */
  readonly podGone: boolean;
}

/** The backend: the config in the ConfigMap, and those of the pods that are ready and terminating. */
export interface Pods {
  readonly ring: PodConfig;
  readonly ready: readonly PodConfig[];
  readonly terminating: readonly PodConfig[];
  /** The config that the ConfigMap had before the engine's last write of another one. */
  readonly before?: PodConfig | undefined;
  /** Another writer has put an old ring into the ConfigMap: with its own epoch, or under the live one (torn). */
  readonly foreign?: "whole" | "torn" | undefined;
  /** Configs of pods that started with such a ring, while the Deployment's template names the epoch that is waited for. */
  readonly mistaken: readonly PodConfig[];
  /** How often another writer has written. */
  readonly writes: number;
}

/** What clients were told. */
export interface Answers {
  /** For each claim the expiry up to which an answer promised its value: 0 when none did, or when that is over. */
  readonly promised: readonly number[];
  /** For each claim whether a pod that asks one owner only promised it; noted where shards can fail. */
  readonly alone: readonly boolean[];
  /** The name of the invariant that an answer or a deletion has broken. */
  readonly broken?: string;
}

/** What is left to do of an `up`, in this order. */
export type Stage = "plan" | "configMap" | "rollout" | "barrier" | EngineJob | "nothing";

/** The operator's side: the phase of the last gate that opened, and the migration record. */
export interface Control {
  readonly phase: Phase;
  /** The phase before the last move. */
  readonly cameFrom?: Phase | undefined;
  /** The phase is stable, with the target ring. */
  readonly finished: boolean;
  /** The phase that the gate is being asked for. */
  readonly gate?: Phase | undefined;
  readonly todo: readonly Stage[];
  readonly planned: boolean;
  /** The card of a joining shard names another backend. */
  readonly foreignCard: boolean;
  readonly preCopied: boolean;
  readonly inStep: boolean;
  readonly cutover: boolean;
  readonly drained: boolean;
  /** The abandoned migration's copies were taken off. */
  readonly closed: boolean;
  /** The catch-up of this epoch has done its first half; its checkpoint says so. */
  readonly halfCaughtUp: boolean;
  /** Not in the product: a verify came out clean and dual-write has not been off since. */
  readonly verified: boolean;
  /** Not in the product: the last move was a rollback. */
  readonly wentBack: boolean;
}

export type EngineJob = "preCopy" | "catchUp" | "verify" | "drain";

/** The next step of an engine on the key. */
export type EngineStep =
  /** Waits for the claim window. */
  | "wait"
  /** Looks at both owners, at either first. */
  | "look"
  /** Looks at the other owner. */
  | "lookOther"
  /** Reads what is to be copied. */
  | "read"
  /** Writes it, or takes the copy off. */
  | "write"
  | "remove";

/** A run of an engine. */
export interface Engine {
  readonly job: EngineJob;
  /** Which owner decides. */
  readonly primary: Owner;
  /** Movers of the primary first, then what only the secondary holds. */
  readonly pass: "movers" | "extras";
  readonly step: EngineStep;
  /** The owner looked at first. */
  readonly seenAt?: Owner;
  /** What it held. */
  readonly seen?: Copy | undefined;
  /** What the owner written to (or removed from) held when it was looked at. */
  readonly expected?: Copy | undefined;
  readonly copy?: Copy | undefined;
  /** This pass has found something. */
  readonly dirty: boolean;
  /** The clocks have not met since the wait began: the claim window is longer than what they differ by. */
  readonly awaitsClocks?: boolean;
}

/** What a killed engine has sent to a shard, and what may still land. */
export interface LateWrite {
  readonly job: EngineJob;
  readonly owner: Owner;
  readonly expected: Copy | undefined;
  /** What is to be there; nothing to take off what is there. */
  readonly copy: Copy | undefined;
}

export interface Engines {
  readonly running?: Engine | undefined;
  readonly late?: LateWrite | undefined;
}

/** A shard that loses writes, once in a run of the model. */
export interface Loss {
  readonly owner: Owner;
  /**
   * Its replica gets no writes any more; the replica has taken its place, or an operator has decided to go on with an
   * emptied one; it has come back empty, without its card; both owners were verified since.
   */
  readonly stage: "replicaBehind" | "suspect" | "empty" | "over";
  /** What the replica holds. */
  readonly copy?: Copy | undefined;
}

export interface World {
  readonly shards: Shards;
  readonly pods: Pods;
  readonly control: Control;
  readonly engines: Engines;
  readonly answers: Answers;
  readonly orphan: Orphan | undefined;
  readonly loss: Loss | undefined;
  readonly clients: readonly Client[];
}

const WRITES: readonly ClaimCommand[] = ["set", "complete", "giveWay"];

/** @returns what is left of a request when its pod is gone: at most the command that it sent last. */
export function leftBehind(client: number, attempt: Attempt): Orphan | undefined {
  return WRITES.includes(attempt.command) ? { client, attempt, podGone: true } : undefined;
}

/** How much is explored. */
export interface Size {
  /** Clients, each with a claim of its own. */
  readonly clients: number;
  /** How far time goes; at 0 nothing expires. */
  readonly ticks: number;
  /** Ticks that a claim lives. */
  readonly ttl: number;
  /** Whether a request may go on without its client, and a command without its pod (one of them at a time). */
  readonly orphans: boolean;
  /** Whether the migration goes straight to its end: the operator never turns back, and no engine is killed. */
  readonly straight: boolean;
  /** How often another writer puts an old ring into the ConfigMap. */
  readonly foreignWrites?: number;
  /** Whether a shard may fail over to a replica that lacks its last writes, or come back empty. */
  readonly losses?: "failover" | "emptied";
  /** Whether a second stack, with a backend of its own, is brought up on the same shards. */
  readonly secondStack?: boolean;
  /** Whether a pod may be stopped between its look at the claim window and its next write. */
  readonly pauses?: boolean;
  /** Whether a pod may find one owner's shard at the other owner's address. */
  readonly swaps?: boolean;
}

/** A model: what is explored, which safeguards are in force, and which owner's name comes first. */
export interface Model {
  readonly size: Size;
  readonly safeguards: Safeguards;
  readonly firstByName: Owner;
}

export const other = (owner: Owner): Owner => (owner === "current" ? "target" : "current");

export const laterClock = ({ clock }: Shards): number => Math.max(clock.current, clock.target);

/** @returns the shards after one of them was given a copy, or emptied. What has expired there is not kept. */
export function hold({ clock, held }: Shards, owner: Owner, copy: Copy | undefined): Shards {
  const kept = copy && copy.expiry > clock[owner] ? copy : undefined;
  return { clock, held: { ...held, [owner]: kept } };
}

/** @returns the configs that live pods run, terminating ones included. */
export const liveConfigs = ({ ready, terminating, mistaken }: Pods): readonly PodConfig[] =>
  mistaken.length === 0 ? [...ready, ...terminating] : [...new Set([...ready, ...terminating, ...mistaken])];

/** @returns the owner that pods of a config read from. */
export const primaryOf = (config: PodConfig): Owner => (config === "A" || config === "DA" ? "current" : "target");

/** @returns whether pods of a config write both owners. */
export const writesBoth = (config: PodConfig): boolean => config === "DA" || config === "DB";
