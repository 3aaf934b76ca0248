import { expect } from "chai";
import fc from "fast-check";
import { NotAReplyError, readReply } from "../../../migration/adapters/redis/handshake-replies";

const REPLIES = [
  ["+OK\r\n", { kind: "status", text: "OK" }],
  ["-ERR no\r\n", { kind: "error", text: "ERR no" }],
  ["$0\r\n\r\n", { kind: "bulk", text: "" }],
  ["$7\r\na\r\nb\r\n\n\r\n", { kind: "bulk", text: "a\r\nb\r\n\n" }],
] as const;

describe("replies to a handshake", () => {
  for (const [wire, reply] of REPLIES) {
    it(`${JSON.stringify(wire)} is read when it is complete, and not before`, () => {
      for (let bytes = 0; bytes < wire.length; bytes++)
        expect(readReply(Buffer.from(wire.slice(0, bytes)))).to.equal(undefined);
      expect(readReply(Buffer.from(wire))).to.deep.equal(reply);
    });
  }

  for (const wire of [
    "HTTP/1.1 400",
    ":1\r\n",
    "*0\r\n",
    "$-1\r\n",
    "$x\r\n",
    "+OK\r\n+OK\r\n",
    "$1\r\nabcd",
    `+${"x".repeat(70_000)}`,
  ]) {
    it(`${JSON.stringify(wire.slice(0, 20))} is none`, () => {
      expect(() => readReply(Buffer.from(wire))).to.throw(NotAReplyError);
    });
  }

  it("whatever arrives is a reply, a part of one, or none", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          readReply(Buffer.from(bytes));
        } catch (error) {
          expect(error).to.be.instanceOf(NotAReplyError);
        }
      }),
    ));
});
