import { expect } from "chai";
import {
  barrier,
  describe as describePod,
  isBehind,
  podsBehind,
  podsThatAnswer,
  type BackendPod,
  type BackendView,
} from "../../../migration/engines/barrier";
import { NoPodsError } from "../../../migration/engines/gate/no-pods";
import { FakeClock } from "./fakes";

const SETTINGS = { epoch: 3, deadlineMs: 30_000, commandTimeoutMs: 5_000 };

const aPod = (change: Partial<BackendPod> = {}): BackendPod => ({
  name: "pod",
  annotated: 3,
  terminating: false,
  ...change,
});
const reports = (...epochs: number[]) => ({ answer: { epochs } });
const SILENT = { answer: { silence: "connection refused", idle: false } };
const IDLE = { answer: { silence: "no container of it runs", idle: true } };

/** A backend whose pods are other ones each time that somebody looks; the last ones stay. */
function backendOf(...looks: readonly (readonly BackendPod[])[]): BackendView & { looks: number } {
  const view = {
    looks: 0,
    ring: () => Promise.reject(new Error("nobody asked for the ring")),
    pods: () => Promise.resolve(looks[Math.min(view.looks++, looks.length - 1)] ?? []),
  };
  return view;
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: Error) => error.message,
  );

/** [what a pod is, the pod, how it is described when it is behind] */
const PODS: readonly (readonly [string, Partial<BackendPod>, string | undefined])[] = [
  ["not asked, annotated so", {}, undefined],
  ["not asked, annotated otherwise", { annotated: 2 }, "epoch 2"],
  ["not asked, never told", { annotated: undefined }, "epoch unknown"],
  ["reports it", reports(3), undefined],
  ["reports it on its way out", { ...reports(3), terminating: true }, undefined],
  ["annotated new, runs old", reports(2), "annotated epoch 3, reports epoch 2"],
  ["annotated new, runs a later one", reports(4), "annotated epoch 3, reports epoch 4"],
  ["annotated old, runs new", { annotated: 2, ...reports(3) }, undefined],
  ["never annotated, runs new", { annotated: undefined, ...reports(3) }, undefined],
  [
    "old in every respect, on its way out",
    { annotated: 2, ...reports(2), terminating: true },
    "annotated epoch 2, reports epoch 2, terminating",
  ],
  ["one of its processes runs old", reports(2, 3), "annotated epoch 3, reports epoch 2 and 3"],
  ["reports none, annotated so", reports(), undefined],
  ["reports none, annotated otherwise", { annotated: 2, ...reports() }, "annotated epoch 2, reports none"],
  ["reports none, never told", { annotated: undefined, ...reports() }, "annotated epoch unknown, reports none"],
  ["annotated so, does not answer", SILENT, "annotated epoch 3, does not answer: connection refused"],
  ["annotated so, does not run", IDLE, "annotated epoch 3, does not answer: no container of it runs"],
  [
    "annotated otherwise, does not answer, on its way out",
    { annotated: 2, ...SILENT, terminating: true },
    "annotated epoch 2, does not answer: connection refused, terminating",
  ],
];

