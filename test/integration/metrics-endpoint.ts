/** Serves what no Debian package exports: the backend's metrics, and Redis' latency histograms. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Redis } from "ioredis";

/** Answers GET with a text. */
export class MetricsEndpoint {
  private constructor(private readonly server: Server) {}

  static async start(text: () => Promise<string>): Promise<MetricsEndpoint> {
    const server = createServer((_request, response) => {
      text().then(
        (body) => response.setHeader("content-type", "text/plain; version=0.0.4").end(body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new MetricsEndpoint(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

/**
 * `redis_commands_latencies_usec` as exporters newer than Debian's 1.45 show it: the counts of a real server's LATENCY
 * HISTOGRAM, by command.
 */
export async function latencyHistograms(redis: Redis): Promise<string> {
  const reply = (await redis.call("LATENCY", "HISTOGRAM")) as (string | (string | number | number[])[])[];
  const lines: string[] = ["# TYPE redis_commands_latencies_usec histogram"];
  for (let i = 0; i < reply.length; i += 2) {
    const [, calls, , buckets] = reply[i + 1] as [string, number, string, number[]];
    const name = (le: number | string) => `redis_commands_latencies_usec_bucket{cmd="${String(reply[i])}",le="${le}"}`;
    for (let b = 0; b < buckets.length; b += 2) lines.push(`${name(buckets[b] ?? 0)} ${buckets[b + 1]}`);
    lines.push(`${name("+Inf")} ${calls}`, `redis_commands_latencies_usec_count{cmd="${String(reply[i])}"} ${calls}`);
  }
  return `${lines.join("\n")}\n`;
}
