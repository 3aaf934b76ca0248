/** Who is connected to a shard and is no pod of the backend and no engine is named by the gate and by the doctor's look. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { parseClientList } from "../../../migration/adapters/redis/client-list";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { diagnose } from "../../../migration/operations/diagnose";
import { examine } from "../../../migration/operations/examine";
import { unknownClients } from "../../../migration/engines/gate/unknown-clients";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { errorOf, FOUR, RingLab, THREE } from "../ring-lab";

const client = (address: string, isEngine = false) => ({ address, command: "get", isEngine });

describe("clients of a shard", () => {
  it("are read from CLIENT LIST: addresses of both kinds, engines by their name, replicas left out", () => {
    const reply = [
      "id=3 addr=10.0.0.7:52555 laddr=10.0.0.1:6379 name= flags=N cmd=get user=default",
      "id=4 addr=[fd00::7]:52556 laddr=[fd00::1]:6379 name=dedup-shards flags=N cmd=evalsha user=default",
      "id=5 addr=/tmp/redis.sock:0 name= flags=U cmd=ping",
      "id=6 addr=10.0.0.8:6379 name= flags=S cmd=replconf",
      "",
    ].join("\n");
    expect(parseClientList(reply)).to.deep.equal([
      client("10.0.0.7"),
      { ...client("fd00::7", true), command: "evalsha" },
      { ...client("/tmp/redis.sock"), command: "ping" },
    ]);
  });

  it("are unknown where they are no pod, no engine, and not from the shard's own pod", () => {
    const known = [client("10.0.0.7"), client("127.0.0.1"), client("::1"), client("/tmp/s"), client("10.0.0.9", true)];
    expect(unknownClients(known, ["10.0.0.7"])).to.deep.equal([]);
    expect(
      unknownClients([...known, client("10.0.0.9"), client("10.0.0.9"), client("10.0.0.5")], ["10.0.0.7"]),
    ).to.deep.equal(["10.0.0.5 (1 connection, last command get)", "10.0.0.9 (2 connections, last command get)"]);
  });
});

describe("an unknown client", function () {
  this.timeout(60_000);
  const say = console.log;
  const UNKNOWN = "127.0.0.9 (1 connection, last command get)";
  // Redis takes any address but 127.0.0.1 for another machine.
  const OPEN = { settings: ["--protected-mode", "no"] };
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let lines: string[];
  let socket: Socket | undefined;
  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR, OPEN), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    lines = [];
    console.log = (line: string) => void lines.push(line);
    for (const phase of ["stable", "plan", "copy"] as const) await stack.up(phase);
  });
  afterEach(async () => {
    console.log = say;
    socket?.destroy();
    cluster.stop();
    await lab.stop();
  });

  /** Another machine of this host's, as far as Redis can tell. */
  async function connectFrom(localAddress: string): Promise<void> {
    socket = connect({ port: lab.server("shard-1").port, host: "127.0.0.1", localAddress });
    socket.write("GET pcs:x\r\n");
    await once(socket, "data");
  }
  const warnings = () => lines.filter((line) => line.startsWith("warning: clients"));

  it("is warned of, by shard and address; engines, pods and what comes from the shard's own pod are not", async () => {
    await stack.passGate("dualWrite");
    expect(warnings()).to.deep.equal([]);
    await stack.finish();
    await connectFrom("127.0.0.9");
    await stack.passGate("cutover");
    expect(warnings()).to.have.length(1);
    expect(warnings()[0]).to.contain(`connected to shard-1: ${UNKNOWN}. Make sure that none of them writes`);
    await stack.up("dualWrite");
    await stack.up("stable");
    lines = [];
    await stack.up("plan");
    expect(warnings()).to.have.length(1);
  });

  it("is named by the doctor, and nobody else is", async () => {
    const gate = stack.state as CheckedGateInputs;
    const found = async () =>
      diagnose(await examine({ gate, secrets: {} })).filter(({ section }) => section === "unknown-clients");
    expect(await found()).to.deep.equal([]);
    await connectFrom("127.0.0.9");
    expect(await found()).to.deep.equal([
      {
        level: "warning",
        text: `shard-1 has clients that are no backend pod: ${UNKNOWN}`,
        next: "find out what they are: nobody knows which ring a writer among them has",
        section: "unknown-clients",
      },
    ]);
  });

  it("shuts the gate of a backend that is said to serve nothing", async () => {
    cluster.pods = [];
    stack.settings = { ...stack.settings, servesNothing: true };
    await connectFrom("127.0.0.9");
    expect((await errorOf(stack.passGate("dualWrite"))).message).to.equal(
      "backend.servesNothing says that nothing serves, but clients that are no pod of the backend's Deployment are " +
        `connected to shard-1: ${UNKNOWN}. End them, or name the Deployment that they belong to in backend.deployment, ` +
        "then run `pulumi up` again.",
    );
    socket?.destroy();
    await lab
      .server("shard-1")
      .client.client("KILL", "ADDR", `127.0.0.9:${socket?.localPort}`)
      .catch(() => undefined);
    await stack.passGate("dualWrite");
  });

  it("is not looked for where the engine's user may not ask: that is said, and holds nothing", async () => {
    for (const name of FOUR) await lab.server(name).client.call("ACL", "SETUSER", "default", "-client|list");
    await stack.passGate("dualWrite");
    expect(lines.filter((line) => line.startsWith("who is connected to shard-1 is not known: "))).to.have.length(1);
  });
});
