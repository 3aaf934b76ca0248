/** A way to a server that can be cut, slowed down, blocked or led elsewhere. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

const LOOPBACK = "127.0.0.1";

/** How what arrives goes on. */
type Way =
  | { readonly kind: "open" }
  /** Each piece later, and in small ones. */
  | { readonly kind: "slow"; readonly delayMs: number; readonly bytes: number }
  /** Nothing arrives any more, and nobody is told. */
  | { readonly kind: "blocked" }
  /** Half of the next answer arrives, then the connection is reset. */
  | { readonly kind: "cut" };

export class TcpProxy {
  private way: Way = { kind: "open" };
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on("connection", (socket) => this.accept(socket));
  }

  /** @param target - a port of this machine. */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true }).listen(0, LOOPBACK);
    await once(server, "listening");
    return new TcpProxy(server, target);
  }

  get url(): string {
    return `redis://${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  /** Connections are reset, in the middle of whatever they were at. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** The next answer breaks off in its middle. */
  cutNextAnswer(): void {
    this.way = { kind: "cut" };
  }

  slowDown(delayMs: number, bytes: number): void {
    this.way = { kind: "slow", delayMs, bytes };
  }

  /** Connections stay, and nothing gets through: what was sent meanwhile is lost, connections and all, when it opens. */
  block(): void {
    this.way = { kind: "blocked" };
  }

  open(): void {
    const wasBlocked = this.way.kind === "blocked";
    this.way = { kind: "open" };
    if (wasBlocked) this.reset();
  }

  /** From now on the way leads to another port; connections are reset. */
  leadTo(target: number): void {
    this.target = target;
    this.reset();
  }

  async stop(): Promise<void> {
    this.reset();
    this.server.close();
    await once(this.server, "close");
  }

  private accept(client: Socket): void {
    const server = connect({ host: LOOPBACK, port: this.target, noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      let before = Promise.resolve();
      from.on("data", (data) => {
        if (this.way.kind === "cut" && from === server) {
          this.way = { kind: "open" };
          data = data.subarray(0, Math.ceil(data.length / 2));
          client.end(data, () => client.resetAndDestroy());
          return;
        }
        before = before.then(() => this.pass(data, to));
      });
    }
  }

  private async pass(data: Buffer, to: Socket): Promise<void> {
    const { way } = this;
    if (way.kind === "blocked") return;
    const bytes = way.kind === "slow" ? way.bytes : data.length;
    for (let at = 0; at < data.length; at += bytes) {
      if (way.kind === "slow") await new Promise((resolve) => setTimeout(resolve, way.delayMs));
      // TypeScript does not see that the way may have changed meanwhile.
      if (this.way.kind === "blocked" || !to.writable) return;
      to.write(data.subarray(at, at + bytes));
    }
  }
}
