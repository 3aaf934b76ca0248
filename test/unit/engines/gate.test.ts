import { expect } from "chai";
import { podConfigOf } from "../../../migration/phases";
import { FOUR, state, CONFIGS, TIMEOUT_MS, ask, refused, IN_STEP } from "./gate-scene";

describe("the gate from cutover back to dualWrite", () => {
  const scene = { from: "cutover", to: "dualWrite", epoch: 3, pods: [3], record: IN_STEP } as const;

  it("verifies", async () => {
    expect(await ask(scene)).to.include({ refusal: undefined, verified: 1 });
  });

  it("goes without a verify when a shard of the target ring alone has died or lost its data", async () => {
    const { refusal, verified, lines } = await ask({ ...scene, outOfReach: ["d"] });
    expect([refusal, verified]).to.deep.equal([undefined, 0]);
    expect(lines).to.include(
      "gate: not verified, because d cannot be reached or has lost its data. " +
        "Every acknowledged claim is on the ring that stays.",
    );
  });

  it("stays shut when the current ring may not have every claim", () =>
    refused({ ...scene, record: {}, outOfReach: ["d"] }, /^the rings have not been brought into step/));

  it("forward a shard that is out of reach holds it shut", () =>
    refused(
      { ...scene, from: "dualWrite", to: "cutover", epoch: 2, pods: [2], outOfReach: ["d"] },
      /^d cannot be reached/,
    ));
});

