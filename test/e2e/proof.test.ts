/** The proof run at a small size: see `npm run prove`. */
import { expect } from "chai";
import { CHAOS_KINDS, needsKubelet } from "../lab/prove/chaos-events";
import { prove, type ProofResult } from "../lab/prove/proof";
import { picture } from "../lab/prove/picture";
import { reasonsAgainst, report, rowsOf } from "../lab/prove/report";
import { Kubelet } from "../lab/kubelet";

const RATE = 100;

describe("whole migrations under load, while pods, shards, kubelets and runs die", function () {
  this.timeout(1_500_000);
  let result: ProofResult;

  before(async () => {
    const say = (line: string) => console.log(`      ${line}`);
    const size = { rate: RATE, keys: 4_000, idleMs: 5_000 };
    result = await prove({ namespace: "proof", ...size, seed: "ci", chaos: true, say });
  });

  it("every submission is answered, at most by its second try; one is first; all agree; every key is at its owner", () => {
    expect(reasonsAgainst(result), report(result, "proof.svg")).to.deep.equal([]);
    const all = rowsOf(result).at(-1);
    expect(all).to.include({ errors: 0, misses: 0, divergent: 0 });
    expect(all?.requests).to.be.greaterThan(RATE * 60);
    expect(result.placements.map(({ journey }) => journey)).to.deep.equal([
      "3 → 4, given up",
      "3 → 4, back and forth",
      "4 → 3",
    ]);
  });

  it("everything that can die did", () => {
    const expected = CHAOS_KINDS.filter((kind) => !needsKubelet(kind) || Kubelet.of(1) !== undefined);
    expect(new Set(result.events.map(({ kind }) => kind))).to.deep.equal(new Set(expected));
  });

  it("draws one picture of it, with each phase marked", () => {
    const svg = picture(result);
    expect(svg).to.match(/^<svg /);
    const named = result.phases.filter(({ phase }) => svg.includes(`>${phase}<`));
    expect(named).to.have.lengthOf(18);
  });
});
