/** Every kind of answer that Prometheus, or whoever stands where it should, may give to a gate. */
import { expect } from "chai";
import fc from "fast-check";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Prometheus, type PrometheusOptions } from "../../migration/adapters/prometheus";
import { ensureMonitoringPackages } from "../lab/machine";
import { PrometheusServer } from "./prometheus-server";
import { freePort } from "./redis-servers";
import { selfSigned } from "./self-signed";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const json = (body: object, status = 200): Handler => {
  return (_request, response) => void response.writeHead(status).end(JSON.stringify(body));
};
const success = (resultType: string, result: unknown, more: object = {}): Handler =>
  json({ status: "success", data: { resultType, result }, ...more });
const vector = (...values: readonly string[]): Handler =>
  success(
    "vector",
    values.map((value, i) => ({ metric: { pod: `p${i}` }, value: [1, value] })),
  );
const text = (status: number, body: string, headers: Record<string, string> = {}): Handler => {
  return (_request, response) => void response.writeHead(status, headers).end(body);
};
const tooSlow: Handler = (_request, response) => {
  response.writeHead(200).write("{");
  const drip = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(drip));
};

/** [what answers, what the reading says after the query] */
const BAD: readonly (readonly [string, Handler, string])[] = [
  ["no series", vector(), "no series: is the service scraped, and has it been called?"],
  ["NaN", vector("NaN"), "NaN instead of a number"],
  ["+Inf", vector("+Inf"), "+Inf instead of a number"],
  ["-Inf", vector("-Inf"), "-Inf instead of a number"],
  ["an empty value", vector(""), "nothing instead of a number"],
  ["two series", vector("1", "2"), '2 series instead of one, {"pod":"p0"} and {"pod":"p1"} among them: sum over them'],
  ["a matrix", success("matrix", []), "a matrix instead of one number"],
  ["a string", success("string", [1, "0.5"]), "a string instead of one number"],
  ["a histogram", success("vector", [{ metric: {}, histogram: [1, {}] }]), "a vector instead of one number"],
  ["a scalar NaN", success("scalar", [1, "NaN"]), "NaN instead of a number"],
  ["a scalar without a value", success("scalar", []), "a scalar without a number"],
  [
    "part of the data",
    success("vector", [{ metric: {}, value: [1, "0"] }], { warnings: ["no store matched"] }),
    "an answer that may not be complete: no store matched",
  ],
  ["HTTP 500", text(500, "oh no"), 'HTTP 500, "oh no"'],
  ["HTTP 503 without a body", text(503, ""), "HTTP 503, an empty body"],
  ["a refused query", json({ status: "error", error: "parse error" }, 400), "HTTP 400, parse error"],
  [
    "an error with HTTP 200",
    json({ status: "error", error: "down" }),
    "down, which is no answer of Prometheus' HTTP API",
  ],
  [
    "HTML",
    text(200, `<!DOCTYPE html>\n<title>Sign in</title>${" ".repeat(9)}${"x".repeat(500)}`),
    `"<!DOCTYPE html> <title>Sign in</title> ${"x".repeat(121)}…", which is no answer of Prometheus' HTTP API`,
  ],
  ["other JSON", json({ ok: true }), '"{"ok":true}", which is no answer of Prometheus\' HTTP API'],
  ["a redirect to a login", text(302, "", { location: "/login" }), "HTTP 302, an empty body"],
  ["nothing in time", () => undefined, "no answer within 0.3s"],
  ["a body that does not end", tooSlow, "no answer within 0.3s"],
  [
    "a body without measure",
    text(200, " ".repeat(2 * 1024 * 1024)),
    "no answer: maxContentLength size of 1048576 exceeded",
  ],
  ["a closed connection", (request) => void request.socket.destroy(), "no answer: socket hang up"],
];

