import { expect } from "chai";
import fc from "fast-check";
import { ConfigError, type RawStackConfig, type StackConfig } from "../../../migration/config";
import { parse } from "./parse";

const KEYS = [
  "migrationPhase",
  "shards",
  "targetShards",
  "vnodes",
  "keyPrefix",
  "planDigest",
  "requirePlanDigest",
  "namespace",
  "shardUrls",
  "access",
  "shard",
  "backend",
  "execution",
  "job",
  "copy",
  "verify",
  "cleanup",
  "backup",
  "metrics",
  "monitoring",
  "forceRemoveShards",
] as const satisfies readonly (keyof StackConfig)[];

describe("parseStackConfig: any value at all", () => {
  const anyRaw = fc.record(Object.fromEntries(KEYS.map((key) => [key, fc.jsonValue()])), { requiredKeys: [] });

  it("parses, or throws a ConfigError whose every line names a key", () => {
    fc.assert(
      fc.property(anyRaw, (raw: RawStackConfig) => {
        try {
          expect(parse(raw)).to.have.all.keys(KEYS);
        } catch (error) {
          expect(error).to.be.instanceOf(ConfigError);
          for (const { key } of (error as ConfigError).problems) {
            expect(KEYS.some((known) => key.startsWith(`dedup-shards:${known}`))).to.equal(true, key);
          }
        }
      }),
      // Names of which no URL can be made.
      { examples: [[{ targetShards: ["! !"] }], [{ shards: ["[x"] }]] },
    );
  });

  it("never shows a password that stands in a URL", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{8,20}$/), (tail) => {
        const password = `geheim${tail.replace(/[\\"]/g, "")}`;
        const urls = [
          `redis://u:${password}@h`,
          `redis://${password}@h:1/2`,
          `u:${password}@h`,
          `redis://h?p=${password}`,
        ];
        for (const url of urls) {
          expect(() => parse({ shards: ["a"], shardUrls: { a: url } }))
            .to.throw(ConfigError)
            .with.property("message")
            .that.does.not.include("geheim");
        }
      }),
    );
  });

  it("takes a shard name that objects have built in for a name", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      const shardUrls = JSON.parse(`{"${name}": "redis://h"}`) as unknown;
      const shards = [name];
      expect(parse({ shards, shardUrls }).shards).to.deep.equal(shards);
    }
  });
});
