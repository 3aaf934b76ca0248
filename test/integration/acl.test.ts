/** The engines as an ACL user with the rights of docs/guides/security.md: these are enough, and each is needed. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { authFiles } from "../../components/redis-config";
import { engineAcl, ENGINE_COMMANDS } from "../../migration/adapters/engine-acl";
import { remove } from "../../migration/entrypoints/shard-guard";
import { examine } from "../../migration/operations/examine";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import { RedisServer } from "./redis-servers";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const KEYS = 300;
const USER = "dedup-engine";
const SECRETS = { redis: JSON.stringify({ username: USER }), redisUserPassword: "of the engine" };
/** Databases are selected when a connection begins. */
const DATABASE = 1;

const many = (make: (i: number) => readonly (string | number)[]) =>
  Array.from({ length: 3_000 }, (_, i) => make(i)).flat();

/** How a value of each type is made, but for small strings. */
const TYPES: readonly (readonly [command: string, ...args: (string | number)[]])[] = [
  ["HSET", "field", "value"],
  ["RPUSH", "a", "b"],
  ["SADD", "a", "b"],
  ["ZADD", 1, "a"],
  ["XADD", "1-1", "field", "value"],
  // Large ones are read in parts.
  ["HSET", ...many((i) => [`field ${i}`, "value"])],
  ["RPUSH", ...many((i) => [`entry ${i}`])],
  ["SADD", ...many((i) => [`member ${i}`])],
  ["ZADD", ...many((i) => [i, `member ${i}`])],
  ["XADD", "1-1", "field", "x".repeat(100_000)],
  ["SET", "x".repeat(5_000_000)],
];
/** Commands of newer servers that scripts try. */
const OF_NEWER_SERVERS = ["hpexpiretime"];

/** What is said of a command that a script may not run, by Redis 7.0 and by newer servers. */
const REFUSED = [
  "ERR The user executing the script can't run this command or subcommand (one of DEL, GET, PTTL, SET). The ACL user lacks " +
    "a right: docs/guides/security.md lists all that it needs.",
  "ERR ACL failure in script: User dedup-engine has no permissions to run the 'set' command. The ACL user lacks a right: " +
    "grant it `+set` (ACL SETUSER … +set). docs/guides/security.md lists all that it needs.",
];

