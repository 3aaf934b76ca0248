/** A webhook of paper: it remembers what it was sent, and answers as it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export class PaperWebhook {
  readonly received: unknown[] = [];
  answer = { status: 200, headers: {} };
  /** Whether it takes messages and never answers. */
  silent = false;
  private readonly server = createServer((request, response) => void this.take(request, response));

  static async start(): Promise<PaperWebhook> {
    const webhook = new PaperWebhook();
    await once(webhook.server.listen(0, "127.0.0.1"), "listening");
    return webhook;
  }

  /** With a path as secret as that of a real one. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/services/geheim`;
  }

  stop(): void {
    this.server.close().closeAllConnections();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.received.push(await json(request));
    if (!this.silent) response.writeHead(this.answer.status, this.answer.headers).end("ok");
  }
}
