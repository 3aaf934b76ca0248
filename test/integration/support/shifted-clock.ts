/** A way to a server whose clock, when it is asked for it, is another one. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";

/** A reply to TIME, at the start of what a server sends. */
const TIME_REPLY = /^(\*2\r\n\$10\r\n)(\d{10})(\r\n)/;

export class ShiftedClock {
  private constructor(private readonly server: Server) {}

  /** @param byMs - what its TIME tells is later by this. Its scripts go by the server's own clock. */
  static async start(port: number, byMs: number): Promise<ShiftedClock> {
    const server = createServer((client) => {
      const redis = connect(port, "127.0.0.1");
      client.pipe(redis);
      redis.on("data", (data) => {
        const reply = data.toString("latin1").replace(TIME_REPLY, (_, before, seconds, after) => {
          return `${before as string}${Number(seconds) + byMs / 1_000}${after as string}`;
        });
        client.write(reply, "latin1");
      });
      for (const end of [client, redis])
        end.on("error", () => undefined).on("close", () => (client.destroy(), redis.destroy()));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new ShiftedClock(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
  }
}
