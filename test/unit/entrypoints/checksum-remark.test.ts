import { expect } from "chai";
import { checksumRemark } from "../../../migration/entrypoints/gate/checksum-remark";

const pod = (name: string, ...checksums: string[]) => ({
  ...{ name, annotated: 3, terminating: false },
  answer: { epochs: [3], ...(checksums.length > 0 ? { checksums } : {}) },
});

describe("what the plan says of a backend without checksums", () => {
  it("is nothing where every pod reports one, and where there is no pod", () => {
    expect(checksumRemark([pod("a", "0123456789abcdef")])).to.equal(undefined);
    expect(checksumRemark([])).to.equal(undefined);
  });

  it("names the pods that report none, what that leaves open, and what to do", () => {
    expect(checksumRemark([pod("a", "0123456789abcdef"), pod("b"), pod("c")])).to.equal(
      "these backend pods report no checksum of their ring: b, c. If somebody else puts some of the ring's keys back, such " +
        "a pod runs another ring under the number of the epoch. The barrier finds that in the ConfigMap and restarts such " +
        "pods; a pod that starts later is not found. Have the backend check DEDUP_RING_CHECKSUM " +
        "(docs/reference/backend-contract.md), or set ringLock.enabled.",
    );
  });

  it("says so where pods are not asked", () => {
    expect(checksumRemark(undefined)).to.match(
      /^backend pods are not asked for the checksum of their ring \(backend\.m/,
    );
  });
});
