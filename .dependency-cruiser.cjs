// The direction of imports (docs/architecture.md): whoever points the wrong way fails `npm run lint`.
const forbid = (name, from, to, comment) => ({ name, severity: "error", comment, from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    forbid("no-cycles", {}, { circular: true }, "Two files that need each other are one concept or three."),
    forbid(
      "components-alone",
      { path: "^components/" },
      { path: "^(migration|test|index)" },
      "index.ts passes plain data between them.",
    ),
    forbid(
      "migration-alone",
      { path: "^migration/" },
      { path: "^(components|test|index)" },
      "index.ts passes plain data between them.",
    ),
    forbid(
      "pure-is-pure",
      { path: "^migration/(phases|ring/)" },
      { path: "^migration/(config|plan|engines|adapters|entrypoints|providers)/" },
      "Phases and ring know nothing above them.",
    ),
    forbid(
      "contract-knows-nothing",
      { path: "^migration/contract/" },
      { path: "^(migration/(?!contract/)|components|policy|test|index)" },
      "What both sides agree on rests on nothing.",
    ),
    forbid(
      "config-below-engines",
      { path: "^migration/config/" },
      { path: "^migration/(engines|adapters|entrypoints|providers)/" },
      "The config knows what a plan is called, and nothing above.",
    ),
    forbid(
      "plan-below-engines",
      { path: "^migration/plan/" },
      { path: "^migration/(engines|adapters|entrypoints|providers)/" },
      "The plan is arithmetic.",
    ),
    forbid(
      "reports-are-pure",
      { path: "^migration/report/" },
      { path: "^migration/(adapters|entrypoints|providers)/" },
      "A report is made of facts.",
    ),
    forbid(
      "engines-below-adapters",
      { path: "^migration/engines/" },
      { path: "^migration/(adapters|entrypoints|providers)/" },
      "Engines know small interfaces only.",
    ),
    forbid(
      "adapters-below-entrypoints",
      { path: "^migration/adapters/" },
      { path: "^migration/(entrypoints|providers)/" },
      "Adapters implement what engines ask for.",
    ),
    forbid(
      "providers-load-by-path",
      { path: "^migration/providers/" },
      { path: "^migration/(engines|adapters|entrypoints)/", dependencyTypesNot: ["type-only"] },
      "What a provider imports ends up serialized in the state.",
    ),
    forbid(
      "pulumi-in-shells",
      { path: "^migration/(?!providers/|migration)" },
      { path: "node_modules/@pulumi/" },
      "Only shells and components know Pulumi.",
    ),
    forbid(
      "clients-in-adapters",
      { path: "^(index|components/|migration/(?!adapters/))" },
      { path: "node_modules/(ioredis|axios|prom-client|@kubernetes/client-node)/" },
      "Clients live in adapters.",
    ),
    forbid(
      "policy-judges-alone",
      { path: "^policy/" },
      { path: "^(index|test|components/(?!shard-identity)|migration/(?!phases))" },
      "A second line that asks the first one is none: policies know names, and decide by themselves.",
    ),
    forbid(
      "policy-is-the-organisations",
      { path: "^(index|components/|migration/)" },
      { path: "^policy/" },
      "The program does not know who judges it.",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
