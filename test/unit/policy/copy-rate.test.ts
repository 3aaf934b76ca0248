import { expect } from "chai";
import { copyRate } from "../../../policy/copy-rate";
import { CATCH_UP, PRE_COPY, RING_GATE, VERIFY } from "../../../policy/ring-gate";
import { judged } from "./judged";

const settings = { keysPerSecond: 1_000, catchUpKeysPerSecond: 5_000 };
const STEPS = [PRE_COPY, CATCH_UP, VERIFY, RING_GATE].map((type) => ({ type, props: { settings } }));

describe("policy copy-rate", () => {
  it("passes rates up to the ceiling", async () => {
    expect(await judged(copyRate, STEPS)).to.deep.equal([]);
    expect(await judged(copyRate, STEPS, { maxKeysPerSecond: 5_000 })).to.deep.equal([]);
  });

  it("fails each step that would go faster, by the setting that makes it", async () => {
    const text = (rate: string, value: number) => `copy.${rate} is ${value}; allowed: at most 999 keys/s.`;
    expect(await judged(copyRate, STEPS, { maxKeysPerSecond: 999 })).to.deep.equal([
      text("keysPerSecond", 1_000),
      text("catchUpKeysPerSecond", 5_000),
      text("catchUpKeysPerSecond", 5_000),
    ]);
  });
});
