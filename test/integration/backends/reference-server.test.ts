/** The reference backend as the process that a pod runs: what its readiness and its HTTP answers make of a shard's card. */
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../../migration/ring/ring";
import { BackendProcess } from "../support/backend-process";
import { CARD_KEY, cardOf, TwoShards } from "../support/two-shards";

const RING = new HashRing(["a", "b"]);
const [ON_A, ON_B] = ["a", "b"].map((owner) =>
  Array.from({ length: 100 }, (_, i) => `id-${i}`).find((id) => RING.ownerOf(id) === owner),
) as [string, string];

describe("the reference backend's process, which asks shards for their card", () => {
  let shards: TwoShards;
  let backend: BackendProcess;

  before(async () => {
    shards = await TwoShards.start();
    await shards.show({ a: cardOf("a"), b: null });
    const { a, b } = shards.servers;
    backend = await BackendProcess.start({ urls: { a: a.url, b: b.url }, primary: ["a", "b"] });
  });
  after(() => Promise.all([backend.stop(), shards.stop()]));

  const submit = async (id: string) => (await backend.submit(id)).status;
  const read = async (id: string) => (await backend.read(id)).status;

  it("is not ready before each shard has shown its card", async () => {
    while (!(await backend.refused())?.length) await sleep(20);
    expect(await backend.ask("/readyz")).to.deep.equal({
      status: 503,
      body: {
        ready: false,
        epoch: 1,
        refused: [`b has no card (${CARD_KEY}): it has lost its data, or was never handed over`],
      },
    });
    await shards.show({ a: cardOf("a"), b: cardOf("b") });
    await backend.ready();
    expect([await submit(ON_A), await submit(ON_B)]).to.deep.equal([200, 200]);
    expect([await read(ON_A), await read(ON_B)]).to.deep.equal([200, 200]);
  });

  it("stays ready when a shard loses its card, answers 503 for that shard, and for no other", async () => {
    await shards.servers.b.client.flushall();
    expect([await read(ON_A), await submit(ON_A)]).to.deep.equal([200, 200]);
    expect([await read(ON_B), await submit(ON_B)]).to.deep.equal([503, 503]);
    expect((await backend.ask("/readyz")).status).to.equal(200);
    expect(await backend.refused()).to.have.lengthOf(1);
  });
});