describe("the gate, after an up that failed or was killed", () => {
  // cutover (epoch 3) → dualWrite (epoch 4) passed its gate; the rollout did not get to its end.
  const back = { 2: "DA", 3: "DB", 4: "DA" } as const;
  const half = { from: "dualWrite", epoch: 4, record: { ...IN_STEP, configs: back } } as const;

  for (const to of ["copy", "plan", "stable"] as const) {
    for (const pods of [[3], [4, 3]]) {
      it(`cutover → dualWrite with pods at ${pods.join(", ")}: ${to} would be a jump`, () =>
        refused(
          { ...half, to, pods },
          `"${to}" uses the current ring only, and that is too far from what there is: ` +
            `p${pods.length - 1} (epoch 3${pods.length > 1 ? ", terminating" : ""}) reads the target ring and writes both. ` +
            'Set migrationPhase to "dualWrite" and run `pulumi up --refresh` first.',
        ));
    }

    it(`cutover → dualWrite whose ConfigMap was not written: ${to} would be a jump for the next pod to start`, () =>
      refused(
        { ...half, to, pods: [4], live: { config: "DB", epoch: 3 } },
        /too far from what there is: the live ring ConfigMap reads the target ring and writes both/,
      ));
  }

  it("cutover → dualWrite: stable follows when every pod is there, after the time of a command and a verify", async () => {
    const { refusal, verified, noted, slept } = await ask({ ...half, to: "stable", pods: [4, 4] });
    expect({ refusal, verified, noted }).to.deep.equal({ refusal: undefined, verified: 1, noted: { ...back, 5: "A" } });
    expect(slept).to.deep.equal([TIMEOUT_MS]);
  });

  it("cutover → dualWrite: cutover may be asked for again, wherever the pods are", async () => {
    for (const pods of [[3], [3, 4], [4]]) {
      const { refusal, noted } = await ask({ ...half, to: "cutover", pods });
      expect({ refusal, noted }).to.deep.equal({ refusal: undefined, noted: { ...back, 5: "DB" } });
    }
  });

  it("copy → dualWrite: back to copy, without a verify that would take the copies for claims", async () => {
    const scene = { from: "dualWrite", to: "copy", epoch: 2, pods: [1, 2] } as const;
    const { refusal, verified, lines } = await ask({ ...scene, record: { configs: { 1: "A", 2: "DA" } } });
    expect({ refusal, verified }).to.deep.equal({ refusal: undefined, verified: 0 });
    expect(lines.at(-1)).to.equal(
      "gate: not verified, because the rings have not been in step since dual-write was switched on. " +
        "Every acknowledged claim is on the ring that stays.",
    );
  });

  it("copy → dualWrite: not on to cutover, which some pods would have to jump to", () =>
    refused(
      {
        from: "dualWrite",
        to: "cutover",
        epoch: 2,
        pods: [1, 2],
        record: { ...IN_STEP, configs: { 1: "A", 2: "DA" } },
      },
      /^"cutover" reads the target ring and writes both, and that is too far from what there is: p0 \(epoch 1\) uses/,
    ));

  it("dualWrite → copy: back to dualWrite, where everything is caught up anew", async () => {
    const { refusal, noted } = await ask({
      ...{ from: "copy", to: "dualWrite", epoch: 3, pods: [2, 3] },
      record: { ...IN_STEP, configs: { 1: "A", 2: "DA", 3: "A" } },
    });
    expect({ refusal, noted }).to.deep.equal({ refusal: undefined, noted: { 1: "A", 2: "DA", 3: "A", 4: "DA" } });
    await refused(
      { from: "dualWrite", to: "cutover", epoch: 4, pods: [4], record: { ...IN_STEP, configs: noted ?? {} } },
      /^the rings have not been brought into step since dual-write was switched on/,
    );
  });

  it("dualWrite → stable: back to dualWrite, unless the migration has been closed", async () => {
    const scene = { from: "stable", to: "dualWrite", epoch: 3, pods: [2, 3] } as const;
    const { refusal } = await ask({ ...scene, record: { configs: { 2: "DA", 3: "A" } } });
    expect(refusal).to.equal(undefined);
    await refused(
      { ...scene, pods: [3], record: null, live: { config: "A", epoch: 3 } },
      /the migration has been closed/,
    );
  });

  it("dualWrite → cutover whose rollout failed: not on to cleanup", () =>
    refused(
      {
        ...{ from: "cutover", to: "cleanup", epoch: 3, pods: [2, 3] },
        record: { ...IN_STEP, cutover: { epoch: 3, atMs: 0 }, configs: { 2: "DA", 3: "DB" } },
      },
      /^"cleanup" uses the target ring only, and that is too far from what there is: p0 \(epoch 2\) reads the current/,
    ));

  it("cutover → cleanup: back to cutover, and not on to stable while a pod writes to retiring shards", async () => {
    const { refusal } = await ask({ from: "cleanup", to: "cutover", epoch: 4, pods: [3, 4] });
    expect(refusal).to.equal(undefined);
    await refused(
      { from: "cleanup", to: state("stable", { shards: FOUR }), epoch: 4, pods: [4, 3], record: { drainedInEpoch: 4 } },
      /^"stable" uses the target ring only, and that is too far from what there is: p1 \(epoch 3, terminating\) reads/,
    );
  });

  it("cleanup → cutover: back to cleanup without a verify, not on to dualWrite", async () => {
    const record = { inStepSinceEpoch: 2, cutover: { epoch: 3, atMs: 0 }, configs: { ...CONFIGS, 5: "DB" as const } };
    const { refusal, verified } = await ask({ from: "cutover", to: "cleanup", epoch: 5, pods: [4, 5], record });
    expect({ refusal, verified }).to.deep.equal({ refusal: undefined, verified: 0 });
    await refused(
      { from: "cutover", to: "dualWrite", epoch: 5, pods: [4, 5], record },
      /too far from what there is: p0/,
    );
    await refused({ from: "cutover", to: "dualWrite", epoch: 5, pods: [5], record }, /not been brought into step/);
  });

  it("cleanup → stable: back to cleanup while the migration is recorded", async () => {
    const scene = { from: state("stable", { shards: FOUR }), to: "cleanup", epoch: 4, pods: [4] } as const;
    expect((await ask({ ...scene, record: { drainedInEpoch: 4 } })).refusal).to.equal(undefined);
    await refused(
      { ...scene, record: null, live: { config: "B", epoch: 4 } },
      "the migration has been closed: its records are gone from the shards. Set migrationPhase back to " +
        '"stable", with the shards of that; for another migration go on to "plan".',
    );
  });

  it("cleanup → stable: not back to cleanup without the shards that were removed", () =>
    refused(
      { from: state("stable", { shards: FOUR }), to: "cleanup", epoch: 4, pods: [4], outOfReach: ["a"] },
      "a cannot be reached or has lost its data. Look at its pod, then run `pulumi up` again.",
    ));

  it("a gate that noted its move and died forgets nothing", async () => {
    // cutover → cleanup noted B for epoch 4, but the state and the pods stayed in epoch 3.
    const record = { ...IN_STEP, cutover: { epoch: 3, atMs: 0 } };
    for (const to of ["dualWrite", "cleanup"] as const) {
      const { refusal, verified, noted } = await ask({ from: "cutover", to, epoch: 3, pods: [3], record });
      expect({ refusal, verified }, to).to.deep.equal({ refusal: undefined, verified: 1 });
      expect(noted?.[4], to).to.equal(podConfigOf(to));
    }
  });
});

