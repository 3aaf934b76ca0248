import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { PrivateCa } from "../../lab/private-ca";
import { parse } from "./parse";

const EXTERNAL = { shards: ["a"], shardUrls: { a: "rediss://h" }, backup: { enabled: false } };

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
    [
      { ...user, redisUserPassword: "p", keyPrefix: "my app:" },
      'keyPrefix is "my app:"; allowed: no white space, because dedup-shards:redis.username is set',
    ],
    [{ redis: { caCertificate: "x" } }, 'redis.caCertificate is "x"; allowed: certificates in PEM, and nothing else'],
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

  it("takes certificates where no shard has TLS any more: the last ones of a migration may still have to be asked", () => {
    const redis = { caCertificate: ca.cert };
    expect(parse({ shards: ["a"], redis }).redis).to.deep.equal(redis);
  });

  it("never shows a private key that was put where a certificate belongs", () => {
    const { cert, key } = ca.issue("engine");
    for (const pem of [key, key + cert, cert + key, cert + key + cert, [key], { pem: key }]) {
      expect(errorOf({ ...EXTERNAL, redis: { clientCertificate: pem } })).to.equal(
        "redis.clientCertificate is a text with a private key in it; allowed: certificates in PEM, and nothing else",
      );
    }
  });

  it("refuses a bundle with a certificate in it that is none", () => {
    const broken = ca.cert.replace(/\n[^-\n]+\n/, "\nMIIB\n");
    expect(errorOf({ ...EXTERNAL, redis: { caCertificate: ca.cert + broken } })).to.equal(
      "redis.caCertificate is a text that is no certificate; allowed: certificates in PEM",
    );
  });

  it("refuses the default backup of a current shard whose certificates redis-cli does not know", () => {
    const { cert: caCertificate } = ca;
    const config = { ...EXTERNAL, backup: {}, redis: { caCertificate } };
    expect(errorOf(config)).to.equal(
      "backup.command is the default; allowed: a command that knows the certificates (redis-cli --cacert … --cert … --key …), " +
        "because of dedup-shards:redis",
    );
    expect(parse({ ...config, backup: { command: "true" } }).redis).to.deep.equal({ caCertificate });
    expect(parse({ ...config, backup: { enabled: false } }).redis).to.deep.equal({ caCertificate });
  });

  it("refuses a network policy that would shut the backend out", () => {
    const allowed = "the labels of the backend's pods, because dedup-shards:networkPolicy.enabled is true";
    expect(errorOf({ shards: ["a"], networkPolicy: { enabled: true } })).to.equal(
      `networkPolicy.backend is not set; allowed: ${allowed}`,
    );
  });
});
