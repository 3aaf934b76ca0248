/** A throw-away copy of this working tree, in which files may be broken. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { REPO_ROOT } from "../lab/machine";

export class WorkingCopy {
  readonly dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-mutation-"));

  /** Copies what git knows or would add: changes that are not committed yet are in it. */
  constructor() {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: REPO_ROOT,
    });
    for (const file of listed.toString().split("\0")) {
      const from = path.join(REPO_ROOT, file);
      if (file === "" || !existsSync(from)) continue;
      mkdirSync(path.dirname(path.join(this.dir, file)), { recursive: true });
      copyFileSync(from, path.join(this.dir, file));
    }
    symlinkSync(path.join(REPO_ROOT, "node_modules"), path.join(this.dir, "node_modules"));
  }

  /** Does some work while one file is another one. */
  async with<T>(file: string, change: (text: string) => string, work: () => Promise<T>): Promise<T> {
    const at = path.join(this.dir, file);
    const text = readFileSync(at, "utf8");
    writeFileSync(at, change(text));
    try {
      return await work();
    } finally {
      writeFileSync(at, text);
    }
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}
