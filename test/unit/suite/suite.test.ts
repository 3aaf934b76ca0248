/** How the suite runs its parts side by side, and what it says of them. */
import { expect } from "chai";
import { countTests, type Job, type JobResult } from "../../suite/job";
import { allJobs, quickJobs } from "../../suite/jobs";
import { runAll } from "../../suite/pool";
import { describeResult, timesOf, totalOf } from "../../suite/report";
import { runJob } from "../../suite/run-job";

const job = (name: string, places = 1): Job => ({ name, command: ["true"], places });
const ended = (name: string, output: string, code = 0, seconds = 1): JobResult => ({
  job: job(name),
  code,
  output,
  seconds,
});
const MOCHA = "\n  something\n    ✔ is quick\n    ✔ is slow (2500ms)\n\n\n  2 passing (3s)\n";
const HERE = Promise.resolve({ inside: (command: readonly string[]) => command, env: process.env });

/** Jobs that end when a test says so. */
class Stage {
  readonly started: string[] = [];
  private readonly ends = new Map<string, () => void>();

  readonly run = async (started: Job): Promise<JobResult> => {
    this.started.push(started.name);
    await new Promise<void>((resolve) => this.ends.set(started.name, resolve));
    return ended(started.name, "");
  };

  async end(name: string): Promise<void> {
    this.ends.get(name)?.();
    await new Promise(setImmediate);
  }
}

describe("the suite's places", () => {
  it("are filled in order, and a large job is not overtaken", async () => {
    const stage = new Stage();
    const done = runAll([job("a"), job("b"), job("large", 2), job("c")], 2, stage.run);
    expect(stage.started).to.deep.equal(["a", "b"]);
    await stage.end("a");
    expect(stage.started).to.deep.equal(["a", "b"]);
    await stage.end("b");
    expect(stage.started).to.deep.equal(["a", "b", "large"]);
    await stage.end("large");
    expect(stage.started).to.deep.equal(["a", "b", "large", "c"]);
    await stage.end("c");
    expect((await done).map((result) => result.job.name)).to.deep.equal(["a", "b", "large", "c"]);
  });

  it("are all taken by a job that wants more than there are", async () => {
    const stage = new Stage();
    const done = runAll([job("huge", 9), job("a")], 2, stage.run);
    expect(stage.started).to.deep.equal(["huge"]);
    await stage.end("huge");
    await stage.end("a");
    expect(await done).to.have.lengthOf(2);
  });
});

describe("a part of the suite", () => {
  it("keeps what its command prints, and the exit code", async () => {
    const command = ["sh", "-c", "echo out; echo err >&2; exit 3"];
    const { code, output } = await runJob({ ...job("x"), command }, HERE, new AbortController().signal);
    expect(code).to.equal(3);
    expect(output.split("\n").sort()).to.deep.equal(["", "err", "out"]);
  });

  it("fails with the reason where its cluster cannot be had, or its command", async () => {
    const none = Promise.reject(new Error("no cluster"));
    const signal = new AbortController().signal;
    expect(await runJob(job("x"), none, signal)).to.include({ code: 1, output: "Error: no cluster" });
    const missing = await runJob({ ...job("x"), command: ["no-such-program"] }, HERE, signal);
    expect(missing).to.include({ code: 1, output: "Error: spawn no-such-program ENOENT" });
  });

  it("ends when the suite is stopped", async () => {
    const stopping = new AbortController();
    const result = runJob({ ...job("x"), command: ["sleep", "1000"] }, HERE, stopping.signal);
    await HERE;
    setImmediate(() => stopping.abort());
    expect((await result).code).to.equal(143);
  });
});

describe("what the suite says", () => {
  it("counts mocha's tests, of several runs too, and no other numbers", () => {
    expect(countTests(`${MOCHA}\n  3 passing (1m)\n  1 failing\n  12 passing ships\n`)).to.deep.equal({
      passed: 5,
      failed: 1,
    });
  });

  it("counts a part that failed without a failed test as one", () => {
    expect(totalOf([ended("unit", MOCHA), ended("lint", "an error", 1)])).to.deep.equal({ passed: 2, failed: 1 });
  });

  it("shows the whole output of a part that failed, and one line of any other", () => {
    expect(describeResult(ended("unit", MOCHA))).to.equal("ok      unit (1 s, 2 passed)");
    const failed = describeResult(ended("lint", "first\nlast\n", 2));
    expect(failed).to.match(/^FAILED {2}lint \(1 s, exit code 2\)\n─+\nfirst\nlast\n─+$/);
  });

  it("lists parts and tests with the longest first", () => {
    const text = timesOf([ended("short", "", 0, 5), ended("long", MOCHA, 0, 61)], 62);
    expect(text.split("\n")).to.deep.equal([
      "The suite took 1 min 2 s, its parts together 1 min 6 s.",
      ...["Longest parts:", "    61 s  long", "     5 s  short"],
      ...["Longest tests:", "     3 s  long: is slow"],
    ]);
  });
});

describe("the parts of the suite", () => {
  it("have every test file in one of them", () => {
    const commands = allJobs().flatMap(({ command }) => command);
    for (const level of ["unit", "model", "integration"]) expect(commands).to.include(`test/${level}/**/*.test.ts`);
    const left = commands.flatMap((word, i) => (word === "--ignore" ? [commands[i + 1]] : []));
    for (const file of left)
      expect(
        commands.filter((word) => word === file),
        file,
      ).to.have.lengthOf(2);
    expect(commands.filter((word) => /^test\/e2e\/.*\.test\.ts$/.test(word)).length).to.be.above(15);
  });

  it("are without the long ones in the quick run", () => {
    expect(quickJobs().map(({ name }) => name)).to.deep.equal(["unit", "integration", "lint", "typecheck"]);
  });
});
