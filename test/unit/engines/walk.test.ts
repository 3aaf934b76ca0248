import { expect } from "chai";
import type { ScanPage, ShardStore } from "../../../migration/engines/shard-store";
import { walk, type Walk } from "../../../migration/engines/walk";
import { fakeStore, page } from "./fakes";

/** A source whose pages and process ids are scripted, and all that a walk did with it. */
class Script {
  readonly scanned: string[] = [];
  readonly batches: string[] = [];
  readonly windows: string[] = [];
  readonly lines: string[] = [];
  restarts = 0;
  readonly source: ShardStore;

  /** @param runIds - one for each time that the walk asks; the last one stays. */
  constructor(
    private readonly pages: Readonly<Record<string, ScanPage>>,
    private readonly runIds: string[] = ["p1"],
  ) {
    this.source = fakeStore("a", {
      scan: (cursor) => {
        this.scanned.push(cursor);
        const found = this.pages[cursor];
        return found ? Promise.resolve(found) : Promise.reject(new Error(`no page ${cursor}`));
      },
      runId: () => Promise.resolve((this.runIds.length > 1 ? this.runIds.shift() : this.runIds[0]) ?? ""),
    });
  }

  walk(change: Partial<Walk> = {}): Promise<void> {
    return walk({
      source: this.source,
      // Keys name the shard they concern; those that stay begin with a dash.
      route: (key) => (key.toString().startsWith("-") ? undefined : key.toString().split(":")[0]),
      pacing: { batchSize: 2, flight: 2 },
      startCursor: "0",
      onBatch: (other, keys) => Promise.resolve(void this.batches.push(`${other}: ${keys.map(String).join(" ")}`)),
      onWindow: (cursor, runId) => Promise.resolve(void this.windows.push(`${cursor} of ${runId}`)),
      onServer: () => Promise.resolve(),
      onRestart: () => Promise.resolve(void this.restarts++),
      log: (line) => void this.lines.push(line),
      ...change,
    });
  }
}

