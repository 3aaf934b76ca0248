import { expect } from "chai";
import fc from "fast-check";
import { ringReportIn } from "../../../migration/adapters/epoch-metric";

/** [what it is, the page, the epochs that it reports] */
const PAGES: readonly (readonly [string, string, readonly number[]])[] = [
  ["the metric alone", "dedup_ring_epoch 3", [3]],
  [
    "a usual page",
    "# HELP dedup_ring_epoch Epoch.\n# TYPE dedup_ring_epoch gauge\ndedup_ring_epoch 12\nflk_dedup_hits 7\n",
    [12],
  ],
  ["Windows line ends", "up 1\r\ndedup_ring_epoch 3\r\n", [3]],
  ["labels", 'dedup_ring_epoch{pod="x"} 3', [3]],
  ["labels with spaces and a comma at the end", '  dedup_ring_epoch { pod="x", zone="y", }\t 3 ', [3]],
  ["no space after the labels", 'dedup_ring_epoch{pod="x"}3', [3]],
  ["no labels in the braces", "dedup_ring_epoch{} 3", [3]],
  ["a label whose value looks like the end", 'dedup_ring_epoch{a="}\\" 9",b="\\\\"} 3', [3]],
  ["a float", "dedup_ring_epoch 3.0", [3]],
  ["an exponent", "dedup_ring_epoch 1.2e+01", [12]],
  ["a time", "dedup_ring_epoch 3 1700000000000", [3]],
  ["zero", "dedup_ring_epoch 0", [0]],
  ["duplicates", "dedup_ring_epoch 3\ndedup_ring_epoch 3", [3]],
  ["processes that differ", 'dedup_ring_epoch{worker="1"} 4\ndedup_ring_epoch{worker="0"} 3', [3, 4]],
  ["garbage beside it", "}{ 5\ndedup_ring_epoch x\ndedup_ring_epoch 3\n\u0000", [3]],
  ["an empty page", "", []],
  ["a comment only", "# dedup_ring_epoch 3", []],
  ["another metric that begins alike", "dedup_ring_epoch_total 3\nmy_dedup_ring_epoch 3\ndedup_ring_epochs 3", []],
  ["no value", "dedup_ring_epoch", []],
  ["a word", "dedup_ring_epoch three", []],
  ["half an epoch", "dedup_ring_epoch 3.5", []],
  ["not a number", "dedup_ring_epoch NaN\ndedup_ring_epoch +Inf", []],
  ["too many words", "dedup_ring_epoch 3 4 5", []],
  ["labels that do not end", 'dedup_ring_epoch{pod="x 3', []],
  ["a web page", "<html><body>dedup_ring_epoch 3</body></html>", []],
];

describe("the epoch in a page of metrics", () => {
  for (const [what, page, epochs] of PAGES) {
    it(`${what}: ${epochs.length === 0 ? "reports none" : epochs.join(" and ")}`, () => {
      expect(ringReportIn(page)).to.deep.equal({ epochs });
    });
  }

  for (const [what, page, checksums] of [
    ["a checksum", 'dedup_ring_epoch{checksum="ab12"} 3', ["ab12"]],
    ["a checksum among labels", 'dedup_ring_epoch{pod="x,checksum=\\"no\\"", checksum = "ab12",} 3', ["ab12"]],
    ["another label that ends alike", 'dedup_ring_epoch{old_checksum="ab12"} 3', undefined],
    ["processes that differ", 'dedup_ring_epoch{checksum="b"} 3\ndedup_ring_epoch{checksum="a"} 3', ["a", "b"]],
    ["a process that reports none", 'dedup_ring_epoch{checksum="b"} 3\ndedup_ring_epoch 3', ["", "b"]],
    ["an empty one", 'dedup_ring_epoch{checksum=""} 3', undefined],
    ["one beside no epoch", 'dedup_ring_epoch{checksum="b"} x\ndedup_ring_epoch 3', undefined],
  ] as const) {
    it(`the checksums beside it: ${what}`, () => {
      expect(ringReportIn(page)).to.deep.equal({ epochs: [3], ...(checksums ? { checksums } : {}) });
    });
  }

  it("reads whole numbers or nothing, whatever the page", () => {
    const words = fc.constantFrom(
      "dedup_ring_epoch",
      "{",
      '"',
      "\\",
      "}",
      " ",
      "\n",
      "3",
      "-1",
      "NaN",
      "1e3",
      "x",
      "#",
    );
    const pages = fc
      .array(fc.oneof(words, fc.string({ maxLength: 3 })), { maxLength: 30 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(pages, (page) => {
        const { epochs } = ringReportIn(page);
        expect(epochs.every(Number.isSafeInteger)).to.equal(true);
        expect(epochs).to.deep.equal([...new Set(epochs)].sort((a, b) => a - b));
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads a hostile line in no time", () => {
    expect(ringReportIn(`dedup_ring_epoch{${'a="\\'.repeat(200_000)}`).epochs).to.deep.equal([]);
    expect(ringReportIn(`dedup_ring_epoch ${" ".repeat(200_000)}x y`).epochs).to.deep.equal([]);
  });
});
