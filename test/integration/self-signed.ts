import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** @returns a new key, and its certificate of one day for a host, both PEM. */
export function selfSigned(host: string): { readonly key: string; readonly cert: string } {
  const dir = mkdtempSync(path.join(tmpdir(), "dedup-shards-tls-"));
  const [keyFile, certFile] = ["key.pem", "cert.pem"].map((name) => path.join(dir, name)) as [string, string];
  try {
    const what = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", `/CN=${host}`];
    const names = ["-addext", `subjectAltName=DNS:${host}`];
    execFileSync("openssl", ["req", ...what, ...names, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
    return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
