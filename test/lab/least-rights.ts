/** A kubeconfig with the rights that docs/guides/install.md asks for, or fewer. */
import { loadYaml } from "@kubernetes/client-node";
import { readFileSync } from "node:fs";
import path from "node:path";
import { kubectl, type Kube, type KubeObject } from "./kube";
import { REPO_ROOT } from "./machine";

interface Role extends KubeObject {
  readonly rules: readonly { readonly resources: readonly string[] }[];
}

/** The Role in docs/guides/install.md. */
function documentedRole(): Role {
  const guide = readFileSync(path.join(REPO_ROOT, "docs/guides/install.md"), "utf8");
  const [, yaml] = /```yaml\n(kind: Role\n[^]*?)```/.exec(guide) ?? [];
  if (yaml === undefined) throw new Error("docs/guides/install.md has no Role");
  return loadYaml<Role>(yaml);
}

/**
 * Makes a service account that may do what that Role says, but for some resources.
 *
 * @returns its kubeconfig, JSON.
 */
export async function leastRights(kube: Kube, { without = [] }: { without?: readonly string[] } = {}): Promise<string> {
  const role = documentedRole();
  const rules = role.rules.filter(({ resources }) => !resources.some((resource) => without.includes(resource)));
  const { name } = role.metadata;
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace: kube.namespace }],
  };
  await kube.apply(account, { ...role, rules }, binding);
  const token = (await kube.run(["create", "token", name, "--duration=2h"])).trim();
  const admin = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])) as {
    contexts: { name: string; context: { cluster: string } }[];
  };
  const contexts = admin.contexts.map(({ context, ...rest }) => ({ ...rest, context: { ...context, user: name } }));
  return JSON.stringify({ ...admin, contexts, users: [{ name, user: { token } }] });
}
