/** What an operator runs beside `pulumi up`: the doctor, and a repair alone. */
import { expect } from "chai";
import { runProgram } from "./operator-program";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 3_000;

describe("doctor, repair and adopt", function () {
  this.timeout(600_000);
  let world: World;
  before(async () => {
    world = await World.create({ namespace: "operations", shards: THREE, keys: KEYS, password: "of every shard" });
    // The backend's owner made the ConfigMap with a ring, and takes the ring's keys out of what it applies.
    const metadata = { name: "backend-config" };
    await world.kube.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { LOG_LEVEL: "info" } });
  });
  after(() => world?.destroy());

  const run = (what: "doctor" | "repair") => runProgram(world.stack, `migration/operations/${what}.ts`);

  it("the doctor finds nothing wrong with a ring that is well; there is nothing to repair", async () => {
    // Of this test's own connections nobody knows what they are for.
    world.keys.close();
    const { output, code } = await run("doctor");
    for (const name of THREE)
      expect(output).to.match(
        new RegExp(`^ok      ${name} answers in .* keys \\(.* looked at\\), .* of its maxmemory, no replica$`, "m"),
      );
    expect(output).to.match(/^ok {6}every backend pod \(2\) runs ring epoch 1$/m);
    expect(output).to.not.match(/PROBLEM|WARNING/);
    expect(code).to.equal(0);
    const repair = await run("repair");
    expect(repair.output).to.contain('repair: there is nothing to repair in migrationPhase "stable"');
    expect(repair.code).to.equal(1);
  });

  it("a repair alone puts right what differs under dual-write, and the doctor is content", async () => {
    await world.to("plan", { targetShards: FOUR });
    await world.to("copy");
    await world.to("dualWrite");
    const joined = await world.keys.client("shard-3");
    const copy = (await joined.keys("pcs:*"))[0] as string;
    await joined.del(copy);
    const { output, code } = await run("repair");
    expect(output).to.match(
      /verify, pass 1 \(full\): [\d,]+ keys checked, 1 missing, 0 different, 0 extra, 1 repaired/,
    );
    expect(code, output).to.equal(0);
    expect(await joined.exists(copy)).to.equal(1);
    const doctor = await run("doctor");
    expect(doctor.output).to.match(/^ok {6}migration \S+ is known to every shard$/m);
    expect(doctor.output).to.match(/^ok {6}each shard has its share of the keys, within 5 points$/m);
    expect(doctor.code, doctor.output).to.equal(0);
  });

  it("a shard with another one's card is refused by `pulumi up`; what the message names hands it over, and `up` goes on", async () => {
    const shard = await world.keys.client("shard-3");
    const card = await shard.get("dedup-shards:card");
    await shard.set("dedup-shards:card", JSON.stringify({ ...(JSON.parse(card ?? "") as object), shard: "shard-9" }));
    await world.stack.setConfig({ migrationPhase: "cutover" });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    const [, named = ""] = /npm run adopt -- --stack operations (--shard shard-3)/.exec(output) ?? [];
    const adopted = await runProgram(world.stack, "migration/operations/adopt.ts", ...named.split(" "));
    expect(adopted.output).to.match(/^shard-3 belongs to this backend from now on \(before: shard-9 of /m);
    expect(adopted.code).to.equal(0);
    await world.stack.mustUp({ skipPreview: true });
  });

  it("the doctor finds what is wrong, says what to do, and fails", async () => {
    await (await world.keys.client("shard-1")).config("SET", "maxmemory-policy", "allkeys-lru");
    const { output, code } = await run("doctor");
    expect(output).to.match(
      /^PROBLEM shard-1 throws keys away when it is full \(allkeys-lru\)\n +redis-cli .*#evictions$/m,
    );
    expect(code).to.equal(1);
  });
});
