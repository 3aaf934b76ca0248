import { expect } from "chai";
import { PHASES, refuseMove, type Phase, type RingState } from "../../../migration/phases";
import { noPhaseSkipped } from "../../../policy/no-phase-skipped";
import { RING_GATE } from "../../../policy/ring-gate";
import { judged } from "./judged";

const RING = { shards: ["a"], targetShards: ["a", "b"], vnodes: 150, keyPrefix: "pcs:" };
const state = (phase: Phase, shards = RING.shards): RingState => ({ ...RING, phase, shards });

function judgedMove(from: RingState | undefined, to: RingState, config?: object): Promise<readonly string[]> {
  const { phase, ...ring } = to;
  return judged(noPhaseSkipped, [{ type: RING_GATE, props: { phase, ring, cameFrom: from } }], config);
}

/** The ring that a move to a phase leads to. */
const arrives = (from: Phase | undefined, to: Phase) =>
  state(to, from === "cleanup" && to === "stable" ? RING.targetShards : RING.shards);

describe("policy no-phase-skipped", () => {
  for (const from of [undefined, ...PHASES]) {
    it(`finds legal from ${from ?? "nothing"} what the phase table finds legal, by rules of its own`, async () => {
      const before = from && state(from);
      for (const phase of PHASES) {
        const to = arrives(from, phase);
        const isLegal = refuseMove(before, to) === undefined;
        expect((await judgedMove(before, to)).length === 0, phase).to.equal(isLegal);
      }
    });
  }

  it("says what was jumped, and lets it be allowed for a run", async () => {
    expect(await judgedMove(state("cutover"), state("stable"))).to.deep.equal([
      'The ring would be in "stable", and come from "cutover". Set migrationPhase to a phase next to the one before. If ' +
        "this takes back an `up` that did not get to its end, allow it for this run: " +
        '{"no-phase-skipped": {"allow": ["cutover → stable"]}}',
    ]);
    expect(await judgedMove(state("cutover"), state("stable"), { allow: ["cutover → stable"] })).to.deep.equal([]);
  });

  it("a migration ends with the target ring and no other", async () => {
    expect(await judgedMove(state("cleanup"), state("stable", ["b", "a"]))).to.have.length(1);
  });

  it("says nothing of other resources", async () => {
    expect(await judged(noPhaseSkipped, [{ type: "other", props: { phase: "cutover" } }])).to.deep.equal([]);
  });
});
