/** The reference backend as the process that a pod runs: what its readiness and its HTTP answers make of a shard's card. */
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../../migration/ring/ring";
import { freePort } from "../redis-servers";
import { CARD_KEY, cardOf, TwoShards } from "../support/two-shards";

const RING = new HashRing(["a", "b"]);
const [ON_A, ON_B] = ["a", "b"].map((owner) =>
  Array.from({ length: 100 }, (_, i) => `id-${i}`).find((id) => RING.ownerOf(id) === owner),
) as [string, string];

describe("the reference backend's process, which asks shards for their card", () => {
  let shards: TwoShards;
  let backend: ChildProcess;
  let url: string;

  before(async () => {
    shards = await TwoShards.start();
    await shards.show({ a: cardOf("a"), b: null });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const { a, b } = shards.servers;
    const ring = { DEDUP_SHARDS: `${a.url},${b.url}`, DEDUP_DUAL_WRITE: "false", DEDUP_RING_EPOCH: "1" };
    const own = { DEDUP_ASK_CARD: "true", BACKEND_SHARD_URLS: JSON.stringify({ a: a.url, b: b.url }) };
    const args = ["-r", "ts-node/register/transpile-only", "test/lab/backend/server.ts"];
    const env = { ...process.env, ...ring, ...own, PORT: String(port), SHUTDOWN_DELAY_MS: "0" };
    backend = spawn(process.execPath, args, { env, stdio: "ignore" });
  });
  after(async () => {
    const ended = once(backend, "exit");
    backend.kill("SIGTERM");
    await Promise.all([ended, shards.stop()]);
  });

  /** Status and body of an answer; of status 0 while nobody listens. */
  async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${url}${path}`, init).catch(() => undefined);
    if (!response) return { status: 0, body: {} };
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  const submit = async (id: string) => (await ask(`/submissions/${id}`, { method: "POST", body: "{}" })).status;
  const read = async (id: string) => (await ask(`/submissions/${id}`)).status;
  const refused = async () => (await ask("/readyz")).body["refused"] as string[] | undefined;

  it("is not ready before each shard has shown its card", async () => {
    while (!(await refused())?.length) await sleep(20);
    expect(await ask("/readyz")).to.deep.equal({
      status: 503,
      body: {
        ready: false,
        epoch: 1,
        refused: [`b has no card (${CARD_KEY}): it has lost its data, or was never handed over`],
      },
    });
    await shards.show({ a: cardOf("a"), b: cardOf("b") });
    while ((await ask("/readyz")).status !== 200) await sleep(20);
    expect([await submit(ON_A), await submit(ON_B)]).to.deep.equal([200, 200]);
    expect([await read(ON_A), await read(ON_B)]).to.deep.equal([200, 200]);
  });

  it("stays ready when a shard loses its card, answers 503 for that shard, and for no other", async () => {
    await shards.servers.b.client.flushall();
    expect([await read(ON_A), await submit(ON_A)]).to.deep.equal([200, 200]);
    expect([await read(ON_B), await submit(ON_B)]).to.deep.equal([503, 503]);
    expect((await ask("/readyz")).status).to.equal(200);
    expect(await refused()).to.have.lengthOf(1);
  });
});
