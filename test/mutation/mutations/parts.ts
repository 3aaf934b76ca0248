/** Safeguards of work that others do, source by source. */
import { inFile } from "../mutation";

export const PARTS = [
  ...inFile(
    "migration/entrypoints/source-part.ts",
    ["test/integration/delegated.test.ts"],
    [
      {
        name: "one-at-a-source",
        removed: "two pods never work on one source, though they have the same name",
        find: "{ token: randomUUID(), description: name },",
        replace: "{ token: name, description: name },",
      },
    ],
  ),
  ...inFile(
    "migration/adapters/engine-job-spec.ts",
    ["test/unit/adapters/engine-job-spec.test.ts"],
    [
      {
        name: "pass-in-one-go",
        removed: "a pass of a verify that broke off is not gone on with: what it repaired is in no count",
        find: "backoffLimit: inOneGo ? 0 : ",
        replace: "backoffLimit: ",
      },
    ],
  ),
  ...inFile(
    "migration/engines/passed-brake.ts",
    ["test/integration/delegated.test.ts"],
    [
      {
        name: "brake-ends-with-run",
        removed: "who waits for a brake notices that the run that holds it is no more",
        find: "await this.source.writeRecord(this.token(), `${RECORD}:awaited`, undefined);",
        replace: "",
      },
    ],
  ),
];
