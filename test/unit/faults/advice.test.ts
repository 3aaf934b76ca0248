import { expect } from "chai";
import { adviceIn, stepTowards, type Advice } from "../../faults/advice";

const NONE: Advice = {
  ...{ adopt: [], force: [], repair: false, restartPods: false, refresh: false, phase: undefined, legal: undefined },
};

describe("what an operator does about a message", () => {
  for (const [message, advice] of [
    ["barrier: after 20s not every pod is known. Find out what holds them, then run `pulumi up` again.", {}],
    [
      "shard-1 had a card, and has none now: it was emptied. To go on without the lost data run `npm run adopt -- --stack " +
        "campaign --shard shard-1`, which says what is given up, then run `pulumi up` again.",
      { adopt: ["shard-1"] },
    ],
    [
      "shard-1, shard-2 does not know migration 20261130 that the other shards are in",
      { adopt: ["shard-1", "shard-2"] },
    ],
    ["shard-3 does not answer. If it is dead, name it in forceRemoveShards.", { force: ["shard-3"] }],
    [
      "somebody else has changed DEDUP_SHARDS, then run `pulumi up --refresh`, which starts from there.",
      { refresh: true },
    ],
    [
      'The ring has been moved since. If metrics.autoRollback did that, set migrationPhase to "dualWrite" and run `pulumi up`. ' +
        "Otherwise run `pulumi refresh`, then look at the preview.",
      { refresh: true },
    ],
    ['Set migrationPhase to "dualWrite" and run `pulumi up`: its catch-up goes on.', { phase: "dualWrite" }],
    ["run `npm run repair`, wait for some claims, and run `pulumi up` again", { repair: true }],
    ["Restart the backend's pods (`kubectl rollout restart`), then run `pulumi up` again.", { restartPods: true }],
    [
      'migrationPhase: "copy" → "cutover" is not a legal move. From "copy" the legal next phases are: "dualWrite", "plan".',
      { legal: { from: "copy", next: ["dualWrite", "plan"] } },
    ],
  ] as const) {
    it(`follows: ${message.slice(0, 60)}`, () => {
      expect(adviceIn(message, "cutover")).to.deep.equal({ ...NONE, ...advice });
    });
  }

  it("goes to the phase that was asked for one legal step at a time", () => {
    const legal = { from: "copy", next: ["dualWrite", "plan", "stable"] } as const;
    expect(stepTowards(legal, "cutover", false)).to.equal("dualWrite");
    expect(stepTowards(legal, "stable", false)).to.equal("stable");
    expect(stepTowards(legal, "stable", true)).to.equal("dualWrite");
  });
});
