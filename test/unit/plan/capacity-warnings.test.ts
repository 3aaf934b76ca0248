import { expect } from "chai";
import type { ShardMemory } from "../../../migration/plan/capacity";
import { capacityProblems, capacityWarnings } from "../../../migration/plan/capacity";
import { FOUR, heavyCensus, MIB, shardMemory, THREE } from "./fixtures";

describe("capacityWarnings", () => {
  const unlimited: ShardMemory = {
    shard: "shard-3",
    usedBytes: MIB,
    maxMemoryBytes: 0,
    maxMemoryPolicy: "noeviction",
    version: "7.0.15",
  };
  const memory = [...THREE.map((shard) => shardMemory(shard)), unlimited];

  it("says so where movers go to a shard without a limit, and nothing is refused", () => {
    expect(capacityProblems(heavyCensus, memory, FOUR)).to.deep.equal([]);
    expect(capacityWarnings(heavyCensus, memory, FOUR)).to.deep.equal([
      "shard-3: whether movers of 3.0 GiB (3,000,000 keys) fit is unknown: maxmemory is 0 (unlimited) and no container " +
        "limit is known. Next: set maxmemory, or make sure that the machine has 6.1 GiB for this shard.",
    ]);
  });

  it("says nothing where a limit is known, nothing comes, or nothing at all is known", () => {
    expect(
      capacityWarnings(
        heavyCensus,
        FOUR.map((shard) => shardMemory(shard)),
        FOUR,
      ),
    ).to.deep.equal([]);
    expect(capacityWarnings([], memory, FOUR)).to.deep.equal([]);
    expect(capacityWarnings(heavyCensus, [], FOUR)).to.deep.equal([]);
  });
});
