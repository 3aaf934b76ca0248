import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = join(__dirname, "../../..");
/** An engine that would go on for ever. */
const WORKING = `
  require("./migration/entrypoints/watch-engine").watchEngine(process.argv[1]);
  setInterval(() => undefined, 1_000);`;

describe("a provider whose Pulumi engine is gone", function () {
  this.timeout(30_000); // a process of its own
  let provider: ChildProcess | undefined;
  afterEach(() => provider?.kill());

  it("ends, for the run that it works for is over", async () => {
    const engine = createServer((socket) => socket.on("error", () => undefined).destroy()).listen(0, "127.0.0.1");
    await once(engine, "listening");
    const { port } = engine.address() as AddressInfo;
    const args = ["-r", "ts-node/register/transpile-only", "-e", WORKING, `127.0.0.1:${port}`];
    const started = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
    provider = started;
    const [said, exit] = [text(started.stderr), once(started, "exit")];
    await once(engine, "connection");
    expect(started.exitCode, "it works while the engine lives").to.equal(null);
    engine.close();
    expect(await exit).to.deep.equal([1, null]);
    expect(await said).to.contain("the Pulumi engine is gone: this run stops");
  });
});
