/** A certificate authority of the test's own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A private key and its certificate of one day, both PEM, and the files that they are in. */
export interface Issued {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
}

export class PrivateCa {
  private readonly dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-ca-"));
  private readonly authority: Issued;

  constructor() {
    const files = this.files("ca");
    openssl("req", "-x509", ...newKey("authority", files.keyFile), "-days", "1", "-out", files.certFile);
    this.authority = withTexts(files);
  }

  get cert(): string {
    return this.authority.cert;
  }

  get certFile(): string {
    return this.authority.certFile;
  }

  /** @param names - such as `DNS:localhost` or `IP:127.0.0.1`. */
  issue(name: string, ...names: readonly string[]): Issued {
    const files = this.files(name);
    const [request, extensions] = [this.file(`${name}.csr`), this.file(`${name}.ext`)];
    writeFileSync(extensions, names.length === 0 ? "" : `subjectAltName=${names.join(",")}\n`);
    openssl("req", ...newKey(name, files.keyFile), "-out", request);
    const { certFile, keyFile } = this.authority;
    const by = ["-CA", certFile, "-CAkey", keyFile, "-CAcreateserial", "-days", "1"];
    openssl("x509", "-req", "-in", request, ...by, "-extfile", extensions, "-out", files.certFile);
    return withTexts(files);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }

  private file(name: string): string {
    return path.join(this.dir, name);
  }

  private files(name: string) {
    return { keyFile: this.file(`${name}.key`), certFile: this.file(`${name}.crt`) };
  }
}

const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { stdio: "ignore" });
const newKey = (name: string, file: string) => [
  "-newkey",
  "rsa:2048",
  "-nodes",
  "-subj",
  `/CN=${name}`,
  "-keyout",
  file,
];

const withTexts = (files: Pick<Issued, "keyFile" | "certFile">): Issued => ({
  ...files,
  key: readFileSync(files.keyFile, "utf8"),
  cert: readFileSync(files.certFile, "utf8"),
});
