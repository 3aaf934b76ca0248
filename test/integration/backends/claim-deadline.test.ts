/** The deadline of a claim's later writes, in every implementation of the contract: the shard itself refuses what is late. */
import { expect } from "chai";
import rows from "../../vectors/deadline-vectors.json";
import type { Addresses, Config, Name, Router } from "../routers";
import { IMPLEMENTATIONS } from "../support/implementations";
import { ShiftedClock } from "../support/shifted-clock";
import { TwoShards, type Holdings } from "../support/two-shards";

const LIFE_MS = 100_000;
/** Shorter than the time after which a command is given up: what is refused is the write that the client waits for. */
const WINDOW_MS = 400;

interface Row {
  readonly name: string;
  readonly primary: Name;
  readonly secondary: Name | null;
  readonly arrivesAfterMs: Readonly<Record<Name, number>>;
  readonly before: Holdings;
  readonly answer: string;
  readonly stored?: string;
  readonly after: Holdings;
}
const ROWS = rows as unknown as readonly Row[];

for (const [name, start] of Object.entries(IMPLEMENTATIONS))
  describe(`the deadline of a claim: ${name}`, function () {
    let router: Router;
    let shards: TwoShards;
    before(async function () {
      this.timeout(180_000); // a cold build
      [router, shards] = await Promise.all([start(), TwoShards.start()]);
    });
    after(() => Promise.all([router.stop(), shards.stop()]));

    /** Ways on which each shard tells an earlier time than its own, so that what is written seems to arrive later. */
    async function withClocks<T>(lateMs: Row["arrivesAfterMs"], act: (shards: Addresses) => Promise<T>): Promise<T> {
      const { a, b } = shards.servers;
      const clocks = [
        await ShiftedClock.start(a.port, -lateMs.a),
        await ShiftedClock.start(b.port, -lateMs.b),
      ] as const;
      try {
        return await act({ a: `127.0.0.1:${clocks[0].port}`, b: `127.0.0.1:${clocks[1].port}` });
      } finally {
        for (const clock of clocks) clock.stop();
      }
    }

    for (const [i, row] of ROWS.entries())
      it(`agrees with the deadline vector: ${row.name}`, async () => {
        const pcsId = `row-${i}`;
        const begunMs = Date.now();
        await shards.hold(pcsId, row.before, begunMs);
        const claim = { pcsId, own: "own", expiresAtMs: begunMs + LIFE_MS };
        const reply = await withClocks(row.arrivesAfterMs, (addresses) => router.claim(addresses, row, claim));
        const { answer, stored, reason } = reply;
        const expected = { answer: row.answer, stored: row.stored, after: row.after };
        expect({ answer, stored, after: await shards.heldByBoth(pcsId, begunMs) }, reason).to.deep.equal(expected);
      });

    /** A shard's clock, in ms. */
    const timeOf = async (name: Name): Promise<number> => {
      const [seconds, microseconds] = await shards.servers[name].client.time();
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    };

    /** Claims while a shard lets no write through, and lets it through when the window is over by the shard's clock. */
    async function claimHeldUp(config: Config, on: Name, pcsId: string, holdings: Partial<Holdings> = {}) {
      const { client } = shards.servers[on];
      const begunMs = Date.now();
      await shards.hold(pcsId, holdings, begunMs);
      await client.client("PAUSE", 60_000, "WRITE");
      const claim = { pcsId, own: "own", expiresAtMs: begunMs + LIFE_MS, claimWindowMs: WINDOW_MS };
      const answer = router.claim(shards.addresses, config, claim);
      // The write is there, and blocked: the shard has told the claim its time.
      while (!String(await client.client("LIST")).includes(" flags=b ")) await client.ping();
      for (const heldMs = await timeOf(on); (await timeOf(on)) - heldMs <= WINDOW_MS;);
      await client.client("UNPAUSE");
      return { ...(await answer), held: await shards.heldByBoth(pcsId, begunMs) };
    }

    it("refuses a second write that was held up on its way", async () => {
      const { answer, held } = await claimHeldUp({ primary: "a", secondary: "b" }, "b", "held-up");
      expect({ answer, held }).to.deep.equal({ answer: "retry", held: { a: ["own", LIFE_MS], b: null } });
    });

    it("refuses a completion that was held up on its way", async () => {
      const theirs = { a: ["theirs", LIFE_MS] } as const;
      const { answer, held } = await claimHeldUp({ primary: "b", secondary: "a" }, "b", "held-up-half", theirs);
      expect({ answer, held }).to.deep.equal({ answer: "retry", held: { ...theirs, b: null } });
    });
  });
