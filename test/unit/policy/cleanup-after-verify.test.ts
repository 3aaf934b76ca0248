import { expect } from "chai";
import { cleanupAfterVerify } from "../../../policy/cleanup-after-verify";
import { CATCH_UP, RING_GATE } from "../../../policy/ring-gate";
import { judged } from "./judged";

const HOUR_MS = 3_600_000;
const at = (hours: number) => new Date(Date.UTC(2026, 0, 1) + hours * HOUR_MS).toISOString();
const CLEAN = { mode: "full", missing: 0, different: 0, extra: 0, at: at(2) };
const SETTINGS = { verifyMode: "full", ttlWindowMs: HOUR_MS };

interface Case {
  readonly phase?: string;
  readonly settings?: object;
  /** What the gate found when it opened; absent in the preview of the move. */
  readonly verification?: object;
  readonly cutoverAt?: string;
}

const judgedCleanup = ({ phase = "cleanup", settings = {}, verification, cutoverAt }: Case, config?: object) =>
  judged(
    cleanupAfterVerify,
    [
      { type: RING_GATE, props: { phase, settings: { ...SETTINGS, ...settings }, verification } },
      { type: CATCH_UP, props: { cutoverAt } },
    ],
    config,
  );

describe("policy cleanup-after-verify", () => {
  it("asks nothing of other phases", async () => {
    expect(await judgedCleanup({ phase: "cutover" })).to.deep.equal([]);
  });

  it("passes by the outputs that are handed over, in the preview of the move", async () => {
    const stackOutputs = { verification: { ...CLEAN, at: at(1) }, cutoverAt: at(0) };
    expect(await judgedCleanup({}, { stackOutputs })).to.deep.equal([]);
  });

  it("passes by what the gate found, after the move, and then believes no config", async () => {
    const done = { verification: CLEAN, cutoverAt: at(0) };
    expect(await judgedCleanup(done)).to.deep.equal([]);
    const [problem] = await judgedCleanup({ ...done, cutoverAt: at(1.5) }, { stackOutputs: done });
    expect(problem).to.equal(`The cutover was at ${at(1.5)}, so the TTL window opens at ${at(2.5)}.`);
  });

  it("fails where it knows nothing, and says how to tell it", async () => {
    expect(await judgedCleanup({})).to.deep.equal([
      "The verify and the cutover are not known in a preview: hand over what they came to, as config. " +
        `pulumi stack output --json | jq '{"cleanup-after-verify": {stackOutputs: {verification, cutoverAt}}}'`,
    ]);
  });

  for (const [what, verification, text] of [
    ["of a sample", { mode: "sample" }, "The last verify was of a sample; allowed before a cleanup: full."],
    ["that repaired", { different: 1 }, "The last verify found 0 missing, 1 different, 0 extra keys; allowed: 0."],
    ["of before the cutover", { at: at(-1) }, `The last verify (${at(-1)}) is older than the cutover (${at(0)}).`],
  ] as const) {
    it(`fails a verify ${what}`, async () => {
      const stackOutputs = { verification: { ...CLEAN, ...verification }, cutoverAt: at(0) };
      expect(await judgedCleanup({}, { stackOutputs })).to.deep.equal([text]);
    });
  }

  it("fails a gate that would verify a sample", async () => {
    const stackOutputs = { verification: CLEAN, cutoverAt: at(0) };
    expect(await judgedCleanup({ settings: { verifyMode: "sample" } }, { stackOutputs })).to.deep.equal([
      'verify.mode is "sample"; allowed for a cleanup: full.',
    ]);
  });

  it("takes a sample where the organisation does", async () => {
    const stackOutputs = { verification: { ...CLEAN, mode: "sample" }, cutoverAt: at(0) };
    const settings = { verifyMode: "sample" };
    expect(await judgedCleanup({ settings }, { stackOutputs, acceptSample: true })).to.deep.equal([]);
  });

  it("holds to a window and to repairs of the organisation's own", async () => {
    const done = { verification: { ...CLEAN, extra: 2 }, cutoverAt: at(0) };
    expect(await judgedCleanup(done, { maxRepaired: 2, minTtlWindowHours: 3 })).to.deep.equal([
      `The cutover was at ${at(0)}, so the TTL window opens at ${at(3)}.`,
    ]);
  });
});
