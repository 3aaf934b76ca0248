/**
 * The reference backend: a small HTTP service that keeps the backend contract of a resharding.
 *
 *   POST /submissions/<pcs_id>   body: the verify result, a JSON object → {"answer": "first" | "duplicate", "stored"}
 *   GET  /submissions/<pcs_id>   → {"stored"}, or 404
 *   GET  /healthz, /readyz, /metrics
 *
 * 503 asks the client to try again, after the seconds in Retry-After. X-Expires-In-Ms shortens the life of a claim. A client that sends the same body and X-Claim-Id (unique to the submission) again is
 * recognised: where the first try got half-way, it is still the first.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Claims } from "./claims";
import { Metrics } from "./metrics";
import { OwnerFailedError, RetryableError } from "./retryable";
import { readSettings } from "./settings";
import { RedisShard } from "./shards";

const MAX_BODY_BYTES = 1 << 20;
/** A shard that is out of reach is mostly one that restarts: a client that tries again should find it back. */
const OWNER_BACK_SECONDS = 20;

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds?: number;
}

const FAILED: Reply = { status: 500, body: { error: "a failure that was asked for" } };

const logRefusal = (reason: string) => console.error(`its claims and reads are answered with 503: ${reason}`);

const settings = readSettings(process.env);
const metrics = new Metrics(settings.epoch, settings.checksum);
const { commandTimeoutMs, redisPassword, tls, asksCard, namespace } = settings;
const shards = new Map(
  [...settings.urls].map(([name, url]) => {
    const card = asksCard ? { shard: name, namespace, onRefusal: logRefusal } : undefined;
    return [name, new RedisShard(url, commandTimeoutMs, redisPassword, tls, card)];
  }),
);
const claims = new Claims({
  ...settings,
  now: Date.now,
  shard: (name) => {
    const shard = shards.get(name);
    if (shard === undefined) throw new Error(`no shard is named ${name}`);
    return shard;
  },
});
const fails = settings.primary.shards.join() === settings.failsOnRing.join();
let submissions = 0;
let wasReady = false;
let stopping = false;

/**
 * Ready once every shard has been reached, and has shown its card where it is asked for it. The outage of one later must
 * not take all pods out of the Service.
 */
function ready(): boolean {
  wasReady ||= [...shards.values()].every((shard) => shard.connected);
  return wasReady && !stopping;
}

function readiness(): Reply {
  const refused = [...shards.values()].flatMap(({ refusal }) => refusal ?? []);
  return { status: ready() ? 200 : 503, body: { ready: ready(), epoch: settings.epoch, refused } };
}

async function submit(pcsId: string, request: IncomingMessage): Promise<Reply> {
  const result = parseResult(await readBody(request));
  if (result === undefined) return { status: 400, body: { error: "the body must be a JSON object" } };
  const header = request.headers["x-claim-id"];
  const claimId = typeof header === "string" && header !== "" ? header : randomUUID();
  const value = JSON.stringify({ ...result, claim_id: claimId });
  const asked = Number(request.headers["x-expires-in-ms"] ?? settings.ttlMs);
  if (!Number.isInteger(asked) || asked < settings.claimWindowMs) {
    return { status: 400, body: { error: `X-Expires-In-Ms must be a whole number from ${settings.claimWindowMs}` } };
  }
  const expiresAtMs = Date.now() + Math.min(asked, settings.ttlMs);
  const { answer, stored } = await claims.claim(pcsId, { value, expiresAtMs });
  if (answer === "duplicate") metrics.countDedupHit();
  return { status: 200, body: { answer, stored: JSON.parse(stored) as unknown } };
}

async function read(pcsId: string): Promise<Reply> {
  const stored = await claims.read(pcsId);
  if (stored === undefined) return { status: 404, body: { error: "not found" } };
  return { status: 200, body: { stored: JSON.parse(stored) as unknown } };
}

async function route(request: IncomingMessage): Promise<Reply> {
  const path = request.url ?? "/";
  if (path === "/healthz") return { status: 200, body: { epoch: settings.epoch } };
  if (path === "/readyz") return readiness();
  const pcsId = /^\/submissions\/([^/?]+)$/.exec(path)?.[1];
  if (pcsId === undefined) return { status: 404, body: { error: "not found" } };
  if (request.method === "GET") return read(decodeURIComponent(pcsId));
  if (request.method !== "POST") return { status: 405, body: { error: "method not allowed" } };
  const startedMs = performance.now();
  const reply =
    fails && submissions++ % 2 === 0 ? FAILED : await submit(decodeURIComponent(pcsId), request).catch(failure);
  metrics.countIngest(reply.status, (performance.now() - startedMs) / 1000);
  return reply;
}

function failure(error: unknown): Reply {
  if (error instanceof OwnerFailedError) {
    if (settings.secondary !== undefined) metrics.countDualWriteError();
    return { status: 503, body: { error: error.message }, retryAfterSeconds: OWNER_BACK_SECONDS };
  }
  if (error instanceof RetryableError) return { status: 503, body: { error: error.message }, retryAfterSeconds: 1 };
  if (error instanceof URIError) return { status: 400, body: { error: "the id is not well encoded" } };
  console.error(error);
  return { status: 500, body: { error: "internal error" } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return "";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseResult(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === "/metrics") {
    response.setHeader("Content-Type", metrics.contentType).end(await metrics.text());
    return;
  }
  const { status, body, retryAfterSeconds } = await route(request).catch(failure);
  response.statusCode = status;
  if (retryAfterSeconds !== undefined) response.setHeader("Retry-After", retryAfterSeconds);
  // Clients that keep their connection must find another pod.
  if (stopping) response.setHeader("Connection", "close");
  response.setHeader("Content-Type", "application/json").end(`${JSON.stringify(body)}\n`);
}

const server = createServer((request, response) => void handle(request, response));
server.listen(settings.port, () => console.log(`epoch ${settings.epoch}, port ${settings.port}`));

process.once("SIGTERM", () => {
  stopping = true;
  setTimeout(() => {
    server.close(() => {
      for (const shard of shards.values()) shard.close();
    });
    setInterval(() => server.closeIdleConnections(), 50).unref();
  }, settings.shutdownDelayMs);
});