describe("the gate, and what pods say of themselves", () => {
  const scene = { from: "dualWrite", to: "cutover", epoch: 2, record: IN_STEP } as const;
  const reports = (annotated: number | undefined, ...epochs: number[]) => ({ annotated, answer: { epochs } });
  const silent = (annotated: number, idle: boolean) => ({ annotated, answer: { silence: "refused", idle } });

  it("goes by what they report, not by what they are annotated with", async () => {
    expect((await ask({ ...scene, pods: [reports(1, 2), reports(undefined, 2)] })).refusal).to.equal(undefined);
    await refused(
      { ...scene, pods: [reports(2, 1), reports(2, 2)] },
      '"cutover" reads the target ring and writes both, and that is too far from what there is: ' +
        "p0 (annotated epoch 2, reports epoch 1) uses the current ring only. " +
        'Set migrationPhase to "dualWrite" and run `pulumi up --refresh` first.',
    );
  });

  it("asks every process of a pod", () =>
    refused({ ...scene, pods: [reports(2, 1, 2)] }, /: p0 \(annotated epoch 2, reports epoch 1 and 2\) uses/));

  it("goes by the annotation of a pod that reports none, or does not run", async () => {
    for (const podOf of [reports, (epoch: number) => silent(epoch, true)]) {
      expect((await ask({ ...scene, pods: [podOf(2)] })).refusal).to.equal(undefined);
      await refused({ ...scene, pods: [podOf(1)] }, /^"cutover" reads .* too far from what there is: p0/);
    }
  });

  it("refuses one that runs and does not answer", () =>
    refused(
      { ...scene, pods: [silent(2, false), reports(2, 2)] },
      "backend pods do not say which ring epoch they run: p0 (annotated epoch 2, does not answer: refused). " +
        "Find out what holds them, or take backend.metricsPort out of the config to go by their annotations; " +
        "then run `pulumi up` again.",
    ));
});

