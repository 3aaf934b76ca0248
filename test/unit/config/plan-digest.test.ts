import { expect } from "chai";
import type { RawStackConfig } from "../../../migration/config";
import { planDigest } from "../../../migration/plan/digest";
import { parse } from "./parse";

const RINGS = { current: ["a", "b"], target: ["a", "b", "c"], vnodes: 150, keyPrefix: "pcs:" };
const REVIEWED = planDigest(RINGS).replace("uncounted", "e6");
const HOW_TO = "pulumi stack output migrationPlan --json | jq -r .digest";
const CONFIG = { migrationPhase: "copy", shards: RINGS.current, targetShards: RINGS.target };

describe("the digest of the plan that was reviewed", () => {
  const refusal = (raw: RawStackConfig): string | undefined => {
    try {
      parse({ ...CONFIG, ...raw });
      return undefined;
    } catch (error) {
      return (error as Error).message.split("\n").slice(1).join("\n");
    }
  };

  it("lets that plan through, in every phase", () => {
    for (const migrationPhase of ["plan", "copy", "dualWrite", "cutover", "cleanup"]) {
      expect(refusal({ migrationPhase, planDigest: REVIEWED }), migrationPhase).to.equal(undefined);
    }
  });

  const others: readonly (readonly [string, RawStackConfig, Partial<typeof RINGS>, string])[] = [
    ["another target ring", { targetShards: ["a", "b", "d"] }, { target: ["a", "b", "d"] }, "the target ring differs"],
    ["another order", { shards: ["b", "a"] }, { current: ["b", "a"] }, "the current ring differs"],
    ["other vnodes", { vnodes: 128 }, { vnodes: 128 }, "vnodes (128, not 150) differs"],
    [
      "another prefix, and other vnodes",
      { keyPrefix: "x:", vnodes: 1 },
      { keyPrefix: "x:", vnodes: 1 },
      "vnodes (1, not 150), keyPrefix differ",
    ],
  ];
  for (const [name, raw, change, differ] of others) {
    it(`refuses ${name}, with both digests and what differs`, () => {
      expect(refusal({ ...raw, planDigest: REVIEWED })).to.equal(
        `  dedup-shards:planDigest is "${REVIEWED}"; allowed: the digest of these rings, ` +
          `${planDigest({ ...RINGS, ...change })}, whose last part is the number of keys: ${differ}. ` +
          `Take the change back, or plan and review anew (${HOW_TO})`,
      );
    });
  }

  it("is asked for where it is required, but not by the plan that it comes from", () => {
    expect(refusal({ requirePlanDigest: true })).to.equal(
      `  dedup-shards:planDigest is not set; allowed: the digest of the plan that was reviewed (${HOW_TO}), because ` +
        "requirePlanDigest is true",
    );
    expect(refusal({ requirePlanDigest: true, migrationPhase: "plan" })).to.equal(undefined);
    expect(refusal({ requirePlanDigest: true, migrationPhase: "stable" })).to.equal(undefined);
    expect(refusal({ requirePlanDigest: true, planDigest: REVIEWED })).to.equal(undefined);
  });

  it("is no other text", () => {
    for (const planDigest of ["27b74ab9476568fe", `${REVIEWED} `, REVIEWED.replace("e6", "uncounted")]) {
      expect(refusal({ planDigest }), planDigest).to.contain("allowed: the digest of a plan, as pulumi stack output");
    }
  });
});
