/** Dashboards and marks that are pushed, to an HTTP server that answers as Grafana's documentation says. */
import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { create, diff, update, type GrafanaInputs } from "../../migration/entrypoints/grafana";

const TOKEN = "glsa_geheim";

/** What it was asked: method and path, body, and whether by the token. */
interface Asked {
  readonly what: string;
  readonly body: unknown;
}

describe("dashboards pushed to Grafana", () => {
  let server: Server;
  let url: string;
  let folders: { uid: string; title: string }[];
  let asked: Asked[];
  /** Answers in place of the right ones. */
  let answer: { status: number; body: string } | undefined;

  beforeEach(async () => {
    [folders, asked, answer] = [[{ uid: "other", title: "Other" }], [], undefined];
    server = createServer((request, response) => {
      void (async () => {
        const body = request.method === "POST" ? await json(request) : undefined;
        asked.push({ what: `${request.method} ${request.url}`, body });
        response.setHeader("content-type", "application/json");
        if (answer) return response.writeHead(answer.status).end(answer.body);
        if (request.headers.authorization !== `Bearer ${TOKEN}`)
          return response.writeHead(401).end('{"message":"Invalid API key"}');
        if (request.method === "GET") return response.end(JSON.stringify(folders));
        if (request.url === "/api/folders") {
          folders.push({ uid: "made", title: (body as { title: string }).title });
          return response.end('{"uid":"made","title":"x"}');
        }
        return response.end('{"status":"success"}');
      })();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => server.close().closeAllConnections());

  const inputs = (change: Partial<GrafanaInputs> = {}): GrafanaInputs => ({
    ...{ url, folder: "Dedup shards", dashboards: ['{"uid":"a","title":"A"}', '{"uid":"b"}'] },
    ...{ namespace: "n", phase: "copy", tag: "dedup-shards", ...change },
  });
  const secrets = { grafanaToken: TOKEN };

  it("come into a folder that is made once, each in the place of its uid, and nothing is marked at first", async () => {
    expect(await create(inputs(), secrets)).to.deep.equal({ ...inputs(), pushed: true, stateVersion: 1 });
    expect(asked).to.deep.equal([
      { what: "GET /api/folders?limit=1000", body: undefined },
      { what: "POST /api/folders", body: { title: "Dedup shards" } },
      ...[{ uid: "a", title: "A" }, { uid: "b" }].map((model) => ({
        what: "POST /api/dashboards/db",
        body: { dashboard: { ...model, id: null }, folderUid: "made", overwrite: true },
      })),
    ]);
    asked = [];
    await create(inputs(), secrets);
    expect(asked.map(({ what }) => what)).to.deep.equal([
      ...["GET /api/folders?limit=1000", "POST /api/dashboards/db", "POST /api/dashboards/db"],
    ]);
  });

  it("are marked when the phase changes, and only then", async () => {
    const before = await create(inputs(), secrets);
    asked = [];
    const after = await update(before, inputs({ phase: "dualWrite" }), secrets);
    const [mark, ...others] = asked.filter(({ what }) => what === "POST /api/annotations");
    expect(others).to.deep.equal([]);
    expect(mark?.body).to.deep.include({ text: "n: copy → dualWrite", tags: ["dedup-shards", "n", "dualWrite"] });
    expect((mark?.body as { time: number }).time).to.be.a("number");
    asked = [];
    await update(after, inputs({ phase: "dualWrite", dashboards: [] }), secrets);
    expect(asked.map(({ what }) => what)).to.deep.equal(["GET /api/folders?limit=1000"]);
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

  for (const [what, body, status] of [
    ["a page of HTML", "<html>sign in</html>", 200],
    ["a redirect", "", 302],
    ["an error", '{"message":"no space left"}', 500],
  ] as const) {
    it(`take ${what} for no success`, async () => {
      answer = { status, body };
      expect((await create(inputs(), secrets)).pushed).to.equal(false);
      expect(asked).to.have.length(1);
    });
  }

  it("are left alone while nobody answers", async () => {
    server.close().closeAllConnections();
    expect((await create(inputs(), secrets)).pushed).to.equal(false);
  });
});
