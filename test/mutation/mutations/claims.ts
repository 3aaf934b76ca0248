/** The claim rule of the backend contract, in the reference backend. */
import { inFile } from "../mutation";

const CONTRACT = ["test/integration/backend-contract.test.ts"];

const RULE = inFile("test/lab/backend/claims.ts", CONTRACT, [
  {
    name: "common-order",
    removed: "claims in a common order: each pod claims its own primary first",
    find: "return [...owners].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));",
    replace: "return [...owners];",
  },
  {
    name: "loser-asks-primary",
    removed: "a loser asks the primary: it answers with what the shard that failed it held",
    find: "const answer = await this.lost(key, owner, primary, own, begunMs);",
    replace: 'const answer: Answer = { answer: "duplicate", stored: found };',
  },
  {
    name: "completion",
    removed: "a half-done claim is completed on the primary before it is answered with",
    find: "stored = (await retryable(primary.setIfAbsent(key, half))) ?? half.value;",
    replace: "stored = half.value;",
  },
  {
    name: "gives-way",
    removed: "a loser's own half gives way to the claim that won",
    find: "if (half !== undefined) await this.giveWay(key, half, primary, own);",
    replace: "",
  },
  {
    name: "two-claims",
    removed: "own value on the primary, another's on the other owner: nothing is known, and nothing is answered",
    find: 'if (stored === own.value) throw new RetryableError("the two owners hold different claims");',
    replace: "",
  },
  {
    name: "claim-window",
    removed: "the second write is not sent later than the claim window after the first",
    find: "if (half !== undefined) this.refuseLate(begunMs);",
    replace: "",
  },
  {
    name: "completion-window",
    removed: "a half-done claim is not completed later than the claim window after the claim began",
    find: "this.refuseLate(begunMs);\n        stored =",
    replace: "stored =",
  },
  {
    name: "own-value-expiry",
    removed: "own value found: its expiry is looked at, and not answered with when it is about to pass",
    find: "this.refuseAboutToExpire(held.expiresAtMs);",
    replace: "",
  },
  {
    name: "adopts-expiry",
    removed: "own value found: the other owner is given the expiry that was found",
    find: "expiresAtMs = await this.adoptExpiry(shard(owner), key, own);",
    replace: "await this.adoptExpiry(shard(owner), key, own);",
  },
]);

const COMMANDS = inFile("test/lab/backend/shards.ts", CONTRACT, [
  {
    name: "now-or-never",
    removed: "a command is sent now or never: it waits for a connection, and lands after its claim was answered",
    find: "enableOfflineQueue: false,\n      autoResendUnfulfilledCommands: false,\n      maxRetriesPerRequest: 0,",
    replace: "",
  },
]);

export const CLAIMS = [...RULE, ...COMMANDS];
