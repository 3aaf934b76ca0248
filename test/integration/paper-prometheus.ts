/** A Prometheus of paper: it answers with what a test says, to whoever has the token. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServiceInputs } from "../../migration/entrypoints/inputs";

/** A service whose figures are asked for by the letters of {@link Figures}, without much patience. */
export const serviceAt = (url: string): ServiceInputs => ({
  url,
  queries: { requestsPerSecond: "r", errorRatio: "e", p95Ms: "p", hitRatio: "h" },
  limits: { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 },
  ...{ windowMs: 0, intervalMs: 5, bakeMs: 20, stabilityMs: 10, failureLimit: 1, inconclusiveLimit: 1 },
});

/** Answers of each query; undefined: no series. */
export type Figures = Readonly<Record<string, number | undefined>>;

export class PaperPrometheus {
  /** What it was asked for, with the time of which it was asked. */
  readonly asked: { readonly query: string; readonly time: string | null }[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  private constructor(
    private readonly token: string,
    /** Called for each query. */
    public figures: () => Figures,
  ) {}

  static async start(token: string, figures: () => Figures): Promise<PaperPrometheus> {
    const prometheus = new PaperPrometheus(token, figures);
    await once(prometheus.server.listen(0, "127.0.0.1"), "listening");
    return prometheus;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close().closeAllConnections();
  }

  private answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(url, this.url);
    const query = searchParams.get("query") ?? "";
    this.asked.push({ query, time: searchParams.get("time") });
    const value = this.figures()[query];
    const result = value === undefined ? [] : [{ metric: {}, value: [0, String(value)] }];
    const status = headers.authorization === `Bearer ${this.token}` ? 200 : 401;
    response.writeHead(status).end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  }
}