describe("barrier", () => {
  for (const [what, change, described] of PODS) {
    it(`${what}: ${described === undefined ? "lets pass" : "holds, and is named"}`, async () => {
      const backend = backendOf([aPod({ name: "other" }), aPod(change)]);
      const message = await messageOf(barrier(backend, SETTINGS, new FakeClock(), () => undefined));
      expect(message).to.equal(
        described === undefined
          ? "no error"
          : `barrier: after 30s not every backend pod is known to run ring epoch 3: pod (${described}). ` +
              "Find out what holds them, then run `pulumi up` again.",
      );
      expect(await podsBehind(backend, 3)).to.have.length(described === undefined ? 0 : 1);
    });
  }

  it("looks again until the last pod has gone or answered, then waits for commands under way", async () => {
    const old = aPod({ name: "old", annotated: 2, ...reports(2), terminating: true });
    const fresh = aPod({ name: "fresh", ...reports(3) });
    const backend = backendOf([old, aPod({ name: "fresh", ...SILENT })], [old, fresh], [fresh]);
    const clock = new FakeClock();
    const lines: string[] = [];
    await barrier(backend, SETTINGS, clock, (line) => lines.push(line));
    expect(clock.slept).to.deep.equal([1_000, 1_000, 5_000]);
    expect(lines).to.deep.equal([
      "barrier: waiting until every backend pod runs ring epoch 3: " +
        "old (annotated epoch 2, reports epoch 2, terminating), " +
        "fresh (annotated epoch 3, does not answer: connection refused)",
      "barrier: every backend pod runs ring epoch 3",
    ]);
  });

  it("takes no pods for nothing to wait for only where the operator says that nothing serves", async () => {
    const wait = (servesNothing: boolean, backend = backendOf([])) =>
      messageOf(barrier(backend, { ...SETTINGS, servesNothing }, new FakeClock(), () => undefined));
    expect(await wait(true)).to.equal("no error");
    expect(await wait(false)).to.equal(new NoPodsError("barrier: after 30s").message);
    // As a Deployment that ends its old pods before it makes new ones.
    expect(await wait(false, backendOf([], [], [aPod()]))).to.equal("no error");
    expect(await wait(true, backendOf([aPod({ annotated: 2 })]))).to.contain("pod (epoch 2)");
  });

  it("outlasts an API server that restarts under it, until its deadline; one that never answered it does not wait for", async () => {
    const OLD = [aPod(reports(2))];
    /** Answers these one after the other, the last one again and again; undefined is a failure. */
    const run = (...looks: readonly (readonly BackendPod[] | undefined)[]) => {
      const left = [...looks];
      const pods = () => {
        const found = left.length > 1 ? left.shift() : left[0];
        return found === undefined ? Promise.reject(new Error("ECONNREFUSED")) : Promise.resolve(found);
      };
      return messageOf(barrier({ ...backendOf([]), pods }, SETTINGS, new FakeClock(), () => undefined));
    };
    expect(await run(undefined, [aPod()])).to.equal("ECONNREFUSED");
    expect(await run(OLD, undefined, [aPod()])).to.equal("no error");
    expect(await run(OLD, undefined)).to.equal(
      "barrier: after 30s not every backend pod is known to run ring epoch 3: the pods cannot be listed (ECONNREFUSED). " +
        "Find out what holds them, then run `pulumi up` again.",
    );
  });

  it("says at every ten seconds whom it waits for, not at every look", async () => {
    const lines: string[] = [];
    const backend = backendOf([aPod(reports(2))]);
    await messageOf(barrier(backend, SETTINGS, new FakeClock(), (line) => lines.push(line)));
    expect(lines).to.have.length(3);
  });
});

describe("a pod that may run another ring than that of its epoch", () => {
  const SUM = "0123456789abcdef";
  const RESTART = { epoch: 3, checksum: SUM, restart: "7" };
  const summed = (...checksums: string[]) => ({ answer: { epochs: [3], checksums } });
  for (const [what, change, expected, isHeld] of [
    ["reports its checksum", summed(SUM), { epoch: 3, checksum: SUM }, false],
    ["reports another one", summed("another"), { epoch: 3, checksum: SUM }, true],
    ["reports another one in one of its processes", summed("another", SUM), { epoch: 3, checksum: SUM }, true],
    ["reports none", reports(3), { epoch: 3, checksum: SUM }, false],
    ["reports none in one of its processes", summed("", SUM), { epoch: 3, checksum: SUM }, false],
    ["reports its checksum, and was not restarted", summed(SUM), RESTART, false],
    ["reports none, and was not restarted", reports(3), RESTART, true],
    ["reports none in one of its processes, and was not restarted", summed("", SUM), RESTART, true],
    ["reports none, and was restarted before", { ...reports(3), restarted: "6" }, RESTART, true],
    ["reports none, and was restarted", { ...reports(3), restarted: "7" }, RESTART, false],
    ["is not asked, and was restarted", { restarted: "7" }, RESTART, false],
    ["was restarted, and reports another epoch", { ...reports(2), restarted: "7" }, RESTART, true],
  ] as const) {
    it(`${what}: ${isHeld ? "holds" : "lets pass"}`, () => {
      expect(isBehind(aPod(change), expected)).to.equal(isHeld);
    });
  }

  it("is described with the ring that it reports", () => {
    expect(describePod(aPod(summed("", SUM)))).to.equal(
      `pod (annotated epoch 3, reports epoch 3 of ring unknown and ${SUM})`,
    );
  });
});

describe("the pods of a gate that does not wait", () => {
  it("are those of one look when each of them answers, reports none, is not asked, or does not run", async () => {
    const clock = new FakeClock();
    const pods = [aPod(reports(2)), aPod(reports()), aPod(), aPod(IDLE)];
    expect(await podsThatAnswer(backendOf(pods), clock)).to.deep.equal(pods);
    expect(clock.slept).to.deep.equal([]);
  });

  it("are looked at again while one is silent", async () => {
    const backend = backendOf([aPod(SILENT)], [aPod(SILENT)], [aPod(reports(3))]);
    expect(await podsThatAnswer(backend, new FakeClock())).to.deep.equal([aPod(reports(3))]);
    expect(backend.looks).to.equal(3);
  });

  it("are taken as they are when that takes too long", async () => {
    const clock = new FakeClock();
    expect(await podsThatAnswer(backendOf([aPod(SILENT)]), clock)).to.deep.equal([aPod(SILENT)]);
    expect(clock.slept).to.have.length(31);
  });
});
