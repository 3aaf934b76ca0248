/** Whatever step of its handshake fails, a backend's connection is in the database of its URL, or it is none. */
import { expect } from "chai";
import fc from "fast-check";
import { RequestProxy, type Verdict } from "../../support/request-proxy";
import { KEY_PREFIX, type Addresses, type Router } from "../routers";
import { IMPLEMENTATIONS } from "../support/implementations";
import { TwoShards } from "../support/two-shards";

const DATABASE = 3;
const HANDSHAKE = ["SELECT", "CLIENT", "INFO"];
const LIFE_MS = 100_000;
const RUNS = 12;
const CONFIG = { primary: "a", secondary: null } as const;

for (const [name, start] of Object.entries(IMPLEMENTATIONS)) {
  describe(`connections of ${name}`, function () {
    let router: Router;
    let shards: TwoShards;
    let proxy: RequestProxy;
    let addresses: Addresses;
    let claims = 0;

    before(async function () {
      this.timeout(180_000); // a cold build
      [router, shards] = await Promise.all([start(), TwoShards.start()]);
      proxy = await RequestProxy.start(shards.servers.a.port);
      addresses = { ...shards.addresses, a: `127.0.0.1:${proxy.port}/${DATABASE}` };
    });
    after(async () => {
      await Promise.all([router.stop(), proxy.stop()]);
      await shards.stop();
    });

    /** Claims new ids, each of which is answered `first` or `retry`, until one is `first`. */
    async function claimUntilFirst(): Promise<void> {
      for (let answer = "retry"; answer === "retry"; await shards.servers.a.client.ping()) {
        const claim = { pcsId: `handshake-${claims++}`, own: "own", expiresAtMs: Date.now() + LIFE_MS };
        ({ answer } = await router.claim(addresses, CONFIG, claim));
        expect(answer).to.be.oneOf(["first", "retry"]);
      }
    }

    it("read and write no key of another database, whatever step fails, at first and on reconnects", () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...HANDSHAKE),
          fc.constantFrom<Verdict>(
            "cut",
            { answer: "-ERR no\r\n" },
            { answer: "-NOPERM no\r\n" },
            { answer: "-LOADING wait\r\n" },
            { answer: "-BUSY wait\r\n" },
            { answer: "HTTP/1.1 400\r\n" },
          ),
          fc.integer({ min: 0, max: 1 }),
          async (step, verdict, failing) => {
            proxy.reset();
            const inDatabase = new Set<number>();
            const strays: string[] = [];
            const first = proxy.connectionsSoFar;
            proxy.judge = ({ connection, words: [name = "", word] }) => {
              const command = name.toUpperCase();
              if (command === step && connection - first === failing) return verdict;
              if (command === "SELECT" && Number(word) === DATABASE) inDatabase.add(connection);
              if (!HANDSHAKE.includes(command) && !inDatabase.has(connection)) strays.push(command);
              return undefined;
            };
            await claimUntilFirst();
            proxy.reset();
            await claimUntilFirst();
            expect(strays).to.deep.equal([]);
            // The test's own client is in database 0.
            expect(await shards.servers.a.client.keys(`${KEY_PREFIX}*`)).to.deep.equal([]);
          },
        ),
        { numRuns: RUNS },
      ));
  });
}
