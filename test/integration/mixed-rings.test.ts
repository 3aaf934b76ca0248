/** Whole migrations between servers of different kinds: all types arrive, or the plan refuses before anything is copied. */
import { expect } from "chai";
import type { Phase } from "../../migration/phases";
import { SERVER_KINDS, type ServerKind } from "../support/server-versions";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import { runOn, type Command } from "./random-values";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const STRINGS = 200;
/** The digits of 2^63 - 1, the last millisecond that a server takes. */
const LAST_MS = "9223372036854775807";

/** What compared unequal between versions, or was not copied at all. */
const VALUES: Readonly<Record<string, readonly Command[]>> = {
  "fractional scores": [
    ["ZADD", "KEY", 0.1, "a", 1732924799.123, "b", 1e21, "c", 1e-7, "d"],
    ["GEOADD", "KEY", 13.361389, 38.115556, "Palermo"],
  ],
  "a stream with a trimmed group": [
    ...[1, 2, 3].map((id): Command => ["XADD", "KEY", `${id}-1`, "f", "v"]),
    ["XGROUP", "CREATE", "KEY", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "KEY", ">"],
    ["XDEL", "KEY", "2-1"],
  ],
  "a list that never expires": [
    ["RPUSH", "KEY", "a"],
    ["PEXPIREAT", "KEY", LAST_MS],
  ],
  "a string that never expires": [["SET", "KEY", "v", "PXAT", LAST_MS]],
  "a string that expires in the year 3170843": [["SET", "KEY", "v", "PXAT", "100000000000000001"]],
  "a set of both cases": [["SADD", "KEY", "apple", "Berry", "a-b", "ab1", "A.b"]],
  "a large hash": [["HSET", "KEY", ...Array.from({ length: 4_000 }, (_, i) => [`field ${i}`, `value ${i}`]).flat()]],
};

/** What only some servers have. */
const VALUES_OF: Partial<Readonly<Record<ServerKind, typeof VALUES>>> = {
  "redis-8.0": {
    "a hash with a field that expires": [
      ["HSET", "KEY", "stays", "v", "goes", "v"],
      ["HPEXPIRE", "KEY", 86_400_000, "FIELDS", 1, "goes"],
    ],
    "a set of vectors": [
      ["VADD", "KEY", "VALUES", 3, 1, 2, 3, "a"],
      ["VADD", "KEY", "VALUES", 3, 3, 2, 1, "b"],
    ],
  },
};

/** Versions of the format that servers write: none reads a newer one. */
const FORMAT: Readonly<Record<ServerKind, number>> = { "redis-7.0": 10, "valkey-8.1": 11, "redis-8.0": 12 };

describe("a ring of servers of two kinds", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let stack: PaperStack;
  let cluster: PaperCluster;
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  /** Three shards of one kind, a fourth of another one, and a stack in the phase before the plan. */
  async function begin(from: ServerKind, to: ServerKind): Promise<void> {
    const shards = Object.fromEntries(FOUR.map((name) => [name, { kind: THREE.includes(name) ? from : to }]));
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR, { shards }), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(STRINGS);
    await stack.up("stable");
  }

  async function makeValues(on: ServerKind): Promise<readonly Buffer[]> {
    const made: Buffer[] = [];
    for (const [name, commands] of Object.entries({ ...VALUES, ...VALUES_OF[on] })) {
      const key = lab.moverNamed(name);
      await runOn(lab.server(lab.ownerOf(key, lab.rings.current)).client, key, commands);
      made.push(key);
    }
    return made;
  }

  const up = async (...phases: readonly Phase[]) => {
    for (const phase of phases) await stack.up(phase);
  };
  /** With all of its digits, which a number does not have. */
  async function exactExpiry(shard: string, key: Buffer): Promise<unknown> {
    const client = lab.server(shard).client.duplicate({ stringNumbers: true });
    try {
      return await client.call("PEXPIRETIME", key);
    } finally {
      client.disconnect();
    }
  }

  for (const from of SERVER_KINDS) {
    for (const to of SERVER_KINDS.filter((kind) => FORMAT[kind] >= FORMAT[from])) {
      it(`moves values of every type from ${from} to ${to}`, async () => {
        await begin(from, to);
        const keys = await makeValues(from);
        const types = await Promise.all(
          keys.map((key) => lab.server(lab.ownerOf(key, lab.rings.current)).client.type(key)),
        );
        await up("plan", "copy", "dualWrite", "cutover", "cleanup");
        for (const [i, key] of keys.entries()) {
          expect(await lab.server("shard-3").client.type(key), key.toString()).to.equal(types[i]);
          expect(await lab.server(lab.ownerOf(key, lab.rings.current)).client.exists(key), key.toString()).to.equal(0);
        }
        expect(await exactExpiry("shard-3", lab.moverNamed("a list that never expires"))).to.equal(LAST_MS);
        expect(await exactExpiry("shard-3", lab.moverNamed("a string that never expires"))).to.equal(LAST_MS);
      });
    }
    for (const to of SERVER_KINDS.filter((kind) => FORMAT[kind] < FORMAT[from])) {
      it(`refuses at the plan what ${to} cannot read of ${from}, and copies nothing`, async () => {
        await begin(from, to);
        await makeValues(from);
        const { message } = await errorOf(stack.up("plan"));
        const [head, ...problems] = message.split("\n");
        expect(head).to.equal("the plan is refused, nothing has moved:");
        for (const problem of problems) {
          expect(problem).to.match(
            /^(shard-\d) → shard-3: shard-3 cannot read what \1 serializes, because its server is older or of another kind, and its movers are not all strings \(\d+ of type .*\)\. Next: upgrade shard-3/,
          );
        }
        expect(await lab.server("shard-3").client.dbsize()).to.equal(0);
      });

      it(`moves strings from ${from} to ${to}, which any server takes`, async () => {
        await begin(from, to);
        await up("plan", "copy", "dualWrite", "cutover", "cleanup");
        expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
      });
    }
  }
});
