/** What shards are asked before anything moves, and before one goes. */
import { inFile } from "../mutation";

const PLAN = inFile(
  "migration/entrypoints/migration-plan.ts",
  ["test/integration/plan.test.ts"],
  [
    {
      name: "capacity",
      removed: "the plan is refused where the copies do not fit",
      find: "if (problems.length > 0) throw",
      replace: "if (problems.length > 99) throw",
    },
    {
      name: "no-other-migration",
      removed: "no plan while another migration is not cleared away",
      find: "  await assertNoOther(stores, ring);",
      replace: "",
    },
  ],
);

const PLANNED_ANEW = inFile(
  "migration/entrypoints/migration-plan.ts",
  ["test/integration/bad-input.test.ts"],
  [
    {
      name: "planned-anew",
      removed: "no plan that a shard which lost its data would seem to know, once copies are made",
      find: "if (hasCopies) await readMigrationRecord(deciding);",
      replace: "",
    },
  ],
);

const UNLOADED = inFile(
  "migration/providers/shell.ts",
  ["test/unit/providers.test.ts"],
  [
    {
      name: "unloaded-refuses",
      removed: "where the program cannot be loaded nothing is taken for done",
      find: "Object.assign(shell, { check: refuse, create: refuse, update: refuse, delete: refuse });",
      replace: "",
    },
  ],
);

const PRE_FLIGHT = inFile(
  "migration/engines/pre-flight.ts",
  ["test/integration/plan.test.ts"],
  [
    {
      name: "placement",
      removed: "the ring of the config is the backend's: keys lie where it says",
      find: "...placementProblems(census, ring.keyPrefix), ",
      replace: "",
    },
  ],
);

const SHARED = inFile(
  "migration/adapters/session.ts",
  ["test/integration/shared-servers.test.ts"],
  [
    {
      name: "shared-servers",
      removed: "one server under two names is refused",
      find: "    await refuseSharedServers(answering);",
      replace: "",
    },
  ],
);

const RECORD = inFile(
  "migration/engines/migration-record.ts",
  ["test/unit/engines/migration-record.test.ts"],
  [
    {
      name: "forgetful-shard",
      removed: "a shard that does not know the migration has lost its data: nothing goes on",
      find: "if (forgetful.length > 0) throw",
      replace: "if (forgetful.length > 99) throw",
    },
  ],
);

const REFUSALS = inFile(
  "migration/entrypoints/gate-refusals.ts",
  ["test/unit/entrypoints/ring-gate.test.ts"],
  [
    {
      name: "other-server",
      removed: "a shard of the ring in force stays the same server",
      find: '  if (server !== undefined) return { property: "shardUrls", reason: server };',
      replace: "",
    },
    {
      name: "other-backend",
      removed: "the backend stays the same in the middle of a migration",
      find: "return otherBackend(olds, news);",
      replace: "return undefined;",
    },
    {
      name: "foreign-migration",
      removed: "a stack without state does not take a migration over",
      find: 'if (live?.["DEDUP_DUAL_WRITE"] === "true") return',
      replace: 'if (live?.["DEDUP_DUAL_WRITE"] === "?") return',
    },
    {
      name: "foreign-ring",
      removed: "a stack without state does not take another ring over",
      find: 'if (live?.["DEDUP_SHARDS"] && live["DEDUP_SHARDS"] !== data["DEDUP_SHARDS"]) {',
      replace: "if (news.ring.vnodes < 0 && live) {",
    },
  ],
);

const RING = inFile(
  "components/backend-ring.ts",
  ["test/unit/components/backend-ring.test.ts"],
  [
    {
      name: "ring-stays",
      removed: "the backend's ring stays when the stack goes",
      find: "      retainOnDelete: true,\n      customTimeouts",
      replace: "      customTimeouts",
    },
    {
      name: "rollout-after-ring",
      removed: "pods are restarted after the ConfigMap was written",
      find: "this.patchOptions(args, [this.ring]),",
      replace: "this.patchOptions(args, []),",
    },
  ],
);

