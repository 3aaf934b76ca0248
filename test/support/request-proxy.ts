/** A way to a Redis server that passes one request at a time, so that a test decides what becomes of each. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { endOfMessage, wordsOf } from "./redis-protocol";

const LOOPBACK = "127.0.0.1";

/** What becomes of a request: undefined lets it through, a text is the answer instead of the server's, and `cut` ends the connection. */
export type Verdict = { readonly answer: string } | "cut" | undefined;

/** One request, as a proxy sees it. */
export interface SeenRequest {
  /** How many connections there were before this one's. */
  readonly connection: number;
  /** How many requests this connection has sent before. */
  readonly index: number;
  readonly words: readonly string[];
}

export class RequestProxy {
  private readonly sockets = new Set<Socket>();
  /** How many there have been. */
  connectionsSoFar = 0;
  /** Decides on each request. */
  judge: (request: SeenRequest) => Verdict = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on("connection", (socket) => void this.serve(socket).catch(() => socket.destroy()));
  }

  /** @param target - a port of this machine. */
  static async start(target: number): Promise<RequestProxy> {
    const server = createServer({ noDelay: true }).listen(0, LOOPBACK);
    await once(server, "listening");
    return new RequestProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Every connection is reset. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.reset();
    this.server.close();
    await once(this.server, "close");
  }

  private async serve(client: Socket): Promise<void> {
    const connection = this.connectionsSoFar++;
    const server = connect({ host: LOOPBACK, port: this.target, noDelay: true });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => undefined).on("close", () => (this.sockets.delete(one), other.destroy()));
    }
    const [requests, replies] = [messagesOf(client), messagesOf(server)];
    for (let index = 0; ; index++) {
      const request = await next(requests);
      const verdict = this.judge({ connection, index, words: wordsOf(request) });
      if (verdict === "cut") return void client.resetAndDestroy();
      if (verdict !== undefined) client.write(verdict.answer);
      else {
        server.write(request);
        client.write(await next(replies));
      }
    }
  }
}

async function* messagesOf(socket: Socket): AsyncGenerator<Buffer, void> {
  let received = Buffer.alloc(0);
  for await (const data of socket) {
    received = Buffer.concat([received, data as Buffer]);
    for (let end = endOfMessage(received); end !== undefined && received.length > 0; end = endOfMessage(received)) {
      yield received.subarray(0, end);
      received = received.subarray(end);
    }
  }
}

async function next(messages: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  const turn = await messages.next();
  if (turn.done === true) throw new Error("the connection has ended");
  return turn.value;
}