describe("the Prometheus adapter", () => {
  let server: Server;
  let handler: Handler;
  let url: string;
  let asked: IncomingMessage;

  before(async () => {
    server = createServer((request, response) => {
      asked = request;
      handler(request, response);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = (options: Partial<PrometheusOptions> = {}, atMs?: number) =>
    new Prometheus({ url, timeoutMs: 300, ...options }).ask('sum(rate(x{y="z"}[2m]))', atMs);
  const patient = { timeoutMs: 20_000 };

  for (const [what, answer, says] of BAD) {
    it(`concludes nothing from ${what}`, async () => {
      handler = answer;
      const timeoutMs = says.endsWith("0.3s") ? 300 : 20_000;
      expect(await ask({ timeoutMs })).to.deep.equal({
        inconclusive: `asked ${url}/api/v1/query for sum(rate(x{y="z"}[2m])) and got ${says}`,
      });
    });
  }

  it("concludes nothing when nobody listens", async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const reading = await ask({ ...patient, url: nowhere });
    expect(reading)
      .to.have.property("inconclusive")
      .that.matches(/and got no answer: connect ECONNREFUSED/);
  });

  for (const [what, answer, value] of [
    ["one series", vector("0.25"), 0.25],
    ["0", vector("0"), 0],
    ["an exponent", vector("1e-07"), 1e-7],
    ["a scalar", success("scalar", [1, "4"]), 4],
    ["a remark on the query", success("scalar", [1, "4"], { warnings: ["PromQL info: not a counter"] }), 4],
  ] as const) {
    it(`reads ${what}`, async () => {
      handler = answer;
      expect(await ask(patient)).to.deep.equal({ value });
    });
  }

  it("reads a number or concludes nothing, whatever is answered", () => {
    const sample = fc.tuple(
      fc.anything(),
      fc.oneof(fc.string(), fc.constantFrom("1", "1e400", "-0", "NaN", "0x1"), fc.anything()),
    );
    const series = fc.array(fc.oneof(fc.record({ metric: fc.anything(), value: sample }), fc.anything()), {
      maxLength: 3,
    });
    const result = fc.oneof(series, sample, fc.anything());
    const data = fc.record({ resultType: fc.constantFrom("vector", "scalar", "matrix", "what"), result });
    const answers = fc.oneof(fc.record({ status: fc.constant("success"), data }), fc.anything(), fc.string());
    return fc.assert(
      fc.asyncProperty(answers, fc.constantFrom(200, 200, 200, 204, 400, 401, 503), async (body, status) => {
        handler = text(status, typeof body === "string" ? body : (JSON.stringify(body) ?? ""));
        const reading = await ask(patient);
        if ("value" in reading) expect(Number.isFinite(reading.value) && status === 200).to.equal(true);
        else expect(reading.inconclusive).to.match(/^asked .* and got ./s);
      }),
      { numRuns: 300 },
    );
  });

  it("asks below the URL's path, and for another time if it is told to", async () => {
    handler = vector("1");
    await ask({ ...patient, url: `${url}/prom/` }, 1_700_000_000_500);
    const { pathname, searchParams } = new URL(asked.url ?? "", url);
    expect([asked.method, pathname, Object.fromEntries(searchParams)]).to.deep.equal([
      "GET",
      "/prom/api/v1/query",
      { query: 'sum(rate(x{y="z"}[2m]))', time: "1700000000.5" },
    ]);
  });

  for (const [what, credentials, header, secret] of [
    ["a token", { token: "geheim" }, "Bearer geheim", "geheim"],
    ["a password", { username: "u", password: "ge:heim" }, "Basic dTpnZTpoZWlt", "ge:heim"],
  ] as const) {
    it(`sends ${what}, and shows it to nobody who reads the messages`, async () => {
      handler = ({ headers }, response) => void response.writeHead(401).end(`no: ${headers.authorization} ${secret}`);
      const reading = await ask({ ...patient, credentials });
      expect(asked.headers.authorization).to.equal(header);
      expect(reading)
        .to.have.property("inconclusive")
        .that.matches(
          /got HTTP 401, "no: \w+ \*\*\* \*\*\*": check metricsToken, or metrics.username and metricsPassword$/,
        );
    });
  }

  it("trusts the certificate that it is told to trust, and no other", async () => {
    const { key, cert } = selfSigned("localhost");
    const secure = createSecureServer({ key, cert }, (request, response) => vector("1")(request, response));
    await once(secure.listen(0, "127.0.0.1"), "listening");
    const there = { ...patient, url: `https://localhost:${(secure.address() as AddressInfo).port}` };
    try {
      expect(await ask({ ...there, caCertificate: cert })).to.deep.equal({ value: 1 });
      expect(await ask(there))
        .to.have.property("inconclusive")
        .that.matches(/got no answer: self-signed certificate/);
      const { cert: other } = selfSigned("localhost");
      expect(await ask({ ...there, caCertificate: other })).to.have.property("inconclusive");
    } finally {
      secure.closeAllConnections();
      secure.close();
    }
  });

  describe("with a real Prometheus", function () {
    let prometheus: PrometheusServer;
    before(async function () {
      this.timeout(300_000);
      await ensureMonitoringPackages();
      prometheus = await PrometheusServer.start([]);
    });
    after(() => prometheus.stop());

    const real = (query: string, atMs?: number) => new Prometheus({ url: prometheus.url }).ask(query, atMs);

    it("reads a number, a scalar, and one of another time", async () => {
      expect(await real("sum(vector(2.5))")).to.deep.equal({ value: 2.5 });
      expect(await real("scalar(vector(3))")).to.deep.equal({ value: 3 });
      expect(await real("time()", 1_700_000_000_500)).to.deep.equal({ value: 1_700_000_000.5 });
    });

    for (const [query, says] of [
      ["vector(0) / 0", /got NaN instead of a number$/],
      ["vector(1) / 0", /got \+Inf instead of a number$/],
      ["nobody_reports_this", /got no series: /],
      [
        'label_replace(vector(1), "a", "b", "", "") or vector(2)',
        /got 2 series instead of one, \{"a":"b"\} and \{\} among/,
      ],
      ["vector(1", /got HTTP 400, invalid parameter "query": 1:9: parse error: unclosed left parenthesis$/],
      ["up[1m]", /got a matrix instead of one number$/],
    ] as const) {
      it(`concludes nothing from ${query}`, async () => {
        expect(await real(query))
          .to.have.property("inconclusive")
          .that.matches(says);
      });
    }
  });
});
