/** The safeguards against what comes from outside a migration: other stacks and writers, shards that fail, late writes. */
import { AT_MOST_ONE_FIRST } from "./answers";
import * as invariants from "./invariants";
import { bothOrders, type Mutation } from "./mutation";
import * as sizes from "./sizes";

export const OUTSIDE_MUTATIONS: readonly Mutation[] = [
  {
    name: "cards",
    removed: "a shard does not say whose it is: a second stack clears the migration away",
    without: { cards: false },
    size: sizes.SECOND_STACK,
    breaks: bothOrders(invariants.STAYS_READABLE),
    alone: true,
  },
  {
    name: "backend-asks-card-swapped",
    removed: "a backend does not ask a shard for its name, and addresses are swapped",
    without: { backendsAskCards: false },
    size: sizes.SWAPPED_ADDRESSES,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
    alone: true,
  },
  {
    name: "backend-asks-card-emptied",
    removed: "a backend does not ask a shard for its card, and a shard comes back empty",
    without: { backendsAskCards: false },
    size: sizes.EMPTIED_TWO_CLIENTS,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
  },
  {
    name: "deadline-at-shard",
    removed: "the deadline of a second write is checked before it is sent only",
    without: { shardsCheckDeadline: false },
    size: sizes.PAUSED_PODS,
    breaks: bothOrders(invariants.CLEAN_VERIFY),
  },
  {
    name: "checksum",
    removed: "pods take a ring that was put back in part",
    without: { podsCheckChecksum: false },
    size: sizes.OLD_RING_STRAIGHT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "number-alone",
    removed: "pods, gates, barrier and steps compare the ring's number alone",
    without: { podsCheckChecksum: false, comparesRing: false },
    size: sizes.OLD_RING_TWO_CLIENTS,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
    alone: true,
  },
  {
    name: "gate-again-ring",
    removed: "a gate whose move was not made is not asked again, and an old ring is put back",
    without: { asksGateAgain: false },
    size: sizes.OLD_RING_STRAIGHT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "gate-again-failover",
    removed: "a gate whose move was not made is not asked again, and a shard loses writes",
    without: { asksGateAgain: false },
    size: sizes.FAILOVER_TWO_CLIENTS,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
  },
  {
    name: "epoch-twice",
    removed: "the next epoch follows that of the live ConfigMap, so that it comes twice",
    without: { epochNeverTwice: false },
    size: sizes.OLD_RING_TWO_CLIENTS,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
    alone: true,
  },
  {
    name: "refresh",
    removed: "an old ring that was put back is refused, and no command goes on from it",
    without: { takesUpForeignRing: false },
    size: sizes.OLD_RING_STRAIGHT,
    breaks: bothOrders(invariants.PUT_BACK_CAN_END),
  },
  {
    name: "refresh-forgets",
    removed: "what was found before an old ring came back still holds",
    without: { refreshForgets: false },
    size: sizes.OLD_RING,
    breaks: bothOrders(invariants.DRAINED_STAYS_EMPTY),
  },
  {
    name: "ring-lock",
    removed: "a ring older than the last one can be put back",
    without: { onlyLastRingComesBack: false },
    size: sizes.OLD_RING_STRAIGHT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "completes-after-loss",
    removed: "catch-up deletes extras after a failover of the deciding shard",
    without: { completesAfterLoss: false },
    size: sizes.FAILOVER_STRAIGHT,
    breaks: bothOrders(invariants.STAYS_READABLE),
  },
  {
    name: "other-stands-after-loss",
    removed: "after a failover of the deciding shard its copies stand where the owners differ",
    without: { otherStandsAfterLoss: false },
    size: sizes.FAILOVER_TWO_CLIENTS,
    breaks: bothOrders(AT_MOST_ONE_FIRST),
  },
  {
    name: "back-without-copy",
    removed: "B → DB without the copy back, nor the verify that makes up for it",
    without: { copiesBack: false, verifiesBack: false },
    size: sizes.FAILOVER,
    breaks: bothOrders(invariants.ROLLBACK_LOSES_NOTHING),
  },
  {
    name: "back-without-verify",
    removed: "B → DB without the verify",
    without: { verifiesBack: false },
    size: sizes.FAILOVER,
    breaks: bothOrders(invariants.ROLLBACK_LOSES_NOTHING),
  },
];
