/** Dashboards and marks that are pushed, to an HTTP server that answers as Grafana's documentation says. */
import { expect } from "chai";
import { Grafana } from "../../migration/adapters/grafana";
import type { Secrets } from "../../migration/entrypoints/inputs";
import { diff, update, type GrafanaInputs } from "../../migration/entrypoints/grafana";
import { PaperGrafana } from "./paper-grafana";
import { errorOf } from "./ring-lab";

const TOKEN = "glsa_geheim";

const create = (inputs: GrafanaInputs, secrets: Secrets) => update({}, inputs, secrets);

describe("dashboards pushed to Grafana", () => {
  let grafana: PaperGrafana;
  beforeEach(async () => {
    grafana = await PaperGrafana.start(TOKEN);
  });
  afterEach(() => grafana.stop());

  const inputs = (change: Partial<GrafanaInputs> = {}): GrafanaInputs => ({
    ...{ url: grafana.url, folder: "Dedup shards", dashboards: ['{"uid":"a","title":"A"}', '{"uid":"b"}'] },
    ...{ namespace: "n", phase: "copy", tag: "dedup-shards", ...change },
  });
  const secrets = { grafanaToken: TOKEN };

  it("come into a folder that is made once, each in the place of its uid, and nothing is marked at first", async () => {
    expect(await create(inputs(), secrets)).to.deep.equal({ ...inputs(), pushed: true, stateVersion: 1 });
    expect(grafana.asked).to.deep.equal([
      { what: "GET /api/folders?limit=1000", body: undefined },
      { what: "POST /api/folders", body: { title: "Dedup shards" } },
      ...[{ uid: "a", title: "A" }, { uid: "b" }].map((model) => ({
        what: "POST /api/dashboards/db",
        body: { dashboard: { ...model, id: null }, folderUid: "made", overwrite: true },
      })),
    ]);
    grafana.forget();
    await create(inputs(), secrets);
    expect(grafana.calls).to.deep.equal([
      ...["GET /api/folders?limit=1000", "POST /api/dashboards/db", "POST /api/dashboards/db"],
    ]);
  });

  it("are marked when the phase changes, and only then", async () => {
    const before = await create(inputs(), secrets);
    grafana.forget();
    const after = await update(before, inputs({ phase: "dualWrite" }), secrets);
    const [mark, ...others] = grafana.asked.filter(({ what }) => what === "POST /api/annotations");
    expect(others).to.deep.equal([]);
    expect(mark?.body).to.deep.include({ text: "n: copy → dualWrite", tags: ["dedup-shards", "n", "dualWrite"] });
    expect((mark?.body as { time: number }).time).to.be.a("number");
    grafana.forget();
    await update(after, inputs({ phase: "dualWrite", dashboards: [] }), secrets);
    expect(grafana.calls).to.deep.equal(["GET /api/folders?limit=1000"]);
  });

  it("hold no migration up: what Grafana did not take is tried again by the next up", async () => {
    const before = await create(inputs(), { grafanaToken: "wrong-geheim" });
    expect(before.pushed).to.equal(false);
    expect(diff(before, inputs())).to.deep.equal({ changes: true });
    const after = await update(before, inputs(), secrets);
    expect(after.pushed).to.equal(true);
    expect(diff(after, inputs())).to.deep.equal({ changes: false });
    expect(diff(after, inputs({ phase: "plan" }))).to.deep.equal({ changes: true });
  });

  it("mark a change of the phase once Grafana takes it", async () => {
    const before = await create(inputs(), secrets);
    const missed = await update(before, inputs({ phase: "plan" }), { grafanaToken: "wrong-geheim" });
    expect(missed.pushed).to.equal(false);
    const marks = () => grafana.asked.filter(({ what }) => what === "POST /api/annotations").length;
    expect(marks()).to.equal(0);
    expect(diff(missed, inputs({ phase: "plan" }))).to.deep.equal({ changes: true });
    await update(missed, inputs({ phase: "plan" }), secrets);
    expect(marks()).to.equal(1);
  });

  for (const [what, body, status] of [
    ["a page of HTML", "<html>sign in</html>", 200],
    ["a redirect", "", 302],
    ["an error", '{"message":"no space left"}', 500],
  ] as const) {
    it(`take ${what} for no success`, async () => {
      grafana.answer = { status, body };
      expect((await create(inputs(), secrets)).pushed).to.equal(false);
      expect(grafana.asked).to.have.length(1);
    });
  }

  it("are left alone while nobody answers", async () => {
    const alone = inputs();
    grafana.stop();
    expect((await create(alone, secrets)).pushed).to.equal(false);
  });

  it("are given up when the answer does not come", async () => {
    grafana.silent = true;
    const error = await errorOf(new Grafana({ url: grafana.url, token: TOKEN, timeoutMs: 50 }).folder("x"));
    expect(error.message).to.equal(`GET ${grafana.url}/api/folders?limit=1000: no answer: none within 0.05s`);
  });
});
