/** The card that a backend asks a shard for: an address that leads elsewhere and a shard that lost its data answer nothing. */
import { expect } from "chai";
import { setImmediate as nextTurn } from "node:timers/promises";
import rows from "../../vectors/card-vectors.json";
import { TcpProxy } from "../../faults/tcp-proxy";
import type { Addresses, Config, Name, Read, Router } from "../routers";
import { IMPLEMENTATIONS } from "../support/implementations";
import { CARD_KEY, cardOf, TwoShards, type Holdings } from "../support/two-shards";

const LIFE_MS = 100_000;
const CARDS = { a: cardOf("a"), b: cardOf("b") };
const IDS = Array.from({ length: 50 }, (_, i) => `held-${i}`);

type Cards = Readonly<Record<Name, string | null>>;

interface Row {
  readonly name: string;
  readonly primary: Name;
  readonly secondary: Name | null;
  readonly namespace?: string;
  readonly cards: Cards;
  readonly cardsLater?: Cards;
  readonly before: Holdings;
  readonly answer: string;
  readonly stored?: string;
  readonly after?: Holdings;
  readonly read: Read;
}
const ROWS = rows as unknown as readonly Row[];

/** The kinds of configs that a pod has. */
const CONFIGS: readonly Config[] = [
  { primary: "a", secondary: null, asksCard: true },
  { primary: "a", secondary: "b", asksCard: true },
  { primary: "b", secondary: "a", asksCard: true },
];

for (const [name, start] of Object.entries(IMPLEMENTATIONS))
  describe(`the card of a shard: ${name}`, function () {
    let router: Router;
    let shards: TwoShards;
    let way: TcpProxy;
    let addresses: Addresses;

    before(async function () {
      this.timeout(180_000); // a cold build
      shards = await TwoShards.start();
      await (await start()).stop();
    });
    after(() => shards.stop());

    /** A pod of its own for each test, with new connections. The way to `a` is one that can be led elsewhere. */
    beforeEach(async () => {
      for (const { client } of Object.values(shards.servers)) await client.flushall();
      await shards.show(CARDS);
      [router, way] = await Promise.all([start(), TcpProxy.start(shards.servers.a.port)]);
      addresses = { ...shards.addresses, a: way.url.replace("redis://", "") };
    });
    afterEach(() => Promise.all([router.stop(), way.stop()]));

    const claim = (config: Config, pcsId: string, own: string) =>
      router.claim(addresses, config, { pcsId, own, expiresAtMs: Date.now() + LIFE_MS });
    /** Claims until the answer is another one: connections of before may still end, and new ones come. */
    async function claimUntil(expected: string, config: Config, pcsId: string): Promise<void> {
      while ((await claim(config, pcsId, "own")).answer !== expected) await nextTurn();
    }
    /** Claims ids side by side. Returns how often each answer came. */
    async function claimAll(config: Config, own: string): Promise<Readonly<Record<string, number>>> {
      const counts: Record<string, number> = {};
      for (const { answer } of await Promise.all(IDS.map((id) => claim(config, id, own))))
        counts[answer] = (counts[answer] ?? 0) + 1;
      return counts;
    }

    for (const row of ROWS)
      it(`agrees with the card vector: ${row.name}`, async () => {
        const config: Config = { ...row, asksCard: true };
        const begunMs = Date.now();
        await shards.show(row.cards);
        if (row.cardsLater) {
          expect(await claim(config, "connects", "own")).to.include({ answer: "first" });
          await shards.show(row.cardsLater);
        }
        await shards.hold("id", row.before, begunMs);
        const claimed = { pcsId: "id", own: "own", expiresAtMs: begunMs + LIFE_MS };
        const { answer, stored, reason } = await router.claim(addresses, config, claimed);
        expect({ answer, stored }, reason).to.deep.equal({ answer: row.answer, stored: row.stored });
        if (row.after) expect(await shards.heldByBoth("id", begunMs)).to.deep.equal(row.after);
        const { answer: read, stored: value } = await router.read(addresses, config, "id");
        expect({ answer: read, ...(value === undefined ? {} : { stored: value }) }).to.deep.equal(row.read);
      });

    for (const config of CONFIGS) {
      const kind = `primary ${config.primary}, ${config.secondary ? "dual-write" : "alone"}`;

      it(`answers nothing while the address of a leads to b, and goes on when it leads to a: ${kind}`, async () => {
        expect(await claimAll(config, "one")).to.deep.equal({ first: IDS.length });
        way.leadTo(shards.servers.b.port);
        await claimUntil("retry", config, "elsewhere");
        const keys = await shards.servers.b.client.dbsize();
        expect(await claimAll(config, "two")).to.deep.equal({ retry: IDS.length });
        expect(await shards.servers.b.client.dbsize(), "claims of a that b was given").to.equal(keys);
        way.leadTo(shards.servers.a.port);
        await claimUntil("first", config, "back");
        expect(await claimAll(config, "two")).to.deep.equal({ duplicate: IDS.length });
      });

      for (const [how, empty] of [
        ["flushed, its connections staying", () => shards.servers.a.client.flushall()],
        ["back empty from a restart", () => shards.servers.a.restart({ empty: true })],
      ] as const)
        it(`is not first for a known id on a shard that is ${how}: ${kind}`, async () => {
          expect(await claimAll(config, "one")).to.deep.equal({ first: IDS.length });
          let stopped = false;
          const load = async (): Promise<string[]> => {
            const answers: string[] = [];
            for (; !stopped; await nextTurn()) answers.push(...Object.keys(await claimAll(config, "two")));
            return answers;
          };
          const answers = load();
          await empty();
          await claimUntil("retry", config, "asked");
          expect(await claimAll(config, "two")).to.deep.equal({ retry: IDS.length });
          stopped = true;
          expect([...new Set(await answers)]).to.not.include("first");
        });
    }

    it("goes on when an operator has had the card written again", async () => {
      const [config] = CONFIGS as [Config];
      await shards.servers.a.client.del(CARD_KEY);
      expect(await claim(config, "id", "own")).to.include({ answer: "retry" });
      await shards.show(CARDS);
      await claimUntil("first", config, "id");
    });

    it("does not ask where the setting is off", async () => {
      await shards.servers.a.client.del(CARD_KEY);
      expect(await claim({ primary: "a", secondary: null }, "id", "own")).to.include({ answer: "first" });
    });
  });
