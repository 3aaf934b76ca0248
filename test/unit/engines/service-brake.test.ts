import { expect } from "chai";
import { ServiceBrake } from "../../../migration/engines/service-brake";
import { Throttle } from "../../../migration/engines/throttle";
import { fakeService } from "./fake-service";

const INTERVAL_MS = 30_000;
const OFF = "errorRatio is 5.00 %, above 1.00 % (metrics.limits.maxErrorRatio)";
const WELL = "10 requests/s, 0.00 % errors, p95 20 ms";

describe("the service's brake", () => {
  function brakeOn(...readings: (number | string)[]) {
    const service = fakeService(readings);
    const brake = new ServiceBrake(service.metrics);
    const next = async () => {
      const share = await brake.share();
      service.clock.pass(INTERVAL_MS);
      return share;
    };
    const shares = async (count: number) => {
      const found: number[] = [];
      while (found.length < count) found.push(await next());
      return found;
    };
    return { ...service, brake, shares };
  }

  it("lets go while the service is well, and says nothing", async () => {
    const { shares, lines } = brakeOn(0, 0, 0);
    expect(await shares(3)).to.deep.equal([1, 1, 1]);
    expect(lines).to.deep.equal([]);
  });

  it("halves the pace with a bad sample, and doubles it with a good one up to the ceiling", async () => {
    const { shares, lines } = brakeOn(0, 0.05, 0, 0.05, 0, 0);
    expect(await shares(6)).to.deep.equal([1, 0.5, 1, 0.5, 1, 1]);
    expect(lines.slice(0, 2)).to.deep.equal([
      `throttle: at 50 % of the ceiling: ${OFF}`,
      `throttle: at 100 % of the ceiling: ${WELL}`,
    ]);
  });

  it("stops after more bad samples in a row than are allowed, says so each time, and goes on when it is better", async () => {
    const { shares, lines, clock } = brakeOn(0.05, 0.05, 0.05, 0, 0);
    expect(await shares(3)).to.deep.equal([0.5, 0.0625, 0.125]);
    expect(clock.slept).to.deep.equal([INTERVAL_MS, INTERVAL_MS]);
    expect(lines.slice(1, 4)).to.deep.equal([
      `throttle: stopped until the service is better: ${OFF}`,
      `throttle: stopped until the service is better: ${OFF}`,
      `throttle: at 6.25 % of the ceiling: ${WELL}`,
    ]);
  });

  it("leaves everything as it is while nobody can tell, a stop as well", async () => {
    const { shares, clock } = brakeOn("no answer", 0.05, "no answer", 0.05, "no answer", "no answer", 0);
    expect(await shares(4)).to.deep.equal([1, 0.5, 0.5, 0.0625]);
    expect(clock.slept).to.have.length(3);
  });

  it("says once that nobody can tell, for as long as it lasts", async () => {
    const { shares, lines } = brakeOn("no answer", "no answer", 0, "no answer");
    expect(await shares(4)).to.deep.equal([1, 1, 1, 1]);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.match(/^throttle: nobody can tell how the service is: .*no answer/);
    expect(lines[1]).to.equal(lines[0]);
  });

  it("is not moved by what a copy cannot change", async () => {
    const { metrics } = fakeService([]);
    const limits = { ...metrics.settings.limits, minHitRatio: 0.9 };
    const brake = new ServiceBrake({ ...metrics, settings: { ...metrics.settings, limits } });
    expect(await brake.share()).to.equal(1);
  });

  it("takes one sample an interval, however many sources ask", async () => {
    const { brake, times, clock } = brakeOn(0, 0);
    await Promise.all([brake.share(), brake.share(), brake.share()]);
    await brake.share();
    expect(times).to.have.length(1);
    clock.pass(INTERVAL_MS);
    await Promise.all([brake.share(), brake.share()]);
    expect(times).to.have.length(2);
  });

  it("is heeded by the throttle", async () => {
    const { brake, clock } = brakeOn(0.05);
    const pace = { keysPerSecond: 1_000, batchSize: 100, bigValueBytes: 262_144, maxSourceLatencyMs: 1_000 };
    const throttle = new Throttle(pace, clock, brake);
    await throttle.take(100);
    await throttle.take(100);
    expect(clock.slept).to.deep.equal([200]);
  });
});
