/**
 * All of it at once, as an auditor would want it: the documented Role, a namespace that only lets in pods of the standard
 * `restricted`, an ACL user for the engines, a shard behind TLS that asks for certificates, a network policy; and secrets
 * nowhere but where they belong.
 */
import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { leastRights } from "../lab/least-rights";
import { PrivateCa } from "../lab/private-ca";
import type { RunResult } from "../lab/pulumi-run";
import { runProgram } from "./operator-program";
import { formsOf } from "./secrets";
import { makeTlsShard, tlsShardUrl } from "./tls-shard";
import { World } from "./world";

const NAMESPACE = "secured";
const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 1_000;
const USER = "dedup-engine";
const OWNER_PASSWORD = 'geheim & "lang"/1';
const ENGINE_PASSWORD = "anders; auch=geheim?2";
/** Slow enough to be looked at. */
const SLOW = { keysPerSecond: 20, catchUpKeysPerSecond: 50_000, batchSize: 10 };
const FAST = { keysPerSecond: 50_000, catchUpKeysPerSecond: 50_000 };
const LOOK_EVERY_MS = 50;

describe("security", function () {
  this.timeout(600_000);
  const directory = mkdtempSync(path.join(tmpdir(), "dedup-shards-security-"));
  const ca = new PrivateCa();
  const engine = ca.issue("engine");
  /** Everything that somebody could read, by where. */
  const seen = new Map<string, string>();
  let world: World;

  before(async () => {
    const kubeconfig = path.join(directory, "kubeconfig");
    const user = { name: USER, password: ENGINE_PASSWORD };
    world = await World.create({
      ...{ namespace: NAMESPACE, shards: THREE, keys: KEYS, password: OWNER_PASSWORD, tlsSecret: "backend-tls" },
      shardUrls: { "shard-3": tlsShardUrl(NAMESPACE) },
      prepare: async (kube) => {
        const { cert, key } = ca.issue("backend");
        const stringData = { "ca.crt": ca.cert, "tls.crt": cert, "tls.key": key };
        await kube.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "backend-tls" }, ...{ stringData } });
        await makeTlsShard(kube, { namespace: NAMESPACE, ca, password: OWNER_PASSWORD, user });
      },
      config: {
        targetShards: FOUR,
        redis: { username: USER, caCertificate: ca.cert, clientCertificate: engine.cert },
        redisUserPassword: { secret: ENGINE_PASSWORD },
        redisClientKey: { secret: engine.key },
        networkPolicy: { enabled: true, backend: { app: "backend" } },
        report: { directory: path.join(directory, "reports") },
        monitoring: { enabled: true },
        backup: { enabled: true, directory: path.join(directory, "backups") },
      },
      kubeconfig: async (kube) => {
        writeFileSync(kubeconfig, await leastRights(kube));
        return kubeconfig;
      },
    });
  });
  after(async () => {
    await world?.destroy();
    ca.remove();
    rmSync(directory, { recursive: true });
  });

  const note = (where: string, text: string): void => void seen.set(where, `${seen.get(where) ?? ""}\n${text}`);

  /** A phase, as an operator brings it about, with all that is said on the way. */
  const to = async (phase: string, config: object = {}): Promise<RunResult> => {
    await world.stack.setConfig({ migrationPhase: phase, ...config });
    // That of a cutover tells most; those of all phases would take their time.
    if (phase === "cutover") {
      note("previews", (await world.stack.preview({ diff: true })).output);
      note("previews as JSON", (await world.stack.preview({ json: true })).output);
      const comment = await runProgram(world.stack, "migration/pull-request/main.ts");
      expect(comment.code, comment.output).to.equal(0);
      note("the comment on a pull request", comment.output);
      note("the doctor", (await runProgram(world.stack, "migration/operations/doctor.ts")).output);
    }
    const run = await looking(() => world.stack.up({ skipPreview: true }));
    note("output of runs", run.output);
    expect(run.code, run.output).to.equal(0);
    return run;
  };

  /** Works while what processes were started with is looked at. */
  const looking = async <T>(work: () => Promise<T>): Promise<T> => {
    const timer = setInterval(() => note("arguments of processes", argumentsOfProcesses()), LOOK_EVERY_MS);
    return work().finally(() => clearInterval(timer));
  };

  it("lets in no pod that is not of the standard restricted", async () => {
    const containers = [{ name: "redis", image: "lab.test/redis:7", imagePullPolicy: "Never" }];
    const error = await world.kube
      .apply({ apiVersion: "v1", kind: "Pod", metadata: { name: "as-root" }, spec: { containers } })
      .catch((found: unknown) => found);
    expect(String(error)).to.contain('violates PodSecurity "restricted:latest"');
  });

  it("copies as the ACL user, by TLS, and by a port-forward that is told one shard from another", async () => {
    await to("plan");
    await world.stack.setConfig({ migrationPhase: "copy", copy: SLOW });
    const run = world.stack.startUp({ skipPreview: true });
    await looking(() => run.waitForLine(/pre-copy: [1-9][\d,]* of about/));
    for (const shard of FOUR) expect(await usersOf(shard), shard).to.include(USER);
    await run.kill();
    await world.stack.cancel();
    note("output of runs", (await run.done).output);
    await to("copy", { copy: FAST });
  });

  it("takes no other shard for the one at that address", async () => {
    const other = new PrivateCa();
    const redis = { username: USER, caCertificate: other.cert, clientCertificate: engine.cert };
    await world.stack.setConfig({ redis, migrationPhase: "dualWrite" });
    const { code, output } = await world.stack.up({ skipPreview: true });
    note("output of runs", output);
    other.remove();
    await world.stack.setConfig({ redis: { ...redis, caCertificate: ca.cert } });
    expect(code, output).to.not.equal(0);
    expect(output).to.contain(
      "cannot be reached: self-signed certificate in certificate chain. Set redis.caCertificate",
    );
  });

  it("brings the migration to its end, and no right was missing", async () => {
    for (const phase of ["dualWrite", "cutover", "cleanup"]) await to(phase);
    for (const shard of FOUR) {
      const client = await world.keys.client(shard);
      // Whether a shard syncs every write is asked of each, and this right is not among those that engines need.
      const refused = ((await client.call("ACL", "LOG")) as unknown[][]).filter((line) => !line.includes("config|get"));
      expect(refused, shard).to.deep.equal([]);
      for (const key of await client.keys("dedup-shards:*")) {
        note("records on shards", (await client.type(key)) === "string" ? String(await client.get(key)) : "");
      }
    }
    // The default command knows no certificates, and one of the current ring's shards wants them now.
    await to("stable", { shards: FOUR, backup: { enabled: false } });
    await world.expectPlaced(FOUR);
  });

  it("lets nobody reach the shards but the backend and the engine's Job", async () => {
    const { spec } = await world.kube.get("networkpolicy/redis-dedup");
    expect(spec)
      .to.have.property("ingress")
      .that.deep.equals([
        {
          from: [{ app: "backend" }, { "dedup-shards/engine": "dedup-engine" }].map((matchLabels) => ({
            podSelector: { matchLabels },
          })),
          ports: [{ protocol: "TCP", port: 6379 }],
        },
      ]);
    const pods = (await world.kube.list("pods", "app=redis-dedup")).map(({ metadata }) => metadata.name);
    expect(pods.sort()).to.deep.equal(THREE.map((name) => `redis-dedup-${name}-0`));
  });

  it("shows no secret in state, previews, output, reports, records, arguments of processes, or objects", async () => {
    note("state", JSON.stringify(await world.stack.exportState()));
    note("stack's outputs", JSON.stringify(await world.stack.outputs()));
    note("the config file", readFileSync(world.stack.configFile, "utf8"));
    for (const file of readdirSync(path.join(directory, "reports"), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) note("reports", readFileSync(path.join(file.parentPath, file.name), "utf8"));
    }
    note("events", await world.kube.run(["get", "events", "-o", "yaml"]));
    const kinds = "pods,statefulsets,deployments,configmaps,services,networkpolicies,poddisruptionbudgets";
    note("objects", await world.kube.run(["get", kinds, "-o", "yaml"]));
    for (const app of ["backend", "redis-dedup", "elsewhere"]) {
      note("logs of pods", await world.kube.logs("--selector", `app=${app}`, "--tail=-1"));
    }
    const places = ["previews", "previews as JSON", "output of runs", "arguments of processes", "records on shards"];
    const told = ["the comment on a pull request", "the doctor"];
    const more = [
      ...told,
      "state",
      "stack's outputs",
      "the config file",
      "reports",
      "events",
      "objects",
      "logs of pods",
    ];
    expect(seen.get("arguments of processes"), "a backup").to.contain("redis-cli -u redis://");
    for (const place of [...places, ...more]) expect(seen.get(place)?.trim(), `nothing was seen: ${place}`).to.be.ok;
    const found = [...seen].flatMap(([where, text]) =>
      secretTexts(engine.key).flatMap(([what, secret]) => (text.includes(secret) ? [`${what} in ${where}`] : [])),
    );
    expect(found).to.deep.equal([]);
  });

  /** Who is connected to a shard. */
  const usersOf = async (shard: string): Promise<readonly string[]> => {
    const list = String(await (await world.keys.client(shard)).client("LIST"));
    return [...list.matchAll(/ user=(\S+)/g)].map(([, user = ""]) => user);
  };
});

/** Each secret as it is, and in the dresses that it may wear, by name. */
function secretTexts(key: string): readonly (readonly [what: string, text: string])[] {
  const passwords = { "the owner's password": OWNER_PASSWORD, "the engine's password": ENGINE_PASSWORD };
  // Of a key any line of its middle is enough, however the lines are joined.
  const [, , line = ""] = key.split("\n");
  const all = Object.entries({ ...passwords, "the client's key": line });
  return [
    ...all.flatMap(([what, secret]) => formsOf(secret).map((form) => [what, form] as const)),
    ["the client's key in base64", Buffer.from(key).toString("base64").slice(120, 180)],
  ];
}

function argumentsOfProcesses(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // it is over
      }
    })
    .join("\n");
}