const BACKUP = inFile(
  "migration/entrypoints/with-shard.ts",
  ["test/unit/entrypoints/with-shard.test.ts"],
  [
    {
      name: "backup-kept",
      removed: "no backup is written over",
      find: "if (existsSync(join(folder, name))) console.log(`${join(folder, name)} exists and is kept`);\n      else renameSync",
      replace: "renameSync",
    },
  ],
);

const CAPACITY = inFile(
  "migration/plan/capacity.ts",
  ["test/unit/plan/capacity.test.ts"],
  [
    {
      name: "eviction",
      removed: "a target that evicts is refused",
      find: "[policyProblem(of), ...headroom]",
      replace: "[...headroom]",
    },
    {
      name: "headroom",
      removed: "a target that would be more than half full is refused",
      find: "after <= limit.bytes * HEADROOM_FRACTION) return",
      replace: "after <= limit.bytes * 99) return",
    },
    {
      name: "redis-version",
      removed: "a server older than Redis 7.0 is refused",
      find: "return [versionProblem(of), ...checks]",
      replace: "return [...checks]",
    },
  ],
);

const GUARD = ["test/integration/shard-guard.test.ts"];

const SHARD_GUARD = inFile("migration/entrypoints/shard-removal.ts", GUARD, [
  {
    name: "shard-guard",
    removed: "a shard that holds keys which no other shard holds is not deleted",
    find: "if (sole) throw new GateClosedError(soleKeyMessage(sole.shard, sole.key));",
    replace: "",
  },
  {
    name: "shard-guard-live-ring",
    removed: "only shards that the backend reads count as others that hold a key",
    find: "await findSoleKey(shard, rest)",
    replace: "await findSoleKey(shard, [shard, ...rest])",
  },
]);

const SHARD_SET = inFile("migration/entrypoints/shard-set.ts", GUARD, [
  {
    name: "shard-set",
    removed: "the preview refuses to remove such a shard",
    find: "else reasons.push(await refuseRemoval(address, news, secrets));",
    replace: "",
  },
]);

const REPLACED = inFile(
  "migration/entrypoints/shard-guard.ts",
  ["test/unit/entrypoints/shard-guard.test.ts"],
  [
    {
      name: "shard-replaced",
      removed: "the guard is asked as well when a shard is replaced",
      find: "const replaced = olds.uid !== news.uid;",
      replace: "const replaced = false;",
    },
  ],
);

const FORCED = inFile(
  "migration/entrypoints/shard-removal.ts",
  ["test/unit/entrypoints/shard-guard.test.ts"],
  [
    {
      name: "shard-forced-in-use",
      removed: "forceRemoveShards does not take a shard away that the backend uses",
      find: "  if (isUsed({ name: shard, url }, live)) throw new ShardInUseError(shard, true);",
      replace: "",
    },
  ],
);

const READY = inFile(
  "migration/entrypoints/shard-ready.ts",
  ["test/integration/shard-ready.test.ts"],
  [
    {
      name: "one-restart-at-a-time",
      removed: "a shard that was changed is ready again before the next one is restarted",
      find: "if (olds.generation !== news.generation) await waitUntilReady(news);",
      replace: "",
    },
  ],
);

const SCAN = inFile(
  "migration/adapters/redis-shard.ts",
  ["test/integration/plan.test.ts"],
  [
    {
      name: "own-records-stay",
      removed: "this product's own records are no keys: nothing moves them",
      find: "keys: keys.filter((key) => !isBookkeeping(key))",
      replace: "keys",
    },
  ],
);

const ENGINE = inFile(
  "migration/entrypoints/watch-engine.ts",
  ["test/unit/entrypoints/watch-engine.test.ts"],
  [
    {
      name: "orphans-end",
      removed: "a provider ends when its Pulumi engine is gone",
      find: "process.exit(1);",
      replace: "",
    },
  ],
);

export const SHARDS = [
  ...[PLAN, PLANNED_ANEW, UNLOADED, PRE_FLIGHT, CAPACITY, SHARED, RECORD, REFUSALS],
  ...[RING, BACKUP, SHARD_GUARD, SHARD_SET, REPLACED, FORCED, READY, SCAN, ENGINE],
].flat();
