/** A safeguard, and the text without which it is gone. */
export interface Mutation {
  /** For `npm run mutation -- NAME`. */
  readonly name: string;
  /** What is missing. */
  readonly removed: string;
  readonly file: string;
  /** Occurs exactly once in the file: a list that no longer fits the code is an error, not a survivor. */
  readonly find: string;
  readonly replace: string;
  /** The test files of which one must fail. */
  readonly tests: readonly string[];
}

/** How the absence is noticed: by the kind of the tests. */
export type Kind = "unit" | "integration" | "e2e";

/** @returns the kind of the tests that must notice; those that need a cluster are named, but not run here. */
export const kindOf = ({ tests }: Mutation): Kind => tests[0]?.split("/")[1] as Kind;

/** Mutations of one file that the same tests must notice. */
export const inFile = (
  file: string,
  tests: readonly string[],
  mutations: readonly Omit<Mutation, "file" | "tests">[],
): readonly Mutation[] => mutations.map((mutation) => ({ ...mutation, file, tests }));

/** @returns the file's text without the safeguard. */
export function applyTo(text: string, { name, file, find, replace }: Mutation): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(
      `mutation ${name}: its text is to occur once in ${file}, and does so ${text.split(find).length - 1} times`,
    );
  }
  return before + replace + after;
}
