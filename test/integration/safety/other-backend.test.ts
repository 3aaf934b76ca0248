/** Shards that belong to one backend, and a stack that works for another one, or another stack for the same one. */
import { expect } from "chai";
import { OtherShardError } from "../../../migration/engines/errors";
import {
  ForeignShardError,
  OtherStackError,
  UnreadableCardError,
} from "../../../migration/engines/run/ownership-errors";
import { create } from "../../../migration/entrypoints/ring-gate";
import { PHASES, type Step } from "../../../migration/phases";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, THREE } from "../ring-lab";
import { cardOf, TwoBackends } from "./two-backends";

const KEYS = 300;
const UID = /\(namespace uid [0-9a-f-]{36}\)/g;

describe("shards of another backend", function () {
  this.timeout(60_000);
  let world: TwoBackends;
  let first: PaperStack;
  let second: PaperStack;

  async function begin(current: readonly string[] = FOUR, target: readonly string[] = THREE): Promise<void> {
    world = await TwoBackends.start(current, target);
    await world.lab.fill(KEYS);
    first = new PaperStack(world.lab, world.clusters[0]);
    second = new PaperStack(world.lab, world.clusters[1]);
  }
  afterEach(() => world.stop());

  const migrations = () =>
    Promise.all([...world.lab.servers.values()].map(({ client }) => client.get("dedup-shards:migration")));

  for (const last of PHASES) {
    it(`a second stack's first up is refused while the first one is in ${last}, and takes nothing away`, async () => {
      await begin();
      await world.to(0, first, last, PHASES);
      const [before, keys] = [
        await migrations(),
        await world.lab.placement(world.lab.rings.current, world.lab.rings.target),
      ];
      const error = await world.as(1, () => errorOf(second.up("stable")));
      expect(error).to.be.instanceOf(ForeignShardError);
      expect(error.message.replaceAll(UID, "(uid)")).to.match(
        /^shard-\d belongs to the backend of ConfigMap paper\/backend-config \(uid\), and this stack works for that of ConfigMap paper\/backend-config \(uid\), so nothing was changed\. .* hand it over with `npm run adopt -- --stack STACK --shard shard-\d`/,
      );
      expect(await migrations()).to.deep.equal(before);
      expect(await world.lab.placement(world.lab.rings.current, world.lab.rings.target)).to.deep.equal(keys);
    });
  }

  it("is refused before the first ring of a stack is written, by the gate that is made", async () => {
    await begin();
    await world.as(0, () => first.up("stable"));
    const inputs = { ...second.asked("stable"), data: {}, epoch: 2, migration: 0 };
    expect(await world.as(1, () => errorOf(create(inputs)))).to.be.instanceOf(ForeignShardError);
    expect(await world.as(0, () => create(inputs))).to.include({ epoch: 2 });
  });

  it("is refused to every step of a stack that got past its gate", async () => {
    await begin();
    await world.to(0, first, "cutover", PHASES);
    second.state = first.state;
    world.clusters[1].rollOut(world.clusters[0].ring ?? {}, 3);
    const steps: readonly (readonly [Step, (typeof PHASES)[number]])[] = [
      ["plan", "plan"],
      ["preCopy", "copy"],
      ["catchUp", "cutover"],
      ["verify", "cutover"],
      ["drain", "cleanup"],
      ["drain", "stable"],
    ];
    for (const [step, phase] of steps) {
      const error = await world.as(1, () => errorOf(second.workPastGate(step, phase)));
      expect(error, `${step} in ${phase}`).to.be.instanceOf(ForeignShardError);
    }
    for (const phase of ["dualWrite", "cleanup"] as const) {
      expect(await world.as(1, () => errorOf(second.passGate(phase))), phase).to.be.instanceOf(ForeignShardError);
    }
    await world.as(0, () => first.up("cleanup"));
    expect(await world.lab.placement(world.lab.rings.target)).to.include({ missing: 0, different: 0 });
  });

  it("joins no ring: the plan refuses it, and records nothing", async () => {
    await begin(THREE, FOUR);
    await world.lab.server("shard-3").client.set(
      "dedup-shards:card",
      JSON.stringify({
        ...{ version: 1, shard: "shard-3", highestEpoch: 9, sequence: 1 },
        backend: { namespace: "shop", configMap: "shop-config" },
      }),
    );
    await world.as(0, () => first.up("stable"));
    const error = await world.as(0, () => errorOf(first.up("plan")));
    expect(error.message).to.match(
      /^shard-3 belongs to the backend of ConfigMap shop\/shop-config, and this stack works/,
    );
    expect(await migrations()).to.deep.equal([null, null, null, null]);
    expect(await cardOf(world.lab, "shard-3")).to.include({ sequence: 1 });
  });

  it("a shard whose card has another name is not the shard that it is taken for", async () => {
    await begin(THREE, FOUR);
    await world.as(0, () => first.up("stable"));
    const card = JSON.stringify({ ...(await cardOf(world.lab, "shard-0")), shard: "shard-9" });
    await world.lab.server("shard-3").client.set("dedup-shards:card", card);
    const error = await world.as(0, () => errorOf(first.up("plan")));
    expect(error).to.be.instanceOf(OtherShardError);
    expect(error.message).to.match(
      /^the address of shard-3 leads to shard-9\. .* run `npm run adopt -- --stack STACK --shard shard-3`\.$/,
    );
  });

  it("a card that cannot be read is refused, and stays as it is", async () => {
    await begin(THREE, FOUR);
    await world.as(0, () => first.up("stable"));
    for (const text of ["{", '{"version":2}', '{"version":1,"shard":"shard-1"}', "[]", "null"]) {
      await world.lab.server("shard-1").client.set("dedup-shards:card", text);
      expect(await world.as(0, () => errorOf(first.up("stable"))), text).to.be.instanceOf(UnreadableCardError);
      expect(await world.lab.server("shard-1").client.get("dedup-shards:card")).to.equal(text);
    }
  });

  it("where a namespace may not be read its name alone counts", async () => {
    await begin();
    world.clusters[1].namespaceUid = undefined;
    await world.as(0, () => first.up("stable"));
    const before = await cardOf(world.lab, "shard-0");
    await world.as(1, () => second.up("stable"));
    expect(await cardOf(world.lab, "shard-0")).to.deep.include({ shard: "shard-0", backend: before?.backend });
    world.clusters[1].namespaceUid = "another";
    expect(await world.as(1, () => errorOf(second.up("stable")))).to.be.instanceOf(ForeignShardError);
  });
});

