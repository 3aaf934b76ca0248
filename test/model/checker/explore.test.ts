import { expect } from "chai";
import { explore, type System } from "./explore";

/** Counts up by 1 or 2; from `trap` on there is no way but back to it. */
function counter(end: number, trap = Infinity): System<number> {
  return {
    initial: 0,
    words: 1,
    pack: (state, into) => void (into[0] = state),
    unpack: (words) => words[0] as number,
    steps(state, emit) {
      if (state === trap) return emit("engine", "stays", state);
      for (const by of [1, 2]) if (state + by <= end) emit("engine", `+${by}`, state + by);
    },
  };
}
const under = (limit: number) => ({ name: "under the limit", holds: (state: number) => state < limit });
const ends = { name: "ends", from: () => true, goal: (state: number) => state === 9, helps: () => true };

describe("the checker", () => {
  it("finds a shortest way to a broken invariant", () => {
    const { violation, exhaustive } = explore(counter(9), { invariants: [under(5)] });
    expect(exhaustive).to.equal(false);
    expect(violation?.invariant).to.equal("under the limit");
    expect(violation?.trace).to.have.lengthOf(3);
    expect(violation?.state).to.equal(5);
  });

  it("looks at every state when nothing is broken, each once", () => {
    const result = explore(counter(9), { invariants: [under(10)], liveness: [ends] });
    expect(result).to.deep.equal({ states: 10, steps: 17, depth: 5, exhaustive: true });
  });

  it("says so when it gave up before the end", () => {
    expect(explore(counter(9), { invariants: [], maxStates: 4 })).to.include({ exhaustive: false });
  });

  it("finds a state from which the goal cannot be reached", () => {
    const { violation } = explore(counter(9, 9 - 1), { invariants: [], liveness: [ends] });
    expect(violation?.invariant).to.equal("ends");
    expect(violation?.state).to.equal(8);
  });
});
