import { expect } from "chai";
import type { Pace } from "../../../migration/engines/runtime";
import { Throttle } from "../../../migration/engines/throttle";
import { FakeClock } from "./fakes";

const pace = (change: Partial<Pace> = {}): Pace => ({
  keysPerSecond: 1_000,
  batchSize: 500,
  bigValueBytes: 262_144,
  maxSourceLatencyMs: 100,
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

  describe("learns from twenty answers at a time what others wait", () => {
    const QUICK = 3;
    /** Slower than the quickest by more than is allowed. */
    const SLOW = QUICK + 101;
    const throttle = () => new Throttle(pace({ keysPerSecond: 10_000, batchSize: 100 }), clock);
    const answers = async (to: Throttle, slow: number, quick: number) => {
      for (let i = 0; i < quick; i++) await request(to, QUICK);
      for (let i = 0; i < slow; i++) await request(to, SLOW);
      return [to.batchSize, to.flight, to.allowed];
    };

    it("the work gets easier step by step: smaller batches, then one at a time, then at half the rate", async () => {
      const easing = throttle();
      await request(easing, QUICK);
      const steps = [await answers(easing, 19, 0)];
      for (let i = 0; i < 5; i++) steps.push(await answers(easing, 20, 0));
      expect(steps).to.deep.equal([
        ...[50, 25, 20].map((batch) => [batch, 2, 10_000]),
        ...[10_000, 5_000, 2_500].map((rate) => [20, 1, rate]),
      ]);
    });

    it("never below a fiftieth of the ceiling", async () => {
      const easing = throttle();
      await request(easing, QUICK);
      await answers(easing, 20 * 50, 0);
      expect(easing.allowed).to.equal(200);
    });

    it("and it comes back: the rate, then two at once, then the batches", async () => {
      const easing = throttle();
      await request(easing, QUICK);
      await answers(easing, 19 + 20 * 4, 0);
      const steps = [];
      for (let i = 0; i < 13; i++) steps.push(await answers(easing, 0, 20));
      expect(steps[0]).to.deep.equal([20, 1, 6_250]);
      expect(steps.slice(3, 7)).to.deep.equal([
        [20, 1, 10_000],
        [20, 2, 10_000],
        [25, 2, 10_000],
        [32, 2, 10_000],
      ]);
      expect(steps.at(-1)).to.deep.equal([100, 2, 10_000]);
    });

    it("half of them may be slow by chance", async () => {
      expect(await answers(throttle(), 10, 10)).to.deep.equal([100, 2, 10_000]);
      expect(await answers(throttle(), 11, 9)).to.deep.equal([50, 2, 10_000]);
    });

    it("the way there and back is no wait, however long", async () => {
      const far = throttle();
      for (let i = 0; i < 40; i++) await request(far, 1_000 + (i % 2) * 100);
      expect([far.batchSize, far.flight, far.allowed]).to.deep.equal([100, 2, 10_000]);
    });
  });

  it("hands on the answer, and the failure", async () => {
    const throttle = new Throttle(pace(), clock);
    expect(await throttle.observe(() => Promise.resolve(7))).to.equal(7);
    const failed = await throttle.observe(() => Promise.reject(new Error("no"))).catch((error: unknown) => error);
    expect(failed).to.have.property("message", "no");
  });
});
