/** Reports of real shards, written to a real folder and sent to a real HTTP server. */
import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postToWebhook } from "../../migration/adapters/webhook";
import { dispatch } from "../../migration/entrypoints/dispatch";
import type { Secrets } from "../../migration/entrypoints/inputs";
import { diff, update, type ReportInputs } from "../../migration/entrypoints/report";
import { FACTS } from "../unit/report/fixtures";
import { PaperWebhook } from "./paper-webhook";
import { errorOf, RingLab } from "./ring-lab";
import { freePort } from "./redis-servers";

const CURRENT = ["a", "b"];
const TARGET = ["a", "b", "c"];
const MESSAGE = "prod: migration 20260105-103000: the movers are copied. 2,000 keys compared, 2,000 written. ";

describe("the report of a phase", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let webhook: PaperWebhook;
  let directory: string;
  let lines: string[];
  const print = console.log;
  before(async () => {
    lab = await RingLab.start(CURRENT, TARGET);
    await lab.servers.get("a")?.client.mset({ "pcs:1": "x", "pcs:2": "x" });
  });
  after(() => lab.stop());
  beforeEach(async () => {
    webhook = await PaperWebhook.start();
    directory = mkdtempSync(join(tmpdir(), "dedup-shards-report-"));
    lines = [];
    console.log = (line: string) => void lines.push(line);
  });
  afterEach(() => {
    console.log = print;
    webhook.stop();
    rmSync(directory, { recursive: true });
  });

  const inputs = (change: Partial<ReportInputs> = {}): ReportInputs => ({
    ...{ migration: 1, epoch: 1, phase: "copy", stack: "prod", directory, figures: FACTS },
    ring: { shards: CURRENT, targetShards: TARGET, vnodes: 150, keyPrefix: "pcs:" },
    connection: {
      ...{ access: "direct", namespace: "test", kubeContext: "", configMap: "", deployment: "" },
      shards: Object.fromEntries([...lab.servers].map(([name, { url }]) => [name, url])),
    },
    ...change,
  });
  const planned = () => ({ ...inputs({ phase: "plan" }), stateVersion: 1 });
  const secrets = (): Secrets => ({ notify: JSON.stringify({ webhookUrl: webhook.url }) });
  const files = () => readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();

  it("is written and sent with the keys that the shards hold, and leaves no figure and no URL in the state", async () => {
    const outputs = await update(planned(), inputs(), secrets());
    const { migration, epoch, phase, ring } = inputs();
    expect(outputs).to.deep.equal({ migration, epoch, phase, ring, stateVersion: 1 });
    const [folder, page = "", text = "", ...others] = files();
    expect(folder).to.equal("20260105-103000");
    expect(others).to.deep.equal([]);
    expect(page).to.match(/^20260105-103000\/\d{8}-\d{6}-copy\.html$/);
    expect(readFileSync(join(directory, page), "utf8")).to.match(/^<!doctype html>\n/);
    const markdown = readFileSync(join(directory, text), "utf8");
    expect(markdown).to.contain("| a | 2,900 | 2 |\n| b | 3,100 | 0 |\n| c | – | 0 |\n");
    const [body, ...more] = webhook.received as { text: string }[];
    expect(more).to.deep.equal([]);
    const message = `${MESSAGE}Rollback: possible: set migrationPhase to plan or stable.`;
    expect(body).to.deep.equal({ text: message, phase: "copy", stack: "prod", report: markdown });
    expect(lines).to.deep.equal([`report: ${join(directory, page)}`]);
  });

  it("comes by the way of the stack's config, whose value may be an object too", async () => {
    for (const notify of [secrets().notify, JSON.parse(String(secrets().notify))]) {
      const config = { get: (key: string) => (key === "notify" ? (notify as string) : undefined) };
      await dispatch("report", "update", ["report", planned(), inputs({ directory: "" })], config);
    }
    expect(webhook.received).to.have.length(2);
    expect(files()).to.deep.equal([]);
  });

  it("is asked for again in another phase, epoch or migration only", () => {
    const olds = planned();
    expect(diff(olds, { ...olds, directory: "elsewhere", figures: { ...FACTS, plan: null } })).to.deep.equal({
      changes: false,
    });
    for (const change of [{ phase: "copy" }, { epoch: 2 }, { migration: 2 }] as const) {
      expect(diff(olds, inputs({ phase: "plan", ...change }))).to.deep.equal({ changes: true });
    }
  });

  it("says nothing while no migration is open, and nothing to nobody", async () => {
    await update({}, inputs({ phase: "stable", migration: 0 }), secrets());
    await update({ ...planned(), phase: "stable" }, inputs({ phase: "stable", epoch: 2 }), secrets());
    await update(planned(), inputs({ directory: "" }), {});
    expect([files(), webhook.received, lines]).to.deep.equal([[], [], []]);
  });

  it("tells a migration that is finished from one that is abandoned, whatever is in targetShards by then", async () => {
    for (const shards of [TARGET, CURRENT]) {
      const ring = { ...inputs().ring, shards, targetShards: shards };
      await update({ ...planned(), phase: "cleanup" }, inputs({ phase: "stable", directory: "", ring }), secrets());
    }
    expect(webhook.received.map((body) => (body as { text: string }).text)).to.deep.equal([
      "prod: migration 20260105-103000 is finished: its records are removed. The ring has 3 shards.",
      "prod: migration 20260105-103000 is abandoned: its records are removed. The ring has 2 shards.",
    ]);
  });

  it("says which shard does not answer, and counts the others", async () => {
    const { connection } = inputs();
    const shards = { ...connection.shards, c: `redis://127.0.0.1:${await freePort()}` };
    await update(planned(), inputs({ connection: { ...connection, shards } }), secrets());
    const { report } = webhook.received[0] as { report: string };
    expect(report)
      .to.match(/\n\nc was not counted: .+\n\n/)
      .and.to.contain("| a | 2,900 | 2 |");
  });

  it("holds no phase up when the folder cannot be made", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    await update(planned(), inputs({ directory: file }), secrets());
    expect(lines).to.deep.equal([
      `warning: the report is not written: ENOTDIR: not a directory, mkdir '${join(file, "20260105-103000")}'`,
    ]);
    expect(webhook.received).to.have.length(1);
  });

  describe("that the webhook does not take", () => {
    const warning = (why: string) =>
      `warning: notify.webhookUrl did not take the report of "copy", which is not sent again: ${why}`;
    const report = () => update(planned(), inputs({ directory: "" }), secrets());

    it("is warned of with the status, and a redirect is not followed", async () => {
      webhook.answer = { status: 500, headers: {} };
      await report();
      webhook.answer = { status: 307, headers: { location: webhook.url } };
      const outputs = await report();
      expect(lines).to.deep.equal([warning("HTTP 500"), warning("HTTP 307")]);
      expect(webhook.received).to.have.length(2);
      expect(JSON.stringify(outputs)).to.not.contain("geheim");
    });

    it("is warned of when nobody listens, without a word of where", async () => {
      const known = secrets();
      webhook.stop();
      await update(planned(), inputs({ directory: "" }), known);
      expect(lines).to.deep.equal([warning("no answer: ECONNREFUSED")]);
    });

    it("is given up when the answer does not come", async () => {
      webhook.silent = true;
      const error = await errorOf(postToWebhook(webhook.url, {}, 50));
      expect(error.message).to.equal("no answer within 0.05s");
    });

    it("names neither a host that is not there nor a URL that is none", async () => {
      expect((await errorOf(postToWebhook("http://geheim.invalid/x", {}))).message).to.match(/^no answer: E[A-Z_]+$/);
      expect((await errorOf(postToWebhook("http://ge heim", {}))).message).to.equal("no answer: an error");
    });
  });
});
