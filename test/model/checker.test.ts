import { expect } from "chai";
import { explore, type System } from "./checker/explore";
import { Packer } from "./checker/parts";
import { StateSet } from "./checker/state-set";

/** Die Hard's jugs of 3 and 5 litres: 4 litres can be measured in 6 steps, and not in fewer. */
const JUGS: System<readonly [number, number]> = {
  initial: [0, 0],
  words: 2,
  pack: (jugs, into) => into.set(jugs),
  unpack: ([small = 0, big = 0]) => [small, big],
  steps([small, big], emit) {
    emit("fill", "fill the small jug", [3, big]);
    emit("fill", "fill the big jug", [small, 5]);
    emit("empty", "empty the small jug", [0, big]);
    emit("empty", "empty the big jug", [small, 0]);
    const toBig = Math.min(small, 5 - big);
    emit("pour", "pour small into big", [small - toBig, big + toBig]);
    const toSmall = Math.min(big, 3 - small);
    emit("pour", "pour big into small", [small + toSmall, big - toSmall]);
  },
};

/** A walk from 0 to 3 that may step aside into a loop (4 and 5) from which only a jump leads back. */
const WALK: System<number> = {
  initial: 0,
  words: 1,
  pack: (at, into) => into.set([at]),
  unpack: ([at = 0]) => at,
  steps(at, emit) {
    if (at < 3) emit("walker", `walk to ${at + 1}`, at + 1);
    if (at === 1) emit("walker", "step aside", 4);
    if (at === 4) emit("walker", "turn", 5);
    if (at === 5) emit("walker", "turn back", 4);
    if (at === 5) emit("luck", "jump out", 2);
  },
};

const arrives = (helpers: readonly string[]) => ({
  name: "arrives",
  from: () => true,
  goal: (at: number) => at === 3,
  helps: (actor: string) => helpers.includes(actor),
});

describe("the checker", () => {
  it("finds a shortest counterexample and says each of its steps", () => {
    const { violation, exhaustive } = explore(JUGS, {
      invariants: [{ name: "never 4 litres", holds: ([, big]) => big !== 4 }],
    });
    expect(violation?.invariant).to.equal("never 4 litres");
    expect(violation?.trace).to.deep.equal([
      "fill the big jug",
      "pour big into small",
      "empty the small jug",
      "pour big into small",
      "fill the big jug",
      "pour big into small",
    ]);
    expect(violation?.state).to.deep.equal([3, 4]);
    expect(exhaustive).to.equal(false);
  });

  it("visits every reachable state once and says so", () => {
    const { states, exhaustive, violation, depth } = explore(JUGS, { invariants: [] });
    expect({ states, exhaustive, violation, depth }).to.deep.equal({
      states: 16,
      exhaustive: true,
      violation: undefined,
      depth: 7,
    });
  });

  it("names the first of several broken invariants of a state", () => {
    const { violation } = explore(JUGS, {
      invariants: [
        { name: "holds", holds: () => true },
        { name: "broken", holds: () => false },
        { name: "broken as well", holds: () => false },
      ],
    });
    expect(violation).to.deep.include({ invariant: "broken", trace: [] });
  });

  it("does not call a search that gave up exhaustive", () => {
    const { exhaustive, violation } = explore(JUGS, { invariants: [], maxStates: 5 });
    expect(exhaustive).to.equal(false);
    expect(violation).to.equal(undefined);
  });

  it("finds the loop that nothing leads out of for sure", () => {
    const { violation, exhaustive } = explore(WALK, { invariants: [], liveness: [arrives(["walker"])] });
    expect(violation).to.deep.equal({ invariant: "arrives", trace: ["walk to 1", "step aside"], state: 4 });
    expect(exhaustive).to.equal(true);
  });

  it("accepts a loop that a helpful step leads out of", () => {
    const { violation } = explore(WALK, { invariants: [], liveness: [arrives(["walker", "luck"])] });
    expect(violation).to.equal(undefined);
  });
});

describe("the checker's memory", () => {
  it("keeps a hundred thousand states apart, however alike they are", () => {
    const set = new StateSet(2);
    const state = (i: number) => Uint32Array.of(i % 256, Math.floor(i / 256));
    for (let i = 0; i < 100_000; i++) expect(set.add(state(i))).to.equal(i);
    for (let i = 0; i < 100_000; i += 997) expect(set.add(state(i))).to.equal(i);
    const read = new Uint32Array(2);
    set.read(70_000, read);
    expect(read).to.deep.equal(state(70_000));
    expect(set.size).to.equal(100_000);
  });

  it("gives back the parts of a packed state, also after others have been packed", () => {
    const packer = new Packer([String, (part: { readonly name: string }) => part.name, String]);
    const words = (parts: readonly unknown[]) => {
      const into = new Uint32Array(packer.words);
      packer.pack(parts, into);
      return into;
    };
    const first = words([1, { name: "a" }, undefined]);
    const second = words([2, { name: "a" }, "x"]);
    expect(packer.unpack(first)).to.deep.equal([1, { name: "a" }, undefined]);
    expect(words([1, { name: "a" }, undefined])).to.deep.equal(first);
    expect(packer.unpack(second)).to.deep.equal([2, { name: "a" }, "x"]);
    expect(words([2, { name: "b" }, "x"])).to.not.deep.equal(second);
  });

  it("refuses a part with more values than fit", () => {
    const packer = new Packer([String]);
    const into = new Uint32Array(1);
    for (let i = 0; i < 1 << 16; i++) packer.pack([i], into);
    expect(() => packer.pack([-1], into)).to.throw("more than 65536 values");
  });
});
