/** A shard that answers anything: whatever the reply, a call ends, with what its type promises or with an error. */
import { expect } from "chai";
import fc from "fast-check";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { RedisShard } from "../../migration/adapters/redis-shard";
import type { KeySize, LockReply, ShardStore } from "../../migration/engines/shard-store";

/** A reply on its way. */
type Reply = number | string | null | Error | readonly Reply[];

const RUNS = 150;
const KEYS = ["a", "b", "c"].map((key) => Buffer.from(key));
const STATE = { fingerprint: "f", expiresAtMs: -1 };

const wire = (reply: Reply): string => {
  if (reply === null) return "$-1\r\n";
  if (reply instanceof Error) return `-${reply.message}\r\n`;
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (typeof reply === "string") return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(wire).join("")}`;
};

const leaf = fc.oneof(
  fc.integer(),
  fc.constantFrom("0", "1", "3", "-1", "d5", "", "1e3", "99999999999999999999", "f"),
  fc.string({ maxLength: 5 }),
  fc.constant(null),
);
const anyReply: fc.Arbitrary<Reply> = fc.oneof(
  leaf,
  fc.constantFrom(new Error("ERR what"), new Error("LOADING wait"), new Error("OOM no"), new Error("FENCED x")),
  fc.array(fc.oneof({ arbitrary: leaf, weight: 5 }, { arbitrary: fc.array(leaf, { maxLength: 3 }), weight: 1 }), {
    maxLength: 10,
  }),
);

const isBuffer = (value: unknown): boolean => Buffer.isBuffer(value);
const isNumber = (value: unknown): boolean => Number.isSafeInteger(value);
const isLockReply = (reply: LockReply): boolean =>
  reply.taken || (typeof reply.holder === "string" && isNumber(reply.leftMs));
const isState = ({ fingerprint, expiresAtMs }: { fingerprint: unknown; expiresAtMs: unknown }): boolean =>
  typeof fingerprint === "string" && isNumber(expiresAtMs);

/** Fields of INFO, right and wrong. */
const anyInfo: fc.Arbitrary<Reply> = fc
  .dictionary(
    fc.constantFrom("run_id", "redis_version", "role", "used_memory", "maxmemory", "slave0", "slave1"),
    fc.constantFrom("", "p", "7.0.0", "master", "12", "-1", "1e9", "state=online,lag=0", "lag=x", "state"),
  )
  .map((fields) =>
    Object.entries(fields)
      .map((field) => field.join(":"))
      .join("\r\n"),
  );

/** Each call, and whether what it came to is what it promises. */
const CALLS: Readonly<Record<string, (shard: ShardStore) => Promise<boolean>>> = {
  scan: async (shard) => {
    const { cursor, keys } = await shard.scan("0");
    return typeof cursor === "string" && keys.every(isBuffer);
  },
  inspect: async (shard) => {
    const { nowMs, states } = await shard.inspect(KEYS);
    return isNumber(nowMs) && states.length === KEYS.length && states.every(isState);
  },
  existing: async (shard) => isNumber(await shard.existing(KEYS)),
  digests: async (shard) => {
    const { keys, digests } = await shard.digests(KEYS);
    return keys >= 1 && keys <= KEYS.length && digests.length === 1 && typeof digests[0] === "string";
  },
  bundle: async (shard) => {
    const { keys, content, apart } = await shard.bundle(KEYS, 1);
    return keys >= 1 && keys <= KEYS.length && Buffer.isBuffer(content) && apart.every(isBuffer);
  },
  add: async (shard) => {
    const { written, expired, present } = await shard.add("t", { keys: 1, content: Buffer.from(""), apart: [] });
    return isNumber(written) && isNumber(expired) && present.every(isBuffer);
  },
  read: async (shard) => {
    const copies = await shard.read(KEYS, 1);
    const isWhole = (copy: (typeof copies)[number]) =>
      copy === undefined || (/^-?\d+$/.test(copy.expiresAt) && Buffer.isBuffer(copy.value));
    return copies.length >= 1 && copies.length <= KEYS.length && copies.every(isWhole);
  },
  sizes: async (shard) => {
    const sizes = await shard.sizes(KEYS);
    const isSize = ({ bytes, type, members }: KeySize) =>
      isNumber(bytes) && typeof type === "string" && isNumber(members);
    return sizes.length === KEYS.length && sizes.every(isSize);
  },
  write: async (shard) => {
    const one = { key: Buffer.from("a"), expected: STATE, expiresAt: "-1", value: Buffer.from("v"), isDump: false };
    const [outcome, ...more] = await shard.write("t", [one]);
    return ["changed", "written", "expired"].includes(outcome ?? "") && more.length === 0;
  },
  remove: async (shard) => {
    const outcomes = await shard.remove("t", KEYS, [STATE, STATE, STATE]);
    return (
      outcomes.length === KEYS.length && outcomes.every((outcome) => ["changed", "removed", "gone"].includes(outcome))
    );
  },
  info: async (shard) => {
    const { runId, usedBytes, maxMemoryBytes, keys } = await shard.info();
    return runId !== "" && [usedBytes, maxMemoryBytes, keys].every(isNumber);
  },
  timeMs: async (shard) => isNumber(await shard.timeMs()),
  replicas: async (shard) => {
    const found = await (shard as RedisShard).replicas();
    return found.every(({ state, lagSeconds }) => typeof state === "string" && isNumber(lagSeconds));
  },
  writeRecord: async (shard) => (await shard.writeRecord("t", "r", "v")) === undefined,
  unlock: async (shard) => (await shard.unlock("t")) === undefined,
  readRecord: async (shard) => ["string", "undefined"].includes(typeof (await shard.readRecord("r"))),
  lock: async (shard) => isLockReply(await shard.lock("t", "me", 1)),
  renew: async (shard) => isLockReply(await shard.renew("t", "me", 1)),
};

/** What goes over the wire in answer to a step of the handshake. */
const handshakeAnswer = (request: string): string | undefined => {
  if (/^\*3\r\n\$6\r\nCLIENT\r\n\$7\r\nSETNAME/.test(request)) return "+OK\r\n";
  if (/^\*2\r\n\$6\r\nCLIENT/.test(request)) return wire("id=1 db=0 user=default\n");
  return /^\*1\r\n\$4\r\nINFO/.test(request) ? wire("redis_version:7.0.0\r\n") : undefined;
};

describe("replies that nobody expects", function () {
  this.timeout(60_000);
  let server: Server;
  let shard: RedisShard;
  let at: ConstructorParameters<typeof RedisShard>[0];
  let reply: Reply = null;
  const sockets = new Set<Socket>();

  before(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      // One answer for each request, whatever it is: a client sends one at a time here. The handshake gets what it needs.
      socket.on("data", (data) => socket.write(handshakeAnswer(String(data)) ?? wire(reply)));
      socket.on("error", () => undefined);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    at = { name: "a", url: `redis://127.0.0.1:${port}`, host: "127.0.0.1", port, db: 0 };
    shard = new RedisShard(at, "pcs:", false);
  });
  after(() => {
    shard.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name}: comes to what it promises, or to an error`, () =>
      fc.assert(
        fc.asyncProperty(fc.oneof(anyReply, anyInfo), async (answer) => {
          reply = answer;
          const came = await call(shard).catch((error: unknown) => error);
          if (came instanceof Error)
            expect(came.message).to.match(/gave an answer that makes no sense|refused|lost its lock/);
          else expect(came).to.equal(true);
        }),
        { numRuns: RUNS },
      ));
  }

  it("runId: comes to what it promises, or to an error", () =>
    fc.assert(
      // What was learned once is not asked for again on the same connection.
      fc.asyncProperty(fc.oneof(anyReply, anyInfo), async (answer) => {
        reply = answer;
        const fresh = new RedisShard(at, "pcs:", false);
        const came = await fresh.runId().catch((error: unknown) => error);
        fresh.close();
        if (came instanceof Error)
          expect(came.message).to.match(/gave an answer that makes no sense|refused|lost its lock/);
        else expect(came).to.be.a("string").and.not.equal("");
      }),
      { numRuns: RUNS },
    ));

  it("runId: a server that does not say which process it is could be any other", async () => {
    const other = new RedisShard(at, "pcs:", false);
    reply = "redis_version:7.0.0\r\nrun_id:\r\n";
    const error = await other.runId().catch((found: unknown) => found);
    other.close();
    expect((error as Error).message).to.equal(
      `a at ${at.url} gave an answer that makes no sense: INFO without a run_id instead of that of a Redis server. ` +
        "Look at what its address leads to, then run `pulumi up` again: it goes on where it stopped.",
    );
  });
});
