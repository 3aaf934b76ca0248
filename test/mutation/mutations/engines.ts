/** Copy, catch-up and verify, and the graph that puts them in their order. */
import { inFile } from "../mutation";

const GRAPH = inFile(
  "migration/migration.ts",
  ["test/unit/program.test.ts"],
  [
    {
      name: "copy-after-barrier",
      removed: "every step comes after the barrier",
      find: "after(this.barrier, ...beforeCopy)",
      replace: "after(...beforeCopy)",
    },
    {
      name: "catch-up-after-copy",
      removed: "the catch-up comes after the pre-copy, and so after the barrier",
      find: "after(this.preCopy)",
      replace: "after()",
    },
    {
      name: "copy-after-plan",
      removed: "nothing is copied before the plan and the backups are made",
      find: "after(this.barrier, ...beforeCopy)",
      replace: "after(this.barrier)",
    },
    {
      name: "drain-after-verify",
      removed: "the drain comes last",
      find: "after(this.verify)",
      replace: "after()",
    },
  ],
);

const PROGRAM = inFile(
  "index.ts",
  ["test/unit/program.test.ts"],
  [
    {
      name: "steps-after-rollout",
      removed: "the barrier comes after the rollout",
      find: "{ dependsOn: [backendRing, ...phaseMetric] },",
      replace: "{ dependsOn: phaseMetric },",
    },
    {
      name: "gate-first",
      removed: "the gate comes first: no shard goes, and none is made, before it has opened",
      find: "{ dependsOn: gate });\nconst shards",
      replace: "{});\nconst shards",
    },
  ],
);

const CATCH_UP = inFile(
  "migration/engines/catch-up.ts",
  ["test/integration/catch-up.test.ts"],
  [
    {
      name: "left-overs-go",
      removed: "the first catch-up deletes left-overs: it completes them as if they were claims",
      find: 'direction.primary === run.rings.current ? "complete" : "delete",',
      replace: 'direction.primary === run.rings.current ? "complete" : "complete",',
    },
    {
      name: "catch-up-of-epoch",
      removed: "a checkpoint of another ring epoch is void: dual-write may have been off since",
      find: "checkpointFor: `${record.id}/${epoch}`,",
      replace: "checkpointFor: record.id,",
    },
  ],
);

const VERIFY = inFile(
  "migration/engines/verify.ts",
  ["test/integration/verify.test.ts"],
  [
    {
      name: "verify-waits",
      removed: "a pass of verify waits for the claim window after the last repair",
      find: "await run.clock.sleep(settings.claimWindowMs + settings.commandTimeoutMs);",
      replace: "",
    },
    {
      name: "verify-waits-for-commands",
      removed: "it waits for the command that was sent at the end of that window, too",
      find: "await run.clock.sleep(settings.claimWindowMs + settings.commandTimeoutMs);",
      replace: "await run.clock.sleep(settings.claimWindowMs);",
    },
    {
      name: "repair-completes",
      removed: "repair completes what only the secondary holds: it deletes it while DA and DB pods are mixed",
      find: 'extra: "complete",',
      replace: 'extra: "delete",',
    },
    {
      name: "verify-until-clean",
      removed: "verify goes on until a pass finds nothing",
      find: "if (differences === 0) return",
      replace: "if (differences >= 0) return",
    },
    {
      name: "verify-shuts",
      removed: "a verify that never comes out clean shuts the gate",
      find: "if (differences === 0) return",
      replace: "if (differences === 0 || passes === MAX_PASSES) return",
    },
    {
      name: "sample-then-full",
      removed: "a sample that finds anything is followed by full passes",
      find: '    mode = "full";',
      replace: "",
    },
  ],
);

const SYNC = inFile(
  "migration/engines/sync.ts",
  ["test/integration/restart.test.ts"],
  [
    {
      name: "left-overs-of-lost-shard",
      removed: "no left-over is deleted when the deciding shard came back without its data",
      find: "await assertRemembers(primary, record);",
      replace: "",
    },
  ],
);

const COPY = inFile(
  "migration/engines/keys/copy.ts",
  ["test/integration/restart.test.ts"],
  [
    {
      name: "overwrites-of-lost-shard",
      removed: "no copy is written over when the deciding shard came back without its data",
      find: "await assertRemembers(from, record);",
      replace: "",
    },
  ],
);

const LEFT_OVERS = inFile(
  "migration/engines/sync.ts",
  ["test/integration/catch-up.test.ts"],
  [
    {
      name: "left-overs-counted",
      removed: "keys that the deciding owner lacks are looked at one by one",
      find: "present === keys.length ?",
      replace: "present >= 0 ?",
    },
  ],
);

const WALK = inFile(
  "migration/engines/walk.ts",
  ["test/unit/engines/walk.test.ts"],
  [
    {
      name: "cursor-of-process",
      removed: "a cursor of another server process is void",
      find: 'job.startRunId === undefined || job.startRunId === runId ? job.startCursor : "0"',
      replace: "job.startCursor",
    },
    {
      name: "restart-under-way",
      removed: "a scan starts over when its server is restarted under it",
      find: "if (runIdNow !== runId) {",
      replace: "if (runIdNow === undefined) {",
    },
  ],
);

const CHECKPOINT = inFile(
  "migration/engines/checkpoint.ts",
  ["test/unit/engines/sources.test.ts"],
  [
    {
      name: "checkpoint-of-work",
      removed: "a checkpoint of another migration is void",
      find: "checkpoint?.work === work ? checkpoint : undefined",
      replace: "checkpoint",
    },
  ],
);

const THROTTLE = inFile(
  "migration/engines/throttle.ts",
  ["test/unit/engines/throttle.test.ts"],
  [
    {
      name: "ceiling",
      removed: "the copy keeps below its ceiling, for the sake of the backend",
      find: "if (startMs > now) await this.clock.sleep(startMs - now);",
      replace: "",
    },
    {
      name: "slows-down",
      removed: "the copy slows down while a shard answers slowly",
      find: "if (slow > WINDOW / 2) this.goEasy();",
      replace: "if (slow < 0) this.goEasy();",
    },
  ],
);

export const ENGINES = [GRAPH, PROGRAM, CATCH_UP, VERIFY, SYNC, COPY, LEFT_OVERS, WALK, CHECKPOINT, THROTTLE].flat();
