/** What the doctor says when part of what it looks at does not answer: that, and what all else is like. */
import { expect } from "chai";
import { diagnose } from "../../migration/operations/diagnose";
import { examine } from "../../migration/operations/examine";
import { PaperCluster } from "./paper-cluster";
import { serviceAt } from "./paper-prometheus";
import { PaperStack } from "./paper-stack";
import { FOUR, RingLab, THREE } from "./ring-lab";

const KEYS = 3_000;
/** Where nobody listens. */
const SERVICE = serviceAt("http://127.0.0.1:9");

describe("the doctor", function () {
  this.timeout(90_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR), PaperCluster.start()]);
    for (const { client } of lab.servers.values()) await client.config("SET", "maxmemory", "256mb");
    stack = new PaperStack(lab, cluster);
    await lab.fill(KEYS);
    for (const phase of ["stable", "plan", "copy"] as const) await stack.up(phase);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const findings = async () => {
    const gate = stack.state;
    if (!gate) throw new Error("nothing was brought up");
    const found = diagnose(
      await examine({ gate: { ...gate, settings: { ...gate.settings, service: SERVICE } }, secrets: {} }),
    );
    return found.filter(({ level }) => level !== "ok").map(({ level, text, section }) => ({ level, text, section }));
  };

  it("finds that Prometheus does not answer, and nothing else", async () => {
    const found = await findings();
    expect(found.map(({ level, section }) => [level, section])).to.deep.equal([
      ["warning", "unknown-metrics"],
      ["warning", "unknown-metrics"],
    ]);
    expect(found[0]?.text).to.match(/^nobody can tell how the service is: .*http:\/\/127\.0\.0\.1:9\/.* no answer: /);
  });

  it("names a shard of another backend, and one that has lost its data, and writes no card", async () => {
    const [, , lost, other] = [...lab.servers.values()].map(({ client }) => client);
    await lost?.flushall();
    const card = JSON.parse((await other?.get("dedup-shards:card")) ?? "") as { readonly backend: object };
    const text = JSON.stringify({ ...card, backend: { ...card.backend, configMap: "another" } });
    await other?.set("dedup-shards:card", text);
    const found = (await findings()).filter(({ section }) => section === "shard-cards");
    expect(found.map((finding) => finding.text.split(",")[0])).to.deep.equal([
      "shard-2: shard-2 had a card",
      `shard-3: shard-3 belongs to the backend of ConfigMap paper/another (namespace uid ${cluster.namespaceUid})`,
    ]);
    expect([await lost?.exists("dedup-shards:card"), await other?.get("dedup-shards:card")]).to.deep.equal([0, text]);
  });

  it("names a shard that was restored from an older backup, and one that failed over", async () => {
    const [, older, replaced] = [...lab.servers.values()];
    const card = JSON.parse((await older?.client.get("dedup-shards:card")) ?? "") as { readonly sequence: number };
    await older?.client.set("dedup-shards:card", JSON.stringify({ ...card, sequence: card.sequence - 2 }));
    await replaced?.client.replicaof("127.0.0.1", older?.port ?? 0);
    await replaced?.client.replicaof("NO", "ONE");
    const found = (await findings()).filter(({ section }) => section === "lost-writes");
    expect(found.map(({ text }) => text)).to.deep.equal([
      "shard-1 has lost writes: the other shards remember a later state of it",
      "shard-2 may have lost writes since both rings last held the same",
    ]);
  });

  it("goes on when Kubernetes and a shard do not answer either", async () => {
    cluster.broken = true;
    await lab.server("shard-1").stop();
    const found = await findings();
    expect(found.map(({ level, section }) => [level, section])).to.deep.equal([
      ["problem", "silent-shard"],
      ["problem", "kubernetes"],
      ["warning", "unknown-metrics"],
      ["warning", "unknown-metrics"],
    ]);
    expect(found[0]?.text).to.match(/^shard-1 does not answer: /);
    expect(found[1]?.text).to.match(/^the backend cannot be seen: .*503/);
  });
});
