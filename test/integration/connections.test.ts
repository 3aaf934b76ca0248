/** A connection that is not in the database of its URL is none: no command but those of its handshake is ever sent. */
import { expect } from "chai";
import fc from "fast-check";
import { openShards, type ShardAccess } from "../../migration/adapters/open-shards";
import { ShardRefusedError, ShardUnreachableError, UnexpectedReplyError } from "../../migration/engines/errors";
import { RequestProxy, type Verdict } from "../support/request-proxy";
import { RedisServer } from "./redis-servers";
import { errorOf } from "./ring-lab";

const DATABASE = 3;
const USER = "engine";
const PASSWORD = "secret";
const HANDSHAKE = ["AUTH", "SELECT", "CLIENT", "INFO"];
const RUNS = 60;

const how = (more: Partial<ShardAccess> = {}): ShardAccess => ({
  ...{ access: "direct", namespace: "test", keyPrefix: "pcs:", patient: false, login: {} },
  ...more,
});

describe("a connection to a shard", function () {
  this.timeout(60_000);
  let server: RedisServer;
  before(async () => (server = await RedisServer.start({ settings: ["--busy-reply-threshold", "1"] })));
  after(() => server.stop());
  beforeEach(async () => {
    await server.client.flushall();
    await server.client.set("pcs:in-0", "v");
  });

  /** What a shard at a URL says to a command that needs no more than a connection. */
  const exists = async (url: string, access = how()): Promise<number> => {
    const open = await openShards([{ name: "a", url }], access);
    try {
      return (await open.shards[0]?.existing([Buffer.from("pcs:in-0")])) ?? -1;
    } finally {
      open.close();
    }
  };

  it("to a database that the server does not have: refused by the shard's name, with what to do", async () => {
    const url = `${server.url}/20`;
    for (const patient of [true, false]) {
      const error = await errorOf(exists(url, how({ patient })));
      expect(error).to.be.instanceOf(ShardRefusedError);
      expect(error.message).to.equal(
        `a at ${url} refused: ERR DB index is out of range. It has no such database: correct the number at the end of its ` +
          "URL in shardUrls, or raise `databases` in its configuration, then run `pulumi up` again.",
      );
    }
  });

  it("without the right to SELECT: refused by the shard's name, with the right to grant", async () => {
    await server.client.call("ACL", "SETUSER", USER, "reset", "on", `>${PASSWORD}`, "~*", "+@all", "-select");
    const login = { username: USER, password: PASSWORD };
    const url = `${server.url}/${DATABASE}`;
    const { message } = await errorOf(exists(url, how({ login })));
    // Redis 7.0 does not name the user, later servers do.
    expect(message.replace(`User ${USER}`, "this user")).to.equal(
      `a at ${url} refused: NOPERM this user has no permissions to run the 'select' command. The ACL user lacks a right: ` +
        "grant it `+select` (ACL SETUSER … +select). docs/guides/security.md lists all that it needs.",
    );
    // The database that every connection begins in takes no SELECT.
    expect(await exists(server.url, how({ login }))).to.equal(1);
  });

  it("without the right to CLIENT INFO, as users made for an earlier version: goes by the SELECT", async () => {
    await server.client.call("ACL", "SETUSER", USER, "reset", "on", `>${PASSWORD}`, "~*", "+@all", "-client");
    const login = { username: USER, password: PASSWORD };
    expect(await exists(`${server.url}/${DATABASE}`, how({ login }))).to.equal(0);
    expect(await exists(server.url, how({ login }))).to.equal(1);
  });

  it("has the name by which other runs tell it from clients of the backend, on reconnects too", async () => {
    const open = await openShards([{ name: "a", url: server.url }], how({ patient: true }));
    const [shard] = open.shards;
    for (let round = 0; round < 2; round++) {
      expect((await shard?.clients())?.filter(({ isEngine }) => isEngine)).to.have.length(1);
      await server.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }
    open.close();
  });

  it("without the right to set a name works, and says which right tells who else is connected", async () => {
    await server.client.call("ACL", "SETUSER", USER, "reset", "on", `>${PASSWORD}`, "~*", "+@all", "-client|setname");
    const open = await openShards(
      [{ name: "a", url: server.url }],
      how({ login: { username: USER, password: PASSWORD } }),
    );
    const [shard] = open.shards;
    expect(await shard?.existing([Buffer.from("pcs:in-0")])).to.equal(1);
    expect((await errorOf(shard?.clients() ?? Promise.resolve())).message).to.contain("grant it `+client|setname`");
    open.close();
  });

  it("while a script holds the server: refused, and a migration goes on when it has ended", async () => {
    const busy = server.client.eval("while true do end", 0).catch(() => undefined);
    const killer = server.client.duplicate({ enableReadyCheck: false, disableClientInfo: true });
    const url = `${server.url}/${DATABASE}`;
    expect((await errorOf(exists(url))).message).to.match(
      new RegExp(`^a at ${url} refused: BUSY .* It is busy with a script: wait, then run \`pulumi up\` again\\.$`),
    );
    const waiting = exists(url, how({ patient: true }));
    await killer.call("SCRIPT", "KILL");
    expect(await waiting).to.equal(0);
    await busy;
    killer.disconnect();
  });

  describe("through a proxy that fails replies of the handshake", () => {
    let proxy: RequestProxy;
    let url: string;
    beforeEach(async () => {
      proxy = await RequestProxy.start(server.port);
      url = `redis://127.0.0.1:${proxy.port}/${DATABASE}`;
      await server.client.call("ACL", "SETUSER", USER, "reset", "on", `>${PASSWORD}`, "~*", "+@all");
    });
    afterEach(() => proxy.stop());
    const login = { username: USER, password: PASSWORD };

    it("is in the database of its URL for every command, whatever step fails, and on reconnects", () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...HANDSHAKE),
          fc.constantFrom<Verdict>(
            "cut",
            { answer: "-ERR no\r\n" },
            { answer: "-NOPERM no\r\n" },
            { answer: "-LOADING wait\r\n" },
            { answer: "-BUSY wait\r\n" },
            { answer: "+no\r\n" },
            // Of a SELECT that was never made.
            { answer: "+OK\r\n" },
            { answer: "$-1\r\n" },
            { answer: "+OK\r\n+OK\r\n" },
            { answer: "HTTP/1.1 400\r\n" },
            { answer: "$9\r\nid=7 db=0\r\n" },
          ),
          fc.integer({ min: 0, max: 1 }),
          fc.boolean(),
          async (step, verdict, failing, patient) => {
            const databases = new Map<number, number>();
            const strays: string[] = [];
            const first = proxy.connectionsSoFar;
            proxy.judge = ({ connection, words: [name = "", word] }) => {
              const command = name.toUpperCase();
              if (command === step && connection - first === failing) return verdict;
              if (command === "SELECT") databases.set(connection, Number(word));
              if (!HANDSHAKE.includes(command) && databases.get(connection) !== DATABASE) strays.push(command);
              return undefined;
            };
            const open = await openShards([{ name: "a", url }], how({ login, patient }));
            const look = () => open.shards[0]?.existing([Buffer.from("pcs:in-0")]);
            for (let round = 0; round < 2; round++) {
              const found = await look()?.catch((error: unknown) => error);
              // 1 would be the key of database 0.
              if (found instanceof Error) {
                expect([ShardRefusedError, ShardUnreachableError, UnexpectedReplyError]).to.include(found.constructor);
              } else expect(found).to.equal(0);
              proxy.reset();
            }
            open.close();
            expect(strays).to.deep.equal([]);
          },
        ),
        { numRuns: RUNS },
      ));

    for (const state of ["LOADING", "BUSY"]) {
      it(`waits for a server that is ${state}, where a restart may be ridden out, and says so where not`, async () => {
        let left = 2;
        proxy.judge = ({ words }) =>
          words[0] === "SELECT" && left-- > 0 ? { answer: `-${state} not yet\r\n` } : undefined;
        expect(await exists(url, how({ login, patient: true }))).to.equal(0);
        left = Number.POSITIVE_INFINITY;
        const error = await errorOf(exists(url, how({ login })));
        expect(error).to.be.instanceOf(ShardRefusedError);
        expect(error.message).to.match(new RegExp(`^a at ${url} refused: ${state} not yet\\. It is (still|busy) `));
      });
    }

    it("tells what answers there, where that is no Redis", async () => {
      proxy.judge = () => ({ answer: "HTTP/1.1 400 Bad Request\r\n\r\n" });
      expect((await errorOf(exists(url, how({ patient: true })))).message).to.equal(
        `a at ${url} gave an answer that makes no sense: "HTTP/1.1 400 Bad Request\\x0d\\x0a\\x0d\\x0a" instead of a reply of ` +
          "a Redis server. Look at what its address leads to, then run `pulumi up` again: it goes on where it stopped.",
      );
    });
  });
});
