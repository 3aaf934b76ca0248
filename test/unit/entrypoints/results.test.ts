import { expect } from "chai";
import * as bake from "../../../migration/entrypoints/bake";
import * as catchUp from "../../../migration/entrypoints/catch-up";
import * as drain from "../../../migration/entrypoints/drain";
import type { ConnectionInputs, SettingsInputs, StepInputs } from "../../../migration/entrypoints/inputs";
import * as preCopy from "../../../migration/entrypoints/pre-copy";
import * as gate from "../../../migration/entrypoints/ring-gate";
import * as verify from "../../../migration/entrypoints/verify";
import { stepInputs } from "../../../migration/migration";
import type { Phase } from "../../../migration/phases";

const THREE = ["a", "b", "c"];
const FOUR = [...THREE, "d"];
const ring = { shards: THREE, targetShards: FOUR, vnodes: 150, keyPrefix: "pcs:" };
const connection: ConnectionInputs = {
  shards: Object.fromEntries(FOUR.map((name) => [name, `redis://${name}`])),
  access: "direct",
  namespace: "test",
  kubeContext: "",
  configMap: "backend-config",
  deployment: "backend",
};
const settings = {} as SettingsInputs;
const step = (migration: number): StepInputs => ({ migration, epoch: 1, work: "none", ring, connection, settings });

describe("what steps found", () => {
  for (const [name, update, found, empty] of [
    ["pre-copy", preCopy.update, { counts: { checked: 1 }, samples: [] }, { counts: null, samples: null }],
    [
      "catch-up",
      catchUp.update,
      { counts: {}, samples: [], cutoverAt: "2026" },
      { counts: null, samples: null, cutoverAt: null },
    ],
    ["verify", verify.update, { report: { missing: 0 } }, { report: null }],
    ["bake", bake.update, { report: { outcome: "pass" } }, { report: null }],
    ["drain", drain.update, { counts: { deleted: 1 } }, { counts: null }],
  ] as const) {
    it(`${name}: is shown until the next migration opens`, async () => {
      expect(await update({ ...step(1), ...found }, step(1), {})).to.deep.include(found);
      expect(await update({ ...step(1), ...found }, step(2), {})).to.deep.include(empty);
    });
  }

  it("gate: is shown until the next migration opens, too", async () => {
    const of = (phase: Phase, migration: number) => ({
      phase,
      ring,
      connection,
      settings,
      data: {},
      epoch: 1,
      migration,
    });
    const found = { verification: { missing: 0 } };
    expect(await gate.update({ ...of("plan", 1), ...found }, of("stable", 1), {})).to.deep.include(found);
    expect(await gate.update({ ...of("stable", 1), ...found }, of("plan", 2), {})).to.deep.include({
      verification: null,
    });
  });
});

describe("what the gate remembers", () => {
  type Inputs = Parameters<typeof gate.update>[1];
  const asked = (phase: Phase, change: Partial<typeof ring> = {}) => ({
    phase,
    ring: { ...ring, ...change },
    connection,
    settings,
  });
  const START = { ...asked("stable"), data: {}, epoch: 1, migration: 0 };

  /** Goes from phase to phase as `pulumi up` does: what check gave is what it is given the next time. */
  async function walk(...phases: readonly Phase[]): Promise<Inputs[]> {
    const steps: Inputs[] = [START];
    for (const phase of phases) {
      const { inputs, failures } = await gate.check(steps.at(-1) as Inputs, asked(phase));
      expect(failures, phase).to.equal(undefined);
      steps.push(inputs as Inputs);
    }
    return steps;
  }

  it("counts the migrations that were opened", async () => {
    const steps = await walk("stable", "plan", "copy", "plan", "stable", "plan", "plan");
    expect(steps.map(({ migration }) => migration)).to.deep.equal([0, 0, 1, 1, 1, 1, 2, 2]);
  });

  it("knows where the last move came from, so that it can be taken back, and a second up changes nothing", async () => {
    const steps = await walk("plan", "copy", "stable", "stable");
    expect(steps.map(({ cameFrom }) => cameFrom?.phase)).to.deep.equal([undefined, "stable", "plan", "copy", "copy"]);
    const [before, after] = steps.slice(-2);
    expect(after).to.deep.equal(before);
    expect((await gate.check(after as Inputs, asked("copy"))).failures).to.equal(undefined);
    expect((await gate.check(after as Inputs, asked("dualWrite"))).failures).to.have.length(1);
    expect((await gate.check(after as Inputs, asked("copy", { vnodes: 100 }))).failures).to.have.length(1);
  });
});

describe("what steps are asked for", () => {
  it("is asked for again in another ring epoch: a step that a killed up left in an older one has not done it", () => {
    const of = (epoch: number) =>
      stepInputs("drain", { migration: 1, epoch, phase: "cleanup", ring, connection, settings });
    expect(of(6)).to.deep.include({ work: "cleanup", migration: 1, epoch: 6 });
    expect(of(6)).to.deep.equal(of(6)).and.to.not.deep.equal(of(4));
  });
});
