/**
 * Loaded first in each Node.js process of a compiled program. There Pulumi's SDK loads a compiler and a package manager
 * whenever it starts, for the few functions that it serializes, and maps the lines of each stack trace to sources: that is
 * half of what such a process costs. Here they are loaded when something is asked of them: most of them never are.
 */
import Module from "node:module";

type Load = (this: void, request: string, ...rest: readonly unknown[]) => object;

const LAZY = ["@npmcli/arborist", "typescript", "source-map-support/register", "ts-node/register/transpile-only"];

const loader = Module as unknown as { _load: Load };
const load = loader._load;
/** What else is run in the same environment may be another program, in TypeScript: this file lies beside the compiled one. */
const isOfThisProgram = () => process.cwd() === __dirname;
/** What a command of the program starts compiles its own file. */
if (/@pulumi.pulumi.cmd/.test(process.argv[1] ?? "")) {
  loader._load = (request, ...rest) =>
    LAZY.includes(request) && isOfThisProgram() ? lazily(() => load(request, ...rest)) : load(request, ...rest);
}

/** @returns a module that stands for one that is loaded when something of it is used. */
function lazily(load: () => object): object {
  // Whoever imports an ES module takes it as it is, instead of copying what it exports.
  const isAsked = (key: string | symbol) => key !== "__esModule";
  return new Proxy({}, { get: (_, key) => (isAsked(key) ? (Reflect.get(load(), key) as unknown) : true) });
}
