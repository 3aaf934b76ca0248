/** The phase table: every move between two phases, and every change of the rings. */
import { expect } from "chai";
import {
  nearestPhase,
  PHASES,
  refuseMove,
  ringsInForce,
  shardsThatExist,
  type Phase,
  type RingState,
} from "../../migration/phases";

const THREE = ["a", "b", "c"];
const FOUR = [...THREE, "d"];

const state = (phase: Phase, changes: Partial<RingState> = {}): RingState => ({
  ...{ phase, shards: THREE, targetShards: FOUR, vnodes: 150, keyPrefix: "pcs:" },
  ...changes,
});

/** design: forward one phase at a time, and the ways back. */
const LEGAL: Readonly<Record<Phase, readonly Phase[]>> = {
  stable: ["plan"],
  plan: ["copy", "stable"],
  copy: ["dualWrite", "plan", "stable"],
  dualWrite: ["cutover", "copy", "plan", "stable"],
  cutover: ["cleanup", "dualWrite"],
  cleanup: ["stable", "cutover"],
};

describe("moves between phases", () => {
  for (const from of PHASES) {
    for (const to of PHASES) {
      const legal = from === to || LEGAL[from].includes(to);
      it(`${from} → ${to} is ${legal ? "legal" : "refused, with the legal ones named"}`, () => {
        const shards = from === "cleanup" && to === "stable" ? FOUR : THREE;
        expect(refuseMove(state(from), state(to, { shards }))).to.equal(
          legal
            ? undefined
            : `migrationPhase: "${from}" → "${to}" is not a legal move. From "${from}" the legal next phases are: ` +
                `${LEGAL[from].map((phase) => `"${phase}"`).join(", ")}.`,
        );
      });
    }
  }

  for (const phase of PHASES) {
    const legal = phase === "stable" || phase === "plan";
    it(`a new stack ${legal ? "may" : "may not"} start in ${phase}`, () => {
      expect(refuseMove(undefined, state(phase))).to.equal(
        legal
          ? undefined
          : `migrationPhase: this stack has no ring yet, so it cannot start in "${phase}". ` +
              `Start with "stable" (or "plan") and advance one phase at a time.`,
      );
    });
  }
});

describe("changes of the rings", () => {
  it("the ring in force changes by a migration only", () => {
    for (const to of [state("stable", { shards: FOUR }), state("plan", { shards: ["b", "a", "c"] })]) {
      expect(refuseMove(state("stable"), to)).to.equal(
        `shards: changing the ring in force from [a, b, c] to [${to.shards.join(", ")}] without a migration would lose ` +
          `every key that changes its owner. Put the new list into targetShards, leave shards as it was, and set ` +
          `migrationPhase to "plan".`,
      );
    }
  });

  it("a finished migration makes the target ring the current one, and nothing else", () => {
    expect(refuseMove(state("cleanup"), state("stable", { shards: FOUR }))).to.equal(undefined);
    expect(refuseMove(state("cleanup"), state("stable"))).to.equal(
      `shards: the backend runs the target ring [a, b, c, d] since the cleanup, but shards is [a, b, c]. To finish the ` +
        `migration set shards to the value of targetShards together with migrationPhase "stable"; to go back set ` +
        `migrationPhase to "cutover".`,
    );
  });

  const edits = [
    ["targetShards", { targetShards: ["a", "b"] }, "a, b, c, d", "a, b"],
    ["vnodes", { vnodes: 64 }, "150", "64"],
    ["keyPrefix", { keyPrefix: "x:" }, "pcs:", "x:"],
  ] as const;
  for (const [key, change, before, after] of edits) {
    it(`${key} stays as it is while a migration is open`, () => {
      expect(refuseMove(state("copy"), state("dualWrite", change))).to.equal(
        `${key}: changed from "${before}" to "${after}" in the middle of a migration (phase "copy"). ` +
          `Take it back, or go back to migrationPhase "stable" first and plan anew.`,
      );
      expect(refuseMove(state("copy"), state("stable", change))).to.equal(undefined);
      expect(refuseMove(state("stable"), state("plan", change))).to.equal(undefined);
    });
  }
});

describe("what a phase means", () => {
  it("which rings are in force, and which shards exist", () => {
    const seen = PHASES.map((phase) => [phase, ringsInForce(state(phase)), shardsThatExist(state(phase))]);
    expect(seen).to.deep.equal([
      ["stable", { primary: THREE, secondary: undefined }, THREE],
      ["plan", { primary: THREE, secondary: undefined }, FOUR],
      ["copy", { primary: THREE, secondary: undefined }, FOUR],
      ["dualWrite", { primary: THREE, secondary: FOUR }, FOUR],
      ["cutover", { primary: FOUR, secondary: THREE }, FOUR],
      ["cleanup", { primary: FOUR, secondary: undefined }, FOUR],
    ]);
  });

  it("the phase that fits what was found is the closest to the expected one", () => {
    expect(nearestPhase("dualWrite", (phase) => ["stable", "plan", "copy"].includes(phase))).to.equal("copy");
    expect(nearestPhase("copy", () => true)).to.equal("copy");
    expect(nearestPhase("copy", () => false)).to.equal("copy");
  });
});
