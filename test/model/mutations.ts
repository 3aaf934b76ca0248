/** One safeguard removed at a time, or one and the other that makes up for it, and which invariant that breaks. */
import type { ConfigStep } from "./safeguards";
import { AT_MOST_ONE_FIRST, DUPLICATES_AGREE, NOT_ALL_DUPLICATES } from "./answers";
import { checkModel } from "./check";
import { NO_ONLY_COPY_DELETED } from "./engines";
import * as invariants from "./invariants";
import { bothOrders, type Mutation } from "./mutation";
import { OUTSIDE_MUTATIONS } from "./outside-mutations";
import * as sizes from "./sizes";
import type { Owner } from "./world";

/** Explores the model without the safeguards of a mutation. */
export const checkMutation = ({ size, without, breaks, alone = false }: Mutation, firstByName: Owner) =>
  checkModel({ size, firstByName, without, only: alone ? breaks[firstByName] : undefined });

const noBarrierAfter = (step: ConfigStep, invariant: string): Mutation => ({
  name: `barrier-${step.replace(" → ", "-")}`,
  removed: `nobody looks at old pods after ${step}`,
  without: { looksAtPodsAfter: (each) => each !== step },
  size: sizes.ONE_CLIENT,
  breaks: bothOrders(invariant),
});

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "terminating",
    removed: "barrier and gate ignore terminating pods",
    without: { waitsForTerminating: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.DRAINED_STAYS_EMPTY),
  },
  {
    name: "terminating-two-firsts",
    removed: "barrier and gate ignore terminating pods",
    without: { waitsForTerminating: false },
    size: sizes.TWO_CLIENTS_STRAIGHT,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
    alone: true,
  },
  noBarrierAfter("A → DA", invariants.CLEAN_VERIFY),
  noBarrierAfter("DA → DB", invariants.STAYS_READABLE),
  noBarrierAfter("DB → B", invariants.DRAINED_STAYS_EMPTY),
  noBarrierAfter("B → DB", invariants.CLEAN_VERIFY),
  noBarrierAfter("DB → DA", invariants.ROLLBACK_LOSES_NOTHING),
  noBarrierAfter("DA → A", invariants.DRAINED_STAYS_EMPTY),
  {
    name: "commands",
    removed: "the barrier does not wait for commands of pods that are gone",
    without: { waitsForCommands: false },
    size: sizes.ONE_CLIENT_ORPHANS,
    breaks: bothOrders(invariants.DRAINED_STAYS_EMPTY),
  },
  {
    name: "gate-asks-pods",
    removed: "a gate does not ask what pods run (one step at most)",
    without: { gateAsksPods: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.ROLLBACK_LOSES_NOTHING),
  },
  {
    name: "common-order",
    removed: "each pod claims its own primary first",
    without: { commonOrder: false },
    size: sizes.TWO_CLIENTS_STRAIGHT,
    breaks: bothOrders(NOT_ALL_DUPLICATES),
  },
  {
    name: "loser-asks-primary",
    removed: "a loser answers with what the failing shard held",
    without: { loserAsksPrimary: false },
    size: sizes.TWO_CLIENTS_STRAIGHT,
    breaks: bothOrders(NOT_ALL_DUPLICATES),
  },
  {
    name: "loser-asks-primary-duplicates",
    removed: "a loser answers with what the failing shard held",
    without: { loserAsksPrimary: false },
    size: sizes.THREE_CLIENTS_STRAIGHT,
    breaks: bothOrders(DUPLICATES_AGREE),
    alone: true,
  },
  {
    name: "completion-window",
    removed: "a half-done claim may be completed any time after it was read",
    without: { completesWithinWindow: false },
    size: sizes.TWO_CLIENTS_ORPHANS_STRAIGHT,
    breaks: { target: NOT_ALL_DUPLICATES },
  },
  {
    name: "adopts-expiry",
    removed: "a claim that finds its own value does not look at the expiry",
    without: { adoptsExpiry: false },
    size: sizes.ONE_CLIENT_EXPIRING,
    breaks: { current: invariants.STAYS_READABLE, target: invariants.CLEAN_VERIFY },
  },
  {
    name: "dual-write-at-cutover",
    removed: "dual-write stops at cutover",
    without: { dualWriteAtCutover: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "catch-up-after-barrier",
    removed: "catch-up and its verify run before the barrier",
    without: { catchUpAfterBarrier: false, verifyAfterBarrier: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.CLEAN_VERIFY),
  },
  {
    name: "drain",
    removed: "no drain: verify does not wait for the claim window",
    without: { drainsWindow: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.CLEAN_VERIFY),
  },
  {
    name: "drain-commands",
    removed: "verify does not wait for commands sent within the claim window",
    without: { drainsCommands: false },
    size: sizes.TWO_CLIENTS_ORPHANS_STRAIGHT,
    breaks: { target: NOT_ALL_DUPLICATES },
  },
  {
    name: "unconditional-writes",
    removed: "catch-up writes unconditionally, across an expiry",
    without: { comparesInWrite: false, checksExpiryInWrite: false },
    size: sizes.ONE_CLIENT_EXPIRING,
    breaks: bothOrders(invariants.NOTHING_COMES_BACK),
  },
  {
    name: "compare",
    removed: "engines write without comparing",
    without: { comparesInWrite: false },
    size: sizes.TWO_CLIENTS_STRAIGHT,
    breaks: { current: invariants.STAYS_READABLE },
  },
  {
    name: "value-only",
    removed: "engines compare the value only, not the expiry",
    without: { comparesExpiry: false },
    size: sizes.ONE_CLIENT_TWO_LIVES,
    breaks: { current: invariants.CLEAN_VERIFY, target: invariants.STAYS_READABLE },
  },
  {
    name: "fencing",
    removed: "shards take writes of an engine that was replaced",
    without: { fencing: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.DRAINED_STAYS_EMPTY),
  },
  {
    name: "repair-completes",
    removed: "repair deletes extras while DA and DB pods are mixed",
    without: { repairCompletesMixed: false },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "cleanup-rescues-terminating",
    removed: "cleanup deletes what only the old owner holds, and nobody looks at terminating pods",
    without: { cleanupRescues: false, waitsForTerminating: false },
    size: sizes.ONE_CLIENT_STRAIGHT,
    breaks: bothOrders(NO_ONLY_COPY_DELETED),
    alone: true,
  },
  {
    name: "cleanup-deletes-different",
    removed: "cleanup deletes only values that are equal",
    without: { cleanupDeletesDifferent: false },
    size: sizes.TWO_CLIENTS_STRAIGHT,
    breaks: { current: invariants.CLEANUP_ENDS },
  },
  {
    name: "close-deletes-different",
    removed: "cleanup, and that of an abandoned migration, deletes only values that are equal",
    without: { cleanupDeletesDifferent: false },
    size: sizes.TWO_CLIENTS,
    breaks: bothOrders(invariants.EVERY_UP_CAN_END),
    alone: true,
  },
  {
    name: "jump-DB-A",
    removed: "cutover → copy is allowed: DB → A",
    without: { refusesJump: (from) => from !== "cutover" },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.ROLLBACK_LOSES_NOTHING),
  },
  {
    name: "jump-B-DA",
    removed: "cleanup → dualWrite is allowed: B → DA",
    without: { refusesJump: (from) => from !== "cleanup" },
    size: sizes.ONE_CLIENT,
    breaks: bothOrders(invariants.ROLLBACK_LOSES_NOTHING),
  },
  ...OUTSIDE_MUTATIONS,
];

/** Safeguards whose removal breaks no invariant of this model; docs/evidence/model.md says why they stay. */
export const REDUNDANT: readonly Omit<Mutation, "breaks">[] = [
  {
    name: "catch-up-alone",
    removed: "catch-up alone runs before the barrier, verify after it",
    without: { catchUpAfterBarrier: false },
    size: sizes.ONE_CLIENT,
  },
  {
    name: "cleanup-rescues",
    removed: "cleanup deletes what only the old owner holds",
    without: { cleanupRescues: false },
    size: sizes.ONE_CLIENT_EXPIRING,
  },
  {
    name: "watches-ring",
    removed: "an old ring that is put back and away again during the barrier is not noticed",
    without: { watchesRing: false },
    size: sizes.OLD_RING_STRAIGHT,
  },
  {
    name: "compares-ring",
    removed: "gates, barrier and steps compare the ring's number alone, pods its checksum",
    without: { comparesRing: false },
    size: sizes.OLD_RING_STRAIGHT,
  },
  {
    name: "copies-back",
    removed: "B → DB without the copy back, the verify follows",
    without: { copiesBack: false },
    size: sizes.FAILOVER,
  },
];
