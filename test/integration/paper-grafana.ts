/** A Grafana of paper: it answers as Grafana's documentation says, and remembers what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface Asked {
  /** Method and path. */
  readonly what: string;
  readonly body: unknown;
}

export class PaperGrafana {
  readonly asked: Asked[] = [];
  /** In place of the right answers. */
  answer: { readonly status: number; readonly body: string } | undefined;
  /** Whether it takes requests and never answers. */
  silent = false;
  private readonly folders = [{ uid: "other", title: "Other" }];
  private readonly server = createServer((request, response) => void this.take(request, response));

  private constructor(private readonly token: string) {}

  /** @param token - what it lets in. */
  static async start(token: string): Promise<PaperGrafana> {
    const grafana = new PaperGrafana(token);
    await once(grafana.server.listen(0, "127.0.0.1"), "listening");
    return grafana;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What it was asked since it was last forgotten, without the bodies. */
  get calls(): readonly string[] {
    return this.asked.map(({ what }) => what);
  }

  forget(): void {
    this.asked.length = 0;
  }

  stop(): void {
    this.server.close().closeAllConnections();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === "POST" ? await json(request) : undefined;
    this.asked.push({ what: `${request.method} ${request.url}`, body });
    if (this.silent) return;
    const { status, body: text } = this.answer ?? this.answerTo(request, body);
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }

  private answerTo({ method, url, headers }: IncomingMessage, body: unknown) {
    if (headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: '{"message":"Invalid API key"}' };
    if (method === "GET") return { status: 200, body: JSON.stringify(this.folders) };
    if (url === "/api/folders") {
      const { title } = body as { title: string };
      this.folders.push({ uid: "made", title });
      return { status: 200, body: JSON.stringify({ uid: "made", title }) };
    }
    return { status: 200, body: '{"status":"success"}' };
  }
}
