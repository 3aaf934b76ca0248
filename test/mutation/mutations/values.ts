/** How values are compared and carried between servers of different versions, and those that are read in parts. */
import { inFile } from "../mutation";

const MEMBERS = inFile(
  "migration/adapters/lua/members.lua",
  ["test/integration/versions.test.ts", "test/integration/field-lives.test.ts"],
  [
    {
      name: "scores-one-notation",
      removed: "scores are compared as numbers, however a version prints them",
      find: "return string.format('%.17g', tonumber(value) + 0)",
      replace: "return tostring(value)",
    },
    {
      name: "field-lives",
      removed: "the lives of a hash's fields are compared",
      find: "if not has_lives then return {} end",
      replace: "do return {} end",
    },
  ],
);

const PARTS = inFile(
  "migration/adapters/redis/watched-values.ts",
  ["test/integration/watched-values.test.ts"],
  [
    {
      name: "parts-watched",
      removed: "a value that changes while it is read in parts is neither deleted nor written over",
      find: 'await client.call("WATCH", key);',
      replace: "",
    },
  ],
);

const CONNECTION = inFile(
  "migration/adapters/redis-client.ts",
  ["test/integration/watched-values.test.ts"],
  [
    {
      name: "watch-lost",
      removed: "a WATCH that is lost with its connection ends the transaction",
      find: "if (this.kind.once || this.drops",
      replace: "if (this.drops",
    },
  ],
);

const FAR_EXPIRIES = inFile(
  "migration/adapters/lua/bundle.lua",
  ["test/integration/mixed-rings.test.ts"],
  [
    {
      name: "far-expiries",
      removed: "an expiry with more digits than a script's numbers is read by itself",
      find: "if expiry >= EXACT then",
      replace: "if false then",
    },
  ],
);

const SYNC = inFile(
  "migration/engines/sync.ts",
  ["test/integration/field-lives.test.ts"],
  [
    {
      name: "unknown-digests",
      removed: "a digest that says nothing is no proof that values are equal",
      find: 'if (digest !== "" && digest === there.digests[i]) return;',
      replace: "if (digest === there.digests[i]) return;",
    },
    {
      name: "fields-about-to-expire",
      removed: "a field that is about to expire is no difference",
      find: "const fieldsAfterMs = (await edge.primary.timeMs()) + EXPIRING_WITHIN_MS;",
      replace: "const fieldsAfterMs = 0;",
    },
  ],
);

const PLAN = inFile(
  "migration/entrypoints/migration-plan.ts",
  ["test/integration/mixed-rings.test.ts", "test/integration/plan.test.ts"],
  [
    {
      name: "versions-tried",
      removed: "the plan refuses what a server cannot read of another one",
      find: "refusePlan(copies.problems);",
      replace: "",
    },
    {
      name: "slow-values",
      removed: "a value whose copy holds a shard up for too long waits for the operator",
      find: "[...problems, ...stalls, ...(await",
      replace: "[...problems, ...(await",
    },
  ],
);

export const VALUES = [MEMBERS, PARTS, CONNECTION, FAR_EXPIRIES, SYNC, PLAN].flat();
