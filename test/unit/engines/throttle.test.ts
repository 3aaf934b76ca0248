import { expect } from "chai";
import type { Pace } from "../../../migration/engines/runtime";
import { Throttle } from "../../../migration/engines/throttle";
import { FakeClock } from "./fakes";

const pace = (change: Partial<Pace> = {}): Pace => ({
  keysPerSecond: 1_000,
  batchSize: 500,
  maxLatencyMs: 100,
  ...change,
});

describe("Throttle", () => {
  let clock: FakeClock;
  beforeEach(() => (clock = new FakeClock()));

  const elapsed = () => clock.slept.reduce((sum, ms) => sum + ms, 0);
  const request = (throttle: Throttle, ms: number) => throttle.observe(() => Promise.resolve(clock.pass(ms)));

  describe("batchSize", () => {
    for (const [keysPerSecond, batchSize, expected] of [
      [1_000, 500, 50],
      [5_000, 500, 250],
      [100_000, 500, 500],
      [20, 500, 1],
      [19, 500, 1],
      [1, 500, 1],
      [0.5, 500, 1],
      [1_000, 1, 1],
    ] as const) {
      it(`is ${expected} at ${keysPerSecond} keys/s and ${batchSize} at most`, () => {
        expect(new Throttle(pace({ keysPerSecond, batchSize }), clock).batchSize).to.equal(expected);
      });
    }
  });

  for (const keysPerSecond of [0.5, 1, 7, 19, 20, 1_000, 5_000]) {
    it(`keeps ${keysPerSecond} keys/s: each batch is due when the one before has used up its time`, async () => {
      const throttle = new Throttle(pace({ keysPerSecond }), clock);
      const batches = 50;
      for (let i = 0; i < batches; i++) await throttle.take(throttle.batchSize);
      expect(elapsed()).to.be.closeTo(((batches - 1) * throttle.batchSize * 1_000) / keysPerSecond, 0.001);
    });
  }

  it("does not drift by the time that the batches take", async () => {
    const throttle = new Throttle(pace(), clock);
    const start = clock.now();
    for (let i = 0; i < 21; i++) {
      await throttle.take(50);
      clock.pass(30);
    }
    expect(clock.now() - start).to.be.closeTo(20 * 50 + 30, 0.001);
  });

  it("does not make up for idle time in a burst", async () => {
    const throttle = new Throttle(pace(), clock);
    await throttle.take(50);
    clock.pass(60_000);
    await throttle.take(50);
    expect(clock.slept).to.deep.equal([]);
    await throttle.take(50);
    expect(clock.slept).to.deep.equal([50]);
  });

  it("shares the rate between callers that ask at once", async () => {
    const throttle = new Throttle(pace(), clock);
    const waits: number[] = [];
    const still = { now: () => 1_000_000, sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
    const shared = new Throttle(pace(), still);
    await Promise.all([shared.take(100), shared.take(100), shared.take(100)]);
    expect(waits).to.deep.equal([100, 200]);
    expect(throttle.batchSize).to.equal(50);
  });

  it("halves the rate with a slow answer, and returns to its ceiling with quick ones", async () => {
    const throttle = new Throttle(pace(), clock);
    await request(throttle, 101);
    await throttle.take(100);
    await throttle.take(100);
    expect(clock.slept).to.deep.equal([200]);
    for (let i = 0; i < 100; i++) await request(throttle, 100);
    clock.pass(1_000);
    await throttle.take(100);
    await throttle.take(100);
    expect(clock.slept[1]).to.be.closeTo(100, 0.001);
  });

  it("never falls below a fiftieth of its ceiling", async () => {
    const throttle = new Throttle(pace(), clock);
    for (let i = 0; i < 50; i++) await request(throttle, 5_000);
    await throttle.take(1);
    await throttle.take(1);
    expect(clock.slept[0]).to.be.closeTo(50, 0.001);
  });

  it("hands on the answer, and the failure", async () => {
    const throttle = new Throttle(pace(), clock);
    expect(await throttle.observe(() => Promise.resolve(7))).to.equal(7);
    const failed = await throttle.observe(() => Promise.reject(new Error("no"))).catch((error: unknown) => error);
    expect(failed).to.have.property("message", "no");
  });
});
