import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";

/** Permissive ones, as https://blueoakcouncil.org/list sees it, and those of plain data (lists of licences, no code). */
const PERMISSIVE = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"];
const MORE = ["PSF-2.0", "Python-2.0", "Unlicense", "CC0-1.0", "CC-BY-3.0"];
/** Packages that name a file instead: what stands in it, looked up by hand. */
const LOOKED_UP: Readonly<Record<string, string>> = { "node_modules/@logdna/tail-file": "MIT" };

interface Lock {
  readonly packages: Readonly<Record<string, { readonly license?: string }>>;
}

describe("the licences of all packages that the lock file names", () => {
  const lock = JSON.parse(readFileSync(path.join(__dirname, "../../package-lock.json"), "utf8")) as Lock;
  const packages = Object.entries(lock.packages).filter(([name]) => name !== "");

  it("are permissive, each of them", () => {
    const parts = (name: string, license = "none") =>
      (LOOKED_UP[name] ?? license).replace(/[()]/g, "").split(/ (?:AND|OR) /);
    const others = packages.flatMap(([name, { license }]) =>
      parts(name, license).every((one) => [...PERMISSIVE, ...MORE].includes(one)) ? [] : [`${name}: ${license}`],
    );
    expect(packages.length).to.be.above(100);
    expect(others).to.deep.equal([]);
  });
});
