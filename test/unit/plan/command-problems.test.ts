import { expect } from "chai";
import { commandProblem } from "../../../migration/plan/command-problems";

describe("a command that a shard refuses", () => {
  const KEYS = "grant its ACL user the keys that docs/guides/security.md lists";
  const RIGHT = "grant its ACL user +eval";
  /** What Redis 7.0 answers, and what later servers and Valkey do. */
  const CASES: readonly (readonly [reply: string, next: string])[] = [
    ["NOPERM this user has no permissions to access one of the keys used as arguments", KEYS],
    ["NOPERM No permissions to access a key", KEYS],
    ["ERR The user executing the script can't access at least one of the keys mentioned in the command", KEYS],
    ["ACL failure in script: No permissions to access a key", KEYS],
    ["NOPERM this user has no permissions to run the 'eval' command", RIGHT],
    ["NOPERM User u has no permissions to run the 'eval' command", RIGHT],
    ["ERR The user executing the script can't run this command or subcommand", RIGHT],
    ["ACL failure in script: User u has no permissions to run the 'eval' command", RIGHT],
    ["ERR unknown command 'EVAL', with args beginning with: ", "take EVAL out of its rename-command"],
    ["NOREPLICAS Not enough good replicas to write.", "bring its replicas back, or lower min-replicas-to-write"],
    ["MISCONF of a kind of its own", "look at the server's log"],
  ];
  for (const [reply, next] of CASES) {
    it(`"${reply}" is answered with the next step`, () => {
      expect(commandProblem("shard-1", "EVAL", reply)).to.equal(
        `shard-1: EVAL, which every phase needs, is refused: ${reply.replace(/\.$/, "")}. Next: ${next}, and plan again.`,
      );
    });
  }
});
