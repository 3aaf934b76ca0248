/** What later phases need of a shard is found at the plan, by name, and not behind the cutover. */
import { expect } from "chai";
import { engineAcl, ENGINE_COMMANDS } from "../../migration/adapters/engine-acl";
import { openShards } from "../../migration/adapters/open-shards";
import { HashRing } from "../../migration/ring/ring";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const USER = "dedup-engine";
const SECRETS = { redis: JSON.stringify({ username: USER }), redisUserPassword: "of the engine" };
const REFUSED = "the plan is refused, nothing has moved:\n";
/** Without these there is no connection, and without those no lock: both are refused by every run. */
const CONNECTION = ["auth", "info", "select", "client|info", "client|setname", "client|list"];
const LOCK = ["evalsha", "get", "set", "del", "time"];
const MIB = 1 << 20;

describe("what later phases need of the shards", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  const start = async (settings: Readonly<Record<string, readonly string[]>> = {}) => {
    const shards = Object.fromEntries(Object.entries(settings).map(([name, of]) => [name, { settings: of }]));
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR, { shards }), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    await lab.fill(60);
    await stack.up("stable");
  };
  const untouched = async () => {
    // Their cards, which they have had before, are all that there is.
    for (const { client } of lab.servers.values()) {
      expect((await client.keys("dedup-shards:*")).filter((key) => key !== "dedup-shards:card")).to.deep.equal([]);
    }
    expect(await lab.placement(lab.rings.current)).to.deep.equal(lab.allRight(lab.rings.current));
  };

  it("each right that is missing is named, with the shard and what to grant", async () => {
    await start();
    const { url, client } = lab.server("shard-1");
    const grant = (more: readonly string[]) => {
      const rules = ["reset", "on", `>${SECRETS.redisUserPassword}`, ...engineAcl("pcs:"), ...more];
      return Promise.all(
        [...lab.servers.values()].map(({ client: each }) => each.call("ACL", "SETUSER", USER, ...rules)),
      );
    };
    stack.secrets = SECRETS;
    for (const right of ENGINE_COMMANDS.filter((command) => ![...CONNECTION, ...LOCK].includes(command))) {
      await grant([]);
      await client.call("ACL", "SETUSER", USER, `-${right}`);
      const command = right.toUpperCase().replace("|", " ");
      const { message } = await errorOf(stack.up("plan"));
      const lines = message.slice(REFUSED.length).split("\n");
      expect(message.startsWith(REFUSED), `${right}: ${message}`).to.equal(true);
      expect(lines, right).to.have.length(1);
      expect(lines[0]).to.match(
        new RegExp(`^shard-1: ${command}, which [a-z ]+ needs, is refused: .*Next: grant its ACL user `),
      );
      expect(lines[0]?.endsWith(`grant its ACL user +${right}, and plan again.`)).to.equal(true);
    }
    for (const right of LOCK) {
      await grant([]);
      await client.call("ACL", "SETUSER", USER, `-${right}`);
      const { message } = await errorOf(stack.up("plan"));
      expect(message, right).to.match(new RegExp(`^shard-1 at ${url} refused: .*\\b${right}\\b.* lacks a right`, "i"));
    }
    await grant([]);
    await client.call("ACL", "SETUSER", USER, "resetkeys", "%R~*", "~dedup-shards:*");
    expect((await errorOf(stack.up("plan"))).message).to.match(
      /^the plan is refused, nothing has moved:\nshard-1: EVAL, .*Next: grant its ACL user the keys that docs\/guides\/security.md lists, and plan again\./,
    );
    await grant([]);
    await untouched();
    await stack.up("plan");
  });

  for (const [command, shard, needed] of [
    ["UNLINK", "shard-0", "the cleanup"],
    ["DUMP", "shard-0", "the copy"],
    ["RESTORE", "shard-3", "the copy"],
    ["MEMORY", "shard-0", "the plan"],
    ["EVALSHA_RO", "shard-0", "every phase"],
    ["SCAN", "shard-2", "every phase"],
    ["DBSIZE", "shard-3", "every phase"],
  ] as const) {
    it(`${command} renamed is refused by name, before anything is counted or written`, async () => {
      await start({ [shard]: ["--rename-command", command, ""] });
      const { message } = await errorOf(stack.up("plan"));
      expect(message).to.match(new RegExp(`^${REFUSED}${shard}: ${command}.*, which ${needed} needs, is refused: `));
      expect(message).to.match(new RegExp(` Next: take ${command} out of its rename-command, and plan again\\.$`));
      await untouched();
    });
  }

  it("replicas that a shard asks for and has not are named", async () => {
    await start();
    const { client, url } = lab.server("shard-3");
    await client.config("SET", "min-replicas-to-write", "1");
    expect((await errorOf(stack.up("plan"))).message).to.equal(
      `shard-3 at ${url} refused: NOREPLICAS Not enough good replicas to write. It takes no writes without replicas: bring ` +
        "them back, or lower its min-replicas-to-write, then run `pulumi up` again.",
    );
    await untouched();
  });

  const MESSAGE =
    /^the plan is refused, nothing has moved:\nshard-3: a request of \d\.\d MiB, as large as the biggest value that was counted, fails: .+\. Next: raise its client-query-buffer-limit \(and proto-max-bulk-len\) above that, and plan again\.$/;
  const putBigMover = async () => {
    const [key] = lab.moverKeys();
    if (!key) throw new Error("no mover");
    await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.alloc(3 * MIB, "x"));
  };

  for (const limit of ["client-query-buffer-limit", "proto-max-bulk-len"]) {
    it(`a ${limit} too small for the biggest value is named`, async () => {
      await start();
      await putBigMover();
      await lab.server("shard-3").client.config("SET", limit, "1mb");
      expect((await errorOf(stack.up("plan"))).message).to.match(MESSAGE);
      await lab.server("shard-3").client.config("SET", limit, "8mb");
      await stack.up("plan");
    });
  }

  for (const [limit, shard, value] of [
    ["client-query-buffer-limit", "shard-3", "1mb"],
    ["client-output-buffer-limit", undefined, "normal 1mb 1mb 1"],
  ] as const) {
    it(`a ${limit} that is lowered later on ends the copy with the limit's name, and not with a reset alone`, async () => {
      await start();
      await putBigMover();
      await stack.up("plan");
      for (const name of shard ? [shard] : THREE) await lab.server(name).client.config("SET", limit, value);
      expect((await errorOf(stack.up("copy"))).message).to.match(
        /^shard-\d at \S+ cannot be reached: the server closed the connection 5 times instead of answering a request\. Its log says why\. Where a value is larger than client-query-buffer-limit or client-output-buffer-limit allows, raise that, then /,
      );
      for (const { client } of lab.servers.values()) {
        await client.config("SET", "client-query-buffer-limit", "1gb");
        await client.config("SET", "client-output-buffer-limit", "normal 0 0 0");
      }
      await stack.up("copy");
    });
  }

  it("joining shards that are databases of one server must fit into it together", async () => {
    await start();
    const { client, url } = lab.server("shard-3");
    const keys = [...lab.stored.keys()].map((key) => Buffer.from(key, "latin1"));
    for (const key of keys) await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.alloc(64 * 1024));
    const names = ["new-1", "new-2", "new-3"];
    const servers = new Map<string, { readonly url: string }>([
      ...THREE.map((name) => [name, lab.server(name)] as const),
      ...names.map((name, i) => [name, { url: `${url}/${i + 1}` }] as const),
    ]);
    const rings = { ...lab.rings, target: new HashRing([...THREE, ...names]) };
    const shared = new PaperStack({ rings, servers }, cluster);
    await shared.up("stable");
    const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
    // Room for what any one of them gets, and not for all.
    await client.config("SET", "maxmemory", String(2 * used + 3 * MIB));
    const { message } = await errorOf(shared.up("plan"));
    expect(message).to.match(
      /^the plan is refused, nothing has moved:\nnew-1, new-2, new-3 \(databases of one server\): movers of \S+ MiB \(\d+ keys\) do not fit: /,
    );
  });

  it("all commands of the engines are tried, and nothing is left", async () => {
    await start();
    const { client, url } = lab.server("shard-0");
    const access = { access: "direct", namespace: "test", keyPrefix: "pcs:", patient: false, login: {} } as const;
    const open = await openShards([{ name: "shard-0", url: `${url}/1` }], access);
    const [shard] = open.shards;
    await shard?.lock("t", "me", 60_000);
    await client.call("CONFIG", "RESETSTAT");
    expect(await shard?.tryCommands("t")).to.deep.equal([]);
    const stats = await client.info("commandstats");
    const tried = [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = ""]) => name);
    expect(tried).to.include.members(ENGINE_COMMANDS.filter((command) => !CONNECTION.includes(command)));
    await shard?.unlock("t");
    open.close();
    await client.select(1);
    expect(await client.dbsize()).to.equal(0);
    await client.select(0);
  });
});
