/** What a shard's server is, and that it is the one. */
import { inFile } from "../mutation";

const PERSISTENCE = inFile(
  "components/redis-config.ts",
  ["test/unit/components/redis-config.test.ts"],
  [
    {
      name: "synced-before-answered",
      removed: "a shard answers a write when it is on disk, and not before",
      find: "appendfsync always",
      replace: "appendfsync everysec",
    },
  ],
);

const START = inFile(
  "components/shard-start.ts",
  ["test/integration/shard-start.test.ts"],
  [
    {
      name: "one-redis-a-volume",
      removed: "no Redis starts beside another one on the same volume",
      find: '[ -n "$why" ]; do',
      replace: "true; do",
    },
  ],
);

const CLOCKS = inFile(
  "migration/adapters/session.ts",
  ["test/integration/clocks.test.ts"],
  [
    {
      name: "clocks-agree",
      removed: "nothing is done by shards whose clocks differ",
      find: "await clocksThatDiffer(answering, plan.dispensable);",
      replace: "[];",
    },
  ],
);

const ITSELF = inFile(
  "migration/engines/sources.ts",
  ["test/integration/other-server.test.ts"],
  [
    {
      name: "itself",
      removed: "a shard is not taken for another one that its name leads to",
      find: "onServer: assertItself,",
      replace: "onServer: () => Promise.resolve(),",
    },
  ],
);

const COUNTERPART_ITSELF = inFile(
  "migration/engines/sources.ts",
  ["test/integration/other-server.test.ts"],
  [
    {
      name: "counterpart-itself",
      removed: "a shard whose name leads to the source itself is not taken for one that is equal to it",
      find: "await Promise.all([...touched].map(assertItself));",
      replace: "",
    },
  ],
);

const OWNER_ITSELF = inFile(
  "migration/engines/drain-batch.ts",
  ["test/integration/other-server.test.ts"],
  [
    {
      name: "owner-itself",
      removed: "an owner whose name leads to the source itself is not taken for one that has everything",
      find: "  await assertItself(owner);",
      replace: "",
    },
  ],
);

const OWN_TOKEN = inFile(
  "migration/adapters/redis-shard.ts",
  ["test/integration/other-server.test.ts"],
  [
    {
      name: "own-token",
      removed: "a lock is that of one shard: what is meant for another is not written there",
      find: "return `${encodeURIComponent(this.name)}@${token}`;",
      replace: "return token;",
    },
  ],
);

export const SERVERS = [PERSISTENCE, START, CLOCKS, ITSELF, COUNTERPART_ITSELF, OWNER_ITSELF, OWN_TOKEN].flat();
