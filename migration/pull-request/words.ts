/** The phase table in the words that a reviewer reads. */
import type { Check, Phase } from "../phases";

/** What an `up` that leads to a phase does. */
export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  stable: "No migration is open: one ring is read and written.",
  plan: "The target's shards are made, keys are counted, and the plan is recorded. Nothing moves.",
  copy: "The movers are copied to their new owners, throttled. The backend goes on with the current ring.",
  dualWrite: "The backend writes both rings and reads the current one; both are brought into step and verified.",
  cutover: "Reads move to the target ring. The backend goes on writing both, so the way back stays open.",
  cleanup: "The backend leaves the current ring, and the movers are taken off their old owners.",
};

/** What the gate asks before the ring may change. */
export const CHECK_WORDS: Readonly<Record<Check, string>> = {
  oneStep: "no backend pod is further than one step of config from where this leads",
  settled: "every backend pod already runs what this leads to",
  planned: "this migration is recorded on every shard as it was planned",
  healthy: "every shard answers, as a primary",
  unneeded: "a retiring shard that is away or empty is not needed any more: the target ring was verified without it",
  fits: "the movers fit into half of each new shard's memory, and no new shard evicts",
  preCopied: "the pre-copy has got to its end",
  inStep: "both rings have been brought into step, and dual-write has not been off since",
  verified: "a fresh verify comes out clean",
  verifiedIfInStep: "a fresh verify comes out clean, if the rings have been in step",
  serviceHealthy: "the service keeps its limits, by its metrics",
  serviceStable: "the service has kept its limits for metrics.stability since the cutover",
  windowOpen: "the TTL window after the cutover is over",
  drained: "no key is left on an owner that no longer decides",
};

/** Whether a check asks for the service's metrics: without metrics.url it does not. */
export const isOfService = (check: Check): boolean => check === "serviceHealthy" || check === "serviceStable";
