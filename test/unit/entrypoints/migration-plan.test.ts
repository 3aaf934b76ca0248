import { expect } from "chai";
import { diff, type PlanInputs } from "../../../migration/entrypoints/migration-plan";

const RECORDED = "2.9d1f0a3c.51c2be77.150.0be1f2a9.e5";

/** What a preview says of a plan that stands, and what is to become of it. */
function previewed(planDigest: string, open = true) {
  const said: string[] = [];
  const { log } = console;
  console.log = (line: string) => void said.push(line);
  try {
    const news = { work: "none", open, settings: { planDigest } } as PlanInputs;
    return { changes: diff({ plan: { digest: RECORDED } }, news), said };
  } finally {
    console.log = log;
  }
}

describe("a plan that stands", () => {
  it("is left as it is, and nothing is said while it is the one that was reviewed", () => {
    for (const digest of [RECORDED, ""]) {
      expect(previewed(digest)).to.deep.equal({ changes: { changes: false }, said: [] });
    }
    expect(previewed("2.9d1f0a3c.51c2be77.150.0be1f2a9.e6", false).said).to.deep.equal([]);
  });

  it("is said to be another one where its keys were ten times as many: the gate will refuse it", () => {
    expect(previewed("2.9d1f0a3c.51c2be77.150.0be1f2a9.e6")).to.deep.equal({
      changes: { changes: false },
      said: [
        "the gate will let no phase through but the way back: the plan that is recorded on the shards is " +
          "2.9d1f0a3c.51c2be77.150.0be1f2a9.e5, and not 2.9d1f0a3c.51c2be77.150.0be1f2a9.e6 (planDigest), which was reviewed: how " +
          "many keys there are (about 10^5, not about 10^6) differs. Review the plan (`pulumi stack output migrationPlan`) and set " +
          'planDigest to its digest, or set migrationPhase to "plan" and run `pulumi up`.',
      ],
    });
  });
});
