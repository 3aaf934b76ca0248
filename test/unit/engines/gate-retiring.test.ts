/** What the gate asks behind the cutover where a shard that retires is away or empty. */
import type { MigrationRecord } from "../../../migration/engines/migration-record";
import { expect } from "chai";
import { ask, FOUR, refused, state } from "./gate-scene";

describe("the gate behind the cutover, where a shard that retires is away or empty", () => {
  const FEWER = { shards: FOUR, targetShards: ["a", "b", "c"] };
  const VERIFIED = { ...FEWER, inStepSinceEpoch: 2, verifiedInEpoch: 3, cutover: { epoch: 3, atMs: 0 } };
  const [cutover, cleanup] = [state("cutover", FEWER), state("cleanup", FEWER)];
  const forward = { from: cutover, to: cleanup, epoch: 3, pods: [3], record: VERIFIED, outOfReach: ["d"] } as const;
  const finish = {
    ...{ from: cleanup, to: state("stable", { ...FEWER, shards: ["a", "b", "c"] }), epoch: 4, pods: [4] },
    ...{ record: { ...VERIFIED, drainedInEpoch: 4 }, outOfReach: ["d"] },
  } as const;

  it("goes on without it, once a verify came out clean there", async () => {
    expect(await ask({ ...forward, unnamed: [] })).to.include({ refusal: undefined, verified: 0 });
    expect(await ask({ ...finish, unnamed: [] })).to.include({ refusal: undefined, verified: 0 });
  });

  it("waits for it, or for its name in forceRemoveShards, where nobody can look at it", async () => {
    for (const scene of [forward, finish])
      await refused(scene, /^d cannot be reached, .* name it in forceRemoveShards/);
  });

  it("verifies where it is there", async () => {
    expect(await ask({ ...forward, outOfReach: [] })).to.include({ refusal: undefined, verified: 1 });
  });

  for (const [what, record] of [
    ["without a verify since the cutover", { ...VERIFIED, verifiedInEpoch: undefined }],
    [
      "with a verify of a cutover that was taken back",
      { ...VERIFIED, configs: { 1: "A", 2: "DB", 3: "DA", 5: "DB" }, verifiedInEpoch: 2 },
    ],
    [
      "with a record of before, which says nothing of verifies",
      { ...FEWER, inStepSinceEpoch: 2, cutover: VERIFIED.cutover },
    ],
  ] as const) {
    const epoch = what.includes("taken back") ? 5 : 3;
    it(`keeps dual-write on ${what}`, () =>
      refused(
        { ...forward, epoch, pods: [epoch], record: record as Partial<MigrationRecord>, unnamed: [] },
        /^d cannot be reached or has lost its data\. It retires, but no verify has come out clean since the cutover/,
      ));
  }
});
