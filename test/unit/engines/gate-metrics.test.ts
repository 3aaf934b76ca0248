import { expect } from "chai";
import { ask, IN_STEP, refused } from "./gate-scene";

describe("the gate, where it asks for the service's metrics", () => {
  const cutover = { from: "dualWrite", to: "cutover", epoch: 2, pods: [2], record: IN_STEP } as const;
  const record = { ...IN_STEP, cutover: { epoch: 3, atMs: 0 } };
  const cleanup = { from: "cutover", to: "cleanup", epoch: 3, pods: [3], record } as const;

  it("moves the reads when the service is well, and not when it is not", async () => {
    expect((await ask({ ...cutover, errorRatios: [0] })).refusal).to.equal(undefined);
    await refused({ ...cutover, errorRatios: [0.05, 0.05] }, /^the service is over its limits: errorRatio is 5\.00 %/);
  });

  it("switches dual-write off when the service has been well, and not when it was not", async () => {
    expect((await ask({ ...cleanup, errorRatios: [] })).refusal).to.equal(undefined);
    const { refusal, verified } = await ask({ ...cleanup, errorRatios: [0, 0.05, 0.05] });
    expect(refusal).to.match(/^the service is over its limits: at .* errorRatio is 5\.00 %/);
    expect(verified, "a long verify for nothing").to.equal(0);
  });

  it("says that it does not where the metric gates are off", async () => {
    const off = "off (metrics.url is not set)";
    expect((await ask(cutover)).lines.at(-1)).to.equal(`gate: serviceHealthy is ${off}`);
    expect((await ask(cleanup)).lines).to.include(`gate: serviceStable is ${off}`);
  });

  it("does not ask on the way back", async () => {
    const back = { from: "cutover", to: "dualWrite", epoch: 3, pods: [3], record: IN_STEP } as const;
    expect((await ask({ ...back, errorRatios: [1, 1, 1] })).refusal).to.equal(undefined);
  });
});
