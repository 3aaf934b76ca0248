import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "../../..");

describe("the command that backs a shard up", function () {
  this.timeout(60_000); // each run is a process of its own
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "with-shard-"));
    file = join(directory, "m-1", "shard-0.rdb");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const run = (command: string) =>
    spawnSync(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", join(ROOT, "migration/entrypoints/with-shard.ts")],
      {
        cwd: ROOT,
        encoding: "utf8",
        env: {
          ...process.env,
          SHARD_NAME: "shard-0",
          SHARD_URL: "redis://h:1234/2",
          SHARD_ACCESS: "direct",
          SHARD_COMMAND: command,
          BACKUP_FILE: file,
        },
      },
    );
  const content = (name = "shard-0.rdb") => readFileSync(join(directory, "m-1", name), "utf8");
  const left = () => readdirSync(join(directory, "m-1"));

  it("makes the file, and its folder, with the shard's URL at hand", () => {
    const { status, stderr } = run('printf %s "$REDIS_URL" > "$BACKUP_FILE"');
    expect(status, stderr).to.equal(0);
    expect(content()).to.equal("redis://h:1234/2");
    expect(left()).to.deep.equal(["shard-0.rdb"]);
  });

  it("never writes over a file that exists, whatever the command has become", () => {
    run('printf first > "$BACKUP_FILE"');
    const { status, stdout } = run('printf second > "$BACKUP_FILE"');
    expect(status).to.equal(0);
    expect(stdout).to.contain("shard-0.rdb exists and is kept");
    expect(content()).to.equal("first");
  });

  it("moves and keeps what the command calls otherwise, too", () => {
    run('printf first > "$BACKUP_FILE.gz"');
    run('printf second > "$BACKUP_FILE.gz"');
    expect(content("shard-0.rdb.gz")).to.equal("first");
    expect(left()).to.deep.equal(["shard-0.rdb.gz"]);
  });

  it("half a file of a command that failed is no backup", () => {
    expect(run('printf half > "$BACKUP_FILE"; exit 3').status).to.equal(3);
    expect(existsSync(file)).to.equal(false);
    expect(run('printf whole > "$BACKUP_FILE"').status).to.equal(0);
    expect(content()).to.equal("whole");
  });

  it("needs no file of a command that stores its snapshot elsewhere", () => {
    const { status, stdout } = run("true");
    expect(status).to.equal(0);
    expect(stdout).to.contain("the command left no file beside BACKUP_FILE: its success is all that is known");
    expect(left()).to.deep.equal([]);
  });
});
