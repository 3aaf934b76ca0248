import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { parse } from "./parse";

const RATIO = "a number from 0 to 1";
const POSITIVE = "a number above 0";

/** [the section, the one line of the error] */
const BAD: readonly (readonly [RawStackConfig, string])[] = [
  [{ limits: { maxErrorRatio: 2 } }, `limits.maxErrorRatio is 2; allowed: ${RATIO}`],
  [{ limits: { maxP95Ms: 0 } }, `limits.maxP95Ms is 0; allowed: ${POSITIVE}`],
  [{ limits: { minHitRatio: "35 %" } }, `limits.minHitRatio is "35 %"; allowed: ${RATIO}`],
  [{ limits: { minRequestsPerSecond: 0 } }, `limits.minRequestsPerSecond is 0; allowed: ${POSITIVE}`],
  [
    { limits: { maxErrors: 1 } },
    "limits.maxErrors is an unknown field; allowed: maxErrorRatio, maxP95Ms, minHitRatio, minRequestsPerSecond",
  ],
];

describe("parseStackConfig: metrics", () => {
  for (const [metrics, line] of BAD) {
    it(line.slice(0, 100), () => {
      expect(() => parse({ shards: ["a"], metrics }))
        .to.throw(ConfigError)
        .with.property(
          "message",
          `The stack configuration is not valid. Nothing was changed.\n  dedup-shards:metrics.${line}`,
        );
    });
  }

  it("merges the limits field by field", () => {
    const { limits } = parse({ shards: ["a"], metrics: { limits: { maxP95Ms: 350.5 } } }).metrics;
    expect(limits).to.deep.equal({ maxErrorRatio: 0.01, maxP95Ms: 350.5, minHitRatio: 0.35, minRequestsPerSecond: 1 });
  });
});