describe("an ACL user for the engines", function () {
  this.timeout(120_000);
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  const clients = () => [...lab.servers.values()].map(({ client }) => client);
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([
      RingLab.start(THREE, FOUR, { password: "of the owner" }),
      PaperCluster.start(),
    ]);
    const rules = [`>${SECRETS.redisUserPassword}`, ...engineAcl(lab.rings.keyPrefix)];
    for (const client of clients()) await client.call("ACL", "SETUSER", USER, "reset", "on", ...rules);
    const inDatabase = new Map([...lab.servers].map(([name, { url }]) => [name, { url: `${url}/${DATABASE}` }]));
    stack = new PaperStack({ rings: lab.rings, servers: inDatabase }, cluster);
    stack.secrets = SECRETS;
    for (const client of clients()) await client.select(DATABASE);
    await lab.fill(KEYS);
  });
  afterEach(async () => {
    cluster.stop();
    await lab.stop();
  });

  /** Commands that servers ran, scripts' included, since they were told to count anew. */
  const commandsRun = async (): Promise<readonly string[]> => {
    const texts = await Promise.all(clients().map((client) => client.info("commandstats")));
    const names = texts.flatMap((text) => [...text.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = ""]) => name));
    return [...new Set(names)].filter((name) => name !== "config|resetstat").sort();
  };

  /** Plans. A plan tries every command, so those that it runs say nothing of the other phases, and do not count. */
  const plan = async () => {
    await stack.up("plan");
    for (const client of clients()) await client.call("CONFIG", "RESETSTAT");
  };

  /** A migration there and half-way back, a look at everything, and a shard that goes; @returns the commands that it took. */
  const everything = async () => {
    const ran = new Set<string>();
    const note = async () => (await commandsRun()).forEach((command) => ran.add(command));
    await stack.up("stable");
    await plan();
    // Whoever is kept out looks how long that may be.
    for (const client of clients()) await client.set("dedup-shards:lock", "another run", "PX", 1_000);
    for (const phase of ["copy", "dualWrite", "cutover", "dualWrite", "stable"] as const) await stack.up(phase);
    await note();
    await plan();
    for (const phase of ["copy", "dualWrite", "cutover", "cleanup"] as const) await stack.up(phase);
    const gate = stack.state;
    if (!gate) throw new Error("nothing was brought up");
    await examine({ gate, secrets: SECRETS });
    await stack.up("stable", FOUR);
    const { connection } = gate;
    const [name = ""] = THREE;
    const inputs = { shard: name, keyPrefix: lab.rings.keyPrefix, uid: "1" };
    const only = { ...connection, shards: { [name]: connection.shards[name] ?? "" } };
    const refusal = await errorOf(remove({ ...inputs, connection: only }, SECRETS));
    expect(refusal.message).to.match(/no other shard/);
    await note();
    return [...ran].sort();
  };

  it("can do all of it with exactly the commands that are listed, whatever the values' types", async () => {
    for (const [i, [command, ...args]] of TYPES.entries()) {
      const key = lab.moverKeys()[i];
      if (!key) throw new Error("no mover");
      const { client } = lab.server(lab.ownerOf(key, lab.rings.current));
      await client.del(key);
      await client.call(command, key, ...args);
      if (command === "XADD") await client.call("XGROUP", "CREATE", key, "readers", "0");
      if (command === "XADD") await client.call("XREADGROUP", "GROUP", "readers", "one", "STREAMS", key, ">");
    }
    // A key of somebody else's, which has to be looked at when its shard is to go.
    await lab.server("shard-0").client.set("session:1", "x");
    const ran = (await everything()).filter((name) => !OF_NEWER_SERVERS.includes(name));
    expect(ran).to.deep.equal([...ENGINE_COMMANDS].sort());
    for (const client of clients()) expect(await client.call("ACL", "LOG")).to.deep.equal([]);
  });

  it("may write no other keys than the backend's and this product's, and do nothing to a server", async () => {
    const { client } = lab.server("shard-0");
    const refused = async (...command: [string, ...string[]]) =>
      String(await client.call("ACL", "DRYRUN", USER, ...command));
    expect(await refused("set", "pcs:a", "b")).to.equal("OK");
    expect(await refused("set", "dedup-shards:a", "b")).to.equal("OK");
    expect(await refused("exists", "other")).to.equal("OK");
    expect(await refused("set", "other", "b")).to.match(/no permissions to access the 'other' key/);
    const others = [
      "flushall",
      "config get maxmemory",
      "keys *",
      "shutdown",
      "acl list",
      "replicaof a 1",
      "publish a b",
    ];
    for (const command of others) {
      const [name = "", ...rest] = command.split(" ");
      expect(await refused(name, ...rest), command).to.match(/no permissions to run the/);
    }
  });

  it("is what the shards of this program have", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "dedup-shards-acl-"));
    const file = path.join(directory, "auth.conf");
    // A prefix of characters that patterns, ACL rules and files would each take for something else.
    const keyPrefix = 'p*[c]"s\\:';
    const user = { name: USER, rules: engineAcl(keyPrefix), password: SECRETS.redisUserPassword };
    writeFileSync(file, authFiles("of the owner", user)["auth.conf"]);
    const server = await RedisServer.start({ password: "of the owner", settings: ["--include", file] });
    try {
      const asked = async (key: string) => String(await server.client.call("ACL", "DRYRUN", USER, "set", key, "value"));
      expect(await asked(`${keyPrefix}a`)).to.equal("OK");
      expect(await asked('p*c"s:a')).to.match(/no permissions to access/);
      const engine = server.client.duplicate({ username: USER, password: SECRETS.redisUserPassword });
      expect(await engine.dbsize()).to.equal(0);
      engine.disconnect();
      expect(await server.client.dbsize()).to.equal(0);
    } finally {
      await server.stop();
      rmSync(directory, { recursive: true });
    }
  });

  it("without one of its rights is refused by name, and nothing is moved", async () => {
    for (const phase of ["stable", "plan"] as const) await stack.up(phase);
    for (const client of clients()) await client.call("ACL", "SETUSER", USER, "-restore", "-dump", "-set");
    const error = await errorOf(stack.up("copy"));
    const { url } = lab.server("shard-0");
    const [where, refused = ""] = error.message.split(" refused: ");
    expect(where).to.equal(`shard-0 at ${url}/${DATABASE}`);
    expect(REFUSED).to.include(refused);
    expect(await lab.server("shard-3").client.dbsize()).to.equal(await records());
  });

  const records = async () => (await lab.server("shard-3").client.keys("dedup-shards:*")).length;
});
