/** How far a migration is, on a real Pushgateway. */
import { expect } from "chai";
import { Pushgateway, PushgatewayError } from "../../migration/adapters/pushgateway";
import { diff, remove, update, type PhaseMetricInputs } from "../../migration/entrypoints/phase-metric";
import { ensureMonitoringPackages } from "../lab/machine";
import { MetricsEndpoint } from "./metrics-endpoint";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import { startPushgateway } from "./prometheus-server";
import { freePort } from "./redis-servers";
import { errorOf, RingLab } from "./ring-lab";

const INSTALL_TIMEOUT_MS = 300_000;
const KEYS = 2_000;

describe("the migration's own metrics", function () {
  this.timeout(60_000);
  let gateway: Awaited<ReturnType<typeof startPushgateway>>;
  let url: string;
  let lines: string[];
  const print = console.log;
  before(async function () {
    this.timeout(INSTALL_TIMEOUT_MS);
    await ensureMonitoringPackages();
  });
  beforeEach(async () => {
    gateway = await startPushgateway();
    url = `http://127.0.0.1:${gateway.port}`;
    lines = [];
    console.log = (line: string) => void lines.push(line);
  });
  afterEach(async () => {
    console.log = print;
    await gateway.stop();
  });

  /** What Prometheus would be shown: values by name and labels, without the labels that all have. */
  async function shown(): Promise<Record<string, number>> {
    // A deletion is answered before it is done, and a push only when all that was asked for before it is done.
    await new Pushgateway(url, "nobody").push([{ metric: "errors", value: 0 }]);
    const text = await (await fetch(`${url}/metrics`)).text();
    const samples = text.split("\n").flatMap((line) => {
      const [, name = "", labels = "", value] = /^dedup_migration_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
      const own = labels.replace(/instance="",?|job="dedup-shards",?|namespace="paper",?/g, "").replace(/,$/, "");
      return value === undefined || labels.includes('namespace="nobody"')
        ? []
        : [[`${name}{${own}}`, Number(value)] as const];
    });
    return Object.fromEntries(samples);
  }
  const told = (phase: PhaseMetricInputs["phase"]): PhaseMetricInputs => ({ url, namespace: "paper", phase });

  describe("of a whole migration", () => {
    let lab: RingLab;
    let cluster: PaperCluster;
    let stack: PaperStack;
    beforeEach(async () => {
      lab = await RingLab.start(["a", "b"], ["a", "b", "c"]);
      await lab.fill(KEYS);
      cluster = await PaperCluster.start();
      stack = new PaperStack(lab, cluster);
    });
    afterEach(async () => {
      cluster.stop();
      await lab.stop();
    });

    it("show each job's keys, edges and checkpoints, and what the verify found", async () => {
      stack.settings = { ...stack.settings, pushgatewayUrl: url };
      for (const phase of ["stable", "plan", "copy", "dualWrite"] as const) await stack.up(phase);
      const seen = await shown();
      const movers = lab.moverKeys().length;
      for (const step of ["pre-copy", "catch-up", "verify"]) {
        expect(seen, step).to.include({
          [`keys_planned{step="${step}"}`]: movers,
          [`edges_planned{step="${step}"}`]: 2,
          [`edges_done{step="${step}"}`]: 2,
          [`keys_per_second{step="${step}"}`]: 0,
          [`throttle_keys_per_second{step="${step}"}`]: 1_000_000,
          [`errors{step="${step}"}`]: 0,
        });
        const done = ["a", "b"].map((source) => seen[`keys_done{source="${source}",step="${step}"}`] ?? 0);
        expect(done[0], step).to.be.above(0);
        expect((done[0] ?? 0) + (done[1] ?? 0), step).to.equal(movers);
      }
      const now = Date.now() / 1_000;
      expect(seen['checkpoint_timestamp_seconds{source="b",step="catch-up"}']).to.be.within(now - 60, now);
      expect(seen).not.to.have.property('checkpoint_timestamp_seconds{source="b",step="verify"}');
      expect(seen).to.include({
        'verify_checked{step="verify"}': movers,
        'verify_missing{step="verify"}': 0,
        'verify_different{step="verify"}': 0,
        'verify_extra{step="verify"}': 0,
        'verify_repaired{step="verify"}': 0,
      });
    });

    it("hold nothing up where they are not taken: that is said once a run, and the work is done", async () => {
      const closed = `http://127.0.0.1:${await freePort()}`;
      stack.settings = { ...stack.settings, pushgatewayUrl: closed };
      for (const phase of ["stable", "plan", "copy"] as const) await stack.up(phase);
      const warnings = lines.filter((line) => line.startsWith("warning: "));
      expect(warnings).to.have.lengthOf(1);
      expect(warnings[0]).to.match(
        new RegExp(`^warning: progress is not on the dashboards: ${closed}: connect ECONNREFUSED`),
      );
      expect(lines.find((line) => line.startsWith("pre-copy: done"))).to.contain(`${lab.moverKeys().length} checked`);
    });
  });

  it("show the phase, and forget the last migration's jobs when the next one is planned", async () => {
    const gateways = ["paper", "another"].map((namespace) => new Pushgateway(url, namespace));
    for (const each of gateways) await each.push([{ metric: "errors", value: 1 }], "catch-up, left-overs");
    const outputs = await update({}, told("stable"));
    expect(outputs).to.deep.equal({ ...told("stable"), pushed: true, stateVersion: 1 });
    const phases = (one: string) =>
      Object.fromEntries(
        ["cleanup", "copy", "cutover", "dualWrite", "plan", "stable"].map((it) => [
          `phase{phase="${it}"}`,
          Number(it === one),
        ]),
      );
    const others = 'errors{namespace="another",step="catch-up, left-overs"}';
    expect(await shown()).to.deep.equal({
      ...phases("stable"),
      [others]: 1,
      'errors{step="catch-up, left-overs"}': 1,
    });
    await update(outputs, told("plan"));
    expect(await shown()).to.deep.equal({ ...phases("plan"), [others]: 1 });
  });

  it("go with the stack, and with it alone", async () => {
    for (const namespace of ["paper", "another"]) {
      await new Pushgateway(url, namespace).push([{ metric: "errors", value: 1 }], "pre-copy");
      await update({}, { ...told("copy"), namespace });
    }
    await remove({ ...told("copy"), pushed: true });
    expect(Object.keys(await shown())).to.satisfy((names: string[]) =>
      names.every((name) => name.includes('namespace="another"')),
    );
    expect(Object.keys(await shown())).to.have.lengthOf(7);
  });

  it("are tried again by the next up where the phase was not taken", async () => {
    await gateway.stop();
    const outputs = await update({}, told("copy"));
    expect(outputs.pushed).to.equal(false);
    await remove({ ...told("copy"), pushed: true });
    expect(lines).to.have.lengthOf(2);
    expect(lines[1]).to.match(
      /^warning: the figures of paper stay on the Pushgateway: delete its groups of that namespace: /,
    );
    expect(lines[0]).to.match(
      /^warning: the phase is not on the dashboards, the next `pulumi up` tries again: http:.* connect ECONNREFUSED/,
    );
    expect(diff(outputs, told("copy"))).to.deep.equal({ changes: true });
    gateway = await startPushgateway();
    url = `http://127.0.0.1:${gateway.port}`;
    await new Pushgateway(url, "paper").push([{ metric: "errors", value: 1 }], "of the last migration");
    await update(outputs, told("copy"));
    expect(Object.keys(await shown()).filter((name) => name.startsWith("errors"))).to.deep.equal([]);
    expect(diff({ ...told("copy"), pushed: true }, told("copy"))).to.deep.equal({ changes: false });
    expect(diff({ ...told("copy"), pushed: true }, told("dualWrite"))).to.deep.equal({ changes: true });
  });

  it("are tried again where something else answers in the Pushgateway's place", async () => {
    const page = await MetricsEndpoint.start(() => Promise.resolve("<html>"));
    const elsewhere = { ...told("plan"), url: `http://127.0.0.1:${page.port}` };
    expect(await update({}, elsewhere)).to.include({ pushed: false });
    await page.stop();
    expect(lines[0]).to.match(/what answers is no Pushgateway$/);
  });

  it("come back with what the Pushgateway said, when it refuses", async () => {
    const error = await errorOf(new Pushgateway(`${url}/nowhere`, "n").push([{ metric: "errors", value: 1 }], "s"));
    expect(error).to.be.instanceOf(PushgatewayError);
    expect(error.message).to.match(/\/nowhere: push failed with status 404/);
  });
});
