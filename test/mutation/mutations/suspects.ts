/** Shards that may have lost writes. */
import { inFile } from "../mutation";

const FAILOVERS = ["test/integration/safety/lossy-failover.test.ts"];
const BACKUPS = ["test/integration/safety/older-backup.test.ts"];

const PROCESSES = inFile(
  "migration/contract/shard-process.ts",
  ["test/unit/contract/shard-process.test.ts"],
  [
    {
      name: "promoted-process",
      removed: "a process that followed another server and was promoted may have lost writes",
      find: 'return isPromoted ? "failover" : "none";',
      replace: 'return isPromoted ? "none" : "none";',
    },
    {
      name: "unsynced-restart",
      removed: "a restart of a shard that does not sync every write may have lost some",
      find: "noted.survivesRestart === true && ",
      replace: "",
    },
  ],
);

const COPIES = inFile("migration/engines/keys/whose-copy-stands.ts", FAILOVERS, [
  {
    name: "other-stands-after-loss",
    removed: "where two owners differ, the copy of one that may have lost writes does not stand",
    find: 'if (standing !== "suspect" || unlike.length === 0) return',
    replace: "if (standing.length > 0) return",
  },
]);

const HALVES = inFile(
  "migration/engines/keys/whose-copy-stands.ts",
  ["test/unit/engines/keys/whose-copy-stands.test.ts"],
  [
    {
      name: "halves-do-not-stand",
      removed: "half of a claim that is on its way does not take the place of a copy",
      find: "later.some((again) => isSamePair(pair, again))",
      replace: "later.length + pair.key.length >= 0",
    },
  ],
);

const SYNC = inFile("migration/engines/sync.ts", FAILOVERS, [
  {
    name: "completes-after-loss",
    removed: "nothing is deleted because a shard that may have lost writes does not hold it",
    find: 'if (standing === "same") return true;',
    replace: "if (standing.length > 0) return true;",
  },
]);

const COPY = inFile("migration/engines/keys/copy.ts", FAILOVERS, [
  {
    name: "overwrites-after-loss",
    removed: "what was read from a shard that failed over meanwhile takes the place of no other copy",
    find: "if (!(await mayOverwrite())) {",
    replace: "if (!(await mayOverwrite()) && !record) {",
  },
]);

const DRAIN = inFile("migration/engines/drain-batch.ts", FAILOVERS, [
  {
    name: "drain-gives-back",
    removed: "the drain gives an owner that may have lost writes the first claims back",
    find: 'standing === "suspect" && (await isReplaced',
    replace: 'standing === "restarted" && (await isReplaced',
  },
]);

const GATE = inFile("migration/engines/gate.ts", FAILOVERS, [
  {
    name: "verifies-after-loss",
    removed: "the rings are verified before a way back from shards that may have lost writes",
    find: "(suspects.length > 0 && job.outOfReach.length === 0)",
    replace: "(suspects.length < 0 && job.outOfReach.length === 0)",
  },
]);

const SAMPLES = inFile("migration/engines/verify.ts", FAILOVERS, [
  {
    name: "full-after-loss",
    removed: "a verify compares every key where a shard may have lost writes",
    find: 'if (suspects.length === 0) return "sample";',
    replace: 'if (suspects.length >= 0) return "sample";',
  },
]);

const NUMBERS = inFile("migration/engines/run/shard-cards.ts", BACKUPS, [
  {
    name: "numbers-noted",
    removed: "the other shards note the number that a step has written",
    find: "const ROUNDS = 2;",
    replace: "const ROUNDS = 1;",
  },
]);

const NOTES = inFile("migration/engines/run/process-notes.ts", BACKUPS, [
  {
    name: "losses-noted",
    removed: "a shard that lost writes is known as one until a verify is clean, however many steps are killed",
    find: "lostWrites: [...lostWrites, ...newlyLost]",
    replace: "lostWrites: [...lostWrites]",
  },
]);

const ADOPTED = inFile(
  "migration/operations/hand-over.ts",
  ["test/integration/safety/adopt.test.ts"],
  [
    {
      name: "emptied-is-suspect",
      removed: "what an emptied shard took before it was handed over does not stand",
      find: "...(record.lostWrites ?? []), ...lost.map(({ store }) => store.name)]",
      replace: "...(record.lostWrites ?? [])]",
    },
  ],
);

export const SUSPECTS = [
  ...[PROCESSES, COPIES, HALVES, SYNC, COPY, DRAIN, GATE, SAMPLES, NUMBERS, NOTES, ADOPTED].flat(),
];
