import { expect } from "chai";
import { GateClosedError } from "../../../migration/engines/errors";
import { assertHealthy, assertStable, bake } from "../../../migration/engines/service-gates";
import { fakeService } from "./fake-service";

const OFF = "errorRatio is 5.00 %, above 1.00 % (metrics.limits.maxErrorRatio)";
const DOWN = "errorRatio is not known: no answer";
const BACK =
  'Traffic is on the target ring (a, d). To take it back set migrationPhase to "dualWrite" and run `pulumi up`: the ' +
  "current ring is written too, so nothing is lost.";
const HOLD =
  "That is no failure of the service: mend what answers, or what `metrics` in the config asks, then run `pulumi up` again.";
const LOOK = "Look for the cause (docs/troubleshooting.md), then run `pulumi up` again.";

const refusal = async (asked: Promise<unknown>): Promise<string | undefined> => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  if (error) expect(error).to.be.instanceOf(GateClosedError);
  return error?.message;
};

describe("the gate before a cutover", () => {
  const asked = (...readings: (number | string)[]) => refusal(assertHealthy(fakeService(readings).metrics, {}));

  it("opens when the service is well, and when it has got over a bad sample", async () => {
    expect(await asked(0)).to.equal(undefined);
    expect(await asked(0.05, 0)).to.equal(undefined);
    expect(await asked("no answer", 0.05, "no answer", 0)).to.equal(undefined);
  });

  it("stays shut when it is not, and says by which number", async () => {
    expect(await asked(0.05, 0.05)).to.equal(
      `the service is over its limits: ${OFF}. The ring stays as it is. ${LOOK}`,
    );
  });

  it("holds when nobody can tell, and says that this is no failure", async () => {
    const none = ["no answer", "no answer", "no answer"];
    expect(await asked(...none)).to.equal(
      `nobody can tell whether the service is well: ${DOWN}. The ring stays as it is. ${HOLD}`,
    );
  });

  it("goes by the baseline that it is given", async () => {
    const { metrics } = fakeService([]);
    const limits = { ...metrics.settings.limits, minHitRatioOfBaseline: 0.9 };
    const strict = { ...metrics, settings: { ...metrics.settings, limits } };
    expect(await refusal(assertHealthy(strict, { hitRatio: 0.5 }))).to.equal(undefined);
    expect(await refusal(assertHealthy(strict, { hitRatio: 0.6 }))).to.contain("hitRatio is 50.00 %, below 54.00 %");
  });
});

describe("the bake after a cutover", () => {
  const rings = { baseline: {}, target: ["a", "d"], current: ["a", "b"] };
  const asked = (...readings: (number | string)[]) => refusal(bake(fakeService(readings).metrics, rings));

  it("says how it came out", async () => {
    expect(await bake(fakeService([0, 0.05]).metrics, rings)).to.deep.equal({
      outcome: "pass",
      samples: 12,
      says: "10 requests/s, 0.00 % errors, p95 20 ms, 50.00 % duplicates",
    });
  });

  it("that fails says the number, where the traffic is, and the one change that takes it back", async () => {
    expect(await asked(0, 0.05, 0.05)).to.equal(
      `the service is over its limits: ${OFF}. ${BACK} To stay and bake again, run \`pulumi up\` as it is.`,
    );
  });

  it("of which nothing can be concluded says that, and the same way back", async () => {
    const none = ["no answer", "no answer", "no answer"];
    expect(await asked(0, ...none)).to.equal(`nobody can tell whether the service is well: ${DOWN}. ${BACK} ${HOLD}`);
  });
});

describe("the bake after a cutover, with a way back of its own", () => {
  const rings = { baseline: {}, target: ["a", "d"], current: ["a", "b"] };
  const asked = async (readings: (number | string)[], moveBack = () => Promise.resolve(7)) => {
    let moved = 0;
    const counted = () => {
      moved++;
      return moveBack();
    };
    const said = await refusal(bake(fakeService(readings).metrics, { ...rings, moveBack: counted }));
    return { said, moved };
  };

  it("takes it when the service is over its limits, and fails all the same", async () => {
    expect(await asked([0, 0.05, 0.05])).to.deep.equal({
      moved: 1,
      said:
        `the service is over its limits: ${OFF}. metrics.autoRollback has moved the ring back: since ring epoch 7 traffic ` +
        "is on the current ring (a, b), and both rings are written, so nothing is lost. Set migrationPhase to " +
        '"dualWrite" and run `pulumi up`, so that the stack knows; then look for the cause (docs/troubleshooting.md).',
    });
  });

  it("says both when the way back is barred", async () => {
    const barred = () => Promise.reject(new Error("shard-1 cannot be reached."));
    expect(await asked([0, 0.05, 0.05], barred)).to.deep.equal({
      moved: 1,
      said:
        `the service is over its limits: ${OFF}. metrics.autoRollback did not get to its end: shard-1 cannot be reached. ` +
        BACK.slice(BACK.indexOf("To take")),
    });
  });

  it("does not take it when the service is well, nor when nobody can tell", async () => {
    expect(await asked([0])).to.deep.equal({ moved: 0, said: undefined });
    const none = ["no answer", "no answer", "no answer"];
    expect(await asked([0, ...none])).to.deep.equal({
      moved: 0,
      said: `nobody can tell whether the service is well: ${DOWN}. ${BACK} ${HOLD}`,
    });
  });
});

describe("the gate before the cleanup", () => {
  const LONG_AGO = 86_400_000;
  const asked = (ageMs: number, ...readings: (number | string)[]) => {
    const service = fakeService(readings);
    return { service, refused: refusal(assertStable(service.metrics, {}, service.clock.now() - ageMs)) };
  };

  it("opens when the service has been well for the stability time, without waiting for it", async () => {
    const { service, refused } = asked(LONG_AGO);
    expect(await refused).to.equal(undefined);
    expect(service.clock.slept).to.deep.equal([]);
    expect(service.times).to.have.length(61);
  });

  it("stays shut when it was not, and says when", async () => {
    const { service, refused } = asked(LONG_AGO, 0, 0.05, 0.05);
    const at = new Date(service.clock.now() - 60_000).toISOString();
    expect(await refused).to.equal(`the service is over its limits: at ${at} ${OFF}. The ring stays as it is. ${LOOK}`);
  });

  it("holds where there is no history", async () => {
    const { refused } = asked(LONG_AGO, 0, ...Array<string>(60).fill("no answer"));
    expect(await refused).to.match(/^nobody can tell whether the service is well: at .* errorRatio is not known/);
  });

  it("does not take the time before the cutover for stability", async () => {
    const { service, refused } = asked(1_919_999);
    expect(await refused).to.equal(
      `whether the service is stable can be told at ${new Date(service.clock.now() + 1).toISOString()}: ` +
        "metrics.stability after the cutover. The ring stays as it is. Wait, or shorten metrics.stability.",
    );
    expect(await asked(1_920_000).refused).to.equal(undefined);
  });
});
