/** Turns folders of this checkout into JavaScript, file by file and without a type check. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/**
 * Writes the JavaScript of a file, or of a folder and everything in it. Files that are not TypeScript are copied.
 *
 * @param from - a file or folder.
 * @param to - where the copy goes; its TypeScript files end in `.js` there.
 */
export function transpile(from: string, to: string): void {
  if (from.endsWith(".ts")) return writeFileSync(to.replace(/ts$/, "js"), transpiled(from));
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory() || entry.name.endsWith(".ts")) transpile(source, target);
    else cpSync(source, target);
  }
}

// As tsconfig.json has it, because dynamic providers break where class fields are defined anew.
const COMPILER_OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  removeComments: true,
  useDefineForClassFields: false,
};

const transpiled = (file: string): string =>
  ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions: COMPILER_OPTIONS }).outputText;
