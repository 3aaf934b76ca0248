/** The ways to the shards, and who owns what: by service DNS, shards that run elsewhere, a ConfigMap of the program's own. */
import { expect } from "chai";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisServer } from "../integration/redis-servers";
import { kubectl } from "../lab/kube";
import { checkedRing } from "../lab/backend/ring-checksum";
import { leastRights } from "../lab/least-rights";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 500;
const PASSWORD = "of every shard";

/** The address from which this machine reaches the API server: one that pods reach too. */
async function ownAddress(): Promise<string> {
  const server = await kubectl(["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]);
  const { hostname, port } = new URL(server);
  const socket = createSocket("udp4");
  // Nothing is sent: the route alone decides.
  socket.connect(Number(port || 443), hostname);
  await once(socket, "connect");
  const { address } = socket.address();
  socket.close();
  return address;
}

/** The ring ConfigMap of a phase, for rings of URLs or names. */
function ringData(urls: readonly string[], epoch: number, secondary: readonly string[] = []) {
  const ring = {
    DEDUP_SHARDS: urls.join(","),
    DEDUP_DUAL_WRITE: String(secondary.length > 0),
    DEDUP_NEW_RING: secondary.join(","),
    DEDUP_RING_EPOCH: String(epoch),
  };
  return { ...ring, DEDUP_RING_CHECKSUM: checkedRing(ring) };
}

const serviceUrl = (namespace: string) => (shard: string) =>
  `redis://redis-dedup-${shard}-0.redis-dedup.${namespace}.svc:6379`;

describe("ways to the shards", function () {
  this.timeout(900_000);
  let world: World | undefined;
  let directory: string;
  let servers = new Map<string, RedisServer>();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "dedup-shards-access-"));
  });
  afterEach(async () => {
    await world?.destroy();
    world = undefined;
    for (const server of servers.values()) await server.stop();
    servers = new Map();
    rmSync(directory, { recursive: true });
  });

  it("access: direct, by service DNS, needs no right to forward ports", async () => {
    const kubeconfig = join(directory, "kubeconfig");
    world = await World.create({
      namespace: "direct",
      shards: THREE,
      keys: KEYS,
      password: PASSWORD,
      config: { access: "direct", backup: { enabled: true, directory: join(directory, "backups") } },
      kubeconfig: async (kube) => {
        writeFileSync(kubeconfig, await leastRights(kube, { without: ["pods/portforward"] }));
        return kubeconfig;
      },
    });
    // With these rights nothing comes through the API server:
    await world.stack.setConfig({ access: "portForward", migrationPhase: "plan", targetShards: FOUR });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    expect(output).to.contain("cannot be reached");

    // Every kind of work on shards: they are counted, copied, caught up with, compared and, on the way back, drained.
    for (const phase of ["plan", "copy", "dualWrite"]) await world.to(phase, { access: "direct" });
    const url = serviceUrl("direct");
    expect(await dataOf(world)).to.deep.equal({ ...ringData(THREE.map(url), 2, FOUR), LOG_LEVEL: "info" });
    expect(await statefulSets(world)).to.deep.equal(FOUR.map((name) => `redis-dedup-${name}`));
    const [id = ""] = readdirSync(join(directory, "backups"));
    expect(readdirSync(join(directory, "backups", id)).sort()).to.deep.equal(THREE.map((name) => `${name}.rdb`));
    await world.to("stable");
    await world.expectPlaced(THREE);
  });

  it("shardUrls: a shard that runs elsewhere joins those that the program runs, with the documented rights", async () => {
    await startServers("shard-3");
    const kubeconfig = join(directory, "kubeconfig");
    world = await World.create({
      namespace: "elsewhere-one",
      shards: THREE,
      keys: KEYS,
      password: PASSWORD,
      shardUrls: urls(),
      config: { targetShards: FOUR },
      kubeconfig: async (kube) => {
        writeFileSync(kubeconfig, await leastRights(kube));
        return kubeconfig;
      },
    });
    for (const phase of ["plan", "copy", "dualWrite", "cutover"]) await world.to(phase);
    const own = THREE.map(serviceUrl("elsewhere-one"));
    expect(await dataOf(world)).to.deep.equal({
      ...ringData([...own, servers.get("shard-3")?.url ?? ""], 3, THREE),
      LOG_LEVEL: "info",
    });
    expect(await statefulSets(world)).to.deep.equal(THREE.map((name) => `redis-dedup-${name}`));
    const { missing, different } = await world.keys.placement(FOUR, FOUR);
    expect({ missing, different }).to.deep.equal({ missing: [], different: [] });
  });

  it("shardUrls: all shards run elsewhere; a destroy leaves them and the ring alone", async () => {
    await startServers(...FOUR);
    const backup = { enabled: true, directory: join(directory, "backups") };
    world = await World.create({
      namespace: "elsewhere",
      shards: THREE,
      keys: KEYS,
      password: PASSWORD,
      shardUrls: urls(),
      config: { targetShards: FOUR, backup },
    });
    await migrate(world);
    const ring = { ...ringData(Object.values(urls()), 4), LOG_LEVEL: "info" };
    expect(await dataOf(world)).to.deep.equal(ring);
    for (const kind of ["statefulsets", "services", "poddisruptionbudgets"]) {
      expect(await world.kube.list(kind, "app=redis-dedup"), kind).to.deep.equal([]);
    }
    await world.expectPlaced(FOUR);

    const { code, output } = await world.stack.destroy();
    expect(code, output).to.equal(0);
    expect(await dataOf(world)).to.deep.equal(ring);
    await world.backend.ready();
    await world.expectPlaced(FOUR);
  });

  it("backend.manage: own: the program makes the ConfigMap, moves its ring, and never takes it away", async () => {
    const backend = { claimWindowMs: 1_000, commandTimeoutMs: 1_000, metricsPort: 8080 };
    world = await World.create({
      namespace: "own",
      shards: THREE,
      keys: KEYS,
      configMap: false,
      config: { backend: { ...backend, manage: "own" } },
    });
    const [before, after] = [THREE, FOUR].map((ring) => ring.map(serviceUrl("own"))) as [string[], string[]];
    expect(await dataOf(world)).to.deep.equal(ringData(before, 1));
    await migrate(world, {}, async (phase) => {
      if (phase === "dualWrite") expect(await dataOf(world)).to.deep.equal(ringData(before, 2, FOUR));
      if (phase === "cutover") expect(await dataOf(world)).to.deep.equal(ringData(after, 3, THREE));
    });
    expect(await dataOf(world)).to.deep.equal(ringData(after, 4));
    await world.expectPlaced(FOUR);
    expect((await world.stack.refresh()).code).to.equal(0);
    expect((await world.stack.preview()).output).to.match(/Resources:\s+\d+ unchanged/);

    const kept = await identities(world);
    await world.stack.setConfig({ backend });
    await world.stack.mustUp({ skipPreview: true });
    expect(await dataOf(world)).to.deep.equal(ringData(after, 4));
    const others = JSON.stringify({ data: { LOG_LEVEL: "debug" } });
    await world.kube.run(["patch", "configmap/backend-config", "--type=merge", "-p", others]);
    await world.stack.setConfig({ backend: { ...backend, manage: "own" } });
    await world.stack.mustUp({ skipPreview: true });
    expect(await dataOf(world)).to.deep.equal({ ...ringData(after, 4), LOG_LEVEL: "debug" });
    expect(await identities(world), "nothing was replaced or restarted").to.deep.equal(kept);

    for (const shard of FOUR) await (await world.keys.client(shard)).flushall();
    const { code, output } = await world.stack.destroy();
    expect(code, output).to.equal(0);
    expect(await statefulSets(world)).to.deep.equal([]);
    expect(await dataOf(world)).to.deep.equal({ ...ringData(after, 4), LOG_LEVEL: "debug" });
    expect(await identities(world)).to.deep.equal(kept);
  });

  async function startServers(...shards: readonly string[]): Promise<void> {
    const host = await ownAddress();
    for (const shard of shards) servers.set(shard, await RedisServer.start({ host, password: PASSWORD }));
  }

  const urls = () => Object.fromEntries([...servers].map(([name, { url }]) => [name, url]));
});

/** 3 → 4, by one `up` per phase. */
async function migrate(world: World, config = {}, look: (phase: string) => Promise<void> = () => Promise.resolve()) {
  for (const phase of ["plan", "copy", "dualWrite", "cutover", "cleanup"]) {
    await world.to(phase, { targetShards: FOUR, ...config });
    await look(phase);
  }
  await world.to("stable", { shards: FOUR });
}

async function dataOf(world: World | undefined): Promise<unknown> {
  return (await world?.kube.get("configmap/backend-config"))?.["data"];
}

async function statefulSets(world: World): Promise<string[]> {
  return (await world.kube.list("statefulsets")).map(({ metadata }) => metadata.name).sort();
}

/** Of the ConfigMap and the backend's pods. */
async function identities(world: World): Promise<unknown> {
  const objects = [await world.kube.get("configmap/backend-config"), ...(await world.kube.list("pods", "app=backend"))];
  return objects.map(({ metadata }) => metadata.uid);
}
