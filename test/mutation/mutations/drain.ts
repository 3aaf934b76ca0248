/** Copies that go: in a cleanup, and at the end of a migration. */
import { inFile } from "../mutation";

const DRAIN = inFile(
  "migration/engines/drain-batch.ts",
  ["test/integration/drain.test.ts"],
  [
    {
      name: "drain-rescues",
      removed: "what only the old owner holds is given to the new one before it is deleted",
      find: "keepsOrphans ? only.map(",
      replace: "keepsOrphans && only.length < 0 ? only.map(",
    },
    {
      name: "drain-different",
      removed: "the drain deletes what the new owner decided otherwise: only equal values go",
      find: "source.remove(run.token(), goingKeys, seen)",
      replace:
        'source.remove(run.token(), goingKeys, seen.map((state, i) => ["", state.fingerprint].includes(there[keys.indexOf(goingKeys[i]!)]!.fingerprint) ? state : ABSENT))',
    },
  ],
);

const DRAIN_EXPIRED = inFile(
  "migration/engines/drain-batch.ts",
  ["test/unit/engines/drain-batch.test.ts"],
  [
    {
      name: "drain-expired",
      removed: "a key that is over by the new owner's clock alone is not deleted",
      find: "stay: [...rescued.expired, ",
      replace: "stay: [",
    },
  ],
);

const DRAIN_PASSES = inFile(
  "migration/engines/drain.ts",
  ["test/integration/drain.test.ts"],
  [
    {
      name: "drain-shuts",
      removed: "keys that keep appearing on old owners shut the gate",
      find: "if ((found.checked ?? 0) === 0) return sum;",
      replace: "if ((found.checked ?? 0) === 0 || pass === MAX_LAST_PASSES) return sum;",
    },
    {
      name: "drain-last-pass",
      removed: "the drain ends with a pass that finds nothing",
      find: "if ((found.checked ?? 0) === 0) return sum;",
      replace: "if ((found.checked ?? 0) >= 0) return sum;",
    },
  ],
);

const UNLIKE = inFile(
  "migration/engines/drain-batch.ts",
  ["test/integration/restart.test.ts"],
  [
    {
      name: "unlike-of-lost-shard",
      removed: "the drain takes no key off for another value on an owner that lost its data",
      find: "if (!forgetful && unlike.length > 0) await assertRemembers(owner, record);",
      replace: "",
    },
  ],
);

const ORPHANS = inFile(
  "migration/engines/drain-batch.ts",
  ["test/integration/close.test.ts"],
  [
    {
      name: "orphans-of-lost-shard",
      removed: "no copy is taken off whose owner lost its data",
      find: " || !(await remembers(owner, record))",
      replace: "",
    },
  ],
);

const CLOSE = inFile(
  "migration/engines/close.ts",
  ["test/integration/close.test.ts"],
  [
    {
      name: "left-overs-on-the-way-out",
      removed: "a left-over that no catch-up has looked at is not brought to life when the migration is left",
      find: 'orphans: outcome === "abandoned" && record.inStepSinceEpoch === undefined ? "delete" : "rescue",',
      replace: 'orphans: "rescue",',
    },
    {
      name: "half-claims-on-the-way-out",
      removed: "a half-done claim is given to the current ring when the migration is left",
      find: 'orphans: outcome === "abandoned" && record.inStepSinceEpoch === undefined ? "delete" : "rescue",',
      replace: 'orphans: "delete",',
    },
    {
      name: "finished-by-hand",
      removed: "a migration that was finished by hand is drained before its records go",
      find: 'const isDrained = outcome === "finished" && holds(record, "drained", await job.epoch());',
      replace: 'const isDrained = outcome === "finished";',
    },
    {
      name: "forgotten-copies",
      removed: "copies that are taken off no longer count as made",
      find: 'await forgetCheckpoints(run, stays.shards, "copies");',
      replace: "",
    },
  ],
);

export const DRAINS = [DRAIN, DRAIN_EXPIRED, DRAIN_PASSES, UNLIKE, ORPHANS, CLOSE].flat();
