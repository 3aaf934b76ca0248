import type { ReportFacts } from "../../../migration/report/facts";

export const AT = Date.parse("2026-01-05T12:35:00Z");

/** A migration from 2 to 3 shards, all done. */
export const FACTS: ReportFacts = {
  stack: "prod",
  from: "cutover",
  phase: "cleanup",
  epoch: 4,
  shards: ["a", "b"],
  targetShards: ["a", "b", "c"],
  onTarget: true,
  atMs: AT,
  plan: {
    migration_id: "20260105-103000",
    old_topology: { total_keys: 6_000 },
    total_keys_to_move: 2_000,
    percentage_to_move: 33.3,
    estimated_duration: "2s",
    keys_per_shard: { a: 2_900, b: 3_100 },
  },
  preCopy: { checked: 2_000, missing: 2_000, different: 0, extra: 0, repaired: 2_000 },
  catchUp: { checked: 2_010, missing: 10, different: 0, extra: 0, repaired: 10 },
  cleanup: { checked: 2_020, deleted: 2_020, rescued: 0 },
  preCopySamples: [
    { atMs: AT, keys: 0 },
    { atMs: AT + 1_000, keys: 1_500 },
    { atMs: AT + 2_000, keys: 2_000 },
  ],
  catchUpSamples: null,
  verification: {
    ...{ mode: "full", checked: 2_015, missing: 1, different: 2, extra: 3, repaired: 6, bound: 0 },
    at: "2026-01-05T12:00:00.000Z",
  },
  cleanupOpensAt: "2026-01-19T12:00:00.000Z",
  keysNow: { a: 2_000, b: 2_010, c: 2_020 },
};

export const facts = (change: Partial<ReportFacts> = {}): ReportFacts => ({ ...FACTS, ...change });
