import { expect } from "chai";
import fc from "fast-check";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { parse } from "./parse";

/** What a config without anything but shards comes to has every key. */
const KEYS = Object.keys(parse({ shards: ["a"] }));

describe("parseStackConfig: any value at all", () => {
  const anyOf = (requirements: { minKeys: number; maxKeys: number }) =>
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), fc.jsonValue()), {
        ...{ minLength: requirements.minKeys, maxLength: requirements.maxKeys },
        selector: ([key]) => key,
      })
      .map((entries) => Object.fromEntries(entries));

  function parsesOrNamesKeys(raw: RawStackConfig): void {
    try {
      expect(parse(raw)).to.have.all.keys(KEYS);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      for (const { key } of (error as ConfigError).problems) {
        expect(KEYS.some((known) => key.startsWith(`dedup-shards:${known}`))).to.equal(true, key);
      }
    }
  }

  it("parses, or throws a ConfigError whose every line names a key", () => {
    fc.assert(fc.property(anyOf({ minKeys: 0, maxKeys: KEYS.length }), parsesOrNamesKeys), {
      // Names of which no URL can be made.
      examples: [[{ targetShards: ["! !"] }], [{ shards: ["[x"] }]],
    });
  });

  it("does so where all but a key or two are as they should be", () => {
    fc.assert(
      fc.property(anyOf({ minKeys: 1, maxKeys: 2 }), (raw) => parsesOrNamesKeys({ shards: ["a"], ...raw })),
      { numRuns: 1_000 },
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