describe("a second stack of the same backend", function () {
  this.timeout(60_000);
  let world: TwoBackends;
  afterEach(() => world.stop());

  for (const last of ["plan", "copy", "dualWrite", "cutover", "cleanup"] as const) {
    it(`takes nothing of the first one's migration in ${last}`, async () => {
      world = await TwoBackends.start(THREE, FOUR);
      await world.lab.fill(KEYS);
      const [first, second] = [0, 1].map(() => new PaperStack(world.lab, world.clusters[0])) as [
        PaperStack,
        PaperStack,
      ];
      [first.stack, second.stack] = ["staging", "copied"];
      await world.as(0, () => second.up("stable"));
      await world.to(0, first, last, PHASES);
      // Its own phase is copy: it left off there before the first one began.
      second.state = {
        ...(second.state as NonNullable<typeof second.state>),
        phase: "copy",
        epoch: first.state?.epoch ?? 0,
      };
      for (const [step, phase] of [
        ["plan", "plan"],
        ["preCopy", "copy"],
        ["drain", "stable"],
      ] as const) {
        const error = await world.as(0, () => errorOf(second.workPastGate(step, phase)));
        expect(error, step).to.be.instanceOf(OtherStackError);
        expect(error.message).to.match(
          /^migration \S+ on shard-\d was begun by stack "staging", and this is stack "copied", so nothing was changed\. .*--stack copied`/,
        );
      }
      await world.as(0, () => first.up(last));
    });
  }

  it("goes on under another name after a rename: the name of the first up counts", async () => {
    world = await TwoBackends.start(THREE, FOUR);
    const stack = new PaperStack(world.lab, world.clusters[0]);
    stack.stack = "staging";
    await world.to(0, stack, "copy", PHASES);
    stack.stack = "renamed";
    await world.as(0, () => stack.up("dualWrite"));
    expect(stack.state?.stack).to.equal("staging");
  });
});

describe("the card of a shard", function () {
  this.timeout(60_000);
  let world: TwoBackends;
  afterEach(() => world.stop());

  it("is written by the first up on the current shards, and by the plan on those that join", async () => {
    world = await TwoBackends.start(THREE, FOUR);
    const { lab } = world;
    const stack = new PaperStack(lab, world.clusters[0]);
    await world.as(0, () => stack.up("stable"));
    const backend = { namespace: "paper", namespaceUid: world.clusters[0].namespaceUid, configMap: "backend-config" };
    expect(await cardOf(lab, "shard-1")).to.deep.include({ version: 1, shard: "shard-1", backend, highestEpoch: 1 });
    await world.as(0, () => stack.up("plan"));
    expect(await cardOf(lab, "shard-3")).to.deep.include({ version: 1, shard: "shard-3", backend, highestEpoch: 1 });
  });

  it("outlives a migration, knows its highest epoch, counts every run, and keeps what it does not know", async () => {
    world = await TwoBackends.start(THREE, FOUR);
    const { lab } = world;
    const stack = new PaperStack(lab, world.clusters[0]);
    await world.as(0, () => stack.up("stable"));
    const { client } = lab.server("shard-0");
    await client.set("dedup-shards:card", JSON.stringify({ ...(await cardOf(lab, "shard-0")), later: [1] }));
    let before = 0;
    for (const phase of PHASES.slice(1)) {
      await world.as(0, () => stack.up(phase));
      const { sequence = 0, highestEpoch } = (await cardOf(lab, "shard-2")) ?? {};
      expect(sequence, phase).to.be.above(before);
      expect(highestEpoch, phase).to.equal(stack.state?.epoch);
      before = sequence;
    }
    await world.as(0, () => stack.up("stable", FOUR));
    expect(await lab.server("shard-0").client.keys("dedup-shards:*")).to.deep.equal(["dedup-shards:card"]);
    expect(await cardOf(lab, "shard-0")).to.deep.include({ shard: "shard-0", highestEpoch: 4, later: [1] });
  });

  it("is not written again where it was lost: the data are lost as well, and a plan is refused", async () => {
    world = await TwoBackends.start(THREE, FOUR);
    const { lab } = world;
    const stack = new PaperStack(lab, world.clusters[0]);
    await world.as(0, () => stack.up("stable"));
    await lab.server("shard-1").client.flushall();
    await world.as(0, () => stack.up("stable"));
    expect(await cardOf(lab, "shard-1")).to.equal(undefined);
    expect((await world.as(0, () => errorOf(stack.up("plan")))).message).to.match(
      /^shard-1 had a card, and has none now: .* run `npm run adopt -- --stack STACK --shard shard-1`/,
    );
    expect(await cardOf(lab, "shard-3")).to.equal(undefined);
  });
});