describe("the gate, whoever comes", () => {
  it("refuses pods that this migration does not know", () =>
    refused(
      {
        from: "copy",
        to: "dualWrite",
        epoch: 8,
        pods: [8, 7, undefined],
        live: { config: "A", epoch: 8 },
        record: { configs: {} },
      },
      "backend pods run a ring epoch that this migration does not know: p1 (epoch 7, terminating), " +
        'p2 (epoch unknown, terminating). Set migrationPhase to "copy" and run `pulumi up --refresh` first.',
    ));

  it("refuses a live ring that this migration does not know, and one that is ahead of the state", async () => {
    const scene = { from: "dualWrite", to: "copy", epoch: 2, pods: [2] } as const;
    await refused(
      { ...scene, live: { config: "?", epoch: 2 } },
      'the live ring ConfigMap has a ring that this migration does not know (DEDUP_SHARDS="redis://?"). ' +
        'Set migrationPhase to "dualWrite" and run `pulumi up --refresh` first.',
    );
    await refused(
      { ...scene, live: { config: "DB", epoch: 5 } },
      "the live ring ConfigMap is at epoch 5, but the stack's state knows only of 2: somebody else has changed the ring. " +
        "Run `pulumi refresh`, then look at the preview again.",
    );
  });

  it("goes on from a ring that its own gate has moved already, without another verify", async () => {
    const live = { config: "DA", epoch: 4 } as const;
    const noted = { ...IN_STEP, configs: { 1: "A", 2: "DA", 3: "DB", 4: "DA" } } as const;
    const scene = { from: "cutover", to: "dualWrite", epoch: 3, pods: [3, 4], live } as const;
    const { refusal, verified, lines } = await ask({ ...scene, record: noted });
    expect(refusal).to.equal(undefined);
    expect(verified).to.equal(0);
    expect(lines).to.include("gate: not verified again: the ring was moved by a gate that did");
    const stranger = { ...IN_STEP, configs: { 1: "A", 2: "DA", 3: "DB" } } as const;
    await refused(
      { ...scene, pods: [3], record: stranger },
      /^the live ring ConfigMap is at epoch 4, but .* knows only of 3/,
    );
  });

  it("refuses another migration: other shards, vnodes or key prefix", async () => {
    for (const change of [{ shards: ["a", "b"] }, { targetShards: ["a"] }, { vnodes: 100 }, { keyPrefix: "x:" }]) {
      await refused(
        { from: "plan", to: "copy", epoch: 1, pods: [1], record: change },
        /^the shards are in another migration \(m-1: .*\), and not in a, b, c → a, b, c, d with 150 vnodes and keyPrefix "pcs:"\. Set/,
      );
    }
  });

  it("refuses the copy when the shards no longer fit the plan", () =>
    refused(
      { from: "plan", to: "copy", epoch: 1, pods: [1], misfits: ["d: it is full.", "a: it evicts."] },
      "the shards have changed since the plan:\nd: it is full.\na: it evicts.",
    ));

  it("gives up shards out of reach, but not the look at the pods", async () => {
    const scene = { from: "dualWrite", to: "stable", epoch: 2, outOfReach: ["d"], record: IN_STEP } as const;
    const { refusal, verified, lines } = await ask({ ...scene, pods: [2] });
    expect({ refusal, verified }).to.deep.equal({ refusal: undefined, verified: 0 });
    expect(lines.at(-1)).to.match(/^gate: not verified, because d cannot be reached or has lost its data\. Every/);
    await refused({ ...scene, pods: [2, 3] }, /too far from what there is: p1 \(epoch 3, terminating\)/);
  });

  it("ends no sentence twice", async () => {
    for (const pods of [[1], [4], [9], [undefined]]) {
      for (const to of ["copy", "cutover"] as const) {
        const { refusal } = await ask({ from: "dualWrite", to, epoch: 2, pods });
        if (refusal !== undefined)
          expect(refusal)
            .to.match(/[^.]\.$/)
            .and.to.not.contain("..");
      }
    }
  });
});

describe("the gate, for a plan that was reviewed", () => {
  const REVIEWED = "2.ac0156f3.2bd778f1.150.5210c704.e5";
  const GROWN = REVIEWED.replace("e5", "e7");
  const scene = { from: "plan", to: "copy", epoch: 1, pods: [1], planDigest: REVIEWED } as const;

  it("opens when that is the one that is recorded", async () => {
    expect((await ask({ ...scene, record: { digest: REVIEWED } })).refusal).to.equal(undefined);
  });

  it("stays shut for another one, with both digests and what differs", () =>
    refused(
      { ...scene, record: { digest: GROWN } },
      `the plan that is recorded on the shards is ${GROWN}, and not ${REVIEWED} (planDigest), which was reviewed: how many ` +
        "keys there are (about 10^7, not about 10^5) differs. Review the plan (`pulumi stack output migrationPlan`) and set " +
        'planDigest to its digest, or set migrationPhase to "plan" and run `pulumi up`.',
    ));

  it("does not ask on the way back", async () => {
    const back = { ...scene, from: "cutover", to: "dualWrite", epoch: 3, pods: [3] } as const;
    expect((await ask({ ...back, record: { ...IN_STEP, digest: GROWN } })).refusal).to.equal(undefined);
  });
});
