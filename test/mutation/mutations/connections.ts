/** A connection is where it should be, and its server takes what later phases need. */
import { inFile } from "../mutation";

const HANDSHAKE = inFile(
  "migration/adapters/redis/handshake.ts",
  ["test/integration/connections.test.ts"],
  [
    {
      name: "handshake-succeeds",
      removed: "a step of the handshake that fails ends the connection",
      find: 'throw new HandshakeRefusedError(command, reply.kind === "error" ? reply.text : `ERR "${reply.text}" instead of OK`);',
      replace: "return {};",
    },
    {
      name: "handshake-database",
      removed: "a connection that the server says is in another database is none",
      find: "if (Number(found) === db) return { db };",
      replace: "return { db };",
    },
  ],
);

const BACKEND = inFile(
  "test/lab/backend/shards.ts",
  ["test/integration/backend-contract.test.ts"],
  [
    {
      name: "backend-handshake",
      removed: "the backend uses no connection of which a step of the handshake failed",
      find: 'if (this.redis.status === "connect") this.redis.disconnect(true);',
      replace: "",
    },
  ],
);

const LATER_PHASES = inFile(
  "migration/entrypoints/migration-plan.ts",
  ["test/integration/later-phases.test.ts"],
  [
    {
      name: "tries-commands",
      removed: "the plan tries the commands of later phases",
      find: "refusePlan(await commandProblems(stores, run.token()));",
      replace: "",
    },
    {
      name: "tries-requests",
      removed: "the plan tries a request as large as the biggest value",
      find: "...stalls, ...(await requestProblems(stores, census))]);",
      replace: "...stalls]);",
    },
  ],
);

const CAPACITY = inFile(
  "migration/plan/capacity.ts",
  ["test/unit/plan/capacity.test.ts"],
  [
    {
      name: "capacity-per-server",
      removed: "shards that are databases of one server are weighed together",
      find: "if (of.server === undefined) return [of.shard];",
      replace: "if (memory.length >= 0) return [of.shard];",
    },
  ],
);

export const CONNECTIONS = [HANDSHAKE, BACKEND, LATER_PHASES, CAPACITY].flat();
