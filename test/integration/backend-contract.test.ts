/** Every implementation of docs/reference/backend-contract.md against its vectors, and two pods against each other. */
import { expect } from "chai";
import claimRows from "../vectors/claim-vectors.json";
import checksums from "../vectors/ring-checksum-vectors.json";
import rings from "../vectors/ring-vectors.json";
import { RequestProxy } from "../support/request-proxy";
import type { RedisServer } from "./redis-servers";
import { freePort } from "./redis-servers";
import { errorOf } from "./ring-lab";
import { KEY_PREFIX, type Addresses, type Config, type Name, type Router } from "./routers";
import { IMPLEMENTATIONS } from "./support/implementations";
import { TwoShards, type Holding, type Holdings } from "./support/two-shards";

const LIFE_MS = 100_000;

interface Row {
  readonly name: string;
  readonly primary: Name;
  readonly secondary: Name | null;
  readonly before: Holdings;
  readonly answer: string;
  readonly stored?: string;
  readonly after: Holdings;
}
const ROWS = claimRows as unknown as readonly Row[];
const PICKS = rings.reduce((sum, { picks }) => sum + picks.length, 0);

for (const [name, start] of Object.entries(IMPLEMENTATIONS))
  describe(`the backend contract: ${name}`, function () {
    let router: Router;
    let shards: TwoShards;
    let servers: Readonly<Record<Name, RedisServer>>;
    let addresses: Addresses;
    let nowhere: string;

    before(async function () {
      this.timeout(180_000); // a cold build
      router = await start();
      shards = await TwoShards.start();
      ({ servers, addresses } = shards);
      nowhere = `127.0.0.1:${await freePort()}`;
    });
    after(() => Promise.all([router.stop(), shards.stop()]));

    const held = (name: Name, pcsId: string, begunMs: number): Promise<Holding> => shards.held(name, pcsId, begunMs);
    const heldByBoth = (pcsId: string, begunMs: number): Promise<Holdings> => shards.heldByBoth(pcsId, begunMs);

    it(`agrees with all ${PICKS} picks of the ring vectors`, async () => {
      expect(PICKS).to.be.greaterThan(0);
      for (const { vnodes, shards, picks } of rings) {
        const asked = picks.map(({ key }) => router.pick(vnodes, shards, key));
        expect(await Promise.all(asked)).to.deep.equal(picks.map(({ shard }) => shard));
      }
    });

    it(`agrees with all ${checksums.length} checksums of rings, and refuses a ring with another one`, async () => {
      expect(checksums.length).to.be.greaterThan(0);
      for (const { name, ring, checksum } of checksums) {
        expect(await router.checksum(ring), name).to.equal(checksum);
        expect(await router.checksum({ ...ring, DEDUP_RING_CHECKSUM: checksum }), name).to.equal(checksum);
        for (const other of ["", "0000000000000000", checksum.toUpperCase() + " "]) {
          const error = await errorOf(router.checksum({ ...ring, DEDUP_RING_CHECKSUM: other }));
          expect(error.message, name).to.contain(`DEDUP_RING_CHECKSUM: ${other} is not that of the ring beside it`);
        }
      }
    });

    it("gives the point that two shards share to the later one", async () => {
      // The first vnodes of these two have the same hash.
      const shards = ["shard-42830", "shard-62848"];
      const owner = (ring: string[]) => router.pick(1, ring, "any");
      expect(await owner(shards)).to.equal("shard-62848");
      expect(await owner(shards.reverse())).to.equal("shard-42830");
    });

    for (const [i, row] of ROWS.entries()) {
      it(`agrees with the claim vector: ${row.name}`, async () => {
        const pcsId = `row-${i}`;
        const begunMs = Date.now();
        await shards.hold(pcsId, row.before, begunMs);
        const claim = { pcsId, own: "own", expiresAtMs: begunMs + LIFE_MS };
        const { answer, stored, reason } = await router.claim(addresses, row, claim);
        const expected = { answer: row.answer, stored: row.stored, after: row.after };
        expect({ answer, stored, after: await heldByBoth(pcsId, begunMs) }, reason).to.deep.equal(expected);
      });
    }

    it("completes no other claim after the claim window", async () => {
      const begunMs = Date.now();
      const claim = { pcsId: "late-completion", own: "own", expiresAtMs: begunMs + LIFE_MS };
      await shards.hold(claim.pcsId, { a: ["theirs", LIFE_MS] }, begunMs);
      const late = await router.claim(addresses, { primary: "b", secondary: "a" }, { ...claim, claimWindowMs: 0 });
      expect(late).to.include({ answer: "retry" });
      expect(await heldByBoth(claim.pcsId, begunMs)).to.deep.equal({ a: ["theirs", LIFE_MS], b: null });
    });

    for (const failing of [0, 1])
      it(`writes to no other database than its URL's when ${failing === 0 ? "a" : "another"} connection cannot select it`, async () => {
        const database = `selects-${failing}`;
        const proxy = await RequestProxy.start(servers.a.port);
        const inDatabase = { ...addresses, a: `127.0.0.1:${proxy.port}/3` };
        const claim = async (pcsId: string) => {
          const expiresAtMs = Date.now() + LIFE_MS;
          return (await router.claim(inDatabase, { primary: "a", secondary: null }, { pcsId, own: "own", expiresAtMs }))
            .answer;
        };
        if (failing > 0) expect(await claim(`${database}-before`)).to.equal("first");
        let refused = 0;
        proxy.judge = ({ words: [name = ""] }) => {
          if (name.toUpperCase() !== "SELECT") return undefined;
          refused++;
          return { answer: "-ERR DB index is out of range\r\n" };
        };
        proxy.reset();
        // Each claim may find the connection gone, or one that is none.
        for (; refused < 3; await servers.a.client.ping()) expect(await claim(`${database}-now`)).to.equal("retry");
        proxy.judge = () => undefined;
        while ((await claim(`${database}-after`)) !== "first") await servers.a.client.ping();
        const keys = await servers.a.client.keys(`${KEY_PREFIX}${database}*`);
        await proxy.stop();
        expect(keys).to.deep.equal([]);
      });

    it("lands no command that has been answered: what a dead shard was to be told, it is not told when it is back", async () => {
      const begunMs = Date.now();
      const [config, expiresAtMs] = [{ primary: "b", secondary: null } as const, begunMs + LIFE_MS];
      const claim = (pcsId: string) => router.claim(addresses, config, { pcsId, own: "own", expiresAtMs });
      expect(await claim("before")).to.include({ answer: "first" });
      await servers.b.restart({
        meanwhile: async () => void expect(await claim("stale")).to.include({ answer: "retry" }),
      });
      while ((await claim("after")).answer !== "first") await servers.b.client.ping();
      expect(await held("b", "stale", begunMs)).to.equal(null);
    });

    for (const primary of ["a", "b"] as const) {
      const other = primary === "a" ? "b" : "a";
      const config = { primary, secondary: other } as const;
      const FIRST = { answer: "first", stored: "own" };

      for (const away of ["a", "b"] as const) {
        const role = away === primary ? "primary" : "other owner";

        it(`with ${away}, the ${role}, out of reach: retry; with it back: first`, async () => {
          const begunMs = Date.now();
          const claim = { pcsId: `dead-${primary}-${away}`, own: "own", expiresAtMs: begunMs + LIFE_MS };
          const refused = await router.claim({ ...addresses, [away]: nowhere }, config, claim);
          expect(refused).to.include({ answer: "retry" }).and.not.have.property("stored");
          // The owners are written in the order of their names.
          const half = away === "b" ? ["own", LIFE_MS] : null;
          expect(await heldByBoth(claim.pcsId, begunMs)).to.deep.equal({ a: half, b: null });
          expect(await router.claim(addresses, config, claim)).to.include(FIRST);
          const whole = ["own", LIFE_MS];
          expect(await heldByBoth(claim.pcsId, begunMs)).to.deep.equal({ a: whole, b: whole });
        });

        it(`with ${away}, the ${role}, answering nothing: retry; with it back: first`, async () => {
          const begunMs = Date.now();
          const claim = { pcsId: `paused-${primary}-${away}`, own: "own", expiresAtMs: begunMs + LIFE_MS };
          servers[away].pause();
          const refused = await router.claim(addresses, config, claim).finally(() => servers[away].resume());
          expect(refused).to.include({ answer: "retry" });
          expect(await router.claim(addresses, config, claim)).to.include(FIRST);
          expect(await heldByBoth(claim.pcsId, begunMs)).to.deep.equal({ a: ["own", LIFE_MS], b: ["own", LIFE_MS] });
        });
      }

      it(`sends no second write after the claim window: primary ${primary}`, async () => {
        const begunMs = Date.now();
        const claim = { pcsId: `late-${primary}`, own: "own", expiresAtMs: begunMs + LIFE_MS };
        const late = await router.claim(addresses, config, { ...claim, claimWindowMs: 0 });
        expect(late).to.include({ answer: "retry" });
        expect(await heldByBoth(claim.pcsId, begunMs)).to.deep.equal({ a: ["own", LIFE_MS], b: null });
        expect(await router.claim(addresses, config, claim)).to.include(FIRST);
      });

      const A: Config = { primary, secondary: null };
      const DA: Config = config;
      const DB: Config = { primary: other, secondary: primary };
      const B: Config = { primary: other, secondary: null };
      const steps: readonly (readonly [string, readonly Config[], readonly Name[]])[] = [
        ["dual-write is switched on", [A, DA], [primary]],
        ["the rings are switched", [DA, DB], ["a", "b"]],
        ["dual-write is switched off", [DB, B], [other]],
      ];
      for (const [step, configs, common] of steps) {
        const IDS = 200;
        const CLAIMERS = 4;

        it(`one of ${CLAIMERS} claimers is first while ${step}, for each of ${IDS} ids: from ${primary} to ${other}`, async () => {
          const expiresAtMs = Date.now() + LIFE_MS;
          let retries = 0;
          // One claimer of each id finds one of the shards gone the first time, and may leave a half behind.
          const claimUntilFinal = async (pcsId: string, n: number, first: Addresses) => {
            const claim = { pcsId, own: `own-${n}`, expiresAtMs };
            for (let shards = first; ; shards = addresses, retries++) {
              const { answer, stored } = await router.claim(shards, configs[n % 2]!, claim);
              if (answer !== "retry") return { own: claim.own, answer, stored };
            }
          };
          const claimAll = async (i: number) => {
            const pcsId = `${step} ${primary} ${i}`;
            const broken = { ...addresses, [i % 2 === 0 ? "a" : "b"]: nowhere };
            const unlucky = Math.floor(i / 2) % CLAIMERS;
            const claimers = Array.from({ length: CLAIMERS }, (_, n) =>
              claimUntilFinal(pcsId, n, n === unlucky ? broken : addresses),
            );
            const finals = await Promise.all(claimers);
            const firsts = finals.filter(({ answer }) => answer === "first");
            expect(firsts, JSON.stringify(finals)).to.have.lengthOf(1);
            const { own } = firsts[0]!;
            expect(new Set(finals.map(({ stored }) => stored))).to.deep.equal(new Set([own]));
            for (const name of common) {
              expect(await held(name, pcsId, expiresAtMs - LIFE_MS)).to.deep.equal([own, LIFE_MS]);
            }
          };
          await Promise.all(Array.from({ length: IDS }, (_, i) => claimAll(i)));
          expect(retries).to.be.greaterThan(0);
        });
      }
    }
  });
