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
    find: "const answer = await this.lost(key, owner, primary, own, window);",
    replace: 'const answer: Answer = { answer: "duplicate", stored: found };',
  },
  {
    name: "completion",
    removed: "a half-done claim is completed on the primary before it is answered with",
    find: "stored = (await retryable(primary.setIfAbsent(key, half, deadlineMs))) ?? half.value;",
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
    find: "half === undefined ? undefined : window.deadlineOf(owner)",
    replace: "undefined",
  },
  {
    name: "completion-window",
    removed: "a half-done claim is not completed later than the claim window after the claim began",
    find: "window.deadlineOf(primaryOwner)",
    replace: "undefined",
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

const DEADLINE_TESTS = ["test/integration/backends/claim-deadline.test.ts"];

const WINDOW = inFile("test/lab/backend/claim-window.ts", DEADLINE_TESTS, [
  {
    name: "claim-deadline",
    removed: "a later write of a claim carries a deadline",
    find: "return time + this.lengthMs;",
    replace: "return Number.MAX_SAFE_INTEGER;",
  },
  {
    name: "claim-deadline-clock",
    removed: "a deadline is by the clock of the shard that compares it",
    find: "[second, secondTime]",
    replace: "[second, firstTime]",
  },
]);

const SCRIPT = inFile("test/lab/backend/scripts.ts", DEADLINE_TESTS, [
  {
    name: "claim-deadline-script",
    removed: "the shard compares a later write's deadline with its own clock",
    find: "if not (now[1] * 1000 + now[2] / 1000 <= tonumber(ARGV[1])) then",
    replace: "if false then",
  },
]);

const CARD_TESTS = ["test/integration/backends/shard-card.test.ts"];

const CARD = inFile("test/lab/backend/card.ts", CARD_TESTS, [
  {
    name: "card-namespace",
    removed: "the card of a shard of the same name, of another namespace, is refused",
    find: "if (expected.namespace !== undefined && namespace !== undefined && namespace !== expected.namespace) {",
    replace: "if (namespace === null) {",
  },
  {
    name: "card-shard",
    removed: "the card of another shard is refused",
    find: "if (found?.shard !== expected.shard)",
    replace: "if (found === undefined)",
  },
]);

const CARD_ASKED = inFile("test/lab/backend/shards.ts", CARD_TESTS, [
  {
    name: "card-asked",
    removed: "a backend asks a shard for its card",
    find: "this.card = card && new CardCheck(this.redis, card);",
    replace: "this.card = undefined;",
  },
  {
    name: "card-behind-answers",
    removed: "an answer counts only with the right card behind it: FLUSHALL ends no connection",
    find: "this.card?.judge(answers.pop());",
    replace: "if (this.card) answers.pop();",
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

export const CLAIMS = [...RULE, ...WINDOW, ...SCRIPT, ...CARD, ...CARD_ASKED, ...COMMANDS];
