import type { Phase, PodConfig } from "../../migration/phases";

/** A change of the pods' config, one step of A ↔ DA ↔ DB ↔ B. */
export type ConfigStep = `${PodConfig} → ${PodConfig}`;

/** The safeguards of the design as switches: true means that it is in force. */
export interface Safeguards {
  /** The barrier and the gate wait for terminating pods as well as for ready ones. */
  readonly waitsForTerminating: boolean;
  /** The barrier waits until no command of a pod that is gone can land. */
  readonly waitsForCommands: boolean;
  /** The changes of config after which the pods are looked at, by the barrier and by the gate of the next move. */
  readonly looksAtPodsAfter: (step: ConfigStep) => boolean;
  /** The gate asks of every pod what it runs: none is further than one step from where the move leads. */
  readonly gateAsksPods: boolean;
  /** Claims write in ascending order of shard name; else each pod writes its own primary first. */
  readonly commonOrder: boolean;
  /** A loser answers with the primary's value; else with what the failing shard held. */
  readonly loserAsksPrimary: boolean;
  /** A claim that was found half done is completed no later than W after it was read. */
  readonly completesWithinWindow: boolean;
  /** A claim that finds its own value adopts the expiry found, and is not answered when that is about to pass. */
  readonly adoptsExpiry: boolean;
  /** The cutover goes on writing to the current ring. */
  readonly dualWriteAtCutover: boolean;
  /** The catch-up starts after the barrier. */
  readonly catchUpAfterBarrier: boolean;
  /** Verify starts after the barrier. */
  readonly verifyAfterBarrier: boolean;
  /** A pass of verify starts when every claim begun before the last repair has made its second write or never will. */
  readonly drainsWindow: boolean;
  /** It also starts when no command of such a claim is on its way any more, though nobody waits for its answer. */
  readonly drainsCommands: boolean;
  /** An engine writes only where the shard still holds what was read. */
  readonly comparesInWrite: boolean;
  /** Engines compare the expiry as well as the value, before they write and before they delete. */
  readonly comparesExpiry: boolean;
  /** An engine writes nothing whose expiry has passed. */
  readonly checksExpiryInWrite: boolean;
  /** A shard refuses the writes of an engine that has been replaced. */
  readonly fencing: boolean;
  /** While pods of DA and DB are mixed, repair completes what only the secondary holds; else it deletes it. */
  readonly repairCompletesMixed: boolean;
  /** Cleanup deletes whatever the new owner has decided otherwise; else only what equals the new owner's copy. */
  readonly cleanupDeletesDifferent: boolean;
  /** Cleanup gives the new owner what only the old one holds, before it deletes it. */
  readonly cleanupRescues: boolean;
  /** The phases from which a jump over a config is refused. */
  readonly refusesJump: (from: Phase) => boolean;
  /** A gate that opened, and whose move was not made, is asked again in full. */
  readonly asksGateAgain: boolean;
  /** The next epoch is above every one that there has been; else above that of the live ConfigMap. */
  readonly epochNeverTwice: boolean;
  /** A pod that computes another checksum of the ring than it was given does not become ready. */
  readonly podsCheckChecksum: boolean;
  /** Gates, barrier and steps compare the whole live ring with the one that they work for; else its number. */
  readonly comparesRing: boolean;
  /** From the write of the ring to the end of the barrier any other version of the ConfigMap is noticed. */
  readonly watchesRing: boolean;
  /** Where an old ring came back there is a command that goes on from it. */
  readonly takesUpForeignRing: boolean;
  /** What was found before an old ring came back holds only as far as it holds in pods of that ring. */
  readonly refreshForgets: boolean;
  /** Another writer can bring back the last ring only; else any older one. A lock in the API server lets neither through. */
  readonly onlyLastRingComesBack: boolean;
  /** A shard with the card of another backend is refused. */
  readonly cards: boolean;
  /** A backend asks a shard for its card before the first claim on a connection. */
  readonly backendsAskCards: boolean;
  /** A shard refuses the second write of a claim whose window has passed. */
  readonly shardsCheckDeadline: boolean;
  /** Where the deciding shard may have lost writes, what only the other owner holds is completed and not deleted. */
  readonly completesAfterLoss: boolean;
  /** Where the deciding shard may have lost writes, the other owner's copy stands where both differ. */
  readonly otherStandsAfterLoss: boolean;
  /** Where the deciding shard may have lost writes, no gate goes without its verify. */
  readonly verifiesAfterLoss: boolean;
  /** After B → DB what the target owner took alone is copied back to the current one. */
  readonly copiesBack: boolean;
  /** After B → DB a verify follows, and the `up` ends behind it. */
  readonly verifiesBack: boolean;
}

/** The design as it is. */
export const ALL_SAFEGUARDS: Safeguards = {
  waitsForTerminating: true,
  waitsForCommands: true,
  looksAtPodsAfter: () => true,
  gateAsksPods: true,
  commonOrder: true,
  loserAsksPrimary: true,
  completesWithinWindow: true,
  adoptsExpiry: true,
  dualWriteAtCutover: true,
  catchUpAfterBarrier: true,
  verifyAfterBarrier: true,
  drainsWindow: true,
  drainsCommands: true,
  comparesInWrite: true,
  comparesExpiry: true,
  checksExpiryInWrite: true,
  fencing: true,
  repairCompletesMixed: true,
  cleanupDeletesDifferent: true,
  cleanupRescues: true,
  refusesJump: () => true,
  asksGateAgain: true,
  epochNeverTwice: true,
  podsCheckChecksum: true,
  comparesRing: true,
  watchesRing: true,
  takesUpForeignRing: true,
  refreshForgets: true,
  onlyLastRingComesBack: true,
  cards: true,
  backendsAskCards: true,
  shardsCheckDeadline: true,
  completesAfterLoss: true,
  otherStandsAfterLoss: true,
  verifiesAfterLoss: true,
  copiesBack: true,
  verifiesBack: true,
};
