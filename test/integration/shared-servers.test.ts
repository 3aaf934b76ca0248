/** Two shards that are one server, by two names: a cleanup would delete the only copies. */
import { expect } from "chai";
import { withSession } from "../../migration/adapters/session";
import { SharedServerError } from "../../migration/engines/errors";
import { check } from "../../migration/entrypoints/shard-set";
import { errorOf, RingLab } from "./ring-lab";
import { freePort } from "./redis-servers";

describe("one server under two URLs", function () {
  this.timeout(60_000);
  let lab: RingLab;
  beforeEach(async () => (lab = await RingLab.start(["a", "b"], ["a", "b"])));
  afterEach(() => lab.stop());

  const urls = (more: Readonly<Record<string, string>>) => ({
    ...Object.fromEntries([...lab.servers].map(([name, { url }]) => [name, url])),
    ...more,
  });
  const alias = () => `redis://localhost:${lab.server("a").port}`;
  const refusal = () =>
    `a (${lab.server("a").url}) and c (${alias()}) are the same database of the same server, by two names. A cleanup ` +
    "would delete the only copies there. Nothing has been changed: give each a server of its own in shardUrls, or take " +
    "one of them out of the rings.";
  const opened = (shards: Readonly<Record<string, string>>) => {
    const addresses = Object.entries(shards).map(([name, url]) => ({ name, url }));
    return withSession(lab.plan({ addresses }), () => Promise.resolve("opened"));
  };
  const previewed = async (shards: Readonly<Record<string, string>>, before?: Readonly<Record<string, string>>) => {
    const connection = (of: Readonly<Record<string, string>>) => ({
      shards: of,
      access: "direct" as const,
      namespace: "test",
      kubeContext: "",
      configMap: "backend-config",
      deployment: "backend",
    });
    const ring = { shards: ["a", "b"], targetShards: ["a", "b", "c"], vnodes: 150, keyPrefix: "pcs:" };
    const olds = before ? { ring, connection: connection(before) } : {};
    const { failures } = await check(olds, { ring, connection: connection(shards) }, {});
    return failures.map(({ reason }) => reason);
  };

  it("every run that opens shards refuses it, before it takes a lock", async () => {
    const error = await errorOf(opened(urls({ c: alias() })));
    expect(error).to.be.instanceOf(SharedServerError);
    expect(error.message).to.equal(refusal());
    for (const { client } of lab.servers.values()) expect(await client.keys("*")).to.deep.equal([]);
  });

  it("the preview refuses it", async () => {
    expect(await previewed(urls({ c: alias() }))).to.deep.equal([refusal()]);
    expect(await previewed(urls({ c: alias() }), urls({}))).to.deep.equal([refusal()]);
  });

  it("the preview refuses to take a shard out that another name stands for: its keys are nowhere else", async () => {
    await lab.put("a", Buffer.from("pcs:only"), Buffer.from("v"));
    const { b } = urls({}) as { b: string };
    expect(await previewed({ b, c: alias() }, urls({}))).to.deep.equal([refusal()]);
  });

  it("a shard that is yet to be made does not hold the preview up", async () => {
    expect(await previewed(urls({ c: `redis://127.0.0.1:${await freePort()}` }))).to.deep.equal([]);
  });

  it("another database of the same server is another shard", async () => {
    const shards = urls({ c: `${alias()}/1` });
    expect(await opened(shards)).to.equal("opened");
    expect(await previewed(shards)).to.deep.equal([]);
  });
});
