import { createHash } from "node:crypto";
import { expect } from "chai";
import { authFiles, checksum, maxMemoryBytes, redisConf } from "../../../components/redis-config";
import { shardIdentity } from "../../../components/shard-identity";

describe("shardIdentity", () => {
  for (const [name, statefulSet, label] of [
    ["shard-3", "redis-dedup-shard-3", "3"],
    ["shard-eu-1", "redis-dedup-shard-eu-1", "eu-1"],
    ["blue", "redis-dedup-blue", "blue"],
  ] as const) {
    it(`names ${name}`, () => {
      expect(shardIdentity(name, "ns")).to.deep.equal({
        statefulSet,
        pod: `${statefulSet}-0`,
        labels: { app: "redis-dedup", shard: label },
        url: `redis://${statefulSet}-0.redis-dedup.ns.svc:6379`,
      });
    });
  }
});

describe("maxMemoryBytes", () => {
  it("is three quarters of the limit, in whole bytes", () => {
    expect(maxMemoryBytes(2 ** 32)).to.equal(3_221_225_472);
    expect(maxMemoryBytes(1e9 + 1)).to.equal(750_000_000);
  });

  for (const limit of [0, 1, -4, NaN, Infinity, 1e99]) {
    it(`refuses ${limit}: 0 would be no limit, and Redis reads digits only`, () => {
      expect(() => maxMemoryBytes(limit)).to.throw(`memoryLimitBytes is ${limit}; allowed: a number of bytes`);
    });
  }
});

describe("redisConf", () => {
  const directives = (auth: boolean) =>
    redisConf({ memoryLimitBytes: 2 ** 30, auth })
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));

  it("persists, and refuses writes rather than forget keys", () => {
    expect(directives(false)).to.deep.equal([
      "bind * -::*",
      "port 6379",
      "protected-mode no",
      "dir /data",
      "appendonly yes",
      "appendfsync always",
      'save ""',
      "repl-diskless-sync-delay 0",
      "maxmemory 805306368",
      "maxmemory-policy noeviction",
    ]);
  });

  it("includes the mounted Secret when there is a password", () => {
    expect(directives(true)).to.deep.equal([...directives(false), "include /etc/redis-auth/auth.conf"]);
  });

  it("has a checksum that tells one from another", () => {
    const conf = redisConf({ memoryLimitBytes: 2 ** 30, auth: false });
    expect(checksum(conf))
      .to.match(/^[0-9a-f]{64}$/)
      .and.not.equal(checksum(`${conf} `));
  });
});

describe("authFiles", () => {
  it("quotes the password for redis.conf and keeps it as it is for redis-cli", () => {
    expect(authFiles('a "b" \\ #c')).to.deep.equal({
      "auth.conf": 'requirepass "a \\"b\\" \\\\ #c"\nmasterauth "a \\"b\\" \\\\ #c"\n',
      password: 'a "b" \\ #c',
    });
  });

  it("adds a user by the digest of its password", () => {
    const user = { name: "engine", rules: ["resetkeys", '~p"cs:*', "+get"], password: "geheim" };
    const digest = createHash("sha256").update("geheim").digest("hex");
    expect(authFiles("p", user)["auth.conf"]).to.equal(
      `requirepass "p"\nmasterauth "p"\nuser engine on "#${digest}" "resetkeys" "~p\\"cs:*" "+get"\n`,
    );
  });

  for (const password of ["geheim\n", "ge\rheim", "ge\0heim"]) {
    it(`refuses ${JSON.stringify(password)} without showing it`, () => {
      expect(() => authFiles(password))
        .to.throw("dedup-shards:redisPassword has a line break or a NUL in it; allowed: a password on one line")
        .with.property("message")
        .that.does.not.include("heim");
    });
  }
});
