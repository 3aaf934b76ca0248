/** What a migration does without a shard that is away or empty, and what it does not. */
import { inFile } from "../mutation";

const GATE = ["test/unit/engines/gate-retiring.test.ts"];
const RETIRING = ["test/integration/safety/retiring-shards.test.ts"];

export const DAMAGED_SHARDS = [
  ...inFile("migration/engines/gate/retiring-shards.ts", GATE, [
    {
      name: "retiring-verified",
      removed: "dual-write does not go off without a retiring shard before a verify behind the cutover",
      find: "if (!isVerified) throw",
      replace: "if (!isVerified && missing.length === 0) throw",
    },
    {
      name: "retiring-named",
      removed: "a retiring shard at which nobody can look is given up by its name only",
      find: "if (unnamed.length > 0) throw",
      replace: "if (unnamed.length < 0) throw",
    },
  ]),
  ...inFile("migration/entrypoints/gate/dispensable-shards.ts", RETIRING, [
    {
      name: "drain-named",
      removed: "a cleanup leaves no retiring shard out that has gone since the gate, unless it is named",
      find: "if (unnamed.length > 0) throw",
      replace: "if (unnamed.length < 0) throw",
    },
  ]),
  ...inFile("migration/operations/hand-over.ts", RETIRING, [
    {
      name: "verified-before-loss",
      removed: "what was verified does not count once a shard has lost its data",
      find: "lost.length > 0 ? unverified(record) : record;",
      replace: "lost.length > 0 ? record : record;",
    },
    {
      name: "record-by-name",
      removed: "a shard that lacks the migration's record is given it by its name only",
      find: "taken.includes(shard) || !hasForgotten(shard, record)",
      replace: "taken.includes(shard) || record.id",
    },
  ]),
  ...inFile(
    "migration/engines/run/lost-record.ts",
    ["test/unit/engines/run/lost-record.test.ts"],
    [
      {
        name: "deciding-shard-lost",
        removed: "no migration goes on with a deciding shard that lost its data before the rings were in step",
        find: '|| config === "B" || inStep;',
        replace: "|| config.length > 0 || inStep;",
      },
    ],
  ),
  ...inFile(
    "migration/engines/close.ts",
    ["test/integration/safety/closing.test.ts"],
    [
      {
        name: "closing-last-copies",
        removed: "a migration that is left gives a shard that lost its data the copies on shards that were to join",
        find: "|| leaving.includes(name)",
        replace: "|| leaving.length < 0",
      },
    ],
  ),
];
