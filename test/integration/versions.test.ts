/** Values that go from one kind of server to another: equal there, in every way they are read, and told from any other. */
import { expect } from "chai";
import fc, { type Arbitrary } from "fast-check";
import type { Run } from "../../migration/engines/runtime";
import { ABSENT } from "../../migration/engines/shard-store";
import { englishLocale, SERVER_KINDS, type ServerKind } from "../support/server-versions";
import { randomValue, runOn, valueOfRedis8, type RandomValue } from "./random-values";
import { RingLab } from "./ring-lab";

const VALUES_PER_PAIR = 100;
const BIG = 1 << 20;

/** Each server has a twin of its kind; that of Redis 7.0 sorts text in another order. */
const twinOf = (kind: ServerKind): string => `twin of ${kind}`;
const SHARDS = [...SERVER_KINDS, ...SERVER_KINDS.map(twinOf)];

/** Whether a server reads what another one dumps: RDB version 10, 12 and 11. */
const READS: Readonly<Record<ServerKind, readonly ServerKind[]>> = {
  "redis-7.0": ["redis-7.0"],
  "redis-8.0": ["redis-7.0", "redis-8.0", "valkey-8.1"],
  "valkey-8.1": ["redis-7.0", "valkey-8.1"],
};

describe("values on servers of different versions", function () {
  this.timeout(120_000);
  let lab: RingLab;
  let keys = 0;
  before(async () => {
    const options = SERVER_KINDS.flatMap((kind) => [
      [kind, { kind }] as const,
      [twinOf(kind), { kind, ...(kind === "redis-7.0" ? { env: englishLocale() } : {}) }] as const,
    ]);
    lab = await RingLab.start(SHARDS, SHARDS, { shards: Object.fromEntries(options) });
  });
  after(() => lab.stop());

  const lookAt = async (run: Run, shard: string, key: Buffer) => {
    const store = run.shards(shard);
    const [state] = (await store.inspect([key])).states;
    return { state: state ?? ABSENT, digest: (await store.digests([key])).digests[0] };
  };

  async function move(run: Run, from: string, to: string, key: Buffer): Promise<void> {
    const [copy] = await run.shards(from).read([key], BIG);
    if (!copy) throw new Error("there is nothing to move");
    const outcomes = await run.shards(to).write(run.token(), [{ key, expected: ABSENT, ...copy }]);
    expect(outcomes).to.deep.equal(["written"]);
  }

  /** Makes a value on one server, moves it to the other, looks at both, changes the copy, and removes what is unchanged. */
  async function moveAndCompare(run: Run, from: string, to: string, value: RandomValue): Promise<void> {
    const key = Buffer.from(`pcs:${keys++}`);
    await runOn(lab.server(from).client, key, value.make);
    await move(run, from, to, key);
    const [here, there] = [await lookAt(run, from, key), await lookAt(run, to, key)];
    expect(there.state, value.type).to.deep.equal(here.state);
    // A value may take more memory on one of them, and be read in parts there.
    if (here.digest !== "" && there.digest !== "") expect(there.digest, value.type).to.equal(here.digest);
    await runOn(lab.server(to).client, key, [value.change]);
    const changed = await lookAt(run, to, key);
    expect(changed.state.fingerprint, value.type).to.not.equal(here.state.fingerprint);
    if (here.digest !== "" && changed.digest !== "") expect(changed.digest).to.not.equal(here.digest);
    expect(await run.shards(to).remove(run.token(), [key], [here.state])).to.deep.equal(["changed"]);
    expect(await run.shards(from).remove(run.token(), [key], [here.state])).to.deep.equal(["removed"]);
  }

  const holds = (from: string, to: string, values: Arbitrary<RandomValue>) =>
    lab.run((run) =>
      fc.assert(
        fc.asyncProperty(values, (value) => moveAndCompare(run, from, to, value)),
        { numRuns: VALUES_PER_PAIR },
      ),
    );

  for (const to of SERVER_KINDS) {
    for (const from of READS[to]) {
      it(`are equal on ${from} and on ${to}, and unlike when one is changed`, () =>
        holds(from, twinOf(to), randomValue));
    }
  }

  it("of Redis 8 only, lives of fields and vectors, are equal where they are equal", () =>
    holds("redis-8.0", twinOf("redis-8.0"), valueOfRedis8));
});
