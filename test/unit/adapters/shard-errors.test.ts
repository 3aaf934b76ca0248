import { expect } from "chai";
import { ShardRefusedError, ShardUnreachableError } from "../../../migration/engines/errors";

const URL = "redis://h";
const next = (reply: string): string =>
  new ShardRefusedError("a", URL, reply).message.split(`refused: ${reply}`)[1] ?? "";

describe("what an operator is told of a shard that refuses", () => {
  /** [where it comes from, the reply, what it leads to] */
  const RIGHTS: readonly [string, string, string | undefined][] = [
    ["Redis 7.0, a command", "NOPERM this user has no permissions to run the 'select' command", "select"],
    [
      "Redis 7.0, a subcommand",
      "NOPERM this user has no permissions to run the 'memory|usage' command",
      "memory|usage",
    ],
    ["Redis 7.0, a script", "ERR The user executing the script can't run this command or subcommand", undefined],
    ["Redis 7.2, a command", "NOPERM User engine has no permissions to run the 'dump' command", "dump"],
    [
      "Redis 7.2, a script",
      "ERR ACL failure in script: User engine has no permissions to run the 'unlink' command",
      "unlink",
    ],
    [
      "a newer one, a script",
      "NOPERM ACL failure in script: User engine has no permissions to run the 'eval_ro' command",
      "eval_ro",
    ],
    [
      "any, without a prefix",
      "ACL failure in script: User engine has no permissions to access the 'pcs:a' key",
      undefined,
    ],
  ];
  for (const [from, reply, right] of RIGHTS) {
    it(`${from}: the right that is missing`, () => {
      const grant = right === undefined ? "" : ` grant it \`+${right}\` (ACL SETUSER … +${right}).`;
      expect(next(reply)).to.equal(
        `. The ACL user lacks a right:${grant} docs/guides/security.md lists all that it needs.`,
      );
    });
  }

  it("a value of a newer server, or of one of another kind: not that this one is old", () => {
    expect(next("ERR DUMP payload version or checksum are wrong")).to.match(
      /which is newer or of another kind \(Valkey and Redis 7\.2 or older do not read what Redis 7\.4 or newer writes\)/,
    );
  });

  it("connections that end on one request: the limits that do that", () => {
    const cause = new Error("the server closed the connection 5 times instead of answering a request");
    expect(new ShardUnreachableError("a", URL, cause).message).to.equal(
      "a at redis://h cannot be reached: the server closed the connection 5 times instead of answering a request. Its log says " +
        "why. Where a value is larger than client-query-buffer-limit or client-output-buffer-limit allows, raise that, then " +
        "run `pulumi up` again: it goes on where it stopped.",
    );
  });
});
