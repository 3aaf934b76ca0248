import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { PrivateCa } from "../../lab/private-ca";
import { parse } from "./parse";

const EXTERNAL = { shards: ["a"], shardUrls: { a: "rediss://h" } };

describe("parseStackConfig: redis", function () {
  this.timeout(20_000);
  let ca: PrivateCa;
  before(() => (ca = new PrivateCa()));
  after(() => ca.remove());

  const errorOf = (raw: RawStackConfig): string => {
    try {
      return `valid: ${JSON.stringify(parse(raw).redis)}`;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message.replace("The stack configuration is not valid. Nothing was changed.\n  dedup-shards:", "");
    }
  };

  const user = { redis: { username: "engine" } };
  for (const [raw, line] of [
    [
      { redis: { username: "a b" } },
      'redis.username is "a b"; allowed: the name of an ACL user: letters, digits, _, - and .',
    ],
    [
      { redis: { username: "default" }, redisUserPassword: "p" },
      'redis.username is "default"; allowed: a user of the engine\'s own',
    ],
    [user, "redisUserPassword is not set; allowed: the password of dedup-shards:redis.username"],
    [{ redisUserPassword: "p" }, "redisUserPassword is set; allowed: only with dedup-shards:redis.username"],
    [
      { ...user, redisUserPassword: "ge\nheim" },
      "redisUserPassword is a text with a line break or a NUL in it; allowed: a password on one line",
    ],
    [
      { ...user, redisUserPassword: "p", shardUrls: {} },
      "redisPassword is not set; allowed: a password, because dedup-shards:redis.username is set",
    ],
    [{ redis: { caCertificate: "x" } }, 'redis.caCertificate is "x"; allowed: certificates in PEM'],
    [
      { redis: { caCertificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" } },
      "redis.caCertificate is a text that is no certificate; allowed: certificates in PEM",
    ],
    [{ redisClientKey: "geheim" }, "redisClientKey is set; allowed: only with dedup-shards:redis.clientCertificate"],
  ] as const) {
    it(line.slice(0, 100), () => expect(errorOf({ ...EXTERNAL, ...raw })).to.equal(line));
  }

  it("takes a user without a password of the default one where all shards run elsewhere", () => {
    expect(parse({ ...EXTERNAL, ...user, redisUserPassword: "p" }).redis).to.deep.equal({ username: "engine" });
  });

  it("takes certificates with the key of the client's", () => {
    const { cert, key } = ca.issue("engine");
    const redis = { caCertificate: ca.cert, clientCertificate: cert };
    expect(parse({ ...EXTERNAL, redis, redisClientKey: key }).redis).to.deep.equal(redis);
  });

  it("refuses a client's certificate without its key, with another one, and with none at all", () => {
    const redis = { clientCertificate: ca.issue("engine").cert };
    const allowed = "allowed: the private key of dedup-shards:redis.clientCertificate, in PEM";
    expect(errorOf({ ...EXTERNAL, redis })).to.equal(`redisClientKey is not set; ${allowed}`);
    const { key } = ca.issue("another");
    expect(errorOf({ ...EXTERNAL, redis, redisClientKey: key })).to.equal(
      `redisClientKey is the key of another certificate; ${allowed}`,
    );
    expect(errorOf({ ...EXTERNAL, redis, redisClientKey: "geheim" })).to.equal(
      `redisClientKey is a text that is no private key; ${allowed}`,
    );
  });

  it("refuses certificates for shards that all answer in plain", () => {
    const allowed = "allowed: only with a rediss:// URL in dedup-shards:shardUrls";
    for (const shardUrls of [{}, { a: "redis://h" }]) {
      expect(errorOf({ shards: ["a"], shardUrls, redis: { caCertificate: ca.cert } })).to.equal(
        `redis.caCertificate is set; ${allowed}`,
      );
    }
  });
});
