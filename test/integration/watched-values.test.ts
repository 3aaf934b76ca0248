/** Values that are read in parts: a change between two parts is noticed, and nothing is deleted or written over with it. */
import { expect } from "chai";
import { LUA } from "../../migration/adapters/lua-scripts";
import { Replies } from "../../migration/adapters/replies";
import { WatchedValues } from "../../migration/adapters/redis/watched-values";
import { RedisServer } from "./redis-servers";

const KEY = Buffer.from("pcs:large");
const LOCK = "dedup-shards:lock";
const TOKEN = "a run's";
const ENTRIES = 30_000;

/** Lets a test act when the first part has been read. */
class TappedReplies extends Replies {
  onFirst: (() => void) | undefined;

  override list(...args: Parameters<Replies["list"]>): readonly unknown[] {
    const act = this.onFirst;
    this.onFirst = undefined;
    act?.();
    return super.list(...args);
  }
}

describe("a value that is read in parts", function () {
  this.timeout(30_000);
  let server: RedisServer;
  let replies: TappedReplies;
  let values: WatchedValues;
  beforeEach(async () => {
    server = await RedisServer.start();
    replies = new TappedReplies("a", server.url);
    values = new WatchedValues(
      { name: "a", url: server.url, host: server.host, port: server.port, db: 0 },
      replies,
      true,
    );
    await server.client.set(LOCK, `${TOKEN} me`);
    await server.client.rpush(KEY, ...Array.from({ length: ENTRIES }, (_, i) => `entry ${i} ${"x".repeat(80)}`));
  });
  afterEach(async () => {
    values.close();
    await server.stop();
  });

  const remove = async () => {
    const seen = await values.state(KEY, 0);
    const call = { script: LUA.removeWatched, keys: [LOCK, KEY], args: [TOKEN, "1000", seen.fingerprint, "-1"] };
    return { now: () => values.runIfStill(KEY, seen, call) };
  };
  const change = () => void server.client.lset(KEY, 0, "changed");

  it("is read again when it changes meanwhile, and is never a mixture", async () => {
    replies.onFirst = change;
    const state = await values.state(KEY, 0);
    expect(state).to.deep.equal(await values.state(KEY, 0));
    expect(await server.client.lindex(KEY, 0)).to.equal("changed");
  });

  it("that never stays the same equals nothing", async () => {
    const again = () => {
      change();
      replies.onFirst = again;
    };
    replies.onFirst = again;
    const [one, other] = [await values.state(KEY, 0), await values.state(KEY, 0)];
    expect(one.fingerprint).to.not.equal(other.fingerprint);
  });

  it("goes when it is what was seen", async () => {
    expect(await (await remove()).now()).to.deep.equal(["1"]);
    expect(await server.client.exists(KEY)).to.equal(0);
  });

  it("stays when it changes between two parts", async () => {
    const { now } = await remove();
    replies.onFirst = change;
    expect(await now()).to.equal("changed");
    expect(await server.client.llen(KEY)).to.equal(ENTRIES);
  });

  it("stays when it changes while the connection, and its WATCH, are lost", async () => {
    const { now } = await remove();
    replies.onFirst = () => {
      void server.client.call("CLIENT", "KILL", "TYPE", "normal");
      change();
    };
    expect(await now()).to.equal("changed");
    expect(await server.client.llen(KEY)).to.equal(ENTRIES);
  });

  it("stays when another run has the lock", async () => {
    const { now } = await remove();
    await server.client.set(LOCK, "another's run");
    const error = await now().then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.name).to.equal("FencedError");
    expect(await server.client.llen(KEY)).to.equal(ENTRIES);
  });
});
