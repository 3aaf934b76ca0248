import { expect } from "chai";
import * as fc from "fast-check";
import { CensusError } from "../../../migration/plan/census";
import { planDigest } from "../../../migration/plan/digest";
import { migrationId, migrationPlan, PLAN_EXAMPLES } from "../../../migration/plan/migration-plan";
import { InvalidRingError } from "../../../migration/ring/ring";
import { FOUR, growingCensus, mover, shardCensus, THREE } from "./fixtures";

const rings = { current: THREE, target: FOUR, vnodes: 150 };
const input = {
  ...rings,
  keyPrefix: "pcs:",
  census: growingCensus(),
  keysPerSecond: 1000,
  now: new Date("2025-01-15T10:30:00.999Z"),
};

const edge = (from: string, keys: number, share: number, estimated_duration: string) => {
  return { from, to: "shard-3", keys_to_move: keys, bytes: keys * 400, share, estimated_duration };
};

describe("migrationPlan", () => {
  it("is the runbook's JSON", () => {
    expect(migrationPlan(input)).to.deep.equal({
      migration_id: "20250115-103000",
      digest: planDigest(input),
      old_topology: { shards: 3, total_keys: 200_000 },
      new_topology: { shards: 4, total_keys: 200_000 },
      migrations: [
        edge("shard-0", 20_000, 0.088535, "50s"),
        edge("shard-1", 10_000, 0.079442, "30s"),
        edge("shard-2", 20_000, 0.102775, "50s"),
      ],
      total_keys_to_move: 50_000,
      total_bytes_to_move: 20_000_000,
      percentage_to_move: 25,
      estimated_duration: "50s",
      misplaced_keys: 0,
      misplaced_examples: [],
      other_keys: 0,
      biggest_keys: [],
      warnings: [],
    });
  });

  it("survives JSON unchanged, so it can be a stack output", () => {
    expect(JSON.parse(JSON.stringify(migrationPlan(input)))).to.deep.equal(migrationPlan(input));
  });

  it("counts misplaced keys apart from the keys that the ring serves", () => {
    const census = [
      shardCensus("shard-0", { keys: 110, misplaced: 10, misplacedExamples: ["pcs:x", "pcs:y"], otherKeys: 3 }),
      shardCensus("shard-1", { keys: 100 }),
      shardCensus("shard-2", { keys: 100, edges: [mover("shard-2", "shard-3", 75)] }),
      shardCensus("shard-3", { keys: 5, misplaced: 5, misplacedExamples: ["pcs:z"] }),
    ];
    const plan = migrationPlan({ ...input, census });
    expect(plan.old_topology).to.deep.equal({ shards: 3, total_keys: 300 });
    expect(plan.new_topology).to.deep.equal({ shards: 4, total_keys: 300 });
    expect(plan).to.include({ percentage_to_move: 25, misplaced_keys: 15, other_keys: 3, total_keys_to_move: 75 });
    expect(plan.misplaced_examples).to.deep.equal([
      { shard: "shard-0", key: "pcs:x" },
      { shard: "shard-0", key: "pcs:y" },
      { shard: "shard-3", key: "pcs:z" },
    ]);
  });

  it("names the biggest keys of all shards, biggest first, and no more than ten", () => {
    const census = growingCensus().map((shard, s) => ({
      ...shard,
      biggest: Array.from({ length: 5 }, (_, i) => {
        return { shard: shard.shard, key: `pcs:${s}${i}`, bytes: 100 * i + s, type: "string", members: 1 };
      }),
    }));
    const { biggest_keys } = migrationPlan({ ...input, census });
    expect(biggest_keys).to.have.length(PLAN_EXAMPLES);
    expect(biggest_keys.slice(0, 5).map(({ shard, key, bytes }) => [shard, key, bytes])).to.deep.equal([
      ["shard-3", "pcs:34", 403],
      ["shard-2", "pcs:24", 402],
      ["shard-1", "pcs:14", 401],
      ["shard-0", "pcs:04", 400],
      ["shard-3", "pcs:33", 303],
    ]);
  });

  it("of an empty ring's worth of keys moves nothing and takes no time", () => {
    const plan = migrationPlan({ ...input, census: FOUR.map((shard) => shardCensus(shard)) });
    expect(plan).to.include({ total_keys_to_move: 0, percentage_to_move: 0, estimated_duration: "0s" });
    expect(plan.migrations.map((edge) => [edge.keys_to_move, edge.estimated_duration])).to.deep.equal([
      [0, "0s"],
      [0, "0s"],
      [0, "0s"],
    ]);
  });

  it("between two equal rings has no migrations", () => {
    const census = THREE.map((shard) => shardCensus(shard, { keys: 10 }));
    const plan = migrationPlan({ ...input, target: THREE, census });
    expect(plan).to.include({ total_keys_to_move: 0, percentage_to_move: 0, estimated_duration: "0s" });
    expect(plan.migrations).to.deep.equal([]);
  });

  it("refuses what cannot be planned", () => {
    expect(() => migrationPlan({ ...input, target: [] })).to.throw(InvalidRingError);
    expect(() => migrationPlan({ ...input, keysPerSecond: 0 })).to.throw(RangeError);
    expect(() => migrationPlan({ ...input, now: new Date(NaN) })).to.throw(RangeError);
    expect(() => migrationPlan({ ...input, census: [] })).to.throw(CensusError);
  });

  it("its totals are the sums of its parts", () => {
    const keys = fc.nat({ max: 1e7 });
    fc.assert(
      fc.property(keys, keys, keys, fc.integer({ min: 1, max: 1e5 }), (a, b, c, keysPerSecond) => {
        const census = [a, b, c].map((moving, i) =>
          shardCensus(`shard-${i}`, { keys: 4 * moving, edges: [mover(`shard-${i}`, "shard-3", moving)] }),
        );
        const plan = migrationPlan({ ...input, census, keysPerSecond });
        expect(plan.total_keys_to_move).to.equal(a + b + c);
        expect(plan.migrations.map((edge) => edge.keys_to_move)).to.deep.equal([a, b, c]);
        expect(plan.percentage_to_move).to.equal(a + b + c === 0 ? 0 : 25);
        expect(plan.migrations.map((edge) => edge.estimated_duration)).to.include(plan.estimated_duration);
      }),
    );
  });
});

describe("migrationId", () => {
  it("is the time in UTC", () => {
    expect(migrationId(new Date("2025-01-15T10:30:00Z"))).to.equal("20250115-103000");
    expect(migrationId(new Date("2025-01-15T23:30:00-05:00"))).to.equal("20250116-043000");
  });
});
