import { expect } from "chai";
import seedrandom from "seedrandom";
import { LOSSES } from "../../faults/losses";
import { OTHER_WRITERS } from "../../faults/other-writers";
import { pairOf, planPair } from "../../faults/pairs";

const KINDS = { writer: Object.keys(OTHER_WRITERS), loss: Object.keys(LOSSES) };

describe("what goes wrong in a round of pairs", () => {
  it("is each pair of kinds once in as many rounds as there are pairs", () => {
    const pairs = Array.from({ length: 48 }, (_, i) => JSON.stringify(pairOf(`any-${i + 1}`)));
    expect(KINDS.writer.length * KINDS.loss.length).to.equal(48);
    expect(new Set(pairs)).to.have.property("size", 48);
  });

  it("is every kind about as often in any rounds that follow one another", () => {
    const losses = Array.from({ length: 16 }, (_, i) => pairOf(`any-${i}`).loss);
    for (const kind of KINDS.loss) expect(losses.filter((each) => each === kind)).to.have.length(2);
  });

  it("happens on the way to a phase where it can, and nothing goes back to a shard that is dead", () => {
    for (let i = 0; i < 200; i++) {
      const { journey, faults } = planPair(seedrandom(`${i}`), pairOf(`any-${i}`));
      for (const { kind, at } of faults) {
        const { on } = { ...OTHER_WRITERS, ...LOSSES }[kind] ?? { on: [] };
        expect(on).to.include(journey[at]);
        if (kind === "retiring shard dies") expect(journey.slice(at)).to.not.include("cutover");
      }
    }
  });
});
