import { expect } from "chai";
import * as fc from "fast-check";
import type { ShardMemory } from "../../../migration/plan/capacity";
import { capacityProblems, capacityWarnings } from "../../../migration/plan/capacity";
import { FOUR, GIB, growingCensus, heavyCensus, MIB, shardCensus, shardMemory, THREE } from "./fixtures";

const memoryWith = (shard: string, given: Partial<ShardMemory>) =>
  FOUR.map((name) => shardMemory(name, name === shard ? given : {}));

const problems = (shard: string, given: Partial<ShardMemory>, census = growingCensus()) =>
  capacityProblems(census, memoryWith(shard, given), FOUR);

describe("capacityProblems", () => {
  it("has none when all fits", () => {
    expect(problems("shard-3", {})).to.deep.equal([]);
  });

  it("movers that do not fit in half of maxmemory", () => {
    expect(problems("shard-3", { usedBytes: 100 * MIB }, heavyCensus)).to.deep.equal([
      "shard-3: movers of 3.0 GiB (3,000,000 keys) do not fit: with the 100.0 MiB in use they make 3.1 GiB, and only " +
        "half of its maxmemory of 3.0 GiB (1.5 GiB) may be filled. Next: raise its maxmemory to 6.2 GiB or add shards " +
        "to the target ring, and plan again.",
    ]);
  });

  it("movers that do not fit in half of the container limit, where maxmemory is 0", () => {
    expect(problems("shard-3", { maxMemoryBytes: 0, usedBytes: 0 }, heavyCensus)).to.deep.equal([
      "shard-3: movers of 3.0 GiB (3,000,000 keys) do not fit: with the 0 B in use they make 3.0 GiB, and only half of " +
        "its container limit of 4.0 GiB (2.0 GiB) may be filled. Next: raise its container limit to 6.0 GiB or add " +
        "shards to the target ring, and plan again.",
    ]);
  });

  it("the smaller limit counts, where both are known", () => {
    const [problem] = problems("shard-3", { maxMemoryBytes: 100 * GIB }, heavyCensus);
    expect(problem).to.contain("half of its container limit of 4.0 GiB");
    expect(problems("shard-3", { maxMemoryBytes: 7 * GIB, containerLimitBytes: 8 * GIB }, heavyCensus)).to.deep.equal(
      [],
    );
  });

  it("exactly half is fine, one byte more is not", () => {
    const fits = { usedBytes: GIB, maxMemoryBytes: 8 * GIB, containerLimitBytes: 9 * GIB };
    expect(problems("shard-3", fits, heavyCensus)).to.deep.equal([]);
    expect(problems("shard-3", { ...fits, usedBytes: GIB + 1 }, heavyCensus)).to.deep.equal([
      "shard-3: movers of 3.0 GiB (3,000,000 keys) do not fit: with the 1.0 GiB in use they make 4.1 GiB, and only half " +
        "of its maxmemory of 8.0 GiB (4.0 GiB) may be filled. Next: raise its maxmemory to 8.1 GiB or add shards to the " +
        "target ring, and plan again.",
    ]);
  });

  it("movers that are there already come to nothing more", () => {
    const copied = (bytes: number) => [...heavyCensus, shardCensus("shard-3", { copies: { keys: 3, bytes } })];
    const full = { usedBytes: GIB, containerLimitBytes: 2 * GIB };
    expect(problems("shard-3", full, copied(3 * GIB))).to.deep.equal([]);
    // More copies than movers: some are left-overs, which make no room for others.
    expect(problems("shard-3", full, copied(9 * GIB))).to.deep.equal([]);
    expect(problems("shard-3", full, copied(GIB))).to.deep.equal([
      "shard-3: movers of 3.0 GiB (3,000,000 keys) do not fit: with the 1.0 GiB in use (1.0 GiB of them are copies " +
        "already) they make 3.0 GiB, and only half of its container limit of 2.0 GiB (1.0 GiB) may be filled. Next: raise " +
        "its container limit to 6.0 GiB or add shards to the target ring, and plan again.",
    ]);
  });

  describe("shards that are databases of one server", () => {
    const JOINING = ["new-1", "new-2", "new-3"];
    const target = ["shard-0", ...JOINING];
    const census = (bytes: number, copies = 0) => [
      shardCensus("shard-0", { edges: JOINING.map((to) => ({ from: "shard-0", to, keys: 10, bytes })) }),
      ...JOINING.map((name) => shardCensus(name, { copies: { keys: 1, bytes: copies } })),
    ];
    const memory = (given: Partial<ShardMemory> = {}) => [
      shardMemory("shard-0", { server: "a" }),
      ...JOINING.map((name) => shardMemory(name, { server: "b", usedBytes: 0, ...given })),
    ];

    it("are weighed together, and named together", () => {
      expect(capacityProblems(census(0.5 * GIB), memory(), target)).to.deep.equal([]);
      expect(capacityProblems(census(0.75 * GIB), memory(), target)).to.deep.equal([
        "new-1, new-2, new-3 (databases of one server): movers of 2.3 GiB (30 keys) do not fit: with the 0 B in use they " +
          "make 2.3 GiB, and only half of its maxmemory of 3.0 GiB (1.5 GiB) may be filled. Next: raise its maxmemory to " +
          "4.5 GiB or add shards to the target ring, and plan again.",
      ]);
    });

    it("count the movers that each of them has already, and no other one's", () => {
      const full = { usedBytes: GIB };
      expect(capacityProblems(census(0.75 * GIB, 0.75 * GIB), memory(full), target)).to.deep.equal([]);
      const [first, ...others] = census(0.75 * GIB);
      const uneven = [first!, { ...others[0]!, copies: { keys: 9, bytes: 3 * GIB } }, ...others.slice(1)];
      expect(capacityProblems(uneven, memory(full), target)).to.have.length(1);
    });

    it("have one warning where their limit is unknown", () => {
      const unknown = memory({ maxMemoryBytes: 0, containerLimitBytes: 0 });
      expect(capacityWarnings(census(GIB), unknown, target)).to.deep.equal([
        "new-1, new-2, new-3 (databases of one server): whether movers of 3.0 GiB (30 keys) fit is unknown: maxmemory is 0 " +
          "(unlimited) and no container limit is known. Next: set maxmemory, or make sure that the machine has 6.0 GiB for " +
          "this server.",
      ]);
    });
  });

  it("a full shard to which nothing moves is nobody's business here", () => {
    expect(problems("shard-0", { usedBytes: 3 * GIB })).to.deep.equal([]);
  });

  for (const policy of ["allkeys-lru", "volatile-ttl", ""]) {
    it(`refuses a target shard with the policy "${policy}"`, () => {
      expect(problems("shard-1", { maxMemoryPolicy: policy })).to.deep.equal([
        `shard-1: its maxmemory-policy is "${policy}"; only "noeviction" is allowed, since an evicting shard drops copies ` +
          "without an error. Next: CONFIG SET maxmemory-policy noeviction, also in its configuration, and plan again.",
      ]);
    });
  }

  it("does not mind the policy of a shard that leaves the ring", () => {
    const memory = memoryWith("shard-3", { maxMemoryPolicy: "allkeys-lru" });
    expect(capacityProblems([], memory, THREE)).to.deep.equal([]);
  });

  for (const [version, found] of [
    ["6.2.14", "Redis 6.2.14"],
    ["2.8.0", "Redis 2.8.0"],
    ["", "an unknown version of Redis"],
  ] as const) {
    it(`refuses ${found}, on a shard that leaves the ring too`, () => {
      expect(capacityProblems([], memoryWith("shard-3", { version }), THREE)).to.deep.equal([
        `shard-3: it runs ${found}; 7.0 or newer is needed (PEXPIRETIME, SET NX GET). Next: upgrade it, and plan again.`,
      ]);
    });
  }

  for (const version of ["7.0.0", "7.2.4-rc1", "8.0.1", "10.0.0"]) {
    it(`takes Redis ${version}`, () => {
      expect(problems("shard-0", { version })).to.deep.equal([]);
    });
  }

  it("refuses a shard of which nothing is known, once", () => {
    expect(capacityProblems(growingCensus(), [], ["shard-3"])).to.deep.equal(
      ["shard-3", "shard-0", "shard-1", "shard-2"].map(
        (shard) =>
          `${shard}: its memory and version are unknown. Next: make sure that the shard answers INFO and CONFIG GET, and plan again.`,
      ),
    );
  });

  it("says all that is wrong, in the target ring's order", () => {
    const wrong = { version: "6.0.0", maxMemoryPolicy: "allkeys-lfu" };
    const memory = [
      shardMemory("shard-3", wrong),
      shardMemory("shard-0", wrong),
      ...THREE.slice(1).map((s) => shardMemory(s)),
    ];
    const found = capacityProblems(heavyCensus, memory, FOUR).map((problem) => problem.slice(0, 20));
    expect(found).to.deep.equal([
      "shard-0: it runs Red",
      "shard-0: its maxmemo",
      "shard-3: it runs Red",
      "shard-3: its maxmemo",
      "shard-3: movers of 3",
    ]);
  });

  it("complains of memory exactly when held and incoming exceed half of the smaller limit", () => {
    const size = fc.nat({ max: 2 ** 40 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 2 ** 40 }), size, (usedBytes, bytes, max, container) => {
        const memory = [
          shardMemory("a"),
          shardMemory("b", { usedBytes, maxMemoryBytes: max, containerLimitBytes: container }),
        ];
        const census = [shardCensus("a", { edges: [{ from: "a", to: "b", keys: 1, bytes }] })];
        const limit = container === 0 ? max : Math.min(max, container);
        const expected = bytes > 0 && usedBytes + bytes > limit / 2 ? 1 : 0;
        expect(capacityProblems(census, memory, ["a", "b"])).to.have.length(expected);
      }),
    );
  });
});
