import { expect } from "chai";
import {
  describe as say,
  FIGURES,
  judge,
  known,
  LOAD_FIGURES,
  measure,
  type Figure,
  type Measurement,
  type Reading,
  type ServiceLimits,
} from "../../../migration/engines/service-metrics";

const LIMITS: ServiceLimits = { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 };
const GOOD = { requestsPerSecond: 120, errorRatio: 0.001, p95Ms: 12.345, hitRatio: 0.4123 };
const GAP = { inconclusive: "asked for x and got NaN instead of a number" };

const measured = (change: Partial<Record<Figure, number | Reading>> = {}): Measurement =>
  Object.fromEntries(
    Object.entries({ ...GOOD, ...change }).map(([figure, it]) => [figure, typeof it === "number" ? { value: it } : it]),
  );

describe("judging the service's figures", () => {
  const of = (change: Partial<Record<Figure, number | Reading>>, limits = {}, baseline = {}) =>
    judge(measured(change), { ...LIMITS, ...limits }, baseline);

  it("passes what keeps every limit, and says the figures", () => {
    const says = "120 requests/s, 0.10 % errors, p95 12.35 ms, 41.23 % duplicates";
    expect(of({})).to.deep.equal({ outcome: "pass", says });
  });

  it("passes what stands on its limits", () => {
    expect(of({ requestsPerSecond: 1, errorRatio: 0.01, p95Ms: 200, hitRatio: 0.35 }).outcome).to.equal("pass");
  });

  for (const [figure, value, says] of [
    ["errorRatio", 0.05, "errorRatio is 5.00 %, above 1.00 % (metrics.limits.maxErrorRatio)"],
    ["p95Ms", 250.125, "p95Ms is 250.13, above 200 (metrics.limits.maxP95Ms)"],
    ["hitRatio", 0.2, "hitRatio is 20.00 %, below 35.00 % (metrics.limits.minHitRatio)"],
  ] as const) {
    it(`fails by ${figure} alone, and names figure, limit and the key that holds it`, () => {
      expect(of({ [figure]: value })).to.deep.equal({ outcome: "fail", says });
    });

    it(`fails by ${figure} even if others are not known`, () => {
      const others = FIGURES.filter((other) => other !== figure && other !== "requestsPerSecond");
      const change = Object.fromEntries(others.map((other) => [other, GAP]));
      expect(of({ ...change, [figure]: value })).to.deep.equal({ outcome: "fail", says });
    });

    it(`concludes nothing from ${figure} while there is too little traffic`, () => {
      expect(of({ [figure]: value, requestsPerSecond: 0.5 })).to.deep.equal({
        outcome: "inconclusive",
        says: "there are 0.5 requests/s, and fewer than 1 requests/s (metrics.limits.minRequestsPerSecond) are too few to judge by",
      });
    });
  }

  it("says everything that is off", () => {
    expect(of({ errorRatio: 1, p95Ms: 900 }).says).to.match(/^errorRatio is .*; p95Ms is 900, above 200/);
  });

  for (const figure of FIGURES) {
    it(`concludes nothing when nobody can tell ${figure}`, () => {
      expect(of({ [figure]: GAP })).to.deep.equal({
        outcome: "inconclusive",
        says: `${figure} is not known: ${GAP.inconclusive}`,
      });
    });
  }

  it("concludes nothing of other figures when the traffic is not known", () => {
    expect(of({ requestsPerSecond: GAP, errorRatio: 1 }).outcome).to.equal("inconclusive");
    expect(judge({ errorRatio: { value: 1 } }, LIMITS).outcome).to.equal("inconclusive");
  });

  it("goes by a share of the baseline's hit ratio where one is set and the baseline is known", () => {
    const share = { minHitRatioOfBaseline: 0.9 };
    expect(of({ hitRatio: 0.19 }, share, { hitRatio: 0.2 }).outcome).to.equal("pass");
    expect(of({ hitRatio: 0.4 }, share, { hitRatio: 0.5 }).says).to.equal(
      "hitRatio is 40.00 %, below 45.00 % (metrics.limits.minHitRatioOfBaseline of 50.00 %)",
    );
    expect(of({ hitRatio: 0.34 }, share, { p95Ms: 1 }).says).to.contain("(metrics.limits.minHitRatio)");
    expect(of({ hitRatio: 0.34 }, {}, { hitRatio: 0.2 }).outcome).to.equal("fail");
  });

  it("judges some figures alone", () => {
    const { requestsPerSecond, errorRatio, p95Ms } = measured();
    expect(judge({ requestsPerSecond, errorRatio, p95Ms } as Measurement, LIMITS)).to.deep.equal({
      outcome: "pass",
      says: "120 requests/s, 0.10 % errors, p95 12.35 ms",
    });
  });
});

describe("measuring the service's figures", () => {
  const queries = { requestsPerSecond: "r", errorRatio: "e", p95Ms: "p", hitRatio: "h" };

  it("asks what it is told to, as of when it is told", async () => {
    const asked: unknown[] = [];
    const source = { ask: (...args: unknown[]) => Promise.resolve({ value: asked.push(args) }) };
    expect(await measure(source, queries, LOAD_FIGURES, 5)).to.have.all.keys(LOAD_FIGURES);
    expect(asked).to.deep.equal([
      ["r", 5],
      ["e", 5],
      ["p", 5],
    ]);
    expect(await measure(source, queries)).to.have.all.keys(FIGURES);
  });

  it("keeps what is known for a baseline, and says what is not", () => {
    const partly = measured({ p95Ms: GAP });
    expect(known(partly)).to.deep.equal({ requestsPerSecond: 120, errorRatio: 0.001, hitRatio: 0.4123 });
    expect(say(partly)).to.equal(
      `120 requests/s, 0.10 % errors, p95Ms is not known: ${GAP.inconclusive}, 41.23 % duplicates`,
    );
  });
});