describe("walk", () => {
  it("sends keys in batches by the shard that they concern, and ends at cursor 0", async () => {
    const script = new Script({ "0": page("5", "b:1", "c:1", "-1", "b:2"), "5": page("0", "b:3", "c:2", "-2") });
    await script.walk();
    expect(script.batches).to.deep.equal(["b: b:1 b:2", "c: c:1 c:2", "b: b:3"]);
    expect(script.windows).to.deep.equal(["0 of p1"]);
    expect(script.lines).to.deep.equal([]);
  });

  it("works once on a key that comes again, in one page or two", async () => {
    const script = new Script({ "0": page("5", "b:1", "b:1", "c:1"), "5": page("0", "c:1", "b:1", "b:2") });
    await script.walk();
    expect(script.batches).to.deep.equal(["b: b:1 b:2", "c: c:1"]);
  });

  it("an empty source is one page and one window", async () => {
    const script = new Script({ "0": page("0") });
    await script.walk();
    expect(script.scanned).to.deep.equal(["0"]);
    expect(script.windows).to.deep.equal(["0 of p1"]);
  });

  it("goes on over empty pages: only cursor 0 is the end", async () => {
    const script = new Script({ "0": page("3"), "3": page("9", "-1"), "9": page("4"), "4": page("0", "b:1") });
    await script.walk();
    expect(script.scanned).to.deep.equal(["0", "3", "9", "4"]);
    expect(script.batches).to.deep.equal(["b: b:1"]);
  });

  it("takes stock after 40 pages though nothing concerned it", async () => {
    const pages = Array.from(
      { length: 100 },
      (_, i) => [String(i), page(i === 99 ? "0" : String(i + 1), "-1")] as const,
    );
    const script = new Script(Object.fromEntries(pages));
    await script.walk();
    expect(script.windows).to.deep.equal(["40 of p1", "80 of p1", "0 of p1"]);
    expect(script.scanned).to.have.length(100);
  });

  it("takes stock after four batches, when all of them are done", async () => {
    const pages = Array.from(
      { length: 6 },
      (_, i) => [String(i), page(i === 5 ? "0" : String(i + 1), `b:${i}`, `b:${i}'`)] as const,
    );
    const script = new Script(Object.fromEntries(pages));
    const running = new Set<string>();
    let most = 0;
    await script.walk({
      onBatch: async (_other, keys) => {
        const name = keys.map(String).join();
        running.add(name);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(name);
      },
      onWindow: (cursor) => {
        expect([...running]).to.deep.equal([]);
        return Promise.resolve(void script.windows.push(cursor));
      },
    });
    expect(script.windows[0]).to.be.oneOf(["4", "5"]);
    expect(script.windows.at(-1)).to.equal("0");
    expect(most).to.equal(2);
  });

  it("goes on from a cursor of the same process", async () => {
    const script = new Script({ "7": page("0", "b:1") });
    await script.walk({ startCursor: "7", startRunId: "p1" });
    expect(script.scanned).to.deep.equal(["7"]);
    expect(script.restarts).to.equal(0);
  });

  it("starts over with a cursor of another process, and says so", async () => {
    const script = new Script({ "0": page("0", "b:1") }, ["p2"]);
    await script.walk({ startCursor: "7", startRunId: "p1" });
    expect(script.scanned).to.deep.equal(["0"]);
    expect(script.restarts).to.equal(1);
    expect(script.lines).to.deep.equal(["a was restarted: its scan starts over"]);
  });

  it("starts over when the process is replaced under way: that window leaves no checkpoint", async () => {
    const script = new Script({ "0": page("5", "b:1"), "5": page("0", "b:2") }, ["p1", "p2"]);
    await script.walk();
    expect(script.scanned).to.deep.equal(["0", "5", "0", "5"]);
    expect(script.windows).to.deep.equal(["0 of p2"]);
    expect(script.lines).to.deep.equal(["a was restarted: its scan starts over"]);
  });

  it("ends when the source that was restarted cannot be trusted", async () => {
    const script = new Script({ "0": page("0", "b:1") }, ["p1", "p2"]);
    const error = await script.walk({ onRestart: () => Promise.reject(new Error("emptied")) }).catch((e: unknown) => e);
    expect(error).to.have.property("message", "emptied");
    expect(script.windows).to.deep.equal([]);
  });

  describe("when something fails", () => {
    const failing = async (script: Script, change: Partial<Walk> = {}) =>
      script.walk(change).then(
        () => "nothing",
        (error: unknown) => (error as Error).message,
      );

    it("a batch: no further one begins, what is under way is waited for, no checkpoint is left", async () => {
      const script = new Script({ "0": page("0", "b:1", "b:2", "c:1", "c:2", "d:1", "d:2", "e:1") });
      const begun: string[] = [];
      const ended: string[] = [];
      const message = await failing(script, {
        onBatch: async (other) => {
          begun.push(other);
          if (other === "b") throw new Error("b broke");
          for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
          ended.push(other);
        },
      });
      expect(message).to.equal("b broke");
      expect(begun.length).to.be.at.most(3);
      expect(ended).to.deep.equal(begun.slice(1));
      expect(script.windows).to.deep.equal([]);
    });

    it("a page: what is under way is waited for, and its error is told", async () => {
      const script = new Script({ "0": page("5", "b:1") });
      expect(await failing(script)).to.equal("no page 5");
      expect(script.windows).to.deep.equal([]);
    });

    it("a page and then a batch: the first error is told", async () => {
      const script = new Script({ "0": page("5", "b:1") });
      expect(await failing(script, { onBatch: () => Promise.reject(new Error("b broke")) })).to.equal("no page 5");
    });

    it("a checkpoint", async () => {
      const script = new Script({ "0": page("0", "b:1") });
      expect(await failing(script, { onWindow: () => Promise.reject(new Error("fenced")) })).to.equal("fenced");
    });

    it("a page that nobody waits for any more: no rejection goes unhandled", async () => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", note);
      const script = new Script({ "0": page("5", "b:1", "b:2", "b:3", "b:4", "b:5", "b:6") });
      await failing(script, { onBatch: () => Promise.reject(new Error("b broke")) });
      await new Promise((resolve) => setTimeout(resolve, 5));
      process.off("unhandledRejection", note);
      expect(unhandled).to.deep.equal([]);
    });
  });
});
