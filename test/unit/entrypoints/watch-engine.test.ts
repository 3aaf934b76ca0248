import { expect } from "chai";
import { spawn } from "node:child_process";
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
  this.timeout(60_000); // a process of its own

  it("ends, for the run that it works for is over", async () => {
    const engine = createServer((socket) => socket.on("error", () => undefined).destroy()).listen(0, "127.0.0.1");
    await once(engine, "listening");
    const { port } = engine.address() as AddressInfo;
    const args = ["-r", "ts-node/register/transpile-only", "-e", WORKING, `127.0.0.1:${port}`];
    const provider = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
    const [said, exit] = [text(provider.stderr), once(provider, "exit")];
    await once(engine, "connection");
    expect(provider.exitCode, "it works while the engine lives").to.equal(null);
    engine.close();
    expect(await exit).to.deep.equal([1, null]);
    expect(await said).to.contain("the Pulumi engine is gone: this run stops");
  });
});
