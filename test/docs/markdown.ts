/** Links and headings of a Markdown page. Pure. */

const withoutCode = (page: string): string => page.replaceAll(/^( *)```[^]*?^\1```/gm, "");

/** @returns the targets of links and pictures within the repository, as written: `page.md#heading`. */
export const linksOf = (page: string): string[] =>
  [
    ...withoutCode(page)
      .replaceAll(/`[^`\n]*`/g, "")
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** @returns the anchors of a page's headings, as GitHub makes them: a repeated one gets a number. */
export function anchorsOf(page: string): string[] {
  const titles = [...withoutCode(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) => slugOf(title));
  return titles.map((slug, at) => {
    const earlier = titles.slice(0, at).filter((other) => other === slug).length;
    return earlier === 0 ? slug : `${slug}-${earlier}`;
  });
}

const slugOf = (title: string): string =>
  title
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
