import { expect } from "chai";
import { messageOf } from "../../../migration/report/messages";
import type { ReportFacts } from "../../../migration/report/facts";
import { facts } from "./fixtures";

const VERIFIED = "Verified: 2,015 keys (full), 1 missing, 2 different, 3 extra, 6 repaired.";

/** [what differs from a migration that is done, the message] */
const MESSAGES: readonly (readonly [Partial<ReportFacts>, string])[] = [
  [
    { from: "stable", phase: "plan" },
    "prod: migration 20260105-103000 begins: 2 → 3 shards (a, b → a, b, c). " +
      "2,000 of 6,000 keys (33.3 %) are to move, about 2s at the throttle. Rollback: possible: set migrationPhase to stable.",
  ],
  [
    { from: "copy", phase: "plan", plan: null },
    "prod: the migration is planned again: 2 → 3 shards (a, b → a, b, c). " +
      "Rollback: possible: set migrationPhase to stable.",
  ],
  [
    { phase: "copy" },
    "prod: migration 20260105-103000: the movers are copied. 2,000 keys compared, 2,000 written. " +
      "Rollback: possible: set migrationPhase to plan or stable.",
  ],
  [
    { phase: "dualWrite" },
    `prod: migration 20260105-103000: the backend writes both rings. ${VERIFIED} ` +
      "Rollback: possible: set migrationPhase to copy, plan or stable.",
  ],
  [
    { phase: "cutover" },
    `prod: migration 20260105-103000: reads are on the target ring. ${VERIFIED} ` +
      "The cleanup opens at 2026-01-19T12:00:00.000Z. Rollback: possible: set migrationPhase to dualWrite.",
  ],
  [
    { phase: "cleanup" },
    "prod: migration 20260105-103000 is complete: 2 → 3 shards (a, b → a, b, c). " +
      `2,020 keys moved, and taken off their old owners. ${VERIFIED} It took 2h 5m from its plan. ` +
      "Rollback: possible until retired shards are removed: set migrationPhase to cutover, which copies the movers back.",
  ],
  [{ phase: "stable" }, "prod: migration 20260105-103000 is finished: its records are removed. The ring has 3 shards."],
  [
    { phase: "stable", onTarget: false },
    "prod: migration 20260105-103000 is abandoned: its records are removed. The ring has 2 shards.",
  ],
  [
    { phase: "cutover", plan: null, verification: null, cleanupOpensAt: null },
    "prod: the migration: reads are on the target ring. Not verified. Rollback: possible: set migrationPhase to dualWrite.",
  ],
];

describe("the message at the end of a phase", () => {
  for (const [change, message] of MESSAGES) {
    it(message.slice(0, 80), () => expect(messageOf(facts(change))).to.equal(message));
  }
});
