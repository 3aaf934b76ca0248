/** Every implementation of the contract against what the model answers: whatever the owners hold, and what is wrong with them. */
import { expect } from "chai";
import type { AnswerVector, VectorFault } from "../../model/answer-vectors";
import vectors from "../../vectors/model-vectors.json";
import type { Addresses, Name, Router } from "../routers";
import { IMPLEMENTATIONS } from "../support/implementations";
import { ShiftedClock } from "../support/shifted-clock";
import { cardOf, TwoShards } from "../support/two-shards";

const VECTORS = vectors as unknown as readonly AnswerVector[];
const LIFE_MS = 100_000;
/** Longer than the claim window. */
const LATE_MS = 6_000;
const WRONG: readonly (Pick<AnswerVector, "fault" | "shard"> & { readonly name: string })[] = [
  { fault: "none", shard: null, name: "nothing is wrong" },
  { fault: "late", shard: null, name: "a claim's later writes arrive after their deadline" },
  ...(["a", "b"] as const).flatMap((shard) => [
    { fault: "swapped" as const, shard, name: `the address of ${shard} leads to the other shard` },
    { fault: "emptied" as const, shard, name: `${shard} has lost its data` },
  ]),
];

for (const [implementation, start] of Object.entries(IMPLEMENTATIONS))
  describe(`the answers of the model: ${implementation}`, function () {
    this.timeout(180_000); // a cold build
    let router: Router;
    let shards: TwoShards;
    let clocks: readonly ShiftedClock[];
    before(async () => void (shards = await TwoShards.start()));
    after(() => shards.stop());
    beforeEach(async () => {
      router = await start();
      const { a, b } = shards.servers;
      clocks = [await ShiftedClock.start(a.port, -LATE_MS), await ShiftedClock.start(b.port, -LATE_MS)];
    });
    afterEach(async () => {
      for (const clock of clocks) clock.stop();
      await router.stop();
    });

    /** Where a pod finds the shards. */
    function addressesOf(fault: VectorFault, shard: Name | null): Addresses {
      const { addresses } = shards;
      if (fault === "late") return { a: `127.0.0.1:${clocks[0]!.port}`, b: `127.0.0.1:${clocks[1]!.port}` };
      if (fault !== "swapped" || shard === null) return addresses;
      return { ...addresses, [shard]: addresses[shard === "a" ? "b" : "a"] };
    }

    for (const { fault, shard, name } of WRONG)
      it(`are its own where ${name}`, async () => {
        const lost = (one: Name) => fault === "emptied" && shard === one;
        await shards.show({ a: lost("a") ? null : cardOf("a"), b: lost("b") ? null : cardOf("b") });
        const rows = VECTORS.filter((vector) => vector.fault === fault && vector.shard === shard);
        const addresses = addressesOf(fault, shard);
        const ask = async ({ primary, secondary, before }: AnswerVector, i: number) => {
          const [pcsId, begunMs] = [`${fault}-${shard}-${i}`, Date.now()];
          await shards.hold(pcsId, before, begunMs);
          const claim = { pcsId, own: "own", expiresAtMs: begunMs + LIFE_MS };
          const { answer, stored } = await router.claim(addresses, { primary, secondary, asksCard: true }, claim);
          return {
            answer,
            ...(stored === undefined ? {} : { stored }),
            after: await shards.heldByBoth(pcsId, begunMs),
          };
        };
        const found: AnswerVector[] = [];
        // One after the other: a shifted clock knows a time only at the start of what a shard sends.
        for (const [i, row] of rows.entries()) found.push({ ...row, ...(await ask(row, i)) });
        expect(found.length).to.be.greaterThan(0);
        expect(found).to.deep.equal(rows);
      });
  });
